-- The user types while the model writes a completion: its connection is closed, and the next one is for the new text.
local t = dofile(os.getenv('TENON_HARNESS'))
local complete = dofile(os.getenv('TENON_EDITORS') .. '/neovim/lua/tenon/completion.lua').complete
t.write('main.rs', 'fn a() {\n    é\n}\n')
local buffer = t.edit('main.rs')
vim.o.virtualedit = 'onemore'

vim.api.nvim_win_set_cursor(0, { 2, #'    é' })
complete()
t.say('await-asked')
t.wait('the model to be asked', function()
  return vim.uv.fs_stat('../asked')
end)
t.insert(buffer, 1, #'    é', ' = ')
t.say('await-left')
t.wait('the end of the connection', function()
  return vim.uv.fs_stat('../left')
end)
t.check_text(buffer, 'fn a() {\n    é = \n}\n', 'nothing came')

vim.api.nvim_win_set_cursor(0, { 2, #'    é = ' })
complete()
t.wait('the completion', function()
  return t.text(buffer) == 'fn a() {\n    é = y(é);\n}\n'
end)
t.check_mirror(buffer)
t.done()
