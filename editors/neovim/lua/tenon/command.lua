-- `:Tenon {subcommand}`: what there is, its arguments, their completion, and the `<Plug>` maps, which run the same.
local notify = require('tenon.notify')

local M = {}

-- The module `tenon.NAME`, loaded when it is needed.
local function module(name)
  return require('tenon.' .. name)
end

-- The lines that a command is about: its range, else the cursor's line.
local function lines_or_cursor(call)
  local line = vim.api.nvim_win_get_cursor(0)[1]
  return call.lines or { line, line }
end

local function mode(call)
  return call.bang and 'auto' or nil
end

local function intent(name)
  return {
    help = ({
      implement = 'Fill in the function here',
      document = 'Document what is here',
      refactor = 'Make these lines better without changing what they do',
      comment = 'Do what the comment here says (`AI!`)',
    })[name],
    range = true,
    bang = true,
    run = function(call)
      module('ask').intent(name, lines_or_cursor(call), mode(call))
    end,
  }
end

local function decide(verb)
  return {
    help = ('%s the pending change here, of these lines, of this file, or all'):format(
      verb == 'accept' and 'Accept' or 'Reject'),
    range = true,
    arguments = { 'file', 'all' },
    run = function(call)
      local what = call.words[1] or call.lines
      module('review').decide(verb, what)
    end,
  }
end

local function step(verb)
  return {
    help = ('Go to the %s pending change'):format(verb),
    run = function()
      module('review').step(verb == 'next' and 1 or -1)
    end,
  }
end

-- Steps of the history in a state, as `o17`.
local function steps(state)
  return function()
    local found = {}
    for _, operation in ipairs(module('history').known) do
      if operation.state == state and operation.operation then
        table.insert(found, operation.operation)
      end
    end
    return found
  end
end

local function take(verb, help)
  return {
    help = help,
    bang = true,
    arguments = steps(verb == 'undo' and 'applied' or 'undone'),
    run = function(call)
      module('history').take(verb, call.words[1], call.bang)
    end,
  }
end

local function show(name, help, arguments)
  return {
    help = help,
    arguments = arguments,
    run = function(call)
      module('show')[name](call.words[1])
    end,
  }
end

-- Proposals with something pending, as `p3`.
local function proposals()
  local found = {}
  for _, hunk in ipairs(module('review').all()) do
    found[hunk.proposal] = true
  end
  return vim.fn.sort(vim.tbl_keys(found))
end

-- `help`; `range` and `bang` where they mean something; `arguments` to choose from, unless it is free `text`.
M.subcommands = {
  edit = {
    help = 'Ask for a change of these lines, or of the file, in your words',
    range = true,
    bang = true,
    text = true,
    run = function(call)
      module('ask').edit(call.lines, call.text, mode(call))
    end,
  },
  fix = {
    help = 'Ask for a fix of the diagnostics here',
    range = true,
    bang = true,
    run = function(call)
      module('ask').fix(lines_or_cursor(call), mode(call))
    end,
  },
  implement = intent('implement'),
  document = intent('document'),
  refactor = intent('refactor'),
  comment = intent('comment'),
  cancel = {
    help = 'Cancel what the model is asked',
    arguments = function()
      local ids = vim.tbl_map(function(task)
        return task.id
      end, module('tasks').list())
      return vim.list_extend({ 'all' }, ids)
    end,
    run = function(call)
      module('ask').cancel(call.words[1])
    end,
  },
  accept = decide('accept'),
  reject = decide('reject'),
  next = step('next'),
  previous = step('previous'),
  regenerate = {
    help = 'Ask anew for the pending change here, with a remark',
    text = true,
    run = function(call)
      module('review').regenerate(call.text)
    end,
  },
  undo = take('undo', 'Take the last accepted change back, in all its files'),
  redo = take('redo', 'Make the change again that was taken back last'),
  history = {
    help = 'Choose a change to take back, to make again, or to look at',
    run = function()
      module('history').choose()
    end,
  },
  quickfix = {
    help = 'List the pending changes',
    run = function()
      module('quickfix').open()
    end,
  },
  show = show('diff', 'Show a pending change as a diff', proposals),
  prompt = show('prompt', 'Show what was sent to the model'),
  status = show('status', 'Show what there is, or why nothing works'),
  log = show('log', 'Open the newest log of the server'),
  trust = show('trust', 'Look at what the workspace would decide, and trust it'),
  restart = {
    help = 'Start the server again',
    run = function()
      module('server').restart()
    end,
  },
  stop = {
    help = 'End the server until :Tenon restart',
    run = function()
      vim.lsp.enable('tenon', false)
      module('server').stop()
    end,
  },
}

local function unknown(name)
  local best, distance = nil, math.huge
  for known in vim.spairs(M.subcommands) do
    -- The best guess begins alike; of those the shortest.
    local alike = 0
    while alike < #name and known:sub(alike + 1, alike + 1) == name:sub(alike + 1, alike + 1) do
      alike = alike + 1
    end
    local far = math.abs(#known - #name) + 2 * (#name - alike)
    if alike > 0 and far < distance then
      best, distance = known, far
    end
  end
  local guess = best and (' Is :Tenon %s meant?'):format(best) or ''
  notify.error(('there is no subcommand %q.%s :Tenon edit asks for a change in words.'):format(name, guess))
end

-- Checks the call against what the subcommand takes, and runs it. `call` has `words`, the same as `text`, `lines` and
-- `bang`.
local function run(name, call)
  local subcommand = M.subcommands[name]
  if not subcommand then
    return unknown(name)
  end
  local reason = call.lines and not subcommand.range and 'a range'
    or call.bang and not subcommand.bang and 'a "!"'
    or #call.words > 0 and not (subcommand.text or subcommand.arguments or name == 'prompt') and 'arguments'
    or #call.words > 1 and not subcommand.text and 'more than one argument'
  if reason then
    return notify.error((':Tenon %s takes no %s'):format(name, (reason:gsub('^a ', ''))))
  end
  local choices = (name == 'accept' or name == 'reject') and subcommand.arguments
  if choices and call.words[1] and not vim.list_contains(choices, call.words[1]) then
    return notify.error((':Tenon %s takes %s, not %q'):format(name, table.concat(choices, ' or '), call.words[1]))
  end
  subcommand.run(call)
end

-- Runs `:Tenon`; without a subcommand it asks for a change.
function M.run(options)
  local words = vim.list_slice(options.fargs, 2)
  local lines = options.range > 0 and { options.line1, options.line2 } or nil
  -- The words of an instruction are taken as they are typed; Neovim halves backslashes in `fargs`, and joins blanks.
  local text = vim.trim(options.args:match('^%s*%S+%s(.*)$') or '')
  run(options.fargs[1] or 'edit', { words = words, text = text, lines = lines, bang = options.bang })
end

-- Runs the words of a `<Plug>` map; in visual mode on the selected lines.
function M.map(words)
  local lines
  if vim.fn.mode():find('^[vV\22]') then
    local first, last = vim.fn.line('v'), vim.fn.line('.')
    lines = { math.min(first, last), math.max(first, last) }
    -- Not by `feedkeys`: what the user has typed ahead would be run as commands.
    vim.cmd.normal({ '\27', bang = true })
  end
  local rest = vim.list_slice(words, 2)
  run(words[1], { words = rest, text = table.concat(rest, ' '), lines = lines, bang = false })
end

-- Completes subcommands, and the arguments of those that have some. The command may be abbreviated.
function M.complete(lead, line, cursor)
  local before = line:sub(1, cursor):gsub('^.-%f[%a]Te?n?o?n?!?%s+', '')
  local choices
  local name = before:match('^(%S+)%s')
  if not name then
    choices = vim.tbl_keys(M.subcommands)
  else
    local subcommand = M.subcommands[name]
    choices = subcommand and subcommand.arguments or {}
    choices = type(choices) == 'function' and choices() or choices
    -- There is one argument at most.
    if before:match('^%S+%s+%S+%s') then
      choices = {}
    end
  end
  local found = vim.tbl_filter(function(choice)
    return vim.startswith(choice, lead)
  end, choices)
  table.sort(found)
  return found
end

return M
