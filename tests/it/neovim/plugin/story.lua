-- The main job through the plugin: ask for a change of some lines while typing, see it, accept one change and reject
-- the other, take it back, make it again.
local t = dofile(os.getenv('TENON_PLUGIN_HARNESS')).load()
t.write('main.py', t.two)
local buffer = t.edit('main.py')
local tenon = require('tenon')
t.check(tenon.status(), 'tenon', 'the status line at rest')

-- The instruction is asked for, with the lines it is about.
t.answers = { 'shout 😀' }
vim.cmd('1,10Tenon')
t.check(t.asked, { 'Change lines 1 to 10: ' }, 'what is asked')
t.event('text')
t.wait('the progress in the text', function()
  local marks = vim.api.nvim_buf_get_extmarks(buffer, -1, 0, -1, { details = true, type = 'virt_text' })
  return marks[1] and marks[1][4].virt_text[1][1] == '  tenon: writing 10%: shout 😀'
end)
assert(tenon.status():find('^tenon: writing'), tenon.status())
t.keys(buffer, 'ggO# typed 漢 above<Esc>')
local typed = '# typed 漢 above\n' .. t.two
t.say('open typed')

-- Both changes are drawn where their lines are now; the text is as it was.
t.message('ready for review')
local hunks = t.pending(2)
t.check_text(buffer, typed, 'nothing is changed before it is accepted')
t.check({ hunks[1].nth, hunks[1].of, hunks[2].nth }, { 1, 2, 2 }, 'how many')
t.check(tenon.status(), 'tenon: 2 changes to review', 'the status line')
t.wait('the drawing to follow', function()
  return select(2, t.drawn(buffer))[1][1] == 2
end)
local lines, gone = t.drawn(buffer)
t.check(gone, { { 2, 3, 'TenonDelete' }, { 6, 7, 'TenonDelete' } }, 'what goes')
t.check(lines[1].lines, {
  '── tenon 1/2: shout 😀   :Tenon accept accepts, :Tenon reject rejects',
  '    return "É😀"',
}, 'what comes, first')
t.check(lines[2].lines[2], (' '):rep(8) .. 'return 2', 'what comes, second: the tab is as wide as in the text')
t.check({ lines[1].row, lines[2].row }, { 2, 6 }, 'below what goes')
t.check(vim.api.nvim_get_hl(0, { name = 'TenonDelete' }).link, 'DiffDelete', 'the colours')
t.check(#vim.diagnostic.get(buffer), 2, 'the diagnostics are there for lists and jumps')

-- Next and previous go round.
t.cursor(1)
vim.cmd('Tenon next')
local function line()
  return vim.api.nvim_win_get_cursor(0)[1]
end
t.wait('the first', function()
  return line() == 3
end)
vim.cmd('Tenon next')
t.wait('the second', function()
  return line() == 7
end)
vim.cmd('Tenon previous')
t.wait('the first again', function()
  return line() == 3
end)

-- One is accepted, the other rejected.
vim.cmd('Tenon accept')
t.event('applied')
local accepted = typed:gsub('"é😀"', '"É😀"')
t.becomes(buffer, accepted, 'one is accepted')
t.pending(1)
t.cursor(1)
vim.cmd('Tenon accept')
t.message('no pending change here')
t.cursor(7)
vim.cmd('Tenon reject')
t.pending(0)
t.wait('the drawing to go', function()
  return #t.drawn(buffer) == 0
end)
t.check_text(buffer, accepted, 'the other is rejected')

-- Undo and redo, by the history too.
vim.cmd('Tenon undo')
t.event('undone')
t.becomes(buffer, typed, 'taken back')
vim.cmd('Tenon redo')
t.event('applied')
t.becomes(buffer, accepted, 'made again')
t.answers, t.asked = { 1, 1 }, {}
vim.cmd('Tenon history')
t.event('undone')
t.becomes(buffer, typed, 'taken back by the history')
assert(t.asked[1][2][1]:find('^o1 .* applied  shout 😀  %(main.py%)$'), vim.inspect(t.asked))
t.check(t.asked[2][2], { 'Take it back', 'Show its diff' }, 'what can be done')
t.check(require('tenon.command').complete('o', 'Tenon undo o', 12), { 'o1' }, 'its number is completed')
vim.cmd('Tenon redo')
t.event('applied')
t.becomes(buffer, accepted, 'made again')
t.check_mirror(buffer)
t.done()
