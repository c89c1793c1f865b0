-- What every story of the plugin needs: the plugin as a user has it, what it says, and what it draws. Nothing of it is
-- replaced but `vim.notify`, `vim.ui.input` and `vim.ui.select`, which are the user's in every configuration.
_G.tenon_by_plugin = true
local t = dofile(os.getenv('TENON_HARNESS'))

vim.opt.runtimepath:prepend(os.getenv('TENON_EDITORS') .. '/neovim')
t.program = os.getenv('TENON_PROGRAM')
vim.lsp.config('tenon', { cmd = { t.program, 'lsp' } })

vim.deprecate = function(name)
  error(name .. ' is deprecated')
end

t.notify = vim.notify
vim.notify = function(text, level)
  local kinds = { [vim.log.levels.ERROR] = 1, [vim.log.levels.WARN] = 2 }
  table.insert(t.messages, { message = text, type = kinds[level] or 3 })
end

-- What the user answers: texts for `vim.ui.input`, functions or numbers for `vim.ui.select`.
t.answers, t.asked = {}, {}
vim.ui.input = function(options, done)
  table.insert(t.asked, options.prompt)
  done(table.remove(t.answers, 1))
end
vim.ui.select = function(items, options, done)
  local shown = vim.tbl_map(options.format_item or tostring, items)
  table.insert(t.asked, { options.prompt, shown })
  local choice = table.remove(t.answers, 1)
  done(items[choice], choice)
end

vim.api.nvim_create_autocmd('User', {
  pattern = 'TenonEvent',
  callback = function(event)
    table.insert(t.events, event.data)
  end,
})

-- Loads the plugin as Neovim does at its start. Stories that set options do so before.
function t.load()
  vim.cmd.runtime('plugin/tenon.lua')
  return t
end

-- Puts a program in place of the server, as an installer does it: the file that runs at the moment is not written into.
function t.install(script)
  t.write('../server.new', script:find('^#!') and script or '#!/bin/sh\n' .. script)
  vim.uv.fs_chmod('../server.new', 448)
  vim.uv.fs_rename('../server.new', '../server')
end

-- The server by a script that tells its process, for `t.kill()`.
function t.program_with_pid()
  t.install(('[ "$1" = lsp ] && echo $$ > ../pid\nexec %s "$@"\n'):format(t.program))
  vim.lsp.config('tenon', { cmd = { vim.fs.dirname(vim.fn.getcwd()) .. '/server', 'lsp' } })
end

function t.kill()
  vim.uv.kill(assert(tonumber(vim.fn.readfile('../pid')[1])), 'sigkill')
end

-- What is drawn into a buffer: `{ row, lines, above }` for virtual lines, `{ row, last }` for what goes.
function t.drawn(buffer)
  local namespace = vim.api.nvim_create_namespace('tenon-review')
  local lines, gone = {}, {}
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(buffer, namespace, 0, -1, { details = true })) do
    local details = mark[4]
    if details.virt_lines then
      local texts = vim.tbl_map(function(line)
        return table.concat(vim.tbl_map(function(chunk)
          return chunk[1]
        end, line))
      end, details.virt_lines)
      table.insert(lines, { row = mark[2], lines = texts, above = details.virt_lines_above or false })
    elseif details.hl_group then
      table.insert(gone, { mark[2], details.end_row, details.hl_group })
    end
  end
  return lines, gone
end

-- Waits until a client other than `old` serves a buffer that is open already.
function t.ready(buffer, old)
  t.client = t.wait('the server', function()
    local client = require('tenon.server').client(buffer)
    return client and client ~= old and client
  end)
  return t.client
end

-- Waits until so many pending changes are known to the plugin.
function t.pending(n)
  return t.wait(n .. ' pending changes', function()
    local all = require('tenon.review').all()
    return #all == n and all
  end)
end

function t.cursor(line)
  vim.api.nvim_win_set_cursor(0, { line, 0 })
end

-- Waits until a buffer has this text.
function t.becomes(buffer, expected, what)
  local ok = vim.wait(8000, function()
    return t.text(buffer) == expected
  end, 5)
  if not ok then
    t.check(t.text(buffer), expected, what)
  end
end

-- Two functions, far enough from each other for two changes.
t.two = 'def alpha():\n    return "é😀"\n\n\ndef beta():\n\tpass\n\n\ndef gamma():\n    return 3\n'

return t
