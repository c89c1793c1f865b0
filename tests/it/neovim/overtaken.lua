-- Typing arrives just before the deletion of the file: Neovim deletes it all the same, and it comes back.
local t = dofile(os.getenv('TENON_HARNESS'))
t.write('gone.py', 'a = 1\nb = 2\n')
t.write('open.py', 'x = 1\n')
local gone = t.edit('gone.py')
t.insert(gone, 0, 0, '# é\n')
vim.cmd('silent write')
local buffer = t.edit('open.py')
t.must(buffer, 'tenon.edit', { path = 'gone.py', instruction = 'tidy up' })
t.event('proposal')
t.message('ready for review')

local apply = vim.lsp.handlers['workspace/applyEdit']
local typed
vim.lsp.handlers['workspace/applyEdit'] = function(...)
  if not typed then
    typed = true
    t.insert(gone, 2, 5, '\nmine = 3')
  end
  return apply(...)
end

t.must(buffer, 'tenon.accept')
t.message('changed while it was being deleted')
t.event('undone')
local back = t.wait('the deleted file', function()
  local found = vim.fn.bufnr('^' .. vim.fn.getcwd() .. '/gone.py$')
  return found > 0 and vim.api.nvim_buf_is_loaded(found) and found
end)
t.check_text(back, '# é\na = 1\nb = 2\nmine = 3\n', 'what was typed')
t.check_mirror(back)
t.done()
