-- Text completed at the cursor: by the function that the project brings, and as Neovim's own completion reads it.
-- As Neovim 0.11 says it: 0.12 is offered text at the cursor instead of a list.
_G.tenon_capabilities = { textDocument = { inlineCompletion = vim.NIL } }
local t = dofile(os.getenv('TENON_HARNESS'))
local complete = dofile(os.getenv('TENON_EDITORS') .. '/neovim/lua/tenon/completion.lua').complete

-- Opens a file and puts the cursor where `|` is.
local function open(name, text)
  local at = text:find('|', 1, true)
  t.write(name, text:sub(1, at - 1) .. text:sub(at + 1))
  local buffer = t.edit(name)
  local before = vim.split(text:sub(1, at - 1), '\r?\n')
  -- Behind the last letter there is a column only in insert mode.
  vim.o.virtualedit = 'onemore'
  vim.api.nvim_win_set_cursor(0, { #before, #before[#before] })
  return buffer
end

local function wait_text(buffer, expected)
  t.wait(vim.inspect(expected), function()
    return t.text(buffer) == expected
  end)
  t.check_mirror(buffer)
end

-- Several lines, behind letters of two and four bytes.
local buffer = open('rows.rs', '// rows é😀\nfn a() {\n    "😀"; |\n}\n')
t.check(type(t.client.server_capabilities.completionProvider), 'table', 'the capability')
complete()
local expected = '// rows é😀\nfn a() {\n    "😀"; let é = b(\n        c,\n    );\n}\n'
wait_text(buffer, expected)
t.check(vim.api.nvim_win_get_cursor(0), { 5, #'    );' }, 'the cursor is behind it')
vim.cmd('silent undo')
t.check_text(buffer, (expected:gsub('let é.*%);', '')), 'one step takes it back')

-- What is typed of it is not asked for again: the recording has no second reply.
t.insert(buffer, 2, #'    "😀"; ', 'let ')
vim.api.nvim_win_set_cursor(0, { 3, #'    "😀"; let ' })
complete()
wait_text(buffer, expected)

-- A line that goes on behind the cursor, and a word before it.
buffer = open('word.rs', '// word\nfn a() {\n    é.gre|\n}\n')
local params = vim.lsp.util.make_position_params(0, t.client.offset_encoding)
local answer = assert(t.client:request_sync('textDocument/completion', params, 8000, buffer))
local items = vim.lsp.completion._lsp_to_complete_items(answer.result, 'gre', t.client.id)
t.check({ #items, items[1] and items[1].word }, { 1, 'greeting();' }, 'for the editor’s own completion')
complete()
wait_text(buffer, '// word\nfn a() {\n    é.greeting();\n}\n')

-- The line ends of the buffer.
buffer = open('dos.rs', '// dos\r\nfn a() {\r\n    b();\r\n    |\r\n}\r\n')
t.check(vim.bo[buffer].fileformat, 'dos', 'the format')
complete()
wait_text(buffer, '// dos\r\nfn a() {\r\n    b();\r\n    c();\r\n    d();\r\n}\r\n')

-- In the middle of a word, and in a file that is never sent, there is nothing.
for name, text in pairs({ ['middle.rs'] = 'fn mid|dle() {}\n', ['.env'] = 'KEY=1\nNAME=|\n' }) do
  buffer = open(name, text)
  params = vim.lsp.util.make_position_params(0, t.client.offset_encoding)
  answer = assert(t.client:request_sync('textDocument/completion', params, 8000, buffer))
  t.check(answer.result, { isIncomplete = true, items = {} }, name)
end
t.done()
