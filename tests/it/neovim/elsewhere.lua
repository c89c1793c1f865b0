-- The user types elsewhere after the proposal came, and again between accepting and the edit's arrival.
local t = dofile(os.getenv('TENON_HARNESS'))
t.write('main.rs', t.main)
local buffer = t.edit('main.rs')

t.must(buffer, 'tenon.edit', 'main.rs', 2, 5, 'greet in French')
t.proposal(buffer)
t.insert(buffer, 0, 0, '// one 😀\n// two\n')
t.keys(buffer, 'Go// three é<Esc>')
local typed = '// one 😀\n// two\n' .. t.main .. '// three é\n'
t.accept(buffer)
t.check_text(buffer, t.changed(typed), 'accepted below the typing')
t.undo(buffer)
t.check_text(buffer, typed, 'undone')

-- Accepted and typed in the same tick: the edit was computed before the typing is known.
t.must(buffer, 'tenon.edit', 'main.rs', 2, 7, 'greet in French')
t.proposal(buffer)
local answered
t.client:exec_cmd({ title = 'accept', command = 'tenon.accept' }, { bufnr = buffer }, function(problem)
  answered = { problem }
end)
t.insert(buffer, 0, 0, '// four 漢\n')
typed = '// four 漢\n' .. typed
t.wait('the answer', function()
  return answered
end)
t.check(answered[1], nil, 'accepted')
t.event('applied')
t.check_text(buffer, t.changed(typed), 'on top of the typing')
t.check_mirror(buffer)
t.undo(buffer)
t.check_text(buffer, typed, 'undone again')
t.check_mirror(buffer)
t.done()
