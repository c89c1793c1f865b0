-- Draws pending changes into the text: what goes is coloured, what comes stands below it as virtual lines, with a line
-- that says what it is. Nothing of it is part of the text; the marks move with what is typed.
local options = require('tenon.options')

local M = {}

M.namespace = vim.api.nvim_create_namespace('tenon-review')

-- Lines of a new file that are shown.
local FILE_LINES = 20

-- The byte place of a protocol position, clamped to the text.
local function place(buffer, position, encoding)
  local n_lines = vim.api.nvim_buf_line_count(buffer)
  if position.line >= n_lines then
    return { n_lines, 0 }
  end
  local line = vim.api.nvim_buf_get_lines(buffer, position.line, position.line + 1, false)[1] or ''
  return { position.line, vim.str_byteindex(line, encoding, position.character, false) }
end

local function line_of(buffer, row)
  return vim.api.nvim_buf_get_lines(buffer, row, row + 1, false)[1] or ''
end

-- The rows `[first, last)` that a hunk touches, and the lines that they become.
function M.rows(buffer, hunk, encoding)
  hunk.after = hunk.after and hunk.after:gsub('\r\n', '\n')
  local from, to = place(buffer, hunk.range.start, encoding), place(buffer, hunk.range['end'], encoding)
  local after = hunk.after or ''
  local ends_in_line = after:sub(-1) == '\n'
  if from[2] == 0 and to[2] == 0 and (after == '' or ends_in_line) then
    local lines = after == '' and {} or vim.split(after:sub(1, -2), '\n')
    return from[1], to[1], lines
  end
  -- Within lines: they are shown whole.
  local before, rest = line_of(buffer, from[1]):sub(1, from[2]), line_of(buffer, to[1]):sub(to[2] + 1)
  local last = to[1] + 1
  if to[2] == 0 and ends_in_line then
    last, rest, after = to[1], '', after:sub(1, -2)
  end
  return from[1], math.min(last, vim.api.nvim_buf_line_count(buffer)), vim.split(before .. after .. rest, '\n')
end

-- Virtual text does not expand tabs.
local function expand(text, width)
  local column = 0
  return (text:gsub('[^\t]*\t?', function(part)
    local plain = part:gsub('\t$', '')
    column = column + vim.fn.strdisplaywidth(plain)
    if plain == part then
      return part
    end
    local n = width - column % width
    column = column + n
    return plain .. (' '):rep(n)
  end))
end

-- What does something instead of being seen, as patterns of UTF-8: control characters, marks that turn the direction of
-- text around, and those that have no width.
local UNSEEN = {
  '[\1-\8\11-\31\127]',
  '\194[\128-\159\173]',
  '\205\143',
  '\216\156',
  '\225\133[\159\160]',
  '\225\158[\180\181]',
  '\225\160\142',
  '\226\128[\139-\143\168-\174]',
  '\226\129[\160-\175]',
  '\227\133\164',
  '\239\187\191',
  '\239\190\160',
  '\239\191[\185-\187]',
  '\243\160[\128-\135][\128-\191]',
}

-- The same text with what is not seen written out, as `\u{202e}`.
function M.visible(text)
  for _, pattern in ipairs(UNSEEN) do
    text = text:gsub(pattern, function(found)
      return ('\\u{%x}'):format(vim.fn.char2nr(found))
    end)
  end
  return text
end

-- The width of a buffer's text in its narrowest window, where windows break long lines; virtual lines are cut off there.
local function width_of(buffer)
  local width
  for _, window in ipairs(vim.fn.win_findbuf(buffer)) do
    if vim.wo[window].wrap then
      local info = vim.fn.getwininfo(window)[1]
      width = math.min(width or math.huge, info.width - info.textoff)
    end
  end
  return width and math.max(width, 20)
end

-- The parts of a text that fit a width, if there is one; an empty text has one part.
local function broken(text, width)
  if not width or vim.fn.strdisplaywidth(text) <= width then
    return { text == '' and ' ' or text }
  end
  local parts, part, taken = {}, {}, 0
  for _, letter in ipairs(vim.fn.split(text, '\\zs')) do
    local n = vim.fn.strdisplaywidth(letter)
    if taken + n > width then
      table.insert(parts, table.concat(part))
      part, taken = {}, 0
    end
    table.insert(part, letter)
    taken = taken + n
  end
  return vim.list_extend(parts, { table.concat(part) })
end

-- The keys that the user gave to the decisions, else the commands.
local function keys(buffer)
  local found = {}
  for _, mapping in ipairs(vim.list_extend(vim.api.nvim_get_keymap('n'), vim.api.nvim_buf_get_keymap(buffer, 'n'))) do
    local name = (mapping.rhs or ''):match('^<Plug>%(tenon%-(%a+)%)$')
    if name then
      found[name] = mapping.lhs:gsub('^ ', '<Space>')
    end
  end
  return ('%s accepts, %s rejects'):format(found.accept or ':Tenon accept', found.reject or ':Tenon reject')
end

-- What stands above the new lines.
local function header(hunk, hint)
  local text = ('── tenon %d/%d: %s'):format(hunk.nth, hunk.of, hunk.title)
  local group = 'TenonHeader'
  if hunk.change == 'create' then
    text = ('%s: creates %s'):format(text, hunk.path)
  elseif hunk.change == 'delete' then
    text = ('%s: deletes %s'):format(text, hunk.path)
  elseif hunk.change == 'rename' then
    text = ('%s: renames %s to %s'):format(text, hunk.path, hunk.to)
  elseif hunk.stale then
    text, group = ('%s: does not fit any more: %s'):format(text, hunk.stale), 'TenonStale'
  elseif hunk.doubt then
    text = ('%s (place: %s)'):format(text, hunk.doubt)
  end
  return { { M.visible(text), group }, { '   ' .. hint, 'TenonKeys' } }
end

-- Makes room in the windows of a buffer for the lines drawn above its first line, which are hidden otherwise.
function M.reveal(buffer)
  local n_lines = 0
  for _, found in ipairs(vim.api.nvim_buf_get_extmarks(buffer, M.namespace, 0, { 0, -1 }, { details = true })) do
    n_lines = n_lines + (found[4].virt_lines_above and #found[4].virt_lines or 0)
  end
  for _, window in ipairs(n_lines > 0 and vim.fn.win_findbuf(buffer) or {}) do
    vim.api.nvim_win_call(window, function()
      local view = vim.fn.winsaveview()
      if view.topline == 1 and view.topfill < n_lines then
        vim.fn.winrestview({ topline = 1, topfill = math.min(n_lines, vim.api.nvim_win_get_height(window) - 1) })
      end
    end)
  end
end

local function mark(buffer, row, rest)
  return vim.api.nvim_buf_set_extmark(buffer, M.namespace, row, 0, rest)
end

-- Draws one hunk; `hunk.mark` is then the mark of its rows. `width` is where long lines are broken, if they are.
local function draw(buffer, hunk, encoding, hint, width)
  local first, last, lines = hunk.row or 0, hunk.row or 0, {}
  if hunk.range then
    first, last, lines = M.rows(buffer, hunk, encoding)
  elseif hunk.change == 'create' or hunk.change == 'modify' then
    lines = vim.split((hunk.after or ''):gsub('\r\n', '\n'):gsub('\n$', ''), '\n')
    if #lines > FILE_LINES then
      lines = vim.list_slice(lines, 1, FILE_LINES)
      table.insert(lines, '…')
    end
  end
  local head = header(hunk, hint)
  local virtual = { head }
  if width and vim.fn.strdisplaywidth(head[1][1] .. head[2][1]) > width then
    -- The keys are never beyond the edge.
    virtual = {}
    for _, chunk in ipairs(head) do
      for _, part in ipairs(broken(chunk[1], width)) do
        table.insert(virtual, { { part, chunk[2] } })
      end
    end
  end
  local group = hunk.stale and 'TenonKeys' or 'TenonAdd'
  for _, line in ipairs(lines) do
    for _, part in ipairs(broken(expand(M.visible(line), vim.bo[buffer].tabstop), width)) do
      table.insert(virtual, { { part, group } })
    end
  end
  local n_lines = vim.api.nvim_buf_line_count(buffer)
  first, last = math.min(first, n_lines), math.min(last, n_lines)
  local is_shown = options.get('inline')
  if last > first then
    local is_stale = hunk.stale
    hunk.mark = mark(buffer, first, {
      end_row = last,
      hl_group = is_shown and not is_stale and 'TenonDelete' or nil,
      hl_eol = is_shown,
      invalidate = false,
    })
  else
    hunk.mark = mark(buffer, math.min(first, n_lines - 1), {})
  end
  if not is_shown then
    return
  end
  mark(buffer, math.max(last - 1, 0), {
    virt_lines = virtual,
    virt_lines_above = last == 0,
    virt_lines_overflow = width and 'trunc' or 'scroll',
  })
end

-- Draws the hunks of a buffer in place of what was drawn before.
function M.draw(buffer, hunks, encoding)
  options.highlight()
  vim.api.nvim_buf_clear_namespace(buffer, M.namespace, 0, -1)
  local hint, width = keys(buffer), width_of(buffer)
  for _, hunk in ipairs(hunks) do
    draw(buffer, hunk, encoding, hint, width)
  end
  M.reveal(buffer)
end

-- The rows `[first, last)` of a hunk now; one row for an insertion. Nothing, where its buffer is gone.
function M.now(buffer, hunk)
  local is_there = hunk.mark and vim.api.nvim_buf_is_loaded(buffer)
  local at = is_there and vim.api.nvim_buf_get_extmark_by_id(buffer, M.namespace, hunk.mark, { details = true })
  if not at or not at[1] then
    return
  end
  return at[1], math.max(at[3].end_row or 0, at[1] + 1)
end

return M
