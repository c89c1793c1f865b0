-- What keeps the server from working is said at the command, with what to do, and is over once its cause is gone: no
-- program, another program, an old version, a server that ends again and again. The editor goes on all the while.
local t = dofile(os.getenv('TENON_PLUGIN_HARNESS'))
local server = vim.fs.dirname(vim.fn.getcwd()) .. '/server'
vim.lsp.config('tenon', { cmd = { server, 'lsp' } })
t.load()
t.write('main.py', t.two)
local program = t.install

local function answers(name, version)
  local body = ('{"jsonrpc":"2.0","id":1,"result":{"capabilities":{},"serverInfo":{"name":"%s","version":"%s"}}}')
    :format(name, version)
  return ("printf 'Content-Length: %d\\r\\n\\r\\n%%s' '%s'\nexec cat >/dev/null\n"):format(#body, body)
end

-- The health check, which never fails itself, says these things.
local function health(...)
  vim.cmd('silent checkhealth tenon')
  local report = t.text(0)
  for _, part in ipairs({ ... }) do
    assert(report:find(part, 1, true), part .. ' is not in\n' .. report)
  end
  assert(not report:find('Failed to run', 1, true), report)
  local _, n_errors = report:gsub('ERROR', '')
  assert(n_errors <= 2, 'said twice: ' .. report)
  vim.cmd.close()
end

-- No program: said once when a file is opened, and at every command.
vim.cmd.edit('main.py')
local buffer = vim.api.nvim_get_current_buf()
t.message('is not there, or not executable')
vim.cmd('Tenon edit shout')
local message = t.message('is not there, or not executable').message
assert(message:find('vim.lsp.config', 1, true), message)
t.check(require('tenon').status(), 'tenon: not working, see :Tenon status', 'the status line')
vim.cmd('Tenon status')
assert(t.text(0):find('What to do: install tenon', 1, true), t.text(0))
vim.cmd.close()
health('ERROR the program', 'is not there, or not executable', 'vim.lsp.config', 'no server runs')

-- A program that is another one, and one that is too old.
program(answers('clangd', '19.0.0'))
vim.cmd('Tenon edit shout')
t.message('is not tenon, but clangd')
health('does not answer as tenon does', '|tenon-program|', 'is not tenon, but clangd', ':Tenon restart')
program(answers('tenon', '0.0.9'))
vim.cmd('Tenon restart')
t.message('tenon 0.0.9 is older than')
vim.cmd('Tenon edit shout')
message = t.message('tenon 0.0.9 is older than').message
assert(message:find(':Tenon restart', 1, true), message)
t.wait('its end', function()
  return #vim.lsp.get_clients({ name = 'tenon', _uninitialized = true }) == 0
end)

-- One that never answers.
program('exec cat >/dev/null\n')
require('tenon.server').patience = 300
vim.cmd('Tenon restart')
t.wait('its start', function()
  return vim.lsp.get_clients({ name = 'tenon', _uninitialized = true })[1]
end)
vim.cmd('Tenon edit shout')
t.message('the server does not answer')
health('does not answer as tenon does')
require('tenon.server').patience = 10000

-- One that cannot be started, and one that ends well at once, without a word.
program('#!/nowhere/at/all\n')
vim.cmd('Tenon restart')
vim.cmd('Tenon edit shout')
message = t.message('cannot be started').message
assert(message:find(':checkhealth tenon', 1, true), message)
vim.cmd('Tenon log')
t.wait('the log', function()
  return vim.bo.readonly
end)
vim.cmd.close()
health('does not answer as tenon does')
program('exit 0\n')
t.messages = {}
vim.cmd('Tenon restart')
message = t.message('the server ended 5 times').message
assert(message:find('with exit code 0', 1, true), message)
t.messages = {}

-- One that ends at once: started again, then left alone.
program('echo again >> ends\nexit 3\n')
vim.cmd('Tenon restart')
message = t.message('the server ended 5 times').message
for _, part in ipairs({ 'with exit code 3', ':Tenon log', ':checkhealth tenon', ':Tenon restart' }) do
  assert(message:find(part, 1, true), message)
end
t.check(#vim.fn.readfile('ends'), 5, 'starts')
vim.cmd.split('other.py')
vim.cmd('Tenon edit shout')
t.message('the server ended 5 times')
t.check(#vim.fn.readfile('ends'), 5, 'no further starts')
vim.cmd.close()
health('the server ended 5 times', ':Tenon restart')
vim.cmd('Tenon stop')
health('the server is not enabled', ':Tenon restart')
t.messages = {}

-- It works as soon as the program does.
t.program_with_pid()
vim.cmd('Tenon restart')
t.ready(buffer)
t.check_mirror(buffer)
t.check(require('tenon').status(), 'tenon', 'the status line')
health('tenon: program', 'version 0', 'the workspace is not trusted')

-- A buffer that was opened before there was a server is taken by it at the first command.
local is_taken = false
vim.cmd('noautocmd edit early.py')
local early = vim.api.nvim_get_current_buf()
vim.cmd.buffer(buffer)
t.check(require('tenon.server').client(early), nil, 'not yet')
require('tenon.server').with_client(early, function()
  is_taken = true
end)
t.wait('the buffer to be taken', function()
  return is_taken
end)

-- Killed four times it is there again each time; the change that waits is too.
vim.cmd('Tenon edit shout')
t.say('open typed')
t.message('ready for review')
t.pending(2)
for _ = 1, 4 do
  local client = t.client
  t.kill()
  t.message('ended by signal 9, and is started again')
  t.message('quit with exit code')
  t.ready(buffer, client)
  t.message('the last session goes on')
  t.pending(2)
end
t.cursor(2)
vim.cmd('Tenon accept')
t.becomes(buffer, (t.two:gsub('"é😀"', '"É😀"')), 'accepted after all that')
t.check_mirror(buffer)
t.done()
