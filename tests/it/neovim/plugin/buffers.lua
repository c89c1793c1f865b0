-- Buffers with pending changes that are unloaded, read anew, wiped out, or shown in other windows; names that are
-- patterns; lines that are longer than the window.
local t = dofile(os.getenv('TENON_PLUGIN_HARNESS')).load()
local review, draw = require('tenon.review'), require('tenon.draw')

-- A name that is a pattern is no other file: `[id].py` is not `i.py`.
t.write('i.py', 'x = 1\n')
t.write('[id].py', 'x = 1\n')
local other = t.edit('i.py')
local odd = t.edit('\\[id\\].py')
assert(odd ~= other)
vim.cmd('Tenon edit count')
t.message('ready for review')
t.check(t.pending(1)[1].buffer, odd, 'its buffer')
t.wait('the drawing', function()
  return #t.drawn(odd) == 1
end)
t.check(#t.drawn(other), 0, 'nothing in the other one')
vim.cmd('Tenon accept file')
t.becomes(odd, 'x = 2\n', 'accepted')
t.check_text(other, 'x = 1\n', 'the other one')
t.pending(0)

-- Unloaded, and read again: the changes are drawn again.
t.write('main.py', t.two)
local buffer = t.edit('main.py')
vim.cmd('Tenon edit shout')
t.message('ready for review')
t.pending(2)
local function is_drawn(what)
  t.wait(what, function()
    return #t.drawn(buffer) == 2 and #select(2, t.drawn(buffer)) == 2
  end)
end
is_drawn('the drawing')
vim.cmd.buffer(other)
vim.cmd.bunload(buffer)
vim.cmd('Tenon next')
t.check(vim.api.nvim_get_current_buf(), buffer, 'read again')
is_drawn('the drawing after it is read')
vim.cmd('silent edit!')
is_drawn('the drawing after it is read anew')

-- Undone and made again by the editor: the marks are where the lines are.
t.keys(buffer, 'ggOone<CR>two<Esc>')
t.keys(buffer, 'u')
t.keys(buffer, '<C-r>')
t.wait('the drawing to follow', function()
  local gone = select(2, t.drawn(buffer))
  return gone[1][1] == 3 and gone[2][1] == 7
end)
t.keys(buffer, 'u')
t.wait('the drawing to follow back', function()
  return select(2, t.drawn(buffer))[1][1] == 1
end)

-- In a closed fold: going there opens it.
vim.wo.foldmethod = 'manual'
vim.cmd('4,7fold')
t.cursor(1)
vim.cmd('Tenon next')
vim.cmd('Tenon next')
t.check({ vim.api.nvim_win_get_cursor(0)[1], vim.fn.foldclosed(6) }, { 6, -1 }, 'opened')

-- A buffer that another window of this tab shows is gone to there; this window keeps what it shows. A window that
-- keeps its buffer is not forced.
local window = vim.api.nvim_get_current_win()
vim.cmd('botright split i.py')
vim.wo.winfixbuf = true
local below = vim.api.nvim_get_current_win()
vim.cmd('Tenon next')
t.check({ vim.api.nvim_get_current_win(), vim.api.nvim_win_get_buf(below) }, { window, other }, 'its own window')
vim.api.nvim_set_current_win(below)
vim.api.nvim_win_close(window, true)
vim.cmd('Tenon next')
t.check(vim.api.nvim_get_current_buf(), buffer, 'shown')
t.check(vim.api.nvim_win_get_buf(below), other, 'not in the window that keeps its buffer')
vim.api.nvim_win_close(below, true)

-- A modified buffer that may not be hidden is left alone, and that is said.
vim.o.hidden = false
vim.cmd.buffer({ other, bang = true })
t.insert(other, 0, 0, '# ')
vim.cmd('Tenon next')
t.check(vim.bo[other].modified, true, 'still modified')
t.check(vim.api.nvim_get_current_buf(), buffer, 'shown beside it')
vim.cmd('silent! undo')
vim.o.hidden = true
vim.cmd.only({ bang = true })

-- Wiped out: every command goes on, and the file is read when it is gone to.
t.wait('two drawn', function()
  return #t.drawn(buffer) == 2
end)
vim.cmd.buffer({ other, bang = true })
vim.cmd('bwipeout! main.py')
vim.cmd('Tenon quickfix')
t.check(#vim.fn.getqflist(), 2, 'listed')
vim.cmd.cclose()
t.check(require('tenon').status(), 'tenon: 2 changes to review', 'the status line')
vim.cmd('Tenon next')
buffer = vim.api.nvim_get_current_buf()
t.check(vim.fs.basename(vim.api.nvim_buf_get_name(buffer)), 'main.py', 'read')
is_drawn('the drawing in the new buffer')

-- Decided elsewhere, by a code action of another window for instance: what is drawn goes, and a decision that comes
-- too late is refused readably.
t.events = {}
t.must(buffer, 'tenon.accept', { proposal = 'p2', hunk = 0 })
t.event('applied')
vim.cmd('1,10Tenon reject')
t.pending(0)
t.messages = {}
t.becomes(buffer, (t.two:gsub('"é😀"', '"É😀"')), 'accepted')
t.wait('the drawing to go', function()
  return #t.drawn(buffer) == 0
end)

-- Of some lines each change is decided on by itself: one that does not fit any more keeps no other from it.
vim.cmd('Tenon undo')
t.becomes(buffer, t.two, 'taken back')
vim.cmd('Tenon edit shout')
t.message('ready for review')
t.pending(2)
t.insert(buffer, 1, #'    return "é', '!')
t.wait('the mark of what does not fit', function()
  return #select(2, t.drawn(buffer)) == 1
end)
vim.cmd('1,10Tenon accept')
t.becomes(buffer, (t.two:gsub('"é😀"', '"é!😀"'):gsub('\tpass', '\treturn 2')), 'what fits is accepted')
t.message('tenon: ')
vim.cmd('Tenon reject all')
t.pending(0)

-- A line that is longer than the window is seen whole.
t.write('long.txt', 'word\n')
local long = t.edit('long.txt')
vim.wo.wrap = true
vim.cmd('Tenon edit make this line much longer than it is now, and let the keys be seen all the same')
t.message('ready for review')
t.pending(1)
local function shown()
  return vim.list_slice(t.drawn(long)[1].lines, 3)
end
t.wait('the drawing', function()
  return #t.drawn(long) == 1
end)
local head = t.drawn(long)[1].lines
assert(head[1]:find('^── tenon 1/1: make this line'), head[1])
t.check(head[2], '   :Tenon accept accepts, :Tenon reject rejects', 'the keys')
local width = vim.api.nvim_win_get_width(0)
for _, line in ipairs(shown()) do
  assert(vim.fn.strdisplaywidth(line) <= width, 'cut off at the edge: ' .. line)
end
t.check(table.concat(shown()), ('a long line of words '):rep(20) .. 'end', 'all of it')
vim.cmd('vsplit')
vim.api.nvim_exec_autocmds('WinResized', {})
t.wait('the drawing to fit the window', function()
  return vim.iter(t.drawn(long)[1].lines):all(function(line)
    return vim.fn.strdisplaywidth(line) <= vim.api.nvim_win_get_width(0)
  end)
end)
vim.cmd('Tenon reject')
t.pending(0)
t.check(draw.now(9999, { mark = 1 }), nil, 'no such buffer')
t.check(review.at(9999, 1, 1), {}, 'nothing there')
t.messages = {}
t.done()
