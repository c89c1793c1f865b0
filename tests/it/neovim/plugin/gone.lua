-- The server goes at a bad moment: while the instruction is typed, while an answer is under way, between a drawing and
-- its acceptance. Nothing is lost without a word, and no message is a Lua traceback.
local t = dofile(os.getenv('TENON_PLUGIN_HARNESS'))
t.program_with_pid()
t.load()
local server = require('tenon.server')
t.write('main.py', t.two)
local buffer = t.edit('main.py')

-- While the instruction is typed, the server starts anew: the instruction reaches the new one. Lines above are typed
-- meanwhile; the lines that were meant are.
local old, asked = t.client, nil
local input = vim.ui.input
vim.ui.input = function(_, done)
  asked = done
end
vim.cmd('1,10Tenon edit')
vim.cmd('Tenon restart')
t.ready(buffer, old)
asked('shout')
t.say('open typed')
t.message('ready for review')
t.pending(2)

-- While it is typed, the buffer goes: nothing is asked, and that is said.
t.write('short.py', 'x = 1\n')
local short = t.edit('short.py')
vim.cmd('1Tenon edit')
-- Neovim starts clients one turn later.
vim.wait(0)
vim.cmd.buffer(buffer)
vim.cmd.bwipeout({ short, bang = true })
asked('shout')
t.message('the buffer is gone')

-- After a stop the status line has nothing to say, and costs nothing.
vim.cmd('Tenon stop')
t.wait('its end', function()
  return #vim.lsp.get_clients({ name = 'tenon', _uninitialized = true }) == 0
end)
t.check(require('tenon').status(), '', 'nothing to say')
local resolved = 0
local load = loadfile
loadfile = function(...)
  resolved = resolved + 1
  return load(...)
end
for _ = 1, 20 do
  require('tenon').status()
end
loadfile = load
assert(resolved <= 1, 'the status line reads files: ' .. resolved)

-- The instruction is asked for at once, not when the server is there: what is typed by then would go elsewhere.
asked = nil
vim.cmd('Tenon edit')
assert(asked, 'asked for later')
asked(nil)
vim.ui.input = input
vim.cmd('Tenon restart')
t.ready(buffer)
t.pending(2)

-- A request to a server that is gone is answered: neither the command nor the review waits for ever.
local dead = t.client
dead:stop(true)
t.wait('its end', function()
  return dead:is_stopped()
end)
local said
server.run(dead, 'tenon.status', nil, nil, function(refusal)
  said = refusal.message
end)
t.wait('the refusal', function()
  return said
end)
server.run(dead, 'tenon.accept', {})
t.message('the server is gone')

-- With an answer under way, its progress in the text and in the status line goes with the server. The range that was
-- asked for is shorter by the time that the server is there.
-- The user may have an `on_init` of his own.
vim.lsp.config('tenon', { on_init = function() end })
t.messages, t.events = {}, {}
vim.api.nvim_buf_set_lines(buffer, 10, 10, true, { 'one', 'two', 'three' })
vim.cmd('11,13Tenon edit wait')
vim.api.nvim_buf_set_lines(buffer, 10, -1, true, {})
t.check_text(buffer, t.two, 'as it was')
t.ready(buffer, dead)
t.event('text')
vim.lsp.config('tenon', { on_init = require('tenon.client').on_init })
t.wait('the progress in the text', function()
  local marks = vim.api.nvim_buf_get_extmarks(buffer, -1, 0, -1, { details = true, type = 'virt_text' })
  return marks[1] and marks[1][4].virt_text[1][1]:find('wait')
end)
local old_client = t.client
t.kill()
t.message('ended by signal 9, and is started again')
t.ready(buffer, old_client)
t.check(require('tenon.tasks').list(), {}, 'nothing is under way')
t.check(vim.api.nvim_buf_get_extmarks(buffer, vim.api.nvim_create_namespace('tenon-tasks'), 0, -1, {}), {}, 'progress')
t.pending(2)

-- Killed at the moment of the acceptance: the text is the old one or the new one, nothing between, and the next command
-- works.
old_client = t.client
t.cursor(2)
vim.cmd('Tenon accept')
t.kill()
t.ready(buffer, old_client)
local accepted = t.two:gsub('"é😀"', '"É😀"')
t.wait('what waits', function()
  local n = #require('tenon.review').all()
  return n == (t.text(buffer) == accepted and 1 or 2)
end)
if t.text(buffer) ~= accepted then
  t.check_text(buffer, t.two, 'the old text')
  vim.cmd('Tenon accept')
  t.becomes(buffer, accepted, 'accepted')
end
vim.cmd('Tenon reject all')
t.pending(0)
t.check_mirror(buffer)
t.messages = {}
t.done()
