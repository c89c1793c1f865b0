-- Cancelling while the model writes ends the task and its connection; nothing is changed.
local t = dofile(os.getenv('TENON_HARNESS'))
t.write('main.rs', t.main)
local buffer = t.edit('main.rs')

local task = t.must(buffer, 'tenon.edit', 'main.rs', 2, 5, 'wait').task
t.event('text')
t.check(#t.must(buffer, 'tenon.status').tasks, 1, 'tasks')
t.check(t.must(buffer, 'tenon.cancel', task), { cancelled = 1 }, 'cancelled')
t.check(t.event('failed').error.code, 'cancelled', 'how it ended')
t.say('await-left')
t.wait('the connection to be closed', function()
  return vim.uv.fs_stat('../left')
end)
t.check(t.must(buffer, 'tenon.status').tasks, {}, 'tasks left')
t.check_text(buffer, t.main, 'unchanged')
t.check_mirror(buffer)
t.done()
