-- The pending changes as a quickfix list, which follows the review as long as it is there.
local M = {}

local list = nil

local function item(hunk)
  local buffer = hunk.buffer and vim.api.nvim_buf_is_valid(hunk.buffer) and hunk.buffer or nil
  local row = buffer and require('tenon.draw').now(buffer, hunk)
  row = row or hunk.row or (hunk.range and hunk.range.start.line) or 0
  local what = ({
    create = 'creates ' .. hunk.path,
    delete = 'deletes ' .. hunk.path,
    rename = ('renames %s to %s'):format(hunk.path, hunk.to or '?'),
  })[hunk.change]
  local added = hunk.after and vim.trim(vim.split(vim.trim(hunk.after), '\n')[1]) or ''
  return {
    bufnr = buffer,
    filename = not buffer and vim.uri_to_fname(hunk.uri) or nil,
    lnum = row + 1,
    type = hunk.stale and 'W' or 'I',
    text = require('tenon.draw').visible(
      ('%s %d/%d %s: %s'):format(hunk.proposal, hunk.nth, hunk.of, hunk.title, what or ('+ ' .. added))),
    user_data = { proposal = hunk.proposal, hunk = hunk.hunk },
  }
end

local function items()
  return vim.tbl_map(item, require('tenon.review').all())
end

-- Makes the list and opens it.
function M.open()
  local found = items()
  if #found == 0 then
    return require('tenon.notify').info('no change waits for a decision')
  end
  vim.fn.setqflist({}, ' ', { title = 'tenon: changes to review', items = found })
  list = vim.fn.getqflist({ id = 0 }).id
  vim.cmd('botright copen')
end

-- Brings the list up to date, if it still is one of Neovim's lists; the user stays at the entry with the same number.
function M.refresh()
  local known = list and vim.fn.getqflist({ id = list, idx = 0 })
  if known and known.id == list then
    local found = items()
    vim.fn.setqflist({}, 'r', { id = list, title = 'tenon: changes to review', items = found })
    if #found > 0 then
      vim.fn.setqflist({}, 'a', { id = list, idx = math.max(1, math.min(known.idx, #found)) })
    end
  else
    list = nil
  end
end

return M
