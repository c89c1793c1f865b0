-- The user types where the proposal belongs: it is refused, and nothing is lost.
local t = dofile(os.getenv('TENON_HARNESS'))
t.write('main.rs', t.main)
local buffer = t.edit('main.rs')

t.must(buffer, 'tenon.edit', 'main.rs', 2, 5, 'greet in French')
t.proposal(buffer)
t.insert(buffer, 2, #'    let greeting = "héllo ', '漢')
local typed = t.main:gsub('héllo 😀', 'héllo 漢😀')
local _, problem = t.command(buffer, 'tenon.accept')
t.check(problem and problem.data.code, 'stale-proposal', 'the refusal')
t.check_text(buffer, typed, 'as typed')
local mark = t.wait('the warning', function()
  local found = vim.diagnostic.get(buffer, { severity = vim.diagnostic.severity.WARN })
  return found[1]
end)
t.check({ mark.code, mark.lnum }, { 'stale-change', 2 }, 'the mark')
t.check(t.must(buffer, 'tenon.reject'), { rejected = 1 }, 'rejected')
t.wait('the marks to go', function()
  return #vim.diagnostic.get(buffer) == 0
end)
t.check_text(buffer, typed, 'still as typed')
t.check_mirror(buffer)
t.done()
