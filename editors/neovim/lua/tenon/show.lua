-- Texts to look at, each in a window of its own that `q` closes: diffs, prompts, the status, the log.
local notify = require('tenon.notify')
local server = require('tenon.server')

local M = {}

-- Shows text in a split; the same name takes the same window again.
function M.open(name, kind, text)
  local title = 'tenon://' .. name
  local buffer = vim.fn.bufnr('^' .. vim.fn.escape(title, '[]*?{},') .. '$')
  if buffer < 0 then
    buffer = vim.api.nvim_create_buf(false, true)
    vim.api.nvim_buf_set_name(buffer, title)
  end
  vim.bo[buffer].modifiable = true
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, vim.tbl_map(require('tenon.draw').visible, vim.split(vim.trim(text), '\n')))
  vim.bo[buffer].modifiable = false
  vim.bo[buffer].bufhidden = 'hide'
  vim.bo[buffer].filetype = kind
  local is_prose = kind == 'text'
  local window = vim.fn.bufwinid(buffer)
  if window > 0 then
    vim.api.nvim_set_current_win(window)
  else
    vim.api.nvim_open_win(buffer, true, { split = 'below', win = -1 })
  end
  vim.wo[0][0].wrap = is_prose
  vim.wo[0][0].linebreak = is_prose
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = buffer, nowait = true, desc = 'tenon: Close' })
  return buffer
end

-- A proposal's diff, with what it does to symbols, and notes; of the server that is meant here, or of a client.
function M.diff(proposal, own)
  local function show(client)
    server.run(client, 'tenon.show', proposal and { proposal = proposal } or nil, function(shown)
      local lines = {}
      for _, impact in ipairs(shown.impact or {}) do
        table.insert(lines, ('# %s: %s'):format(impact.path, impact.summary))
      end
      for _, note in ipairs(shown.notes or {}) do
        table.insert(lines, ('# %s:%d: %s'):format(note.path, note.line, note.message))
      end
      table.insert(lines, shown.diff == '' and '# nothing is left to decide' or shown.diff)
      M.open(shown.proposal .. '.diff', 'diff', table.concat(lines, '\n'))
    end)
  end
  if own and not own:is_stopped() then
    return show(own)
  end
  server.with_any_client(show)
end

-- What was sent to the model for a task.
function M.prompt(task)
  server.with_any_client(function(client)
    server.run(client, 'tenon.prompt', task and { task = task } or nil, function(answer)
      M.open('prompt-' .. answer.task, 'markdown', answer.text)
    end)
  end)
end

-- What was said, as it could not all be shown in the last line.
local function messages()
  local lines = {}
  for _, message in ipairs(notify.said) do
    table.insert(lines, ('  %s  %s'):format(os.date('%H:%M:%S', message.time), message.text))
  end
  return #lines > 0 and '\n\nMessages, the newest first:\n' .. table.concat(lines, '\n') or ''
end

local function status_lines(status)
  local lines = { ('tenon %s, workspace %s'):format(status.version, status.trust), '' }
  local function add(title, list, line)
    table.insert(lines, #list == 0 and title .. ': none' or title .. ':')
    for _, entry in ipairs(list) do
      table.insert(lines, '  ' .. line(entry))
    end
  end
  add('Tasks', status.tasks, function(task)
    return ('%s  %s %d%%  %s'):format(task.id, task.stage, task.percent, task.title or '')
  end)
  add('Proposals', status.proposals, function(proposal)
    return ('%s  %-8s %d changes  %s'):format(proposal.id, proposal.state, proposal.hunks, proposal.title or '')
  end)
  add('Models', status.providers, function(provider)
    local problem = type(provider.last_error) == 'table' and ': ' .. provider.last_error.message or ''
    return ('%s  %s%s'):format(provider.name, provider.health, problem)
  end)
  local ill = vim.tbl_filter(function(part)
    return part.state ~= 'ready'
  end, status.health)
  add('Parts that need a look', ill, function(part)
    return ('%s  %s  %s'):format(part.component, part.state, part.reason or '')
  end)
  if status.trust ~= 'trusted' then
    vim.list_extend(lines, {
      '',
      "This workspace is not trusted: its own settings are not read, and every change waits for your decision.",
      ':Tenon trust shows what trusting it would mean.',
    })
  end
  return table.concat(lines, '\n')
end

-- What there is: server, trust, tasks, proposals, models; or why there is nothing.
function M.status()
  local buffer = vim.api.nvim_get_current_buf()
  local problem = server.broken() or (not server.any_client() and server.unfit(buffer))
  if problem then
    local text = ('tenon does not work here: %s\n\nWhat to do: %s'):format(problem.message, problem.hint)
    return M.open('status', 'text', text .. messages())
  end
  server.with_any_client(function(client)
    server.run(client, 'tenon.status', nil, function(status)
      M.open('status', 'text', status_lines(status) .. messages())
    end)
  end)
end

-- How long the program may look for its log, in milliseconds.
local DOCTOR_TIME = 20000

-- The newest file of a folder, if it is one.
local function newest_of(folder)
  local newest, at = nil, -1
  for name in vim.fs.dir(folder or '') do
    local path = vim.fs.joinpath(folder, name)
    local stat = vim.uv.fs_stat(path)
    if stat and stat.type == 'file' and stat.mtime.sec >= at then
      newest, at = path, stat.mtime.sec
    end
  end
  return newest
end

-- A log, to be looked at: no server starts for it, this one neither.
local function open_log(path)
  vim.cmd('noautocmd botright split ' .. vim.fn.fnameescape(path))
  vim.bo.buftype = 'nowrite'
  vim.bo.readonly = true
end

-- The newest log of the server.
function M.log()
  local program = server.program()
  if not program or vim.fn.executable(program) == 0 then
    return open_log(require('vim.lsp.log').get_filename())
  end
  local function opened(result)
    local is_read, report = pcall(vim.json.decode, result.stdout or '')
    local checks = is_read and type(report) == 'table' and type(report.checks) == 'table' and report.checks or {}
    local logs = vim.iter(checks):find(function(check)
      return check.name == 'log'
    end)
    local newest = newest_of(logs and logs.message or nil)
    open_log(newest or require('vim.lsp.log').get_filename())
    if not newest then
      notify.info("the server wrote no log; this is that of Neovim's clients")
    end
  end
  -- A program that cannot be run at all is told by the other log.
  local command, settings = { program, 'doctor', '--json' }, { text = true, timeout = DOCTOR_TIME }
  if not pcall(vim.system, command, settings, vim.schedule_wrap(opened)) then
    opened({})
  end
end

-- Shows in a terminal what trusting the workspace means, and asks; the server starts again with the answer.
function M.trust()
  local program = server.program()
  local problem = server.broken()
  if problem then
    return notify.problem(problem)
  elseif not program then
    return notify.warn('the server is not started as a program of this machine; say tenon trust in a terminal there')
  end
  local client = server.any_client()
  local folder = client and client.config.root_dir or vim.fn.getcwd()
  vim.cmd('botright new')
  vim.fn.jobstart({ program, 'trust', '--root', folder }, {
    term = true,
    on_exit = function(_, code)
      if code == 0 then
        server.restart()
      end
    end,
  })
  vim.cmd.startinsert()
end

return M
