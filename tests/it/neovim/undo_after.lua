-- Another editor, later: the change of three files is taken back, byte for byte.
local t = dofile(os.getenv('TENON_HARNESS'))
local function read(name)
  local file = io.open(name, 'rb')
  local text = file and file:read('a')
  if file then
    file:close()
  end
  return text
end

t.check(read('open.py'), 'def aé():\n    pass\n', 'the open file as it was left')
t.check(read('closed.py'), '# é\r\nx = 2\n', 'the closed file as it was left')
t.check(read('new/made.py'), 'y = "é"\n\nz = 3\n', 'the new file as it was left')
local buffer = t.edit('open.py')
t.undo(buffer)
t.check_mirror(buffer)
vim.cmd('silent! wall')
t.check(read('open.py'), 'def a():\n    pass\n', 'the open file')
t.check(read('closed.py'), '# é\r\nx = 1\n', 'the closed file')
t.check(read('new/made.py'), nil, 'the new file is gone')
t.done()
