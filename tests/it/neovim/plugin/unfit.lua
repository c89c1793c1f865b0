-- Buffers that the server cannot or must not change: each command says why, and works as soon as the cause is gone.
local t = dofile(os.getenv('TENON_PLUGIN_HARNESS')).load()

-- A buffer without a name; its name is enough.
vim.cmd.enew()
vim.bo.filetype = 'python'
local buffer = vim.api.nvim_get_current_buf()
vim.api.nvim_buf_set_lines(buffer, 0, -1, false, vim.split(t.two, '\n', { trimempty = true }))
vim.cmd('Tenon edit shout')
t.message('no name yet')
t.check(vim.lsp.get_clients({ bufnr = buffer }), {}, 'nothing is attached')
vim.cmd('silent write main.py')
t.ready(buffer)
t.check_mirror(buffer)

-- Files of other machines, and views that only look like files.
for name, kind in pairs({
  ['oil:///tmp/'] = 'acwrite',
  ['fugitive:///tmp/a/.git//0/main.py'] = 'nowrite',
  ['scp://host/main.py'] = '',
}) do
  local view = vim.api.nvim_create_buf(true, false)
  vim.api.nvim_buf_set_name(view, name)
  vim.api.nvim_win_set_buf(0, view)
  vim.bo[view].buftype = kind
  vim.bo[view].filetype = 'python'
  vim.cmd('Tenon edit shout')
  t.message(name:match('^%a+') .. ':// is not a file on this machine')
  t.check(vim.lsp.get_clients({ bufnr = view }), {}, name)
end
vim.cmd.help('help')
vim.cmd('Tenon edit shout')
t.message('a buffer of type "help"')
vim.cmd.close()
vim.api.nvim_win_set_buf(0, buffer)

-- A text that must not be changed: before it is asked for, and before it is accepted.
vim.bo[buffer].modifiable = false
vim.cmd('Tenon edit shout')
t.message("main.py is 'nomodifiable'")
vim.bo[buffer].modifiable = true
vim.cmd('Tenon edit shout')
t.say('open typed')
t.message('ready for review')
t.pending(2)
vim.bo[buffer].modifiable = false
t.cursor(2)
vim.cmd('Tenon accept')
t.message("main.py is 'nomodifiable' (say :set modifiable, and accept again)")
t.must(buffer, 'tenon.accept', { hunk = 0 })
local message = t.message("is 'nomodifiable' in Neovim").message
assert(not message:find('%c'), message)
t.check_text(buffer, t.two, 'untouched')
t.pending(2)
vim.bo[buffer].modifiable = true
vim.cmd('Tenon accept')
t.event('applied')
t.becomes(buffer, (t.two:gsub('"é😀"', '"É😀"')), 'accepted')
vim.cmd('Tenon undo')
t.event('undone')
vim.cmd('silent write')

-- A read-only file: its text may change, and that it cannot simply be written is said.
vim.uv.fs_chmod('main.py', 256)
vim.bo[buffer].readonly = true
vim.cmd('Tenon edit again')
t.message('main.py is read-only')
t.message('ready for review')
t.pending(2)
vim.cmd('Tenon reject all')
t.pending(0)
t.check_text(buffer, t.two, 'untouched')
t.check_mirror(buffer)

-- What was typed behind the server's back is not overwritten: an edit for an older text is refused.
local answer = require('tenon.applying').on_edit(nil, { edit = { documentChanges = { {
  textDocument = { uri = vim.uri_from_bufnr(buffer), version = 1 },
  edits = { { range = { start = { line = 0, character = 0 }, ['end'] = { line = 1, character = 0 } }, newText = '' } },
} } } }, { client_id = t.client.id })
t.check({ answer.applied, answer.failureReason }, { false, 'main.py was changed meanwhile' }, 'an old version')
t.check_text(buffer, t.two, 'untouched')

-- A file without a type is served too.
t.write('NOTES', 'one\n')
local notes = t.edit('NOTES')
t.check(vim.bo[notes].filetype, '', 'no type')
t.check_mirror(notes)
t.done()
