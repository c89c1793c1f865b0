-- What is offered at the cursor comes when it is asked for, in both forms that a server may offer it in: Neovim 0.11
-- asks for a list, and 0.12 for text at the cursor.
local t = dofile(os.getenv('TENON_PLUGIN_HARNESS'))
local inline = vim.uv.fs_stat('rows.rs') ~= nil
vim.lsp.config('tenon', {
  capabilities = { textDocument = { inlineCompletion = inline and { dynamicRegistration = false } or vim.NIL } },
})
t.load()
t.write('rows.rs', '// rows é😀\nfn a() {\n    "😀"; \n}\n')
local buffer = t.edit('rows.rs')
local capability = inline and 'inlineCompletionProvider' or 'completionProvider'
t.check(t.client.server_capabilities[capability] ~= nil, true, capability)
vim.o.virtualedit = 'onemore'
vim.api.nvim_win_set_cursor(0, { 3, #'    "😀"; ' })
local before = t.text(buffer)
require('tenon').complete()
t.becomes(buffer, '// rows é😀\nfn a() {\n    "😀"; let é = b(\n        c,\n    );\n}\n', 'completed')
t.check_mirror(buffer)
vim.cmd('silent undo')
t.check_text(buffer, before, 'one step takes it back')
t.done()
