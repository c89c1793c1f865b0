-- Looks at an edit of the server before Neovim makes it: one for an older version of a text, or for a buffer that must
-- not be changed, is refused as a whole, with the reason. Neovim itself would leave out a part and report success, or
-- stop in the middle.
local M = {}

-- Reads the file of a buffer, if that is still to be done; returns why it is better left alone. Neovim would read a file
-- with a swap file of someone else all the same, and fill the screen with the warning.
function M.load(buffer)
  if vim.api.nvim_buf_is_loaded(buffer) or pcall(vim.api.nvim_exec2, ('silent call bufload(%d)'):format(buffer), {}) then
    return
  end
  pcall(vim.api.nvim_buf_delete, buffer, { unload = true, force = true })
  local name = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(buffer), ':.')
  return name .. ' cannot be read here, or is open in another editor; :edit it to decide about that, and go on then'
end

local function refusal(document)
  local buffer = vim.uri_to_bufnr(document.uri)
  local reason = M.load(buffer)
  if reason then
    return reason
  end
  local name = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(buffer), ':.')
  if not vim.bo[buffer].modifiable then
    return name .. " is 'nomodifiable' in Neovim; say :set modifiable there, and accept again"
  end
  local version = vim.lsp.util.buf_versions[buffer]
  if type(document.version) == 'number' and version and version > document.version then
    return name .. ' was changed meanwhile'
  end
end

-- Answers `workspace/applyEdit`.
function M.on_edit(problem, params, context)
  for _, change in ipairs(params and params.edit.documentChanges or {}) do
    local reason = change.textDocument and refusal(change.textDocument)
    if reason then
      return { applied = false, failureReason = reason }
    end
  end
  for uri in pairs(params and params.edit.changes or {}) do
    local reason = refusal({ uri = uri })
    if reason then
      return { applied = false, failureReason = reason }
    end
  end
  -- Neovim would print the label at every edit.
  params = { edit = params and params.edit }
  return vim.lsp.handlers['workspace/applyEdit'](problem, params, context)
end

return M
