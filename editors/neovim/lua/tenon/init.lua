-- What a configuration may call: `require('tenon').status()` for the status line, and functions for keys. All of it
-- is documented in |tenon-lua|. Loading this loads nothing else.
local M = {}

-- Sets options; the same as `vim.g.tenon = options`. Calling it is not needed.
function M.setup(options)
  vim.g.tenon = vim.tbl_extend('force', vim.g.tenon or {}, options or {})
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
  require('tenon.command').map({ ... })
end

-- Puts in what tenon offers at the cursor; for a key in insert mode.
function M.complete()
  require('tenon.completion').complete()
end

return M
