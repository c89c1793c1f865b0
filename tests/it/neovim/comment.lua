-- A comment instruction, by its code action; the change removes the comment.
local t = dofile(os.getenv('TENON_HARNESS'))
local text = 'x = "é"\n# AI! make this async 😀\ndef job():\n    pass\n'
t.write('job.py', text)
local buffer = t.edit('job.py')

t.check(t.actions(buffer, 0)['Do what this comment says'], nil, 'an action at another line')
t.run_action(buffer, 1, 'Do what this comment says')
t.proposal(buffer)
t.check_text(buffer, text, 'pending')
t.accept(buffer)
t.check_text(buffer, 'x = "é"\nasync def job():\n    pass\n', 'accepted')
t.check_mirror(buffer)
t.undo(buffer)
t.check_text(buffer, text, 'undone')
t.done()
