-- In the middle of a review, with one of two changes decided, the server is started anew, and then the editor is:
-- what waits is still drawn at its place, and can be decided; what was done can be taken back.
local t = dofile(os.getenv('TENON_PLUGIN_HARNESS')).load()
local first = vim.uv.fs_stat('main.py') == nil
if first then
  t.write('main.py', t.two)
end
local buffer = t.edit('main.py')
local accepted = t.two:gsub('"é😀"', '"É😀"')

if first then
  vim.cmd('Tenon edit shout')
  t.say('open typed')
  t.message('ready for review')
  t.pending(2)
  t.cursor(2)
  vim.cmd('Tenon accept')
  t.event('applied')
  t.becomes(buffer, accepted, 'accepted')
  vim.cmd('silent write')
  local old = t.client
  vim.cmd('Tenon restart')
  t.ready(buffer, old)
  t.message('the last session goes on')
else
  t.message('the last session goes on')
end
t.pending(1)
t.wait('the drawing', function()
  return select(2, t.drawn(buffer))[1]
end)
t.check(select(2, t.drawn(buffer)), { { 5, 6, 'TenonDelete' } }, 'at its place')
t.check_text(buffer, accepted, 'as it was')

if not first then
  t.cursor(6)
  vim.cmd('Tenon accept')
  t.event('applied')
  t.pending(0)
  t.becomes(buffer, (accepted:gsub('\tpass', '\treturn 2')), 'the rest is accepted')
  vim.cmd('Tenon undo')
  t.event('undone')
  t.becomes(buffer, accepted, 'the rest is taken back')
  vim.cmd('Tenon undo')
  t.event('undone')
  t.becomes(buffer, t.two, 'what was accepted before the restart is taken back')
end
t.check_mirror(buffer)
t.done()
