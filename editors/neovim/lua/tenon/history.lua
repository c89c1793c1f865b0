-- What was done: a list to choose from, and undo and redo over all files of a step.
local notify = require('tenon.notify')
local server = require('tenon.server')

local M = {}

-- The steps that were known last, for completion of arguments.
M.known = {}

local function ask(done, path)
  server.with_any_client(function(client)
    server.run(client, 'tenon.history', path and { path = path } or nil, function(answer)
      M.known = answer.operations or {}
      done(M.known, client)
    end)
  end)
end

-- Takes a step back (`undo`) or makes it again (`redo`); the last one, or the one that `which` names (`o17`), of the
-- server that is meant here, or of the client `own`. A change since then is merged if `merge` says so.
function M.take(verb, which, merge, own)
  local function take(client)
    local argument = { operation = which, merge = merge or nil }
    server.run(client, 'tenon.' .. verb, next(argument) and argument or nil, function(answer)
      if type(answer.conflicts) == 'number' then
        notify.info(('the text changed since; a merge waits for your review, with %d conflicts'):format(answer.conflicts))
      end
    end, function(refusal)
      local code = type(refusal.data) == 'table' and refusal.data.code
      if code == 'changed-since' and not merge then
        refusal.data.hint = (':Tenon! %s %s proposes a merge with what changed since'):format(verb, which or '')
        refusal.data.hint = refusal.data.hint:gsub('  ', ' ')
      end
      notify.refusal(refusal)
    end)
  end
  if own and not own:is_stopped() then
    return take(own)
  end
  server.with_any_client(take)
end

local function files(operation)
  local names = vim.tbl_map(function(file)
    return file.path
  end, operation.files or {})
  return #names > 3 and ('%s and %d more'):format(names[1], #names - 1) or table.concat(names, ', ')
end

local function when(operation)
  return type(operation.at) == 'number' and os.date('%Y-%m-%d %H:%M', operation.at) or ''
end

-- Lets a step be chosen, and what to do with it.
function M.choose()
  ask(function(operations, client)
    if #operations == 0 then
      return notify.info('nothing was done yet')
    end
    vim.ui.select(operations, {
      prompt = 'Changes, the newest first',
      kind = 'tenon-history',
      format_item = function(operation)
        return require('tenon.draw').visible(('%s  %s  %-8s %s  (%s)'):format(
          operation.operation or operation.proposal, when(operation), operation.state, operation.title, files(operation)))
      end,
    }, function(operation)
      if not operation then
        return
      end
      local verb = ({ applied = 'undo', undone = 'redo' })[operation.state]
      local choices = { 'show' }
      if verb then
        table.insert(choices, 1, verb)
      end
      local texts = { undo = 'Take it back', redo = 'Make it again', show = 'Show its diff' }
      vim.ui.select(choices, {
        prompt = operation.title,
        format_item = function(choice)
          return texts[choice]
        end,
      }, function(choice)
        if choice == 'show' then
          require('tenon.show').diff(operation.proposal, client)
        elseif choice then
          M.take(choice, operation.operation, nil, client)
        end
      end)
    end)
  end)
end

return M
