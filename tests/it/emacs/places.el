;;; places.el --- Files that are alike, narrowed buffers, servers that go  -*- lexical-binding: t; -*-

;; What is decided is what the cursor is on: in no file whose name ends alike, and in no other line of a narrowed buffer.
;; A server that is not tenon, is too old, or ends, is told with what to do, and the next one works.

(load (getenv "TENON_HARNESS") nil t)
(defconst two "def alpha():\n    return \"é😀\"\n\n\ndef beta():\n\tpass\n\n\ndef gamma():\n    return 3\n")
(t-write "main.py" two)
(make-directory "sub dir")
(t-write "sub dir/main.py" two)

;; One change waits in the file of the folder, and none in the one below, whose path ends alike.
(t-edit "main.py")
(let* ((workspace default-directory)
       (project-find-functions (list (lambda (_) (cons 'transient workspace))))
       (below (find-file-noselect "sub dir/main.py")))
  (with-current-buffer below
    (t-wait "the same server" #'tenon--eglot))
  (tenon-edit "shout" '(1 10))
  (t-message "ready for review")
  (t-pending 2)
  (switch-to-buffer below)
  (t-line 2)
  (t-refused "no pending change on this line" #'tenon-accept)
  (t-check (buffer-string) two "the other file")

  ;; From a file with a blank in its path, next goes on to the changes.
  (tenon-next)
  (t-check (list (file-name-nondirectory (directory-file-name default-directory)) (line-number-at-pos))
           '("workspace" 2) "the next"))

;; In a narrowed buffer lines are those of the file; going beyond the part that is seen widens it.
(narrow-to-region (progn (t-line 5) (point)) (point-max))
(t-check (tenon--region) '(5 10) "the lines that are seen")
(goto-char (point-min))
(forward-line 1)
(setq buffer-read-only t)
(t-refused "read-only" #'tenon-accept)
(setq buffer-read-only nil)
(tenon-accept)
(widen)
(defconst accepted (string-replace "\tpass" "\treturn 2" two))
(t-becomes accepted "the change of the line of point")
(t-pending 1)
(narrow-to-region (progn (t-line 5) (point)) (point-max))
(tenon-next)
(t-check (list (buffer-narrowed-p) (line-number-at-pos)) '(nil 2) "widened")
(t-mirror)

;; Nothing is asked for in a buffer that is none for tenon, or that must not be changed.
(cl-letf (((symbol-function 'read-string) (lambda (&rest _) (error "Asked for nothing"))))
  (with-temp-buffer
    (t-refused "this buffer is no file" #'call-interactively #'tenon-edit))
  (setq buffer-read-only t)
  (t-refused "read-only" #'call-interactively #'tenon-edit)
  (setq buffer-read-only nil)
  (cl-letf (((symbol-function 'eglot--server-info) (lambda (_) '(:name "pylsp" :version "1.0"))))
    (t-refused "the server of this buffer is pylsp (`tenon-with-eglot'" #'call-interactively #'tenon-edit))
  (cl-letf (((symbol-function 'eglot--server-info) (lambda (_) '(:name "tenon" :version "0.0.9"))))
    (t-refused "tenon 0.0.9 is older than" #'call-interactively #'tenon-edit))
  (cl-letf (((symbol-function 'buffer-file-name) (lambda (&rest _) "/ssh:host:/main.py")))
    (t-refused "on another machine" #'call-interactively #'tenon-edit)))

;; The server is killed: that is told at the next command, at once too, when it is sent to a server that is gone by
;; then; and what waits is there again with the next server.
(setq eglot-autoreconnect nil)
(let* ((server (tenon--eglot))
       (process (jsonrpc--process server)))
  (signal-process process 'SIGKILL)
  (t-wait "its end" (lambda () (not (process-live-p process))))
  (t-refused "the server is gone (" #'tenon--eglot-request server '(:command "tenon.status" :arguments [])))
(t-wait "its end to be known" (lambda () (not (tenon--eglot))))
(t-refused "M-x eglot or M-x lsp starts one" #'tenon-accept)
(eglot-ensure-now)
(t-wait "the server" #'tenon--eglot)
(t-pending 1)
(t-line 2)
(tenon-accept)
(t-becomes (string-replace "\"é😀\"" "\"É😀\"" accepted) "accepted after the crash")
(t-mirror)
(set-buffer-modified-p nil)
(t-done)
