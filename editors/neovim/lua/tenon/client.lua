-- What the plugin adds to the client's configuration: it asks before a start, follows events, and looks at edits
-- before they are made. `lsp/tenon.lua` takes it in; what a user says by `vim.lsp.config()` counts more.
-- Every function loads its module when it is called first.
return {
  root_dir = function(buffer, start)
    require('tenon.server').may_start(buffer, start)
  end,
  init_options = { tenon = { events = true } },
  handlers = {
    ['tenon/event'] = function(_, event, context)
      require('tenon.tasks').on_event(require('tenon.server').without_null(event), context.client_id)
    end,
    ['window/showMessage'] = function(_, message)
      require('tenon.notify').message(message)
    end,
    ['textDocument/publishDiagnostics'] = function(problem, marks, context)
      require('tenon.review').on_marks(problem, marks, context)
    end,
    ['workspace/applyEdit'] = function(problem, edit, context)
      return require('tenon.applying').on_edit(problem, edit, context)
    end,
  },
  on_init = function(client)
    require('tenon.server').on_start(client)
  end,
  on_exit = function(code, signal, id)
    require('tenon.server').on_exit(code, signal, id)
  end,
}
