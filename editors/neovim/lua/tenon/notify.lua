-- What is said to the user: one line, through `vim.notify`, at the level that the server or the caller gives.
local M = {}

local TITLE = { title = 'tenon' }

local function say(text, level)
  text = text:gsub('^tenon: ', '')
  vim.notify('tenon: ' .. text, level, TITLE)
end

function M.info(text)
  say(text, vim.log.levels.INFO)
end

function M.warn(text)
  say(text, vim.log.levels.WARN)
end

function M.error(text)
  say(text, vim.log.levels.ERROR)
end

-- A message of the server.
function M.message(message)
  local kinds = vim.lsp.protocol.MessageType
  local levels = { [kinds.Error] = vim.log.levels.ERROR, [kinds.Warning] = vim.log.levels.WARN }
  say(message.message, levels[message.type] or vim.log.levels.INFO)
end

-- Something that keeps a command from being run: what is wrong, and what to do about it.
function M.problem(problem)
  M.error(problem.hint and ('%s (%s)'):format(problem.message, problem.hint) or problem.message)
end

-- A refused command, as the server answers it.
function M.refusal(refusal)
  local data = type(refusal.data) == 'table' and refusal.data or {}
  local hint = type(data.hint) == 'string' and data.hint or nil
  M.problem({ message = refusal.message or tostring(refusal), hint = hint })
end

return M
