;;; lsp_mode.el --- The same server through lsp-mode  -*- lexical-binding: t; -*-

;; Ask, go there, accept, take back; a refusal is one readable message.

(setq lsp-enable-snippet nil
      lsp-session-file (expand-file-name "session" (getenv "HOME"))
      lsp-guess-root-without-session t
      lsp-warn-no-matched-clients nil)
(require 'lsp-mode)
(load (getenv "TENON_HARNESS") nil t)
;; It would wait for the end of the server in vain: nothing is read any more then.
(remove-hook 'kill-emacs-hook 'lsp--global-teardown)

(t-write "main.py" "def alpha():\n    return 1\n")
(switch-to-buffer (find-file-noselect "main.py"))
(lsp-workspace-folders-add default-directory)
(lsp)
(t-wait "the server" (lambda () (and (tenon--lsp) (eq 'initialized (lsp--workspace-status (tenon--lsp))))))
(t-mirror)

(tenon-edit "again" '(1 2))
(t-pending 1)
(t-line 1)
(tenon-next)
(t-check (line-number-at-pos) 2 "the change")
(tenon-accept)
(t-becomes "def alpha():\n    return 2\n" "accepted")
(t-mirror)
(tenon-undo)
(t-becomes "def alpha():\n    return 1\n" "taken back")
(t-mirror)
(t-refused "there is no change to undo (" #'tenon-undo)
(tenon-redo)
(t-becomes "def alpha():\n    return 2\n" "made again")

;; The server is killed while it is asked: no command waits for it in vain.
(setq lsp-restart 'ignore)
(let* ((workspace (tenon--lsp))
       (process (lsp--workspace-cmd-proc workspace))
       (start (current-time)))
  (signal-process process 'SIGSTOP)
  (run-with-timer 0.2 nil (lambda () (signal-process process 'SIGKILL)))
  (t-refused "the server does not answer (M-x eglot or M-x lsp" #'tenon--run "tenon.status")
  (t-check (time-less-p (time-since start) 5) t "no long wait")
  (t-refused "M-x eglot or M-x lsp starts one" #'tenon--run "tenon.status"))
(t-done)
