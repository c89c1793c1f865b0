-- A change is proposed, one line of typing moves it, and the user leaves before deciding.
local t = dofile(os.getenv('TENON_HARNESS'))
t.write('main.rs', t.main)
local buffer = t.edit('main.rs')
t.must(buffer, 'tenon.edit', 'main.rs', 2, 5, 'greet in French')
t.proposal(buffer)
t.check_text(buffer, t.main, 'nothing is changed yet')
t.done()
