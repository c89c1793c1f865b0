-- CRLF files stay CRLF, and a missing final newline stays missing.
local t = dofile(os.getenv('TENON_HARNESS'))
local dos, bare = 'one\r\ntwo é\r\nthree\r\n', 'begin\nlast'
t.write('dos.txt', dos)
t.write('bare.txt', bare)

for _, case in ipairs({
  { 'dos.txt', dos, 'one\r\nzwei 😀\r\nzwo\r\nthree\r\n' },
  { 'bare.txt', bare, 'begin\nfirst\nlast 漢' },
}) do
  local name, before, after = unpack(case)
  local buffer = t.edit(name)
  t.check_text(buffer, before, name)
  t.must(buffer, 'tenon.edit', name, 1, 2, 'translate')
  t.proposal(buffer)
  t.accept(buffer)
  t.check_text(buffer, after, name .. ', accepted')
  t.check_mirror(buffer)
  t.undo(buffer)
  t.check_text(buffer, before, name .. ', undone')
  t.redo(buffer)
  t.check_text(buffer, after, name .. ', redone')
  t.check_mirror(buffer)
  -- What is written to the disk is the same.
  vim.cmd.write()
  local file = assert(io.open(name, 'rb'))
  t.check(file:read('*a'), after, name .. ' on the disk')
  file:close()
end
t.done()
