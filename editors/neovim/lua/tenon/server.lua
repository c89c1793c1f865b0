-- The server's life: for which buffers it may start, its version, its ends and its restarts; and the commands sent to
-- it. What keeps it from working is kept as a problem, `{ message, hint }`, and looked at anew at every use: once the
-- cause is gone, the next command works.
local notify = require('tenon.notify')
local options = require('tenon.options')

local M = { leaving = false }

-- The oldest server with all that the plugin sends.
M.oldest = '0.1.0'

-- How long a start may take before it is said, in milliseconds.
M.patience = 10000

-- Why the server was left alone, until `restart()`.
local given_up = nil
-- When it ended without being told to, in seconds.
local ends = {}
-- Clients that were told to end.
local told = {}
-- What waits for a start: `{ buffer, use }`.
local waiting = {}

local RESTART = ':Tenon restart tries again'

-- The configuration as Neovim resolves it.
function M.config()
  return vim.lsp.config.tenon or {}
end

-- The server's program, if the configuration names one.
function M.program()
  local command = M.config().cmd
  return type(command) == 'table' and command[1] or nil
end

-- Whether Neovim starts the server by itself. The oldest 0.11 cannot tell.
function M.is_enabled()
  return vim.lsp.is_enabled == nil or vim.lsp.is_enabled('tenon')
end

-- Why this buffer is none for tenon.
function M.unfit(buffer)
  local name = vim.api.nvim_buf_get_name(buffer)
  local scheme = name:match('^(%a[%w+.-]+):/')
  if scheme and scheme ~= 'file' then
    return {
      message = ('%s:// is not a file on this machine, and tenon changes only those'):format(scheme),
      hint = 'open the file itself by its path',
    }
  end
  local kind = vim.bo[buffer].buftype
  if kind ~= '' and kind ~= 'acwrite' then
    return { message = ('this is no file, but a buffer of type %q'):format(kind), hint = 'go to the window of a file' }
  end
  if name == '' then
    return { message = 'this buffer has no name yet, so the server cannot know it', hint = 'save it first: :write NAME' }
  end
end

-- Why the server cannot start at all.
function M.broken()
  if given_up then
    return given_up
  end
  local program = M.program()
  if program and vim.fn.executable(program) == 0 then
    return {
      message = ('the program %q is not there, or not executable'):format(program),
      hint = "install tenon, or name its program: vim.lsp.config('tenon', { cmd = { '/path/to/tenon', 'lsp' } })",
    }
  end
end

-- The same for the status line, which asks at every key: the disk is looked at every other second.
local looked = { at = -math.huge }
function M.broken_lately()
  if given_up or not M.is_enabled() then
    return given_up
  end
  if vim.uv.now() - looked.at > 2000 then
    looked = { at = vim.uv.now(), problem = M.broken() }
  end
  return looked.problem
end

-- The folder that a file belongs to: by its marker; else that of a server that has it already; else the current one,
-- unless that is everything the user has; else its own.
local function root(buffer)
  local path = vim.fs.normalize(vim.api.nvim_buf_get_name(buffer))
  -- A page that the server made is for that server: the one of the file that it was asked for in.
  if path:find('/view%-[^/]+/ask%-%d+%.md$') then
    local maker = vim.lsp.get_clients({ name = 'tenon', bufnr = vim.fn.bufnr('#') })[1]
      or vim.lsp.get_clients({ name = 'tenon' })[1]
    if maker then
      return maker.config.root_dir
    end
  end
  local marked = vim.fs.root(buffer, M.config().root_markers or { '.tenon.toml', '.git' })
  if marked then
    return marked
  end
  local function holds(folder)
    return folder and vim.startswith(path, vim.fs.normalize(folder) .. '/')
  end
  for _, client in ipairs(vim.lsp.get_clients({ name = 'tenon', _uninitialized = true })) do
    if not client:is_stopped() and holds(client.config.root_dir) then
      return client.config.root_dir
    end
  end
  local here = vim.fs.normalize(vim.fn.getcwd())
  local is_everything = here == '/' or vim.startswith(vim.fs.normalize(vim.uv.os_homedir() or '') .. '/', here .. '/')
  return holds(here) and not is_everything and here or vim.fs.dirname(path)
end

-- Decides whether the server starts for a buffer; `start` takes the workspace. That it cannot is said once here, and
-- again by each command.
function M.may_start(buffer, start)
  if M.unfit(buffer) then
    return
  end
  local problem = M.broken()
  if problem then
    if not given_up then
      notify.once(notify.sentence(problem))
    end
    return
  end
  start(root(buffer))
end

-- The clients that are ready for commands; all of them, or those of a buffer.
function M.clients(buffer)
  return vim.tbl_filter(function(client)
    return not told[client.id] and not client:is_stopped()
  end, vim.lsp.get_clients({ bufnr = buffer, name = 'tenon' }))
end

-- The client of a buffer, ready for commands.
function M.client(buffer)
  return M.clients(buffer)[1]
end

-- The client that is meant where the buffer has none: the only one.
function M.any_client()
  local all = M.clients()
  return M.client(vim.api.nvim_get_current_buf()) or (#all == 1 and all[1]) or nil
end

-- Attaches a buffer, if it may be; starts the server when there is none for its workspace. Returns why it cannot be
-- started, if it is looked for here and cannot.
function M.attach(buffer)
  if not vim.api.nvim_buf_is_loaded(buffer) or M.unfit(buffer) or M.client(buffer) then
    return
  end
  local config, problem = vim.deepcopy(M.config()), nil
  local function start(workspace)
    config.root_dir = workspace
    local id = vim.lsp.start(config, {
      bufnr = buffer,
      reuse_client = config.reuse_client,
      silent = true,
      _root_markers = config.root_markers,
    })
    if not id then
      problem = {
        message = ('the program %q cannot be started'):format(M.program() or 'of the server'),
        hint = 'it may be for another system, or incomplete: :checkhealth tenon looks further, and ' .. RESTART,
      }
    end
  end
  if type(config.root_dir) == 'function' then
    config.root_dir(buffer, start)
  else
    start(config.root_dir or root(buffer))
  end
  return problem
end

-- Serves what waited for a start. What waits for the start of another server goes on waiting.
function M.serve_waiting()
  local uses = waiting
  waiting = {}
  for _, entry in ipairs(uses) do
    local own = vim.api.nvim_buf_is_valid(entry.buffer) and M.client(entry.buffer)
    if own then
      entry.use(own)
    elseif vim.api.nvim_buf_is_valid(entry.buffer) then
      table.insert(waiting, entry)
    end
  end
end

-- Calls `use` with the client of a buffer, which starts if it must; else says why not, here or when it fails.
function M.with_client(buffer, use)
  if not vim.api.nvim_buf_is_valid(buffer) then
    return notify.problem({ message = 'the buffer is gone', hint = 'ask again from the one that is meant' })
  end
  local client = M.client(buffer)
  if client then
    return use(client)
  end
  local problem = M.unfit(buffer) or M.broken()
  if problem then
    return notify.problem(problem)
  end
  local entry = { buffer = buffer, use = use }
  table.insert(waiting, entry)
  local failure = M.attach(buffer)
  if failure then
    waiting = {}
    return notify.problem(failure)
  end
  -- A server that runs already has taken the buffer at once.
  M.serve_waiting()
  vim.defer_fn(function()
    if vim.list_contains(waiting, entry) then
      waiting = vim.tbl_filter(function(other)
        return other ~= entry
      end, waiting)
      notify.problem({
        message = 'the server does not answer',
        hint = ':Tenon log shows what it is doing, and ' .. RESTART,
      })
    end
  end, M.patience)
end

-- Whether a command makes sense for a buffer, before anything is asked for; says why not. The server starts meanwhile.
function M.is_usable(buffer)
  local problem = not M.client(buffer) and (M.unfit(buffer) or M.broken() or M.attach(buffer))
  if problem then
    notify.problem(problem)
  end
  return not problem
end

-- Calls `use` with the client that a command without a file means.
function M.with_any_client(use)
  local client = M.any_client()
  if client then
    return use(client)
  end
  M.with_client(vim.api.nvim_get_current_buf(), use)
end

-- Takes JSON's null out, in all depths: it is no value here. Neovim 0.11 does so itself.
function M.without_null(value)
  if type(value) ~= 'table' then
    return value
  end
  for name, member in pairs(value) do
    if member == vim.NIL then
      value[name] = nil
    else
      M.without_null(member)
    end
  end
  return value
end

-- Runs a command of the server. `done` gets its result; a refusal is shown, unless `refused` takes it. `buffer` is the
-- one that the command is about, if it is not the current one: what was typed there is told to the server before.
function M.run(client, command, argument, done, refused, buffer)
  local params = { command = command, arguments = argument and { argument } or nil }
  refused = refused or notify.refusal
  buffer = buffer or vim.api.nvim_get_current_buf()
  local is_sent = not client:is_stopped() and client:request('workspace/executeCommand', params, function(refusal, result)
    if refusal then
      return refused(M.without_null(refusal))
    end
    if done then
      done(M.without_null(result))
    end
  end, vim.api.nvim_buf_is_valid(buffer) and buffer or nil)
  if not is_sent then
    refused({ message = 'the server is gone', data = { hint = RESTART } })
  end
end

local function wrong_version(client)
  local info = client.server_info or {}
  if info.name ~= 'tenon' then
    return {
      message = ('%q is not tenon, but %s'):format(M.program() or 'the server', info.name or 'another program'),
      hint = "name tenon's program by vim.lsp.config('tenon', { cmd = … }); " .. RESTART,
    }
  end
  local is_read, is_old = pcall(vim.version.lt, info.version or '', M.oldest)
  if not is_read or is_old then
    return {
      message = ('tenon %s is older than %s, which this plugin needs'):format(info.version or '?', M.oldest),
      hint = 'install that one or a newer one; ' .. RESTART,
    }
  end
end

function M.on_start(client)
  local problem = wrong_version(client)
  if problem then
    waiting = {}
    given_up = problem
    told[client.id] = true
    vim.schedule(function()
      client:stop(true)
      notify.problem(problem)
      require('tenon.tasks').changed()
    end)
    return
  end
  vim.schedule(function()
    require('tenon.tasks').changed()
    require('tenon.review').changed(client)
    M.serve_waiting()
  end)
end

-- Whether it ended too often in too short a time.
local function ended_again()
  local now = vim.uv.now() / 1000
  table.insert(ends, now)
  ends = vim.tbl_filter(function(at)
    return now - at <= options.get('restart_seconds')
  end, ends)
  return #ends >= options.get('restarts')
end

-- The signal by which Neovim itself ends a server that does not end when it is asked to.
local TERMINATED = 15

-- An end that nobody asked for is followed by a start for the same buffers, but not for ever. A program that ends well
-- before it has answered anything is none that was asked to.
function M.on_exit(code, signal, id)
  local client = vim.lsp.get_client_by_id(id)
  local buffers = client and vim.tbl_keys(client.attached_buffers) or {}
  local is_asked = signal == TERMINATED or (code == 0 and signal == 0 and (not client or client.initialized == true))
  local is_wanted = M.leaving or told[id] or is_asked
  told[id] = nil
  vim.schedule(function()
    require('tenon.tasks').forget(id)
    require('tenon.review').forget(id)
  end)
  if is_wanted then
    return
  end
  local how = signal ~= 0 and ('by signal %d'):format(signal) or ('with exit code %d'):format(code)
  if ended_again() then
    waiting = {}
    given_up = {
      message = ('the server ended %d times, the last time %s, and is left alone'):format(#ends, how),
      hint = ':Tenon log shows why, :checkhealth tenon looks further, and ' .. RESTART,
    }
    vim.schedule(function()
      notify.problem(given_up)
      require('tenon.tasks').changed()
    end)
    return
  end
  vim.schedule(function()
    notify.warn(('the server ended %s, and is started again'):format(how))
    vim.schedule(function()
      for _, buffer in ipairs(buffers) do
        M.attach(buffer)
      end
    end)
  end)
end

-- Calls `use` once the clients are gone: they are asked, after two seconds made, and not waited for after four.
local function when_gone(ids, use)
  local timer = assert(vim.uv.new_timer())
  local began, forced = vim.uv.now(), false
  timer:start(0, 20, vim.schedule_wrap(function()
    local left = vim.tbl_filter(vim.lsp.get_client_by_id, ids)
    local waited = vim.uv.now() - began
    if not forced and waited > 2000 then
      forced = true
      for _, id in ipairs(left) do
        vim.lsp.get_client_by_id(id):stop(true)
      end
    end
    if (#left == 0 or waited > 4000) and not timer:is_closing() then
      timer:close()
      use()
    end
  end))
end

-- Ends every server; `use` is called when they are gone.
function M.stop(use)
  local ids = {}
  for _, client in ipairs(vim.lsp.get_clients({ name = 'tenon', _uninitialized = true })) do
    told[client.id] = true
    table.insert(ids, client.id)
    -- One that is asked twice is killed by Neovim.
    if not client._is_stopping then
      client:stop()
    end
  end
  when_gone(ids, use or function() end)
end

-- Ends and starts the server for the same buffers, and for the current one; what was wrong before is forgotten.
function M.restart()
  local buffers = { [vim.api.nvim_get_current_buf()] = true }
  for _, client in ipairs(vim.lsp.get_clients({ name = 'tenon' })) do
    for buffer in pairs(client.attached_buffers) do
      buffers[buffer] = true
    end
  end
  given_up, ends = nil, {}
  M.stop(function()
    if not M.is_enabled() then
      vim.lsp.enable('tenon')
    end
    local problem = M.broken()
    if problem then
      return notify.problem(problem)
    end
    for buffer in pairs(buffers) do
      local failure = vim.api.nvim_buf_is_valid(buffer) and M.attach(buffer)
      if failure then
        return notify.problem(failure)
      end
    end
  end)
end

return M
