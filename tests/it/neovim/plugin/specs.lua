-- The parts of the plugin that need no server, each by examples.
local t = dofile(os.getenv('TENON_PLUGIN_HARNESS'))
vim.g.tenon = { enabled = false, inlne = true, restarts = 'many' }
t.load()
local command, options, draw = require('tenon.command'), require('tenon.options'), require('tenon.draw')

-- Without setup: the command, the maps, no keys, and no server where it is not wanted.
t.check(vim.fn.exists(':Tenon'), 2, 'the command')
for name in pairs(command.subcommands) do
  assert(command.subcommands[name].help, name)
end
for _, map in ipairs({ 'edit', 'fix', 'accept', 'reject', 'accept-file', 'reject-all', 'next', 'previous',
  'regenerate', 'undo', 'redo', 'history', 'quickfix', 'show', 'cancel' }) do
  assert(vim.fn.maparg(('<Plug>(tenon-%s)'):format(map), 'n') ~= '', map)
end
for _, mode in ipairs({ 'n', 'x', 'i' }) do
  for _, map in ipairs(vim.api.nvim_get_keymap(mode)) do
    assert(not (map.desc or ''):find('^tenon') or map.lhs:find('^<Plug>'), map.lhs)
  end
end
t.check(require('tenon.server').is_enabled(), false, 'not enabled')
t.check(require('tenon').status(), '', 'nothing to say')

-- Options: what is wrong is told, and the default holds.
t.check(#options.problems(), 2, 'problems')
assert(options.problems()[1]:find('unknown option "inlne"; there are enabled, inline', 1, true), options.problems()[1])
t.check(options.get('restarts'), 5, 'a wrong type')
t.check(options.get('enabled'), false, 'false is a value')
t.messages = {}
vim.g.tenon = 'yes'
t.check(options.problems(), { 'vim.g.tenon is no table' }, 'no table')
t.check(options.get('inline'), true, 'the default')
vim.g.tenon = true
vim.g.loaded_tenon = nil
t.load()
t.check(require('tenon.server').is_enabled(), true, 'the plugin loads with a wrong option')
require('tenon').setup('wrong')
t.check(vim.g.tenon, vim.empty_dict(), 'wrong options are none')
vim.lsp.enable('tenon', false)
t.messages, vim.g.tenon = {}, { enabled = false }
require('tenon').setup({ inline = false })
t.check({ options.get('inline'), options.get('enabled') }, { false, false }, 'setup')
vim.g.tenon = { enabled = false }

-- Completion of words.
local function completes(line, expected)
  t.check(vim.fn.getcompletion(line, 'cmdline'), expected, line)
end
completes('Tenon re', { 'redo', 'refactor', 'regenerate', 'reject', 'restart' })
completes('1,2Tenon! imp', { 'implement' })
completes('silent! Teno re', { 'redo', 'refactor', 'regenerate', 'reject', 'restart' })
completes('Tenon re%', {})
completes('Tenon [', {})
completes('Tenon accept accept ', {})
completes('Tenon accept ', { 'all', 'file' })
completes('Tenon accept f', { 'file' })
completes('Tenon accept file ', {})
completes('Tenon cancel ', { 'all' })
completes('Tenon edit x', {})
completes('Tenon nothing ', {})
t.check(#vim.fn.getcompletion('Tenon ', 'cmdline'), vim.tbl_count(command.subcommands), 'all of them')

-- Wrong calls say what is right.
local function says(call, part)
  vim.cmd(call)
  t.message(part)
end
says('Tenon acept', 'Is :Tenon accept meant?')
says('Tenon zzz', 'there is no subcommand "zzz". :Tenon edit')
says('Tenon accept both', ':Tenon accept takes file or all, not "both"')
says('1Tenon next', ':Tenon next takes no range')
says('Tenon! next', ':Tenon next takes no "!"')
says('Tenon next 3', ':Tenon next takes no arguments')
says('Tenon undo o1 o2', ':Tenon undo takes no more than one argument')
says('Tenon accept', 'no change waits for a decision')
says('Tenon quickfix', 'no change waits for a decision')
says('Tenon cancel', 'nothing is under way')

-- An instruction is taken as it is typed.
local instructions = {}
local edit = require('tenon.ask').edit
require('tenon.ask').edit = function(_, instruction)
  table.insert(instructions, instruction)
end
vim.cmd([[Tenon edit split at "\\n"  and | join\ all]])
vim.cmd('Tenon')
require('tenon').run()
require('tenon').run('edit', 'by', 'words')
require('tenon.ask').edit = edit
t.check(instructions, { [[split at "\\n"  and | join\ all]], '', '', 'by words' }, 'instructions')

-- Messages are one line, with their hint.
local notify = require('tenon.notify')
notify.refusal({ code = -32803, message = 'nothing was applied', data = { hint = 'try again' } })
t.message('tenon: nothing was applied (try again)')
notify.refusal({ code = -32603, message = 'broken', data = vim.NIL })
t.message('tenon: broken')
notify.message({ type = 1, message = 'tenon: once' })
t.check(table.remove(t.messages), { message = 'tenon: once', type = 1 }, 'said once')

t.check(notify.said[1].text, 'tenon: once', 'what was said is kept')

-- Neovim's own messages are cut to the last line: a longer one would stop the typing.
local stub, told = vim.notify, {}
vim.notify = assert(load('local told = ... return function(text) table.insert(told, text) end', '@vim/_editor.lua'))(told)
notify.error(('漢😀 '):rep(40) .. '\nend')
notify.info('short')
vim.notify = stub
assert(vim.fn.strdisplaywidth(told[1]) <= vim.v.echospace and told[1]:find('漢😀 漢.*… :Tenon status$'), told[1])
t.check(told[2], 'tenon: short', 'what fits is whole')
vim.notify = t.notify
vim.cmd('messages clear')
notify.info(('real '):rep(80))
assert(vim.fn.strdisplaywidth(vim.trim(vim.fn.execute('1messages'))) <= vim.v.echospace, "Neovim's own function")
vim.notify = function(text)
  table.insert(told, text)
end
notify.info(('long '):rep(40))
t.check(told[3], 'tenon: ' .. ('long '):rep(40), "a plugin's own function gets all of it")
vim.notify = setmetatable({}, { __call = function(_, text)
  table.insert(told, text)
end })
notify.info(('long '):rep(40))
t.check(told[4], told[3], 'and so does a table that can be called')
vim.notify = stub
assert(vim.iter(notify.said):any(function(one)
  return one.text:find('漢😀  ?end$') ~= nil
end), vim.inspect(notify.said))

-- Which rows a hunk touches, and what they become.
local buffer = vim.api.nvim_create_buf(true, false)
local function rows(text, range, after, expected)
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, vim.split(text, '\n'))
  local position = function(at)
    return { line = range[at], character = range[at + 1] }
  end
  local hunk = { range = { start = position(1), ['end'] = position(3) }, after = after }
  t.check({ draw.rows(buffer, hunk, 'utf-16') }, expected, vim.inspect({ text, range, after }))
end
rows('a\nb\nc', { 1, 0, 2, 0 }, 'B\nBB\n', { 1, 2, { 'B', 'BB' } })
rows('a\nb\nc', { 1, 0, 2, 0 }, '', { 1, 2, {} })
rows('a\nb\nc', { 1, 0, 1, 0 }, 'new\n', { 1, 1, { 'new' } })
rows('a\nb\nc', { 3, 0, 3, 0 }, 'end\n', { 3, 3, { 'end' } })
rows('a\nb\nc', { 2, 0, 3, 0 }, 'C\n', { 2, 3, { 'C' } })
rows('a\n😀b\nc', { 1, 2, 1, 3 }, 'B', { 1, 2, { '😀B' } })
rows('a\nb\nc', { 2, 1, 2, 1 }, '\nd', { 2, 3, { 'c', 'd' } })
rows('a\nb\nc', { 1, 0, 2, 0 }, 'B\r\nC\r\n', { 1, 2, { 'B', 'C' } })
rows('a\nb\nc', { 9, 0, 9, 0 }, 'end\n', { 3, 3, { 'end' } })

-- What is not seen is written out, and nothing else.
for text, expected in pairs({
  ['a\tb é 😀 漢'] = 'a\tb é 😀 漢',
  ['\27[2J\127'] = '\\u{1b}[2J\\u{7f}',
  ['a\u{202e}b\u{2066}c\u{200b}\u{feff}\u{ad}'] = 'a\\u{202e}b\\u{2066}c\\u{200b}\\u{feff}\\u{ad}',
  ['\u{e0041}\u{3164}\u{9b}'] = '\\u{e0041}\\u{3164}\\u{9b}',
}) do
  t.check(draw.visible(text), expected, 'what is not seen')
end

-- Drawing never changes the text, at its borders too, and takes itself back.
vim.api.nvim_win_set_buf(0, buffer)
vim.api.nvim_buf_set_lines(buffer, 0, -1, false, { 'a' })
local tick = vim.api.nvim_buf_get_changedtick(buffer)
local function hunk(line, last, after, more)
  return vim.tbl_extend('force', {
    range = { start = { line = line, character = 0 }, ['end'] = { line = last, character = 0 } },
    after = after, change = 'modify', title = 'do it', nth = 1, of = 1,
  }, more or {})
end
draw.draw(buffer, { hunk(0, 0, 'top\n'), hunk(1, 1, 'end\n'), hunk(0, 1, '\tA\n', { stale = 'it was changed' }) }, 'utf-8')
local lines, gone = t.drawn(buffer)
t.check(#lines, 3, 'three')
t.check(gone, {}, 'what does not fit takes nothing away')
local above = vim.tbl_filter(function(one)
  return one.above
end, lines)
t.check(above[1].lines[2], 'top', 'above the first line')
assert(vim.fn.winsaveview().topfill > 0, 'there is room for it')
t.check(vim.api.nvim_buf_get_changedtick(buffer), tick, 'the text is as it was')
draw.draw(buffer, {}, 'utf-8')
t.check({ #t.drawn(buffer) }, { 0 }, 'gone')

-- The keys that the user gave are named.
vim.keymap.set('n', 'gA', '<Plug>(tenon-accept)')
vim.keymap.set('n', '<Leader>r', '<Plug>(tenon-reject)')
draw.draw(buffer, { hunk(0, 1, 'b\n', { doubt = 'aligned, 0.81' }) }, 'utf-8')
t.check(t.drawn(buffer)[1].lines[1], '── tenon 1/1: do it (place: aligned, 0.81)   gA accepts, \\r rejects', 'the keys')
draw.draw(buffer, {}, 'utf-8')

-- The help has no broken tags, and names every subcommand, option, map and highlight group.
local doc = os.getenv('TENON_EDITORS') .. '/neovim/doc'
vim.fn.mkdir('doc')
vim.fn.writefile(vim.fn.readfile(doc .. '/tenon.txt'), 'doc/tenon.txt')
vim.cmd.helptags('doc')
local tags = table.concat(vim.fn.readfile('doc/tags'), '\n')
local text = table.concat(vim.fn.readfile('doc/tenon.txt'), '\n')
for name in pairs(command.subcommands) do
  assert(tags:find(':Tenon-' .. name .. '\t', 1, true), ':Tenon ' .. name .. ' has no help')
end
for name in pairs(options.defaults) do
  assert(tags:find('tenon-option-' .. name .. '\t', 1, true), name .. ' has no help')
end
for name in pairs(options.highlights) do
  assert(tags:find('hl-' .. name .. '\t', 1, true), name .. ' has no help')
end
for _, map in ipairs(vim.api.nvim_get_keymap('n')) do
  local plug = map.lhs:match('^<Plug>%(tenon%-.*%)$')
  assert(not plug or tags:find(plug .. '\t', 1, true), tostring(plug) .. ' has no help')
end
for link in text:gmatch('|([^|%s]+)|') do
  local is_own = link:find('enon', 1, true)
  assert(not is_own or tags:find(link .. '\t', 1, true), 'the help points nowhere: ' .. link)
end
for nth, line in ipairs(vim.split(text, '\n')) do
  assert(vim.fn.strdisplaywidth(line) <= 80, ('the help is too wide in line %d: %s'):format(nth, line))
end
t.check(t.messages, {}, 'nothing else was said')
t.say('done')
