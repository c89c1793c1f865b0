-- Two folders with a server each, whose proposals and tasks have the same names: what is said of one is never done to
-- the other. Both start at the same moment, and what waits for either start comes to it.
local t = dofile(os.getenv('TENON_PLUGIN_HARNESS')).load()
local tenon = require('tenon')
local server, review = require('tenon.server'), require('tenon.review')
local buffers = {}
for _, folder in ipairs({ 'one', 'two' }) do
  vim.fn.mkdir(folder)
  t.write(folder .. '/.tenon.toml', '')
  t.write(folder .. '/main.py', t.two)
end

-- Commands come before either server is there; none is lost.
local served = {}
for _, folder in ipairs({ 'one', 'two' }) do
  vim.cmd.edit(folder .. '/main.py')
  buffers[folder] = vim.api.nvim_get_current_buf()
  server.with_client(buffers[folder], function(client)
    served[folder] = client
  end)
end
t.wait('both servers', function()
  return served.one and served.two
end)
assert(served.one.id ~= served.two.id, 'one server for both')
t.client = served.two
local one, two = buffers.one, buffers.two
t.messages = {}

-- One change waits in each folder, as `p1` there.
vim.api.nvim_set_current_buf(one)
vim.cmd('Tenon edit shout')
t.message('ready for review')
t.pending(1)
vim.api.nvim_set_current_buf(two)
vim.cmd('Tenon edit count')
t.message('ready for review')
local hunks = t.pending(2)
t.check({ hunks[1].proposal, hunks[2].proposal }, { 'p1', 'p1' }, 'their names')
t.check({ hunks[1].buffer, hunks[2].buffer }, { one, two }, 'their buffers')

-- Next goes over both folders; where it went is what is meant, also where both have the same line.
vim.api.nvim_set_current_buf(one)
t.cursor(1)
vim.cmd('Tenon next')
t.check({ vim.api.nvim_get_current_buf(), vim.api.nvim_win_get_cursor(0)[1] }, { one, 2 }, 'the first')
vim.cmd('Tenon next')
t.check({ vim.api.nvim_get_current_buf(), vim.api.nvim_win_get_cursor(0)[1] }, { two, 10 }, 'the second')
t.check(review.here(), hunks[2], 'where it went')

-- All means all, in both.
vim.cmd('Tenon accept all')
t.event('applied')
t.event('applied')
t.becomes(one, (t.two:gsub('"é😀"', '"É😀"')), 'the first folder')
t.becomes(two, (t.two:gsub('return 3', 'return 4')), 'the second folder')
t.pending(0)

-- A step of the history is taken back where it was chosen, whatever window the user is in by then.
local choose, at = vim.ui.select, 0
vim.ui.select = function(items, options, done)
  at = at + 1
  if at == 2 then
    vim.api.nvim_set_current_buf(one)
  end
  done(items[1], 1)
end
vim.cmd('Tenon history')
t.becomes(two, t.two, 'taken back in the second folder')
t.check_text(one, (t.two:gsub('"é😀"', '"É😀"')), 'not in the first')
vim.ui.select = choose

-- Where no folder is meant, that is said, and not guessed.
vim.cmd.enew()
vim.cmd('Tenon undo')
t.message('no name yet')
vim.api.nvim_set_current_buf(two)
t.check(tenon.status(), 'tenon', 'the status line')
t.messages = {}
served.one:stop()
t.wait('its end', function()
  return served.one:is_stopped()
end)
t.done()
