-- A provider's error reaches the user as one clean sentence; the server lives on.
local t = dofile(os.getenv('TENON_HARNESS'))
t.write('main.rs', t.main)
local buffer = t.edit('main.rs')

for _ = 1, 2 do
  t.must(buffer, 'tenon.edit', 'main.rs', 2, 5, 'greet in French')
  local problem = t.event('failed').error
  local message = t.message('tenon: ')
  t.check(message.type, vim.lsp.protocol.MessageType.Error, 'how loud')
  assert(not message.message:find('%c'), vim.inspect(message))
  assert(message.message:find(problem.message, 1, true), vim.inspect({ message, problem }))
  t.check_text(buffer, t.main, 'untouched')
end
t.check(t.must(buffer, 'tenon.status').tasks, {}, 'tasks')
t.check_mirror(buffer)
t.done()
