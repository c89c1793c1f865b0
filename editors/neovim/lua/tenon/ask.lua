-- Asks for changes: in words, by a named intent, or for the diagnostics of some lines.
local notify = require('tenon.notify')
local server = require('tenon.server')
local tasks = require('tenon.tasks')

local M = {}

local namespace = vim.api.nvim_create_namespace('tenon-ask')

-- Why a buffer's text cannot be changed; that it cannot be written is said, and no reason to stop.
local function is_locked(buffer)
  local name = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(buffer), ':.')
  if not vim.bo[buffer].modifiable then
    notify.problem({ message = name .. " is 'nomodifiable'", hint = 'say :set modifiable, and ask again' })
    return true
  end
  if vim.bo[buffer].readonly then
    notify.warn(name .. ' is read-only: a change can be accepted, but :write needs a "!" and the right to do it')
  end
end

-- A range of lines (from one, both inside) that follows the text while the user thinks and the server starts. The
-- function that tells it may be called once.
local function follow(buffer, lines)
  if not lines then
    return function() end
  end
  local n_lines = vim.api.nvim_buf_line_count(buffer)
  local first, last = math.min(lines[1], n_lines), math.min(lines[2], n_lines)
  local text = vim.api.nvim_buf_get_lines(buffer, last - 1, last, false)[1] or ''
  local mark = vim.api.nvim_buf_set_extmark(buffer, namespace, first - 1, 0, { end_row = last - 1, end_col = #text })
  return function()
    local at = vim.api.nvim_buf_get_extmark_by_id(buffer, namespace, mark, { details = true })
    vim.api.nvim_buf_del_extmark(buffer, namespace, mark)
    return at[1] and { at[1] + 1, at[3].end_row + 1 } or { first, last }
  end
end

-- The line of the cursor, from zero, in a window that shows a buffer.
local function line_of(buffer)
  local window = vim.api.nvim_get_current_buf() == buffer and 0 or vim.fn.bufwinid(buffer)
  return window >= 0 and vim.api.nvim_win_get_cursor(window)[1] - 1 or 0
end

-- The lines as a range of the protocol.
local function range(client, buffer, lines)
  local text = vim.api.nvim_buf_get_lines(buffer, lines[2] - 1, lines[2], false)[1] or ''
  local last = vim.str_utfindex(text, client.offset_encoding, #text, false)
  return {
    start = { line = lines[1] - 1, character = 0 },
    ['end'] = { line = lines[2] - 1, character = last },
  }
end

local function send(client, buffer, command, argument, lines)
  argument.uri = vim.uri_from_bufnr(buffer)
  argument.range = lines and range(client, buffer, lines) or nil
  local line = lines and lines[1] - 1 or line_of(buffer)
  server.run(client, command, argument, function(answer)
    tasks.place(client.id, answer.task, buffer, line)
  end, nil, buffer)
end

-- Asks in words; without words they are asked for. `lines` is nil for the whole file; `mode` may be `auto`.
function M.edit(lines, instruction, mode)
  local buffer = vim.api.nvim_get_current_buf()
  if not server.is_usable(buffer) or is_locked(buffer) then
    return
  end
  local now = follow(buffer, lines)
  -- The server may be there by the time that the instruction is, or another one; and the buffer may be gone.
  local function run(text)
    if not text or vim.trim(text) == '' then
      return
    end
    server.with_client(buffer, function(client)
      send(client, buffer, 'tenon.edit', { instruction = text, mode = mode }, now())
    end)
  end
  if instruction and instruction ~= '' then
    return run(instruction)
  end
  local what = lines and ('lines %d to %d'):format(lines[1], lines[2]) or 'this file'
  vim.ui.input({ prompt = ('Change %s: '):format(what) }, run)
end

-- Asks by name: `implement`, `document`, `refactor` or `comment`.
function M.intent(name, lines, mode)
  local buffer = vim.api.nvim_get_current_buf()
  if not server.is_usable(buffer) or is_locked(buffer) then
    return
  end
  local now = follow(buffer, lines)
  server.with_client(buffer, function(client)
    send(client, buffer, 'tenon.edit', { intent = name, mode = mode }, now())
  end)
end

-- Asks for a fix of what other servers and linters say about these lines.
function M.fix(lines, mode)
  local buffer = vim.api.nvim_get_current_buf()
  if not server.is_usable(buffer) or is_locked(buffer) then
    return
  end
  local now = follow(buffer, lines)
  server.with_client(buffer, function(client)
    lines = now()
    local found = vim.tbl_filter(function(diagnostic)
      local first, last = diagnostic.lnum + 1, (diagnostic.end_lnum or diagnostic.lnum) + 1
      return diagnostic.source ~= 'tenon' and first <= lines[2] and last >= lines[1]
    end, vim.diagnostic.get(buffer))
    if #found == 0 then
      return notify.warn('no diagnostic is on these lines, so there is nothing to fix; :Tenon edit asks in words')
    end
    local diagnostics = vim.tbl_map(function(diagnostic)
      return {
        range = range(client, buffer, { diagnostic.lnum + 1, (diagnostic.end_lnum or diagnostic.lnum) + 1 }),
        message = diagnostic.message,
        source = diagnostic.source,
      }
    end, found)
    send(client, buffer, 'tenon.fix', { diagnostics = diagnostics, mode = mode }, lines)
  end)
end

-- Cancels a task; one of several is chosen, `all` means all.
function M.cancel(which)
  local running = tasks.list()
  local function cancel(task)
    local client = task and vim.lsp.get_client_by_id(task.client)
    if client then
      server.run(client, 'tenon.cancel', { taskId = task.id })
    end
  end
  if #running == 0 then
    return notify.info('nothing is under way')
  elseif which == 'all' then
    return vim.iter(running):each(cancel)
  elseif which then
    local named = vim.tbl_filter(function(task)
      return task.id == which
    end, running)
    if #named == 0 then
      return notify.warn(('no task %s is under way'):format(which))
    end
    return vim.iter(named):each(cancel)
  elseif #running == 1 then
    return cancel(running[1])
  end
  vim.ui.select(running, {
    prompt = 'Cancel which task?',
    format_item = function(task)
      return ('%s: %s (%s)'):format(task.id, task.title, task.words)
    end,
  }, cancel)
end

return M
