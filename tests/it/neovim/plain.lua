-- Without the plugin, by the words of the page `docs/editors/neovim.md`: its file, and its lines for init.lua. In a
-- folder without a marker, and in buffers that are no files of this machine.
_G.tenon_by_plugin = true
local t = dofile(os.getenv('TENON_HARNESS'))
local editors = os.getenv('TENON_EDITORS')
vim.env.PATH = vim.fs.dirname(os.getenv('TENON_PROGRAM')) .. ':' .. vim.env.PATH
vim.fn.mkdir('../own/lsp', 'p')
assert(vim.uv.fs_copyfile(editors .. '/neovim/lsp/tenon.lua', '../own/lsp/tenon.lua'))
vim.opt.runtimepath:prepend(vim.fs.dirname(vim.fn.getcwd()) .. '/own')
local page = table.concat(vim.fn.readfile(editors .. '/../docs/editors/neovim.md'), '\n')
local lines = assert(page:match('Add to `init.lua`:%s+```lua\n(.-)```'), 'the page has no lines for init.lua')
assert(load(lines))()

local said
vim.notify = function(text)
  said = text
end
vim.ui.input = function(options, done)
  t.check(options.prompt, 'tenon: ', 'what is asked')
  done('greet in French')
end

-- A buffer without a file, and one of another machine: nothing starts, and it is said that nothing is there.
for _, name in ipairs({ '', 'scp://host/main.rs', 'oil:///tmp/' }) do
  vim.cmd.enew()
  vim.api.nvim_buf_set_name(0, name)
  vim.bo.filetype = 'rust'
  vim.wait(0)
  vim.cmd('Ask')
  t.check(said, 'tenon is not attached to this buffer', name)
end
t.check(#vim.lsp.get_clients({ _uninitialized = true }), 0, 'nothing starts')

-- Files of the current folder have one server, also below it, and what is done to them is remembered.
t.write('main.rs', t.main)
vim.fn.mkdir('below')
t.write('below/lib.rs', t.main)
vim.lsp.handlers['window/showMessage'] = function(_, message)
  table.insert(t.messages, message)
end
t.edit('below/lib.rs')
local buffer = t.edit('main.rs')
t.check(t.client.config.root_dir, vim.fn.getcwd(), 'the folder')
t.check(#vim.lsp.get_clients(), 1, 'one server')
vim.cmd('2,5Ask')
t.message('ready for review')
t.wait('the mark', function()
  return vim.diagnostic.get(buffer)[1]
end)
t.run_action(buffer, 2, 'Apply this change')
t.wait('the change', function()
  return t.text(buffer) == t.changed(t.main)
end)
t.wait('the action', function()
  return t.actions(buffer, 2)['Undo the last AI change']
end)
t.run_action(buffer, 2, 'Undo the last AI change')
t.wait('the text as it was', function()
  return t.text(buffer) == t.main
end)

-- A page for a longer request belongs to the server that made it.
t.run_action(buffer, 2, 'Ask AI on a page…')
t.wait('the page', function()
  return vim.api.nvim_buf_get_name(0):find('/ask%-1%.md$') ~= nil
end)
local request = vim.api.nvim_get_current_buf()
t.wait('its action', function()
  return vim.lsp.get_clients({ bufnr = request })[1] and t.actions(request, 1)['Run this request']
end)
t.check(#vim.lsp.get_clients(), 1, 'no other server')
vim.cmd.buffer(buffer)
t.check_mirror(buffer)

-- From the home folder, or from one above it, a file's own folder is meant.
local client, here = t.client, vim.fn.getcwd()
vim.fn.mkdir('../loose')
t.write('../loose/x.txt', 'x\n')
vim.cmd.cd('..')
t.edit('loose/x.txt')
t.check(t.client.config.root_dir, vim.fs.dirname(here) .. '/loose', 'the folder')
client:stop()
t.wait('its end', function()
  return client:is_stopped()
end)
t.done()
