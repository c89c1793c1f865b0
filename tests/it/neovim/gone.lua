-- One file is deleted, and an open one gets another path and a change; both together, back, and once more.
local t = dofile(os.getenv('TENON_HARNESS'))
local open, closed = 'def a():\n    pass\n', '# é\nx = 1\n'
local changed = open:gsub('def a', 'def aé')
t.write('open.py', open)
t.write('closed.py', closed)
t.edit('closed.py')
local buffer = t.edit('open.py')

-- The buffer of a file, if one is loaded.
local function buffer_of(name)
  local found = vim.fn.bufnr('^' .. vim.fn.getcwd() .. '/' .. name .. '$')
  return found > 0 and vim.api.nvim_buf_is_loaded(found) and found or nil
end

t.must(buffer, 'tenon.edit', { path = 'open.py', instruction = 'tidy up' })
local proposal = t.proposal(buffer)
t.check({ proposal.files, proposal.hunks }, { 2, 2 }, 'the proposal')
t.check(vim.uv.fs_stat('closed.py') ~= nil, true, 'nothing goes before it is accepted')

for _, step in ipairs({ t.accept, t.redo }) do
  step(buffer)
  t.check(vim.uv.fs_stat('closed.py'), nil, 'the file is gone')
  t.check(vim.uv.fs_stat('open.py'), nil, 'the old path is gone')
  buffer = t.wait('the renamed buffer', function()
    return buffer_of('sub/moved.py')
  end)
  t.check_text(buffer, changed, 'the renamed file')
  t.check_mirror(buffer)

  t.undo(buffer)
  t.check(vim.uv.fs_stat('sub/moved.py'), nil, 'the new path is gone')
  buffer = t.wait('the buffer under its old name', function()
    return buffer_of('open.py')
  end)
  t.check_text(buffer, open, 'the file, undone')
  -- It is not open any more, so the server writes it.
  local file = assert(io.open('closed.py', 'rb'))
  t.check(file:read('a'), closed, 'the deleted file, undone')
  file:close()
  t.check_mirror(buffer)
end
t.done()
