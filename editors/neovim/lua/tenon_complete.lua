-- Completes at the cursor by tenon, for Neovim 0.11: puts in what the server offers, as it is. Copy it to the folder
-- `lua` of your configuration and say
--
--   vim.keymap.set('i', '<C-l>', require('tenon_complete'))
--
-- Neovim's own completion takes an offer only up to its first space.
local namespace = vim.api.nvim_create_namespace('tenon_complete')

return function()
  local window, buffer = vim.api.nvim_get_current_win(), vim.api.nvim_get_current_buf()
  local client = vim.lsp.get_clients({ bufnr = buffer, name = 'tenon', method = 'textDocument/completion' })[1]
  if not client then
    return
  end
  local tick = vim.api.nvim_buf_get_changedtick(buffer)
  local params = vim.lsp.util.make_position_params(window, client.offset_encoding)
  params.context = { triggerKind = vim.lsp.protocol.CompletionTriggerKind.Invoked }
  client:request('textDocument/completion', params, function(_, result)
    local item = result and result.items and result.items[1]
    local is_same = vim.api.nvim_buf_is_valid(buffer) and vim.api.nvim_buf_get_changedtick(buffer) == tick
    if not item or not is_same or vim.api.nvim_get_current_win() ~= window then
      return
    end
    -- A mark follows the cursor to the end of what comes.
    local row, column = unpack(vim.api.nvim_win_get_cursor(window))
    local mark = vim.api.nvim_buf_set_extmark(buffer, namespace, row - 1, column, {})
    vim.lsp.util.apply_text_edits({ item.textEdit }, buffer, client.offset_encoding)
    local place = vim.api.nvim_buf_get_extmark_by_id(buffer, namespace, mark, {})
    vim.api.nvim_buf_del_extmark(buffer, namespace, mark)
    vim.api.nvim_win_set_cursor(window, { place[1] + 1, place[2] })
  end, buffer)
end
