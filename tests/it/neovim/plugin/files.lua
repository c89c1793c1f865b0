-- A change of several files, one of them new: shown, listed, accepted by file and as a whole; then one part asked for
-- anew with a remark, and a task cancelled.
local t = dofile(os.getenv('TENON_PLUGIN_HARNESS')).load()
local open, closed, made = 'def a():\n    pass\n', '# é\nx = 1\n', 'y = "é"\n\nz = 3\n'
t.write('open.py', open)
t.write('closed.py', closed)
local other = t.edit('closed.py')
local buffer = t.edit('open.py')

local function text_of(name)
  local found = vim.fn.bufnr(vim.fn.getcwd() .. '/' .. name)
  return found > 0 and vim.api.nvim_buf_is_loaded(found) and t.text(found) or nil
end

vim.cmd('Tenon edit rename')
t.message('ready for review')
t.pending(3)
local lines = t.drawn(buffer)
t.check(lines[1].above, true, 'the new file is shown above the text')
assert(lines[1].lines[1]:find('creates new/made.py', 1, true), vim.inspect(lines))
t.check(vim.list_slice(lines[1].lines, 3), { 'y = "é"', ' ', 'z = 3' }, 'its text')
t.check(t.drawn(other)[1].lines[2], 'x = 2', 'in the other buffer')

-- The quickfix list follows the review.
vim.cmd('Tenon quickfix')
local function list()
  return vim.tbl_map(function(item)
    return { vim.fn.fnamemodify(vim.api.nvim_buf_get_name(item.bufnr), ':t'), item.lnum, (item.text:gsub('^p1 ', '')) }
  end, vim.fn.getqflist())
end
t.check(list(), {
  { 'open.py', 1, '1/3 rename: + def aé():' },
  { 'closed.py', 2, '2/3 rename: + x = 2' },
  { 'open.py', 1, '3/3 rename: creates new/made.py' },
}, 'the list')
vim.cmd.cclose()
vim.api.nvim_set_current_buf(buffer)

-- One file, then the rest.
vim.api.nvim_set_current_buf(other)
vim.cmd('Tenon accept file')
t.event('applied')
t.becomes(other, (closed:gsub('1', '2')), 'the other file')
t.pending(2)
t.check(#list(), 2, 'the list')
t.check_text(buffer, open, 'this file waits')
vim.cmd('Tenon accept all')
t.event('applied')
t.pending(0)
t.becomes(buffer, (open:gsub('def a', 'def aé')), 'this file')
t.check(text_of('new/made.py'), made, 'the new file')
t.check(vim.fn.getqflist(), {}, 'the list is empty')

-- Undo goes over files.
vim.cmd('Tenon undo')
t.event('undone')
t.becomes(buffer, open, 'this file')
t.wait('the new file to go', function()
  return text_of('new/made.py') == nil
end)
vim.cmd('Tenon undo')
t.event('undone')
t.becomes(other, closed, 'the other file')
vim.cmd('Tenon undo')
t.message('there is no change to undo')

-- A part is asked for anew: the old one stays until the new one is there.
vim.api.nvim_set_current_buf(buffer)
vim.cmd('Tenon edit again')
t.message('ready for review')
t.pending(1)
t.cursor(1)
t.answers, t.asked = { 'no accents' }, {}
vim.cmd('Tenon regenerate')
t.check(t.asked, { 'What is wrong with this change? ' }, 'what is asked')
t.message('ready for review')
t.wait('the new one in place of the old one', function()
  local all = require('tenon.review').all()
  return #all == 1 and all[1].after == 'def b():\n'
end)
vim.cmd('Tenon show')
t.wait('the diff', function()
  return vim.api.nvim_buf_get_name(0):find('tenon://p3.diff', 1, true)
end)
assert(t.text(0):find('-def a():\n+def b():\n', 1, true), t.text(0))
t.check(vim.bo.modifiable, false, 'the diff is to be looked at')
t.keys(vim.api.nvim_get_current_buf(), 'q')
t.check(vim.api.nvim_get_current_buf(), buffer, 'back')
vim.cmd('%Tenon reject')
t.pending(0)

-- Cancelling closes the connection.
t.events = {}
vim.cmd('Tenon edit wait')
t.event('text')
vim.cmd('Tenon cancel')
t.check(t.event('failed').error.code, 'cancelled', 'how it ended')
t.say('await-left')
t.wait('the connection to be closed', function()
  return vim.uv.fs_stat('../left')
end)
t.check(require('tenon.tasks').list(), {}, 'nothing is under way')
vim.cmd('Tenon cancel')
t.message('nothing is under way')
t.check_text(buffer, open, 'unchanged')
t.check_mirror(buffer)
t.done()
