-- The server goes at a bad moment: while the instruction is typed, while an answer is under way, between a drawing and
-- its acceptance. Nothing is lost without a word, and no message is a Lua traceback.
local t = dofile(os.getenv('TENON_PLUGIN_HARNESS')).load()
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
vim.cmd.buffer(buffer)
vim.cmd.bwipeout({ short, bang = true })
asked('shout')
t.message('is gone')
vim.ui.input = input

-- A range that is shorter by the time that the server is there.
local _, late = pcall(vim.api.nvim_buf_set_lines, 0, 0, 0, true, {})
t.check(late, nil, 'the buffer can be changed')
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
vim.cmd('Tenon restart')
t.ready(buffer)
t.message('the last session goes on')
t.pending(2)

-- A request to a server that is gone is answered: neither the command nor the review waits for ever.
local dead = t.client
server.leaving = true
dead:stop(true)
t.wait('its end', function()
  return dead:is_stopped()
end)
server.leaving = false
local said
server.run(dead, 'tenon.status', nil, nil, function(refusal)
  said = refusal.message
end)
t.wait('the refusal', function()
  return said
end)
server.run(dead, 'tenon.accept', {})
t.message('the server is gone')

-- With an answer under way, its progress in the text and in the status line goes with the server.
vim.cmd('Tenon restart')
t.ready(buffer, dead)
t.message('the last session goes on')
t.events = {}
vim.cmd('Tenon edit wait')
t.event('text')
vim.cmd('Tenon restart')
local after = t.ready(buffer, t.client)
assert(after.id ~= dead.id)
t.check(require('tenon.tasks').list(), {}, 'nothing is under way')
t.check(vim.api.nvim_buf_get_extmarks(buffer, vim.api.nvim_create_namespace('tenon-tasks'), 0, -1, {}), {}, 'progress')
t.pending(2)

-- Accepted with a server that is killed at the same moment: the text is the old one or the new one, nothing between,
-- and the next command works.
t.messages = {}
t.cursor(2)
vim.cmd('Tenon accept')
vim.uv.kill(t.client.rpc.pid or 0, 0)
t.wait('an answer', function()
  local text = t.text(buffer)
  return text ~= t.two
end)
t.becomes(buffer, (t.two:gsub('"é😀"', '"É😀"')), 'accepted')
t.pending(1)
vim.cmd('Tenon reject all')
t.pending(0)
t.check_mirror(buffer)
t.messages = {}
t.done()
