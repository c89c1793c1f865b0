-- What the models are asked at the moment, as the server's events tell: for the status line, for `:Tenon cancel`, and
-- as a line of text where the change was asked for. Every change is told by the autocommand `User TenonStatus`.
local options = require('tenon.options')

local M = {}

local namespace = vim.api.nvim_create_namespace('tenon-tasks')

-- `[client][task] = { title, stage, percent, buffer?, mark? }`.
local running = {}
-- Places of tasks whose first event is still to come, and events whose task's place is.
local places = {}

local STAGES = {
  queued = 'waiting',
  gather = 'reading',
  ask = 'asking',
  stream = 'writing',
  resolve = 'fitting in',
  repair = 'repairing',
}

-- Tells the status line and others that something changed.
function M.changed()
  vim.api.nvim_exec_autocmds('User', { pattern = 'TenonStatus', modeline = false })
  vim.cmd.redrawstatus({ bang = true })
end

local function key(client, id)
  return client .. '/' .. id
end

local function words(task)
  local stage = STAGES[task.stage] or 'working'
  return task.percent and ('%s %d%%'):format(stage, task.percent) or stage
end

local function draw(client, id)
  local task, place = running[client][id], places[key(client, id)]
  if not place or not vim.api.nvim_buf_is_valid(place.buffer) or not options.get('progress') then
    return
  end
  local at = vim.api.nvim_buf_get_extmark_by_id(place.buffer, namespace, place.mark, {})
  if at[1] then
    vim.api.nvim_buf_set_extmark(place.buffer, namespace, at[1], 0, {
      id = place.mark,
      virt_text = { { ('  tenon: %s: %s'):format(words(task), task.title), 'TenonProgress' } },
      virt_text_pos = 'eol',
    })
  end
end

local function erase(client, id)
  local place = places[key(client, id)]
  places[key(client, id)] = nil
  if place and vim.api.nvim_buf_is_valid(place.buffer) then
    vim.api.nvim_buf_del_extmark(place.buffer, namespace, place.mark)
  end
end

-- Says where a task was asked for, at a zero-based line, so that its progress is shown there.
function M.place(client, id, buffer, line)
  local ended = places[key(client, id)] == false
  if ended or not vim.api.nvim_buf_is_valid(buffer) then
    places[key(client, id)] = nil
    return
  end
  options.highlight()
  line = math.min(line, vim.api.nvim_buf_line_count(buffer) - 1)
  places[key(client, id)] = { buffer = buffer, mark = vim.api.nvim_buf_set_extmark(buffer, namespace, line, 0, {}) }
  if running[client] and running[client][id] then
    draw(client, id)
  end
end

function M.on_event(event, client)
  running[client] = running[client] or {}
  local task = running[client][event.task]
  if event.kind == 'started' then
    running[client][event.task] = { title = event.title, stage = 'queued' }
    draw(client, event.task)
  elseif event.kind == 'stage' and task then
    task.stage, task.percent = event.stage, event.percent
    draw(client, event.task)
  elseif (event.kind == 'finished' or event.kind == 'failed') and task then
    running[client][event.task] = nil
    if places[key(client, event.task)] then
      erase(client, event.task)
    else
      -- The answer to its command may still come, with its place.
      places[key(client, event.task)] = false
    end
  end
  if event.kind ~= 'text' then
    M.changed()
  end
  vim.api.nvim_exec_autocmds('User', { pattern = 'TenonEvent', modeline = false, data = event })
end

-- Forgets what a client did that is gone.
function M.forget(client)
  running[client] = nil
  for name in pairs(places) do
    local id = name:match('^' .. client .. '/(.*)$')
    if id then
      erase(client, id)
    end
  end
  M.changed()
end

-- The running tasks, as `{ id, title, words, client }`.
function M.list()
  local found = {}
  for client, tasks in pairs(running) do
    for id, task in vim.spairs(tasks) do
      table.insert(found, { id = id, title = task.title, words = words(task), client = client })
    end
  end
  return found
end

-- For the status line.
function M.status()
  local server, review = require('tenon.server'), require('tenon.review')
  -- The program is looked for only where none runs: this is called at every key.
  if not server.any_client() and server.broken_lately() then
    return 'tenon: not working, see :Tenon status'
  end
  local parts, tasks = {}, M.list()
  if #tasks == 1 then
    table.insert(parts, tasks[1].words)
  elseif #tasks > 1 then
    table.insert(parts, ('%d tasks'):format(#tasks))
  end
  local n = #review.all()
  if n > 0 then
    table.insert(parts, n == 1 and '1 change to review' or ('%d changes to review'):format(n))
  end
  if #parts == 0 then
    return server.client(vim.api.nvim_get_current_buf()) and 'tenon' or ''
  end
  return 'tenon: ' .. table.concat(parts, ', ')
end

return M
