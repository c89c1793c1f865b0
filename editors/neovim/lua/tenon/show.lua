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
  local window = vim.fn.win_findbuf(buffer)[1]
  if window then
    vim.api.nvim_set_current_win(window)
  else
    vim.cmd('botright split')
    vim.api.nvim_win_set_buf(0, buffer)
  end
  vim.wo[0][0].wrap = is_prose
  vim.wo[0][0].linebreak = is_prose
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = buffer, nowait = true, desc = 'tenon: Close' })
  return buffer
end

-- A proposal's diff, with what it does to symbols, and notes.
function M.diff(proposal)
  server.with_any_client(function(client)
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
  end)
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
    return ('%s  %s  %s'):format(part.component, part.state, part.reason ~= vim.NIL and part.reason or '')
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

-- The newest log of the server.
function M.log()
  local program = server.program()
  if not program or vim.fn.executable(program) == 0 then
    return vim.cmd.split(vim.fn.fnameescape(require('vim.lsp.log').get_filename()))
  end
  vim.system({ program, 'doctor', '--json' }, { text = true }, vim.schedule_wrap(function(result)
    local is_read, report = pcall(vim.json.decode, result.stdout or '')
    local logs = vim.iter(is_read and report.checks or {}):find(function(check)
      return check.name == 'log'
    end)
    local newest, at = nil, -1
    for name in vim.fs.dir(logs and logs.message or '') do
      local path = vim.fs.joinpath(logs.message, name)
      local stat = vim.uv.fs_stat(path)
      if stat and stat.type == 'file' and stat.mtime.sec >= at then
        newest, at = path, stat.mtime.sec
      end
    end
    vim.cmd('botright split ' .. vim.fn.fnameescape(newest or require('vim.lsp.log').get_filename()))
    vim.bo.readonly = true
    if not newest then
      notify.info('the server wrote no log; this is that of Neovim’s clients')
    end
  end))
end

-- Shows in a terminal what trusting the workspace means, and asks; the server starts again with the answer.
function M.trust()
  local program = server.program()
  local problem = server.broken()
  if problem then
    return notify.problem(problem)
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
