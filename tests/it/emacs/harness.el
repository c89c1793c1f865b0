;;; harness.el --- What every story in Emacs needs  -*- lexical-binding: t; -*-

;; The real eglot on the built server, files, and exact comparisons.  Any failed check ends the script with an error.

(require 'eglot)
(load (expand-file-name "emacs/tenon.el" (getenv "TENON_EDITORS")) nil t)

(tenon-with-eglot 'python-mode)
(setq tenon-program (list (getenv "TENON_PROGRAM") "lsp")
      eglot-confirm-server-initiated-edits nil
      eglot-sync-connect 10
      eglot-extend-to-xref nil
      make-backup-files nil
      auto-save-default nil
      create-lockfiles nil
      require-final-newline nil
      vc-handled-backends nil)

(defconst t-limit 8 "Longest wait, in seconds.")

(defvar t-messages nil "What was said, the newest first.")
(advice-add 'eglot--message :before (lambda (format &rest args) (push (apply #'format format args) t-messages)))
(advice-add 'message :before (lambda (format &rest args) (when format (push (apply #'format-message format args) t-messages))))

(defun t-say (line)
  "Tell the test outside LINE."
  (send-string-to-terminal (concat line "\n")))

(defun t-check (actual expected what)
  "Fail unless ACTUAL is EXPECTED; WHAT says of what."
  (unless (equal actual expected)
    (error "%s\nexpected %S\nactual   %S\nmessages %S" what expected actual t-messages)))

(defun t-wait (what condition)
  "Wait until CONDITION gives something, and return that; WHAT says for what."
  (let ((until (time-add nil t-limit)) result)
    (while (not (setq result (funcall condition)))
      (when (time-less-p until nil)
        (error "Waited in vain for %s\ntext %S\nmessages %S" what (buffer-string) t-messages))
      (accept-process-output nil 0.02))
    result))

(defun t-message (part)
  "Wait for a message that contains PART, and claim it."
  (t-wait (concat "the message " part)
          (lambda ()
            (let ((found (seq-find (lambda (text) (string-match-p (regexp-quote part) text)) t-messages)))
              (when found
                (setq t-messages (delete found t-messages))
                found)))))

(defun t-write (name text)
  "Make a file NAME of TEXT."
  (let ((coding-system-for-write 'utf-8-unix))
    (write-region text nil name nil 'quiet)))

(defun t-edit (name)
  "Open the file NAME with the server attached, and return its buffer."
  (switch-to-buffer (find-file-noselect name))
  (unless (tenon--eglot)
    (let ((project-find-functions (list (lambda (_) (cons 'transient default-directory)))))
      (eglot-ensure-now)))
  (current-buffer))

(defun eglot-ensure-now ()
  "Start eglot for this buffer as \\[eglot] does, and wait for it."
  (apply #'eglot (eglot--guess-contact))
  (t-wait "the server" #'tenon--eglot))

(defun t-becomes (expected what)
  "Wait until this buffer has the text EXPECTED; WHAT says why."
  (let ((until (time-add nil t-limit)))
    (while (and (not (equal (buffer-string) expected)) (time-less-p nil until))
      (accept-process-output nil 0.02))
    (t-check (buffer-substring-no-properties (point-min) (point-max)) expected what)))

(defun t-pending (n)
  "Wait until N changes wait for a decision."
  (t-wait (format "%d pending changes" n) (lambda () (= n (length (tenon--open))))))

(defun t-line (line)
  "Go to LINE, from one."
  (goto-char (point-min))
  (forward-line (1- line)))

(defun t-mirror ()
  "Check that the server's text is the buffer's."
  (let* ((uri (concat "file://" (buffer-file-name)))
         (documents (tenon--member (tenon--run "tenon.status") 'documents))
         (own (seq-find (lambda (document) (equal (tenon--member document 'uri) uri)) documents)))
    (t-check (tenon--member own 'sha256)
             (secure-hash 'sha256 (encode-coding-string (buffer-string) 'utf-8-unix))
             "the mirror is not the buffer")))

(defun t-refused (part command &rest args)
  "Check that COMMAND with ARGS is refused with a message of one line that contains PART."
  (let ((text (condition-case problem
                  (progn (apply command args) "nothing")
                (error (error-message-string problem)))))
    (unless (and (string-match-p (regexp-quote part) text) (not (string-match-p "[[:cntrl:]]" text)))
      (error "Expected a refusal with %S, got %S" part text))))

(defun t-done ()
  "End as a user does."
  (when (tenon--eglot)
    (eglot-shutdown (tenon--eglot)))
  (t-say "done")
  (kill-emacs 0))
