-- Completes at the cursor, when asked by a key: puts in what the server offers, as it is, as one undo step. What is
-- typed meanwhile drops the offer, and so does another place of the cursor or the end of insert mode. It needs nothing
-- else of the plugin; Neovim's own completion takes an offer only up to its first space.
local M = {}

local namespace = vim.api.nvim_create_namespace('tenon-completion')

-- The client and the request that it answers; a client that knows text at the cursor is offered that alone.
local function ask(buffer)
  for _, method in ipairs({ 'textDocument/completion', 'textDocument/inlineCompletion' }) do
    local client = vim.lsp.get_clients({ bufnr = buffer, name = 'tenon' })[1]
    local capability = method:match('/(.*)') .. 'Provider'
    if client and client.server_capabilities[capability] then
      return client, method
    end
  end
end

-- The edit of the one offer, in either form.
local function edit(result)
  local item = result and result.items and result.items[1]
  if item then
    return item.textEdit or { range = item.range, newText = item.insertText }
  end
end

function M.complete()
  local window, buffer = vim.api.nvim_get_current_win(), vim.api.nvim_get_current_buf()
  local client, method = ask(buffer)
  if not client then
    return
  end
  -- What an offer is for: this text, with the cursor here, in this mode.
  local function now()
    local place = { vim.api.nvim_get_current_win(), vim.api.nvim_get_mode().mode:sub(1, 1) }
    vim.list_extend(place, vim.api.nvim_win_get_cursor(0))
    return table.concat(vim.list_extend(place, { vim.api.nvim_buf_get_changedtick(buffer) }), ' ')
  end
  local before = now()
  local params = vim.lsp.util.make_position_params(window, client.offset_encoding)
  -- 1 is "by the user" in both forms.
  params.context = { triggerKind = 1 }
  client:request(method, params, function(_, result)
    local found = edit(result)
    local is_same = vim.api.nvim_buf_is_valid(buffer) and now() == before
    if not found or not is_same or not vim.bo[buffer].modifiable then
      return
    end
    -- A mark follows the cursor to the end of what comes.
    local row, column = unpack(vim.api.nvim_win_get_cursor(window))
    local mark = vim.api.nvim_buf_set_extmark(buffer, namespace, row - 1, column, {})
    vim.lsp.util.apply_text_edits({ found }, buffer, client.offset_encoding)
    local place = vim.api.nvim_buf_get_extmark_by_id(buffer, namespace, mark, {})
    vim.api.nvim_buf_del_extmark(buffer, namespace, mark)
    vim.api.nvim_win_set_cursor(window, { place[1] + 1, place[2] })
  end, buffer)
end

return M
