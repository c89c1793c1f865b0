-- The user types above the target and in another function while the model writes.
local t = dofile(os.getenv('TENON_HARNESS'))
t.write('main.rs', t.main)
local buffer = t.edit('main.rs')

t.must(buffer, 'tenon.edit', 'main.rs', 2, 5, 'greet', 'in', 'French 😀')
t.event('text')
t.keys(buffer, 'ggO// typed 漢 above<Esc>')
t.insert(buffer, 8, #'    let x = "é"; // 😀', ' and 😀é')
t.keys(buffer, 'G$a // end<CR><Esc>')
local typed = '// typed 漢 above\n' .. t.main:gsub('// 😀\n}\n', '// 😀 and 😀é\n} // end\n\n')
t.check_text(buffer, typed, 'typed')
t.say('open typed')

local proposal, marks = t.proposal(buffer)
t.check({ proposal.files, proposal.hunks }, { 1, 1 }, 'the proposal')
t.check(#marks, 1, 'marks')
t.check({ marks[1].severity, marks[1].source }, { vim.diagnostic.severity.INFO, 'tenon' }, 'the mark')
-- The client reports typing after a moment; then the mark moves.
t.wait('the mark at its line', function()
  return vim.diagnostic.get(buffer)[1].lnum == 3
end)
local actions = t.actions(buffer, 3)
assert(actions['Apply this change'] and actions['Reject this change'], vim.inspect(actions))
t.check_text(buffer, typed, 'nothing is changed before it is accepted')

t.accept(buffer)
local changed = t.changed(typed)
t.check_text(buffer, changed, 'accepted')
t.check_mirror(buffer)
t.wait('the marks to go', function()
  return #vim.diagnostic.get(buffer) == 0
end)
t.undo(buffer)
t.check_text(buffer, typed, 'undone')
t.redo(buffer)
t.check_text(buffer, changed, 'redone')
t.undo(buffer)
t.check_text(buffer, typed, 'undone again')
t.check_mirror(buffer)

-- The same with an object, and through the code action.
t.must(buffer, 'tenon.edit', {
  uri = vim.uri_from_bufnr(buffer),
  range = { start = { line = 2, character = 0 }, ['end'] = { line = 6, character = 0 } },
  instruction = 'greet in French',
})
t.proposal(buffer)
t.run_action(buffer, 3, 'Apply this change')
t.event('applied')
t.check_text(buffer, changed, 'accepted by the action')
t.check_mirror(buffer)
t.done()
