;;; story.el --- The main job through eglot  -*- lexical-binding: t; -*-

;; Ask for a change while typing, accept one part and reject the other, take it back, make it again, cancel; then a
;; provider's error, and buffers that are none for tenon.

(load (getenv "TENON_HARNESS") nil t)

(defconst two "def alpha():\n    return \"é😀\"\n\n\ndef beta():\n\tpass\n\n\ndef gamma():\n    return 3\n")
(t-write "main.py" two)
(t-edit "main.py")

(tenon-edit "shout 😀" '(1 10))
(t-line 1)
(insert "# typed 漢 above\n")
(t-say "open typed")
(t-message "ready for review")
(t-pending 2)
(let ((typed (concat "# typed 漢 above\n" two)))
  (t-check (buffer-string) typed "nothing is changed before it is accepted")

  ;; Next and previous go round; one change is accepted, the other rejected.
  (t-line 1)
  (tenon-next)
  (t-check (line-number-at-pos) 3 "the first")
  (t-message "-    return \"é😀\"\n+    return \"É😀\"")
  (tenon-next)
  (t-check (line-number-at-pos) 7 "the second")
  (tenon-previous)
  (t-check (line-number-at-pos) 3 "the first again")
  (tenon-accept)
  (let ((accepted (string-replace "\"é😀\"" "\"É😀\"" typed)))
    (t-becomes accepted "one is accepted")
    (t-pending 1)
    (t-line 1)
    (t-refused "no pending change on this line" #'tenon-accept)
    (t-line 7)
    (tenon-reject)
    (t-pending 0)
    (t-check (buffer-string) accepted "the other is rejected")
    (t-mirror)
    (tenon-undo)
    (t-becomes typed "taken back")
    (tenon-redo)
    (t-becomes accepted "made again")
    (t-mirror)

    ;; The same by eglot's own code actions.
    (tenon-undo)
    (t-becomes typed "taken back")
    (tenon-edit "again" '(1 10))
    (t-message "ready for review")
    (t-pending 1)
    (t-line 11)
    (let ((actions (t-wait "the action" (lambda ()
                     (seq-find (lambda (action) (equal (plist-get action :title) "Apply this change"))
                               (jsonrpc-request (tenon--eglot) :textDocument/codeAction
                                                (list :textDocument (eglot--TextDocumentIdentifier)
                                                      :range (list :start (eglot--pos-to-lsp-position (point))
                                                                   :end (eglot--pos-to-lsp-position (point)))
                                                      :context (list :diagnostics []))))))))
      (apply #'tenon--run (plist-get (plist-get actions :command) :command)
             (append (plist-get (plist-get actions :command) :arguments) nil)))
    (t-becomes (string-replace "return 3" "return 4" typed) "accepted by the action")
    (t-mirror)))

;; Cancelling.
(t-check (tenon--member (tenon--run "tenon.cancel") 'cancelled) 0 "nothing is under way")
(tenon-edit "wait" '(1 2))
(t-wait "the task" (lambda () (> (length (tenon--member (tenon--run "tenon.status") 'tasks)) 0)))
(tenon-cancel)
(t-message "1 cancelled")
(t-say "await-left")
(t-wait "the connection to be closed" (lambda () (file-exists-p "../left")))

;; A provider's error is one readable message.
(tenon-edit "fail" '(1 2))
(t-message "did not get a valid key (HTTP 401): the key \\u{1b}[31mis wrong")
(t-refused "no change waiting for this" #'tenon-next)

;; Buffers that are none for tenon, and one that must not be changed.
(with-temp-buffer
  (t-refused "this buffer is no file" #'tenon-undo))
(setq buffer-read-only t)
(t-refused "read-only" #'tenon-edit "shout" '(1 2))
(setq buffer-read-only nil)
(with-temp-buffer
  (setq buffer-file-name "/ssh:host:/main.py")
  (t-refused "on another machine" #'tenon-undo)
  (set-buffer-modified-p nil)
  (setq buffer-file-name "/nowhere/main.py")
  (let ((tenon-program '("/nowhere/tenon" "lsp")))
    (t-refused "is not there; install it" #'tenon-undo))
  (t-refused "M-x eglot or M-x lsp starts one" #'tenon-undo)
  (setq buffer-file-name nil))
(set-buffer-modified-p nil)
(t-done)
