-- tenon for Neovim 0.11 and later: put this file into the folder `lsp` of your configuration, and say
-- `vim.lsp.enable('tenon')` in init.lua. Attached to every file: tenon edits text of any kind.
return {
  cmd = { 'tenon', 'lsp' },
  root_markers = { '.tenon.toml', '.git' },
}
