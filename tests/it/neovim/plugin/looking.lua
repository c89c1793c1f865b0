-- What there is to look at: the prompt, the log, the health check, a change that does not fit any more, a merge; and
-- trusting the workspace in a terminal, after which a change is applied unasked.
local t = dofile(os.getenv('TENON_PLUGIN_HARNESS'))
t.write('.tenon.toml', '[review]\nmode = "review"\n')
t.load()
t.write('main.py', t.two)
local buffer = t.edit('main.py')
t.message('.tenon.toml')

local function shown(name)
  t.wait(name, function()
    return vim.api.nvim_buf_get_name(0) == 'tenon://' .. name
  end)
  local text = t.text(0)
  t.keys(vim.api.nvim_get_current_buf(), 'q')
  t.check(vim.api.nvim_get_current_buf(), buffer, 'back')
  return text
end

-- A change whose text was changed by hand: drawn without colours, not accepted, and rejected.
vim.cmd('Tenon edit shout')
t.say('open typed')
t.message('ready for review')
t.pending(2)
t.insert(buffer, 1, #'    return "é', '!')
t.wait('the mark of what does not fit', function()
  local lines, gone = t.drawn(buffer)
  return #gone == 1 and lines[1].lines[1]:find('does not fit any more', 1, true)
end)
t.cursor(2)
vim.cmd('Tenon accept')
t.wait('the refusal', function()
  local message = table.remove(t.messages)
  return message and message.type == 1 and message.message:find('^tenon: .*%(.*%)$')
end)
vim.cmd('Tenon reject')
t.pending(1)

-- The other is accepted and then changed: it is taken back by a merge.
local typed = t.text(buffer)
-- By the map, on the selected lines.
t.keys(buffer, '5GVj<Plug>(tenon-accept)')
t.event('applied')
t.check(vim.fn.mode(), 'n', 'the selection is over')
local accepted = typed:gsub('\tpass', '\treturn 2')
t.becomes(buffer, accepted, 'accepted')
t.insert(buffer, 5, #'\treturn 2', '  # two')
vim.cmd('Tenon undo')
local message = t.message('Tenon! undo').message
assert(message:find(':Tenon! undo proposes a merge', 1, true), message)
vim.cmd('Tenon! undo')
t.message('a merge waits for your review')
t.wait('the merge', function()
  return #require('tenon.review').all() > 0
end)
vim.cmd('Tenon reject all')
t.pending(0)

-- What was sent, and what is said of it all.
vim.cmd('Tenon prompt')
assert(shown('prompt-t1'):find('shout', 1, true))
vim.cmd('Tenon status')
local status = shown('status')
for _, part in ipairs({ 'workspace restricted', 'Tasks: none', 'fake  ok', ':Tenon trust', 'Messages, the newest' }) do
  assert(status:find(part, 1, true), status)
end
vim.cmd('Tenon log')
t.wait('the log', function()
  return vim.api.nvim_buf_get_name(0):find('/state/logs/', 1, true)
end)
t.check(vim.bo.readonly, true, 'the log is to be looked at')
assert(t.text(0):find('initialize', 1, true), t.text(0))
vim.cmd.close()
vim.cmd('silent checkhealth tenon')
local report = t.text(0)
for _, part in ipairs({ 'tenon: Neovim', 'tenon: program', 'version 0', 'journal', 'tenon: server', 'with 1 buffers',
  'not trusted' }) do
  assert(report:find(part, 1, true), part .. ' is not in ' .. report)
end
assert(not report:find('❌') and not report:find('ERROR'), report)
vim.cmd.close()

-- A page for a longer request belongs to the server that made it.
vim.api.nvim_set_current_buf(buffer)
t.must(buffer, 'tenon.ask', { uri = vim.uri_from_bufnr(buffer) })
t.wait('the page', function()
  return vim.api.nvim_buf_get_name(0):find('/ask%-1%.md$') ~= nil
end)
local request = vim.api.nvim_get_current_buf()
t.wait('its server', function()
  return vim.lsp.get_clients({ bufnr = request })[1]
end)
t.check(#vim.lsp.get_clients(), 1, 'no other server')

-- Trust is given in a terminal; the server then starts anew.
vim.api.nvim_set_current_buf(buffer)
vim.cmd('silent write')
local old = t.client
vim.cmd('Tenon trust')
local terminal = vim.api.nvim_get_current_buf()
t.check(vim.bo[terminal].buftype, 'terminal', 'a terminal')
t.wait('the question', function()
  return t.text(terminal):find('review', 1, true) and t.text(terminal):find('%[y/N%]')
end)
vim.api.nvim_chan_send(vim.bo[terminal].channel, 'y\r')
t.ready(buffer, old)
vim.cmd.stopinsert()
vim.api.nvim_win_close(0, true)
t.check(t.must(buffer, 'tenon.status').trust, 'trusted', 'trust')
vim.api.nvim_set_current_buf(buffer)
local before = t.text(buffer)
vim.cmd('Tenon! edit count')
t.event('applied')
t.becomes(buffer, (before:gsub('return 3', 'return 4')), 'applied unasked')
t.check_mirror(buffer)
t.messages = {}
t.done()
