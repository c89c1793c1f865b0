-- tenon for Neovim 0.11 and later. Without the plugin: put this file into the folder `lsp` of your configuration, and
-- say `vim.lsp.enable('tenon')` in init.lua. With it, the plugin's own settings come in here, below yours.
-- Attached to every file: tenon edits text of any kind.
local is_there, client = pcall(require, 'tenon.client')
return vim.tbl_extend('error', {
  cmd = { 'tenon', 'lsp' },
  root_markers = { '.tenon.toml', '.git' },
}, is_there and client or {})
