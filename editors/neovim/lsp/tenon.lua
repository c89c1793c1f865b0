-- tenon for Neovim 0.11 and later. Without the plugin: put this file into the folder `lsp` of your configuration, and
-- say `vim.lsp.enable('tenon')` in init.lua. With it, the plugin's own settings come in here, below yours.
-- Attached to every file of this machine: tenon edits text of any kind.
local markers = { '.tenon.toml', '.git' }

-- What is done is remembered for the files of a folder: the one with a marker, else the current one, unless that holds
-- everything the user has, else the file's.
local function root_dir(buffer, start)
  local name = vim.api.nvim_buf_get_name(buffer)
  if name == '' or name:find('^%a[%w+.-]+:/') then
    return
  end
  -- A page that the server made is for that server: the one of the file that it was asked for in.
  if name:find('/view%-[^/]+/ask%-%d+%.md$') then
    local maker = vim.lsp.get_clients({ name = 'tenon', bufnr = vim.fn.bufnr('#') })[1]
      or vim.lsp.get_clients({ name = 'tenon' })[1]
    if maker then
      return start(maker.config.root_dir)
    end
  end
  local here = vim.fn.getcwd()
  local is_everything = vim.fs.relpath(here, vim.uv.os_homedir() or '/') ~= nil
  local is_here = not is_everything and vim.fs.relpath(here, name) ~= nil
  start(vim.fs.root(buffer, markers) or is_here and here or vim.fs.dirname(name))
end

local is_there, client = pcall(require, 'tenon.client')
return vim.tbl_extend('force', {
  cmd = { 'tenon', 'lsp' },
  root_dir = root_dir,
  root_markers = markers,
}, is_there and client or {})
