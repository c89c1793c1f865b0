-- What every story needs: the real LSP client on the built server, files, typing, and exact comparisons.
-- Any failed check ends the script with an error, and so does a warning of the server that no story claimed.

local M = { events = {}, messages = {} }

local LIMIT = 8000

function M.check(actual, expected, what)
  if not vim.deep_equal(actual, expected) then
    error(('%s\nexpected %s\nactual   %s'):format(what or 'not equal', vim.inspect(expected), vim.inspect(actual))
      .. '\nmessages ' .. vim.inspect(M.messages), 2)
  end
end

-- Waits until `condition` gives something, and returns that.
function M.wait(what, condition)
  local result
  local ok = vim.wait(LIMIT, function()
    result = condition()
    return result
  end, 5)
  if not ok then
    error('waited in vain for ' .. what .. '\nevents ' .. vim.inspect(M.events) .. '\nmessages ' .. vim.inspect(M.messages), 2)
  end
  return result
end

-- Tells the test outside.
function M.say(line)
  io.stdout:write(line .. '\n')
  io.stdout:flush()
end

function M.write(name, text)
  local file = assert(io.open(name, 'wb'))
  file:write(text)
  file:close()
end

-- Nothing but what is typed gets into a buffer, and a missing final newline stays missing.
vim.cmd('filetype on | filetype plugin indent off')
vim.o.fixendofline = false

-- Every buffer is attached when it is read, those too that an edit of the server opens, as in a user's configuration.
-- The stories of the plugin configure the client by the plugin instead.
if not _G.tenon_by_plugin then
  vim.lsp.config('tenon', {
    cmd = { os.getenv('TENON_PROGRAM'), 'lsp' },
    root_dir = vim.fn.getcwd(),
    capabilities = _G.tenon_capabilities,
    init_options = { tenon = { events = true } },
    handlers = {
      ['tenon/event'] = function(_, event)
        table.insert(M.events, event)
      end,
      ['window/showMessage'] = function(_, message)
        table.insert(M.messages, message)
      end,
    },
  })
  vim.lsp.enable('tenon')
end

-- Opens a file in a window, with the client attached.
function M.edit(name)
  vim.cmd.edit(name)
  local buffer = vim.api.nvim_get_current_buf()
  M.client = M.wait('the server', function()
    local client = vim.lsp.get_clients({ bufnr = buffer, name = 'tenon' })[1]
    return client and client.initialized and client
  end)
  return buffer
end

-- Runs a command as a plugin would; returns its result, or nil and its error.
function M.command(buffer, name, ...)
  local answer
  M.client:exec_cmd({ title = name, command = name, arguments = { ... } }, { bufnr = buffer }, function(error, result)
    answer = { error = error, result = result }
  end)
  M.wait('the answer to ' .. name, function()
    return answer
  end)
  return answer.result, answer.error
end

function M.must(buffer, name, ...)
  local result, problem = M.command(buffer, name, ...)
  M.check(problem, nil, name .. ' is refused')
  return result
end

-- Waits for an event that no story has taken yet.
function M.event(kind)
  return M.wait('the event ' .. kind, function()
    for at, event in ipairs(M.events) do
      if event.kind == kind then
        return table.remove(M.events, at)
      end
    end
  end)
end

-- Waits for a message that contains `part`, and claims it.
function M.message(part)
  return M.wait('the message ' .. part, function()
    for at, message in ipairs(M.messages) do
      if message.message:find(part, 1, true) then
        return table.remove(M.messages, at)
      end
    end
  end)
end

-- The buffer as it would be written, byte for byte.
function M.text(buffer)
  local ending = ({ dos = '\r\n', unix = '\n', mac = '\r' })[vim.bo[buffer].fileformat]
  local text = table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, true), ending)
  return vim.bo[buffer].endofline and text .. ending or text
end

function M.check_text(buffer, expected, what)
  M.check(M.text(buffer), expected, what)
end

-- The server's mirror is the buffer. The client reports typing after a moment, or with the next request.
function M.check_mirror(buffer)
  local uri = vim.uri_from_bufnr(buffer)
  for _, document in ipairs(M.must(buffer, 'tenon.status').documents) do
    if document.uri == uri then
      M.check(document.desynchronised, false, 'desynchronised')
      return M.check(document.sha256, vim.fn.sha256(M.text(buffer)), 'the mirror is not the buffer')
    end
  end
  error('the server does not know ' .. uri)
end

-- Ends an undo step, as a pause between two keys does.
function M.pause(buffer)
  vim.bo[buffer].undolevels = vim.bo[buffer].undolevels
end

-- Types keys in normal mode.
function M.keys(buffer, keys)
  M.check(vim.api.nvim_get_current_buf(), buffer, 'not in this window')
  vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes(keys, true, false, true), 'tx', false)
  M.pause(buffer)
end

-- Inserts text at a zero-based line and byte column.
function M.insert(buffer, line, column, text)
  vim.api.nvim_buf_set_text(buffer, line, column, line, column, vim.split(text, '\n'))
  M.pause(buffer)
end

-- Waits for a proposal and for its marks.
function M.proposal(buffer)
  local proposal = M.event('proposal')
  M.message('ready for review')
  local marks = M.wait('the marks', function()
    local found = vim.diagnostic.get(buffer)
    return #found > 0 and found
  end)
  return proposal, marks
end

function M.accept(buffer, ...)
  M.must(buffer, 'tenon.accept', ...)
  M.event('applied')
end

function M.undo(buffer)
  M.must(buffer, 'tenon.undo')
  M.event('undone')
end

function M.redo(buffer)
  M.must(buffer, 'tenon.redo')
  M.event('applied')
end

-- The code actions of tenon at a zero-based line.
function M.actions(buffer, line)
  local at = { line = line, character = 0 }
  local answer = vim.lsp.buf_request_sync(buffer, 'textDocument/codeAction', {
    textDocument = { uri = vim.uri_from_bufnr(buffer) },
    range = { start = at, ['end'] = at },
    context = { diagnostics = {} },
  }, LIMIT)
  local titles, by_title = {}, {}
  for _, action in ipairs(assert(answer)[M.client.id].result or {}) do
    table.insert(titles, action.title)
    by_title[action.title] = action
  end
  return by_title, titles
end

-- Runs a code action's command, as the editor's own menu does.
function M.run_action(buffer, line, title)
  local actions, titles = M.actions(buffer, line)
  if not actions[title] then
    error('no action ' .. title .. ' in ' .. vim.inspect(titles), 2)
  end
  return M.must(buffer, actions[title].command.command, unpack(actions[title].command.arguments or {}))
end

-- Ends the session as an editor does. Errors of Lua that reached the user outside of the story end it badly.
function M.done()
  M.check(vim.v.errmsg:find('[Ll]ua') and vim.v.errmsg, nil, 'an error')
  for _, message in ipairs(M.messages) do
    if message.type < 3 then
      error('an unexpected message: ' .. message.message)
    end
  end
  M.client:stop()
  M.wait('the end of the server', function()
    return M.client:is_stopped()
  end)
  M.say('done')
end

-- The text that most stories change: two-, three- and four-byte letters, and a combining one.
M.main = table.concat({
  '// é 😀 漢字 e\u{301}',
  'fn alpha() {',
  '    let greeting = "héllo 😀 漢字 e\u{301}";',
  '    println!("{greeting}");',
  '}',
  '',
  'fn beta() {',
  '    let x = "é"; // 😀',
  '}',
  '',
}, '\n')

local old = '    let greeting = "héllo 😀 漢字 e\u{301}";\n'
local new = '    // 😀 né\n    let greeting = "salut 漢字";\n'

-- `text` with the change that the model makes to it.
function M.changed(text)
  local first, last = text:find(old, 1, true)
  assert(first, 'the text to change is not there')
  return text:sub(1, first - 1) .. new .. text:sub(last + 1)
end

return M
