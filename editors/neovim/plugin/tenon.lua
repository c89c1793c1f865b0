-- Entry of the plugin: the command `:Tenon`, the `<Plug>` maps, and the server for every file. It loads nothing else
-- until it is needed, sets no key, and needs no `setup()`; `vim.g.tenon` holds the options (see |tenon-options|).
if vim.g.loaded_tenon then
  return
end
vim.g.loaded_tenon = true

if vim.fn.has('nvim-0.11') == 0 then
  vim.api.nvim_create_user_command('Tenon', function()
    vim.notify('tenon needs Neovim 0.11 or later', vim.log.levels.ERROR)
  end, { nargs = '*', range = true, bang = true })
  return
end

vim.api.nvim_create_user_command('Tenon', function(options)
  require('tenon.command').run(options)
end, {
  nargs = '*',
  range = true,
  bang = true,
  desc = 'Write code with language models; see :help tenon',
  complete = function(lead, line, cursor)
    return require('tenon.command').complete(lead, line, cursor)
  end,
})

-- Maps without keys: `vim.keymap.set('n', 'gA', '<Plug>(tenon-accept)')` gives one a key.
for name, mapping in pairs({
  edit = { { 'n', 'x' }, 'Ask for a change' },
  fix = { { 'n', 'x' }, 'Ask for a fix of the diagnostics here' },
  accept = { { 'n', 'x' }, 'Accept the pending change here' },
  reject = { { 'n', 'x' }, 'Reject the pending change here' },
  ['accept-file'] = { 'n', 'Accept the pending changes of this file' },
  ['reject-file'] = { 'n', 'Reject the pending changes of this file' },
  ['accept-all'] = { 'n', 'Accept all pending changes' },
  ['reject-all'] = { 'n', 'Reject all pending changes' },
  next = { 'n', 'Go to the next pending change' },
  previous = { 'n', 'Go to the previous pending change' },
  regenerate = { 'n', 'Ask anew for the pending change here, with a remark' },
  undo = { 'n', 'Take the last accepted change back, in all its files' },
  redo = { 'n', 'Make the change again that was taken back last' },
  history = { 'n', 'Choose a change to take back or to make again' },
  quickfix = { 'n', 'List the pending changes' },
  show = { 'n', 'Show the pending change as a diff' },
  cancel = { 'n', 'Cancel what the model is asked' },
}) do
  local words = vim.split(name, '-')
  vim.keymap.set(mapping[1], ('<Plug>(tenon-%s)'):format(name), function()
    require('tenon.command').map(words)
  end, { desc = 'tenon: ' .. mapping[2] })
end
vim.keymap.set('i', '<Plug>(tenon-complete)', function()
  require('tenon.completion').complete()
end, { desc = 'tenon: Complete at the cursor' })

local group = vim.api.nvim_create_augroup('tenon', {})
-- Neovim starts servers by file type; files without one, and new names of buffers, are seen to here.
vim.api.nvim_create_autocmd({ 'BufReadPost', 'BufNewFile', 'BufFilePost', 'BufWritePost' }, {
  group = group,
  callback = function(event)
    local server = require('tenon.server')
    if server.is_enabled() then
      server.attach(event.buf)
    end
  end,
})
-- What waits for a server is served also where the user's own `on_init` is in place of the plugin's.
vim.api.nvim_create_autocmd('LspAttach', {
  group = group,
  callback = function()
    if package.loaded['tenon.server'] then
      vim.schedule(require('tenon.server').serve_waiting)
    end
  end,
})
vim.api.nvim_create_autocmd('VimLeavePre', {
  group = group,
  callback = function()
    if package.loaded['tenon.server'] then
      require('tenon.server').leaving = true
    end
  end,
})

-- What waits is drawn to the width of its windows.
vim.api.nvim_create_autocmd({ 'WinResized', 'BufWinEnter' }, {
  group = group,
  callback = function()
    if package.loaded['tenon.review'] then
      require('tenon.review').resized()
    end
  end,
})

if type(vim.g.tenon) ~= 'table' or vim.g.tenon.enabled ~= false then
  vim.lsp.enable('tenon')
end
