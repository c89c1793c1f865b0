-- What a configuration may call: `require('tenon').status()` for the status line, and functions for keys. All of it
-- is documented in |tenon-lua|. Loading this loads nothing else.
local M = {}

-- Sets options; the same as `vim.g.tenon = options`. Calling it is not needed.
function M.setup(options)
  local given = type(vim.g.tenon) == 'table' and vim.g.tenon or {}
  vim.g.tenon = type(options) == 'table' and vim.tbl_extend('force', given, options) or given
  if vim.g.tenon.enabled == false then
    vim.lsp.enable('tenon', false)
  end
end

-- What tenon does at the moment, in a few words; empty where there is nothing to say.
function M.status()
  return package.loaded['tenon.server'] and require('tenon.tasks').status() or ''
end

-- Runs a subcommand of `:Tenon` by its words: `require('tenon').run('accept', 'all')`.
function M.run(...)
  require('tenon.command').map(... and { ... } or { 'edit' })
end

-- Puts in what tenon offers at the cursor; for a key in insert mode.
function M.complete()
  require('tenon.completion').complete()
end

return M
