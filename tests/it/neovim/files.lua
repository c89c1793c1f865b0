-- One change of an open file, of one that is no longer open when it is accepted, and of a new one.
local t = dofile(os.getenv('TENON_HARNESS'))
local open, closed, made = 'def a():\n    pass\n', '# é\nx = 1\n', 'y = "é"\n\nz = 3\n'
t.write('open.py', open)
t.write('closed.py', closed)
local other = t.edit('closed.py')
local buffer = t.edit('open.py')

-- The text of a file: of the buffer that the editor opened by itself, which is not saved yet, else on the disk, where the
-- server makes a step again in files that are not open.
local function text_of(name)
  local found = vim.fn.bufnr(vim.fn.getcwd() .. '/' .. name)
  if found > 0 and vim.api.nvim_buf_is_loaded(found) then
    return t.text(found)
  end
  local file = io.open(name, 'rb')
  local text = file and file:read('a')
  if file then
    file:close()
  end
  return text
end

t.must(buffer, 'tenon.edit', { path = 'open.py', instruction = 'rename' })
local proposal = t.proposal(buffer)
t.check({ proposal.files, proposal.hunks }, { 3, 3 }, 'the proposal')
vim.api.nvim_buf_delete(other, {})
t.check(vim.uv.fs_stat('new'), nil, 'nothing is made before it is accepted')

for _, step in ipairs({ t.accept, t.redo }) do
  step(buffer)
  t.check_text(buffer, (open:gsub('def a', 'def aé')), 'the open file')
  t.check(text_of('closed.py'), (closed:gsub('1', '2')), 'the closed file')
  t.check(text_of('new/made.py'), made, 'the new file')
  t.check_mirror(buffer)

  t.undo(buffer)
  t.check_text(buffer, open, 'the open file, undone')
  t.check(text_of('closed.py'), closed, 'the closed file, undone')
  t.check(text_of('new/made.py'), nil, 'no buffer of the new file is left')
  t.check(vim.uv.fs_stat('new/made.py'), nil, 'the new file is gone')
  t.check_mirror(buffer)
end
t.done()
