-- The review: which changes wait for a decision, where they are, and the decisions. The server knows all of it; what
-- is kept here is its last answer, asked for anew whenever it publishes marks.
local draw = require('tenon.draw')
local notify = require('tenon.notify')
local server = require('tenon.server')

local M = {}

-- `[client] = hunks` that wait for a decision, as `tenon.show` tells them, with `client`, `proposal`, `title`, `nth` and
-- `of`, and those of their file: `path`, `uri`, `change`, `to` and `version`. Each server counts its proposals by itself.
local pending = {}
-- `[client] = { [proposal] = whole texts of its new files by path }`; they never change.
local new_files = {}
-- Clients that are being asked, and whether to ask once more.
local asking = {}
-- The hunk that `:Tenon next` went to, as long as the cursor stays there.
local current = nil
-- Buffers that show something.
local drawn = {}

-- All pending hunks, by client, proposal and number.
function M.all()
  local all = {}
  for _, hunks in vim.spairs(pending) do
    vim.list_extend(all, hunks)
  end
  return all
end

-- Where the marks of whole files are: those have no place of their own.
local function marks_of(client)
  local places = {}
  local found = vim.diagnostic.get(nil, { namespace = vim.lsp.diagnostic.get_namespace(client.id) })
  for _, diagnostic in ipairs(found) do
    local data = vim.tbl_get(diagnostic, 'user_data', 'lsp', 'data')
    if type(data) == 'table' and data.proposal then
      places[data.proposal .. '/' .. data.hunk] = { buffer = diagnostic.bufnr, row = diagnostic.lnum }
    end
  end
  return places
end

-- The loaded buffer of a file. `bufnr()` would take a name such as `[id].ts` for a pattern.
local function buffer_of(uri)
  local name = vim.uri_to_fname(uri)
  local buffer = vim.fn.bufexists(name) == 1 and vim.fn.bufadd(name)
  return buffer and vim.api.nvim_buf_is_loaded(buffer) and buffer or nil
end

local function place_all(client, hunks)
  local places = marks_of(client)
  for _, hunk in ipairs(hunks) do
    local found = places[hunk.proposal .. '/' .. hunk.hunk]
    if hunk.range then
      hunk.buffer = buffer_of(hunk.uri)
    else
      -- Files as a whole, and what does not fit any more, are where their marks are.
      hunk.buffer, hunk.row = found and found.buffer, found and found.row
    end
  end
end

local function redraw()
  local by_buffer = {}
  for buffer in pairs(drawn) do
    by_buffer[buffer] = {}
  end
  for id, hunks in pairs(pending) do
    local client = vim.lsp.get_client_by_id(id)
    for _, hunk in ipairs(hunks) do
      if client and hunk.buffer and vim.api.nvim_buf_is_loaded(hunk.buffer) then
        by_buffer[hunk.buffer] = by_buffer[hunk.buffer] or { encoding = client.offset_encoding }
        table.insert(by_buffer[hunk.buffer], hunk)
      end
    end
  end
  drawn = {}
  for buffer, hunks in pairs(by_buffer) do
    if vim.api.nvim_buf_is_loaded(buffer) then
      draw.draw(buffer, hunks, hunks.encoding)
      drawn[buffer] = #hunks > 0 or nil
    end
  end
end

-- Draws anew where windows got another size, or show what they did not.
function M.resized()
  if next(drawn) then
    redraw()
  end
end

local function take(client, hunks)
  place_all(client, hunks)
  pending[client.id] = hunks
  redraw()
  require('tenon.quickfix').refresh()
  require('tenon.tasks').changed()
  vim.api.nvim_exec_autocmds('User', { pattern = 'TenonReview', modeline = false })
end

-- The undecided hunks of one proposal.
local function undecided(client, shown)
  local found = {}
  for _, file in ipairs(shown.files) do
    for _, hunk in ipairs(file.hunks) do
      hunk.client, hunk.proposal, hunk.title = client.id, shown.proposal, shown.title
      hunk.path, hunk.uri, hunk.change, hunk.to, hunk.version = file.path, file.uri, file.change, file.to, file.version
      local is_there = hunk.change == 'modify' and not hunk.range and not hunk.stale
      if hunk.decision == 'proposed' and not is_there then
        table.insert(found, hunk)
      end
    end
  end
  for nth, hunk in ipairs(found) do
    hunk.nth, hunk.of = nth, #found
  end
  return found
end

-- Calls `done` with the hunks; new files have their text as `after`, which is asked for once.
local function with_new_files(client, hunks, done)
  local missing
  new_files[client.id] = new_files[client.id] or {}
  for _, hunk in ipairs(hunks) do
    if hunk.change == 'create' then
      local texts = new_files[client.id][hunk.proposal]
      hunk.after = texts and texts[hunk.path] or ''
      missing = missing or not texts and hunk.proposal
    end
  end
  if not missing then
    return done(hunks)
  end
  new_files[client.id][missing] = {}
  server.run(client, 'tenon.show', { proposal = missing, texts = true }, function(shown)
    for _, file in ipairs(shown.files) do
      if file.change == 'create' then
        new_files[client.id][missing][file.path] = file.after
      end
    end
    with_new_files(client, hunks, done)
  end, function()
    with_new_files(client, hunks, done)
  end)
end

-- Whether a text was changed since the server looked at it. It publishes marks again then.
local function is_typed(client, hunks)
  return vim.iter(hunks):any(function(hunk)
    local buffer = hunk.version and buffer_of(hunk.uri)
    local version = buffer and client.attached_buffers[buffer] and vim.lsp.util.buf_versions[buffer]
    return version ~= nil and version ~= hunk.version
  end)
end

local function ask(client, done)
  local function failed()
    done(nil)
  end
  server.run(client, 'tenon.status', nil, function(status)
    local open = vim.tbl_filter(function(proposal)
      return proposal.state == 'proposed'
    end, status.proposals or {})
    local hunks = {}
    local function next_proposal(at)
      local proposal = open[at]
      if not proposal then
        return with_new_files(client, hunks, done)
      end
      server.run(client, 'tenon.show', { proposal = proposal.id }, function(shown)
        vim.list_extend(hunks, undecided(client, shown))
        next_proposal(at + 1)
      end, function()
        -- It is gone since.
        next_proposal(at + 1)
      end)
    end
    next_proposal(1)
  end, failed)
end

-- Asks a client's server for its pending changes; requests that come meanwhile become one more.
function M.changed(client)
  if asking[client.id] ~= nil then
    asking[client.id] = true
    return
  end
  asking[client.id] = false
  ask(client, function(hunks)
    local is_old = hunks and is_typed(client, hunks)
    local again = asking[client.id] or is_old
    asking[client.id] = nil
    if client:is_stopped() then
      return
    end
    if hunks and not is_old then
      take(client, hunks)
    end
    if again then
      -- Neovim reports typing after 150 ms.
      vim.defer_fn(function()
        if not client:is_stopped() then
          M.changed(client)
        end
      end, is_old and 150 or 0)
    end
  end)
end

-- The marks of the server: kept as diagnostics, for lists and jumps, and drawn by this plugin instead.
function M.on_marks(problem, marks, context)
  vim.lsp.handlers['textDocument/publishDiagnostics'](problem, marks, context)
  local client = vim.lsp.get_client_by_id(context.client_id)
  if not client then
    return
  end
  if require('tenon.options').get('inline') then
    local quiet = { virtual_text = false, virtual_lines = false, underline = false, signs = false }
    vim.diagnostic.config(quiet, vim.lsp.diagnostic.get_namespace(client.id))
  end
  M.changed(client)
end

-- Forgets what a client showed that is gone.
function M.forget(id)
  pending[id], asking[id], new_files[id] = nil, nil, nil
  redraw()
  require('tenon.tasks').changed()
end

-- The pending hunks of these lines (from one, both inside) of a buffer.
function M.at(buffer, first, last)
  local found = {}
  for _, hunk in ipairs(M.all()) do
    if hunk.buffer == buffer then
      local from, to = draw.now(buffer, hunk)
      -- An insertion is also at the line above which it is drawn.
      if from and from < last and to >= first then
        table.insert(found, hunk)
      end
    end
  end
  return found
end

-- The one pending hunk that is meant at the cursor.
function M.here()
  local buffer, line = vim.api.nvim_get_current_buf(), vim.api.nvim_win_get_cursor(0)[1]
  if current and current.buffer == buffer and current.line == line then
    for _, hunk in ipairs(M.all()) do
      local is_it = hunk.client == current.client and hunk.proposal == current.proposal and hunk.hunk == current.hunk
      if is_it then
        return hunk
      end
    end
  end
  local best
  for _, hunk in ipairs(M.at(buffer, line, line)) do
    local from, to = draw.now(buffer, hunk)
    local is_inside = from < line and line <= to
    if not best or (is_inside and not best.is_inside) then
      best = { hunk = hunk, is_inside = is_inside }
    end
  end
  return best and best.hunk
end

local function no_hunk()
  local n = #M.all()
  if n == 0 then
    return notify.warn('no change waits for a decision')
  end
  notify.warn(('no pending change here; :Tenon next goes to one of %d'):format(n))
end

-- Whether Neovim lets the text be changed that a hunk is for.
local function is_locked(hunk)
  local buffer = hunk.range and hunk.buffer
  if buffer and vim.api.nvim_buf_is_loaded(buffer) and not vim.bo[buffer].modifiable then
    local name = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(buffer), ':.')
    notify.problem({ message = name .. " is 'nomodifiable'", hint = 'say :set modifiable, and accept again' })
    return true
  end
end

-- Sends decisions one after the other; each `{ hunk, argument }`. One that is refused keeps none from being made.
local function send(verb, decisions, at)
  at = at or 1
  local decision = decisions[at]
  if not decision then
    return
  end
  local function go_on()
    send(verb, decisions, at + 1)
  end
  local client = vim.lsp.get_client_by_id(decision.hunk.client)
  if not client or (verb == 'accept' and is_locked(decision.hunk)) then
    return go_on()
  end
  server.run(client, 'tenon.' .. verb, decision.argument, go_on, function(refusal)
    notify.refusal(refusal)
    go_on()
  end, decision.hunk.buffer)
end

-- One argument for each proposal that has one of these hunks.
local function by_proposal(hunks, argument)
  local seen, decisions = {}, {}
  for _, hunk in ipairs(hunks) do
    local key = hunk.client .. '/' .. hunk.proposal
    if not seen[key] then
      seen[key] = true
      table.insert(decisions, { hunk = hunk, argument = argument(hunk) })
    end
  end
  return decisions
end

-- Decides: `verb` is `accept` or `reject`, `what` is nil for the hunk at the cursor, `file`, `all`, or two lines.
function M.decide(verb, what)
  local hunks, decisions = nil, {}
  if what == 'all' then
    decisions = by_proposal(M.all(), function(hunk)
      return { proposal = hunk.proposal }
    end)
  elseif what == 'file' then
    local buffer, name = vim.api.nvim_get_current_buf(), vim.api.nvim_buf_get_name(0)
    hunks = vim.tbl_filter(function(hunk)
      return vim.uri_to_fname(hunk.uri) == name or (hunk.range and hunk.buffer == buffer)
    end, M.all())
    decisions = by_proposal(hunks, function(hunk)
      return { proposal = hunk.proposal, path = hunk.path }
    end)
  else
    hunks = what and M.at(vim.api.nvim_get_current_buf(), what[1], what[2]) or { M.here() }
    for _, hunk in ipairs(hunks) do
      table.insert(decisions, { hunk = hunk, argument = { proposal = hunk.proposal, hunk = hunk.hunk } })
    end
  end
  if #decisions == 0 then
    return no_hunk()
  end
  send(verb, decisions)
end

-- Where a hunk is: the buffer of its file, which may have to be read first, and its line, from one.
local function place_of(hunk)
  local is_there = hunk.buffer and vim.api.nvim_buf_is_valid(hunk.buffer)
  local buffer = is_there and hunk.buffer or vim.uri_to_bufnr(hunk.uri)
  local row = is_there and draw.now(hunk.buffer, hunk) or hunk.row or (hunk.range and hunk.range.start.line) or 0
  return buffer, row + 1
end

-- All pending hunks that have a place, by file and line.
local function in_order()
  local found = {}
  for _, hunk in ipairs(M.all()) do
    -- A new file is where its mark is, or nowhere.
    if hunk.range or (hunk.buffer and vim.api.nvim_buf_is_valid(hunk.buffer)) then
      local buffer, line = place_of(hunk)
      table.insert(found, { hunk = hunk, buffer = buffer, line = line, name = vim.api.nvim_buf_get_name(buffer) })
    end
  end
  table.sort(found, function(a, b)
    if a.name ~= b.name then
      return a.name < b.name
    end
    return a.line < b.line or (a.line == b.line and a.hunk.hunk < b.hunk.hunk)
  end)
  return found
end

-- The place in `places` that comes after the cursor, or before it, and round.
local function beside(places, step)
  local here = M.here()
  local name, line = vim.api.nvim_buf_get_name(0), vim.api.nvim_win_get_cursor(0)[1]
  local first, last, by = 1, #places, 1
  if step < 0 then
    first, last, by = #places, 1, -1
  end
  for at = first, last, by do
    local place = places[at]
    if place.hunk == here then
      return places[(at - 1 + step) % #places + 1]
    end
    local is_after = place.name > name or (place.name == name and place.line > line)
    local is_before = place.name < name or (place.name == name and place.line < line)
    if not here and (step > 0 and is_after or step < 0 and is_before) then
      return place
    end
  end
  return places[first]
end

-- Shows a buffer: in the window of this tab that has it, else in this one, else, where this one keeps what it shows,
-- in a new one. Returns whether it is shown.
local function show(buffer)
  if vim.api.nvim_get_current_buf() == buffer then
    return true
  end
  local window = vim.fn.bufwinid(buffer)
  if window > 0 then
    vim.api.nvim_set_current_win(window)
    return true
  end
  local reason = require('tenon.applying').load(buffer)
  if reason then
    notify.warn(reason)
    return false
  end
  vim.bo[buffer].buflisted = true
  local is_view = vim.bo.buftype ~= '' and vim.bo.buftype ~= 'acwrite'
  if is_view or not pcall(vim.api.nvim_win_set_buf, 0, buffer) then
    vim.api.nvim_open_win(buffer, true, { split = 'above', win = -1 })
  end
  return true
end

-- Goes to the next or the previous pending change, over all files and round; `step` is 1 or -1.
function M.step(step)
  local places = in_order()
  if #places == 0 then
    return no_hunk()
  end
  local to = beside(places, step)
  vim.cmd.normal({ "m'", bang = true })
  if not show(to.buffer) then
    return
  end
  local line = math.min(to.line, vim.api.nvim_buf_line_count(to.buffer))
  vim.api.nvim_win_set_cursor(0, { line, 0 })
  vim.cmd.normal({ 'zv', bang = true })
  current = { buffer = to.buffer, line = line, client = to.hunk.client, proposal = to.hunk.proposal, hunk = to.hunk.hunk }
  draw.reveal(to.buffer)
end

-- Asks anew for the hunk at the cursor, with a remark.
function M.regenerate(remark)
  local hunk = M.here()
  if not hunk then
    return no_hunk()
  end
  local buffer, line = vim.api.nvim_get_current_buf(), vim.api.nvim_win_get_cursor(0)[1]
  local function run(text)
    if not text or vim.trim(text) == '' then
      return
    end
    local client = vim.lsp.get_client_by_id(hunk.client)
    if not client then
      return notify.warn('the server was started again since; go to the change, and ask again')
    end
    local argument = { proposal = hunk.proposal, hunk = hunk.hunk, remark = text }
    server.run(client, 'tenon.regenerate', argument, function(answer)
      require('tenon.tasks').place(client.id, answer.task, buffer, line - 1)
    end, nil, buffer)
  end
  if remark and remark ~= '' then
    return run(remark)
  end
  vim.ui.input({ prompt = 'What is wrong with this change? ' }, run)
end

return M
