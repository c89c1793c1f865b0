-- The pending changes as a quickfix list, which follows the review as long as it is there.
local M = {}

local list = nil

local function item(hunk)
  local row = hunk.buffer and require('tenon.draw').now(hunk.buffer, hunk)
  row = row or hunk.row or (hunk.range and hunk.range.start.line) or 0
  local what = ({
    create = 'creates ' .. hunk.path,
    delete = 'deletes ' .. hunk.path,
    rename = ('renames %s to %s'):format(hunk.path, hunk.to or '?'),
  })[hunk.change]
  local added = hunk.after and vim.trim(vim.split(vim.trim(hunk.after), '\n')[1]) or ''
  return {
    bufnr = hunk.buffer,
    filename = not hunk.buffer and vim.uri_to_fname(hunk.uri) or nil,
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

-- Brings the list up to date, if it still is one of Neovim's lists.
function M.refresh()
  if list and vim.fn.getqflist({ id = list }).id == list then
    vim.fn.setqflist({}, 'r', { id = list, title = 'tenon: changes to review', items = items() })
  else
    list = nil
  end
end

return M
