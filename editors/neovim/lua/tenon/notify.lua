-- What is said to the user, through `vim.notify`, at the level that the server or the caller gives. Neovim's own
-- `vim.notify` stops the typing when a text is longer than the last line: there it is cut, and `:Tenon status` has all
-- of it.
local M = {}

-- What was said last, in full, the newest first; each `{ text, time }`.
M.said = {}

local KEPT = 20

local TITLE = { title = 'tenon' }

-- Whether messages go to the last line, and not to a plugin that shows them elsewhere; such a one may be a table that
-- can be called. Neovim's own function names its file, or none where it was built without such names.
local function is_builtin()
  if type(vim.notify) ~= 'function' then
    return false
  end
  local source = debug.getinfo(vim.notify, 'S').source
  return source:find('vim/_', 1, true) ~= nil or source == '?' or source == '=?'
end

-- The beginning of a text that fits the last line.
local function cut(text)
  local room, more = vim.v.echospace, '… :Tenon status'
  if vim.fn.strdisplaywidth(text) <= room then
    return text
  end
  local n = vim.fn.strchars(text)
  while n > 0 and vim.fn.strdisplaywidth(vim.fn.strcharpart(text, 0, n)) > room - vim.fn.strdisplaywidth(more) do
    n = n - 1
  end
  return vim.fn.strcharpart(text, 0, n) .. more
end

local function say(text, level)
  text = 'tenon: ' .. text:gsub('^tenon: ', ''):gsub('%s*\n%s*', ' ')
  table.insert(M.said, 1, { text = text, time = os.time() })
  M.said[KEPT + 1] = nil
  vim.notify(is_builtin() and cut(text) or text, level, TITLE)
end

function M.info(text)
  say(text, vim.log.levels.INFO)
end

function M.warn(text)
  say(text, vim.log.levels.WARN)
end

-- A warning that is given no second time.
local given = {}
function M.once(text)
  if not given[text] then
    given[text] = true
    M.warn(text)
  end
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

-- The sentence for something that keeps a command from being run: what is wrong, and what to do about it.
function M.sentence(problem)
  return problem.hint and ('%s (%s)'):format(problem.message, problem.hint) or problem.message
end

function M.problem(problem)
  M.error(M.sentence(problem))
end

-- A refused command, as the server answers it.
function M.refusal(refusal)
  local data = type(refusal.data) == 'table' and refusal.data or {}
  local hint = type(data.hint) == 'string' and data.hint or nil
  M.problem({ message = refusal.message or tostring(refusal), hint = hint })
end

return M
