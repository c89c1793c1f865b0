-- The options of the plugin, from `vim.g.tenon`, and the highlight groups. They are read when they are needed, so they
-- may be set before or after the plugin is loaded.
local M = {}

-- Each with its default; a value of another type is told once, and the default holds.
M.defaults = {
  enabled = true, -- start the server for files
  inline = true, -- draw pending changes into the text
  progress = true, -- show in the text that a model is at work
  restarts = 5, -- ends of the server within `restart_seconds` after which it is left alone
  restart_seconds = 180,
}

-- What is wrong with the options, as sentences.
function M.problems()
  local given, found = vim.g.tenon, {}
  if given ~= nil and type(given) ~= 'table' then
    return { 'vim.g.tenon is no table' }
  end
  given = given or {}
  for name, value in vim.spairs(given) do
    local default = M.defaults[name]
    if default == nil then
      table.insert(found, ('vim.g.tenon has an unknown option %q; there are %s'):format(
        tostring(name), table.concat(vim.fn.sort(vim.tbl_keys(M.defaults)), ', ')))
    elseif type(value) ~= type(default) then
      table.insert(found, ('vim.g.tenon.%s is a %s, and should be a %s'):format(name, type(value), type(default)))
    end
  end
  return found
end

function M.get(name)
  local given = type(vim.g.tenon) == 'table' and vim.g.tenon or {}
  for _, problem in ipairs(M.problems()) do
    require('tenon.notify').once(problem)
  end
  local default, value = M.defaults[name], given[name]
  return type(value) == type(default) and value or (type(value) ~= type(default) and default) or false
end

-- Links to standard groups, which every colour scheme has.
M.highlights = {
  TenonDelete = 'DiffDelete',
  TenonAdd = 'DiffAdd',
  TenonHeader = 'DiagnosticInfo',
  TenonStale = 'DiagnosticWarn',
  TenonKeys = 'Comment',
  TenonProgress = 'Comment',
}

function M.highlight()
  for group, standard in pairs(M.highlights) do
    vim.api.nvim_set_hl(0, group, { link = standard, default = true })
  end
end

return M
