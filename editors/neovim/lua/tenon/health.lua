-- `:checkhealth tenon`: Neovim, the program and its version, what `tenon doctor` finds, the options, and the server
-- as it runs at the moment.
local M = {}

local health = vim.health

local function editor()
  health.start('tenon: Neovim')
  if vim.fn.has('nvim-0.11') == 1 then
    health.ok('Neovim ' .. tostring(vim.version()))
  else
    health.error('Neovim is older than 0.11', 'install a newer one')
  end
  local problems = require('tenon.options').problems()
  for _, problem in ipairs(problems) do
    health.warn(problem, 'see :help tenon-options')
  end
  if #problems == 0 then
    health.ok('the options are fine')
  end
end

local function advice(hint)
  return type(hint) == 'string' and vim.split(hint, '\n') or nil
end

-- What the program says of itself; returns whether it is there.
local function program()
  health.start('tenon: program')
  local server = require('tenon.server')
  local name = server.program()
  if not name then
    return health.info('the server is not started as a program of this machine')
  end
  if vim.fn.executable(name) == 0 then
    local problem = server.broken()
    return health.error(('the program %q is not there, or not executable'):format(name), problem and problem.hint)
  end
  health.ok(vim.fn.exepath(name))
  local is_run, result = pcall(function()
    return vim.system({ name, 'doctor', '--json' }, { text = true, timeout = 20000 }):wait()
  end)
  local is_read, report = pcall(vim.json.decode, is_run and result.stdout or '')
  if not is_read or type(report) ~= 'table' or type(report.checks) ~= 'table' then
    return health.error(('%q does not answer as tenon does'):format(name), "name tenon's program: :help tenon-program")
  end
  health.ok(('version %s on %s'):format(report.version, report.platform))
  for _, check in ipairs(report.checks) do
    -- It is an editor's own health check.
    if check.name ~= 'editor' then
      local text = ('%s: %s'):format(check.name, check.message)
      local tell = ({ ok = health.ok, warn = health.warn })[check.status] or health.error
      tell(text, advice(check.hint))
    end
  end
end

local function running()
  health.start('tenon: server')
  local server = require('tenon.server')
  local problem, program = server.broken(), server.program()
  local is_there = not program or vim.fn.executable(program) == 1
  -- What is not there was said above.
  if problem and is_there then
    health.error(problem.message, problem.hint)
  end
  if not server.is_enabled() then
    health.warn('the server is not enabled', "say vim.lsp.enable('tenon'), or :Tenon restart")
  end
  local clients = server.clients()
  for _, client in ipairs(clients) do
    local version = (client.server_info or {}).version or '?'
    health.ok(('version %s runs for %s, with %d buffers'):format(
      version, client.config.root_dir or 'no folder', vim.tbl_count(client.attached_buffers)))
    local answer = client:request_sync('workspace/executeCommand', { command = 'tenon.status' }, 3000)
    local status = answer and answer.result
    if not status then
      health.error('it does not answer', ':Tenon restart')
    else
      if status.trust == 'trusted' then
        health.ok('the workspace is trusted')
      else
        health.info(('the workspace is %s: its own settings are not read, and every change waits; :Tenon trust')
          :format(status.trust == 'changed' and 'not trusted any more' or 'not trusted'))
      end
      local documents = vim.tbl_filter(function(document)
        return document.desynchronised
      end, status.documents)
      for _, document in ipairs(documents) do
        health.warn(document.uri .. ' is not what the server believes', ':Tenon restart')
      end
    end
  end
  if #clients == 0 and not (problem and is_there) then
    health.info('no server runs; it starts with the first file')
  end
end

function M.check()
  editor()
  program()
  running()
end

return M
