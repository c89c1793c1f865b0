-- Keys, as a user presses them, in a second Neovim that runs the plugin: in insert mode, in the window of the command
-- line, and with what Neovim 0.12 has itself for text at the cursor.
local t = dofile(os.getenv('TENON_PLUGIN_HARNESS'))
local rows = '// rows é😀\nfn a() {\n    "😀"; \n}\n'
t.write('rows.rs', rows)
local completed = rows:gsub('; \n', '; let é = b(\n        c,\n    );\n')

local channel = vim.fn.jobstart({ vim.v.progpath, '--clean', '--embed', '--headless', '-n' }, { rpc = true })
local function lua(code, ...)
  return vim.rpcrequest(channel, 'nvim_exec_lua', code, { ... })
end
local function press(keys)
  vim.rpcrequest(channel, 'nvim_input', keys)
end
local function text()
  return lua('return t.text(buffer)')
end
local function becomes(expected, what)
  t.wait(what, function()
    return text() == expected
  end)
end
-- Whether an insertion was offered and dropped, as far as one can see: the server has answered all, and nothing came.
local function is_at_rest()
  return lua('return next(t.client.requests) == nil')
end

lua([[
  t = dofile(os.getenv('TENON_PLUGIN_HARNESS')).load()
  vim.keymap.set('i', '<C-l>', '<Plug>(tenon-complete)')
  vim.cmd('silent edit rows.rs')
  buffer = vim.api.nvim_get_current_buf()
  vim.o.virtualedit = 'onemore'
]])
t.wait('the server', function()
  return lua([[
    t.client = vim.lsp.get_clients({ bufnr = buffer, name = 'tenon' })[1]
    return t.client ~= nil and t.client.initialized == true
  ]])
end)

-- By the key in insert mode, at the end of a line: one undo step; the cursor is behind what came.
press('3GA<C-l>')
becomes(completed, 'the completion')
t.check(lua('return vim.api.nvim_win_get_cursor(0)'), { 5, #'    );' }, 'the cursor')
t.check(lua('return vim.api.nvim_get_mode().mode'), 'i', 'still in insert mode')
press('<Esc>u')
becomes(rows, 'taken back by one undo')

-- With the end of insert mode, or with another place of the cursor, it is dropped.
for _, keys in ipairs({ '3GA<C-l><Esc>', '3GA<C-l><Left>' }) do
  press(keys)
  t.wait('the answer', is_at_rest)
  t.check(text(), rows, keys)
  press('<Esc>')
end

-- In a buffer that cannot be changed nothing happens.
lua('vim.bo.modifiable = false')
lua("vim.api.nvim_win_set_cursor(0, { 3, 9 }) require('tenon').complete()")
t.wait('the answer', is_at_rest)
t.check(text(), rows, 'not changed')
lua('vim.bo.modifiable = true')

-- Neovim's own way, where there is one, by the lines of the page: shown at the cursor as text that is not there, and
-- taken in by a key.
if lua('return vim.lsp.inline_completion ~= nil') then
  local page = table.concat(vim.fn.readfile(os.getenv('TENON_EDITORS') .. '/../docs/editors/neovim.md'), '\n')
  lua(assert(page:match('```lua\n(if vim.lsp.inline_completion then.-)```'), 'the page has no lines for it'))
  press('3GA')
  t.wait('the offer', function()
    return lua([[
      local marks = vim.api.nvim_buf_get_extmarks(buffer, -1, 0, -1, { details = true })
      return vim.iter(marks):any(function(mark)
        return mark[4].virt_text ~= nil and mark[4].virt_text[1][1]:find('let é', 1, true) ~= nil
      end)
    ]])
  end)
  t.check(text(), rows, 'only shown')
  press('<C-l>')
  becomes(completed, 'taken in')
  press('<Esc>')
end
lua('t.check_mirror(buffer)')
t.check(lua('return vim.v.errmsg'), '', 'an error')

-- What is typed ahead of a question answers it, and is not run as commands.
lua([[
  vim.keymap.set({ 'n', 'x' }, '\\t', '<Plug>(tenon-edit)')
  vim.ui.input = function(options, done)
    answered = vim.fn.input(options.prompt)
    done(nil)
  end
]])
press('ggVj\\tadd types<CR>')
t.wait('the answer', function()
  return lua('return answered') ~= vim.NIL
end)
t.check({ lua('return answered'), lua('return vim.api.nvim_get_mode().mode') }, { 'add types', 'n' }, 'typed ahead')
lua('t.check_mirror(buffer)')

-- A file that another editor has open is not changed behind its back: the edit is refused with what to do, the screen
-- stays as it is, and the file is still to be read here.
t.write('shared.py', 'x = 1\n')
local function editor()
  return vim.fn.jobstart({ vim.v.progpath, '--clean', '--embed', '--headless' }, { rpc = true })
end
local first, second = editor(), editor()
vim.rpcrequest(first, 'nvim_command', 'edit shared.py | preserve')
local answer, messages = unpack(vim.rpcrequest(second, 'nvim_exec_lua', [[
  vim.opt.runtimepath:prepend(os.getenv('TENON_EDITORS') .. '/neovim')
  local uri = vim.uri_from_fname(vim.fn.getcwd() .. '/shared.py')
  local edit = { range = { start = { line = 0, character = 0 }, ['end'] = { line = 1, character = 0 } }, newText = '' }
  local change = { textDocument = { uri = uri, version = vim.NIL }, edits = { edit } }
  local answer = require('tenon.applying').on_edit(nil, { edit = { documentChanges = { change } } }, { client_id = 1 })
  answer.loaded = vim.api.nvim_buf_is_loaded(vim.uri_to_bufnr(uri))
  return { answer, vim.fn.execute('messages') }
]], {}))
t.check({ answer.applied, answer.loaded, messages }, { false, false, '' }, 'refused')
assert(answer.failureReason:find('^shared.py .*open in another editor; :edit it'), answer.failureReason)
vim.fn.jobstop(first)
vim.fn.jobstop(second)

lua([[t.client:stop() t.wait('its end', function() return t.client:is_stopped() end)]])
vim.fn.jobstop(channel)
t.say('done')
