;;; tenon.el --- Write code with language models  -*- lexical-binding: t; -*-

;; Package-Requires: ((emacs "28.1"))
;; Keywords: convenience, tools
;; Version: 0.1.0

;;; Commentary:

;; Commands for the tenon language server, through eglot or lsp-mode, whichever manages the buffer.  They ask for a
;; change in words, decide on pending changes, and take back what was accepted.  Pending changes are shown as
;; diagnostics by the client itself.  A refused command is one readable message, before anything is asked for; no
;; command waits for a model.  Lines are those of the whole file, also in a narrowed buffer.
;; No key is bound; `tenon-command-map' may be put on one.

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'url-util)

(declare-function eglot-current-server "eglot")
(declare-function eglot--server-info "eglot")
(declare-function eglot--signal-textDocument/didChange "eglot")
(declare-function eglot--TextDocumentIdentifier "eglot")
(declare-function jsonrpc-async-request "jsonrpc")
(declare-function jsonrpc-running-p "jsonrpc")
(declare-function lsp--buffer-uri "lsp-mode")
(declare-function lsp--workspace-cmd-proc "lsp-mode")
(declare-function lsp-find-workspace "lsp-mode")
(declare-function lsp-request-async "lsp-mode")
(declare-function lsp-register-client "lsp-mode")
(declare-function make-lsp-client "lsp-mode")
(declare-function lsp-stdio-connection "lsp-mode")
(defvar eglot-server-programs)
(defvar lsp--cur-workspace)
(defvar lsp-language-id-configuration)

(defgroup tenon nil
  "Write code with language models."
  :group 'tools)

(defcustom tenon-program '("tenon" "lsp")
  "The server's program and its arguments."
  :type '(repeat string))

(defconst tenon-seconds 10
  "How long an answer may take; the server answers every command at once.")

(defconst tenon-oldest "0.1.0"
  "The oldest server that knows these commands.")

(with-eval-after-load 'eglot
  ;; Behind all others: languages with a server of their own keep it.
  (add-to-list 'eglot-server-programs
               (cons '(prog-mode text-mode conf-mode) (lambda (&rest _) tenon-program))
               t))

;;;###autoload
(defun tenon-with-eglot (&rest modes)
  "Let eglot start tenon in MODES, in place of the languages' own servers.
Eglot runs one server for each buffer."
  (with-eval-after-load 'eglot
    (push (cons modes (lambda (&rest _) tenon-program)) eglot-server-programs)))

(with-eval-after-load 'lsp-mode
  ;; Beside the language's own server.
  (lsp-register-client
   (make-lsp-client :new-connection (lsp-stdio-connection (lambda () tenon-program))
                    :activation-fn (lambda (&rest _) t)
                    :add-on? t
                    :priority -1
                    :server-id 'tenon)))

(defun tenon--eglot ()
  "The eglot server of this buffer, as long as it runs."
  (let ((server (and (bound-and-true-p eglot--managed-mode) (eglot-current-server))))
    (and server (jsonrpc-running-p server) server)))

(defun tenon--lsp ()
  "The lsp-mode workspace of tenon for this buffer, as long as its server runs."
  (let ((workspace (and (bound-and-true-p lsp-mode) (lsp-find-workspace 'tenon (buffer-file-name)))))
    (and workspace (process-live-p (lsp--workspace-cmd-proc workspace)) workspace)))

(defun tenon--uri ()
  "The URI of this buffer, as its client writes it."
  (if (tenon--eglot)
      (plist-get (eglot--TextDocumentIdentifier) :uri)
    (lsp--buffer-uri)))

(defun tenon--path (uri)
  "The path of a file URI."
  (decode-coding-string (url-unhex-string (string-remove-prefix "file://" uri)) 'utf-8))

(defun tenon--refused (message hint)
  "Stop with MESSAGE and HINT of a refused command."
  (user-error "tenon: %s%s" message (if (stringp hint) (format " (%s)" hint) "")))

(defun tenon--member (object key)
  "The member KEY, a symbol, of OBJECT, which is a plist or a hash table."
  (if (hash-table-p object)
      (gethash (symbol-name key) object)
    (plist-get object (intern (format ":%s" key)))))

(defun tenon--wait (begin alive)
  "Call BEGIN with a function for the answer and one for a refusal, and wait.
ALIVE says whether the server is still there.  The clients' own ways to wait
leave the handling of messages by `throw': Emacs 28 then forgets, or takes back,
the edit that a command makes, when it comes together with the answer."
  (let (answer (until (time-add nil tenon-seconds)))
    (condition-case problem
        (funcall begin
                 (lambda (result) (setq answer (list 'done result)))
                 (lambda (refusal) (setq answer (list 'refused refusal))))
      (error
       (tenon--refused "the server is gone"
                       (format "%s; M-x eglot or M-x lsp starts it again"
                               (string-trim (error-message-string problem))))))
    (while (and (not answer) (time-less-p nil until) (funcall alive))
      (accept-process-output nil 0.02))
    (pcase answer
      (`(done ,result) result)
      (`(refused ,refusal)
       (let ((data (tenon--member refusal 'data)))
         (tenon--refused (tenon--member refusal 'message) (and data (tenon--member data 'hint)))))
      (_ (tenon--refused "the server does not answer" "M-x eglot or M-x lsp starts it again")))))

(defun tenon--eglot-request (server params)
  "Have the eglot SERVER execute the command in PARAMS, and return its answer."
  (eglot--signal-textDocument/didChange)
  (tenon--wait (lambda (done refused)
                 (jsonrpc-async-request server :workspace/executeCommand params
                                        :success-fn done :error-fn refused
                                        :timeout tenon-seconds :timeout-fn #'ignore))
               (lambda () (jsonrpc-running-p server))))

(defun tenon--lsp-request (workspace params)
  "Have the server of the lsp-mode WORKSPACE execute PARAMS, and return its answer."
  (let ((lsp--cur-workspace workspace))
    (tenon--wait (lambda (done refused)
                   (lsp-request-async "workspace/executeCommand" params done
                                      :error-handler refused :mode 'detached))
                 (lambda () (process-live-p (lsp--workspace-cmd-proc workspace))))))

(defun tenon--check-eglot (server)
  "Stop unless the eglot SERVER is tenon, and new enough."
  (let* ((info (eglot--server-info server))
         (name (or (plist-get info :name) "another program"))
         (version (or (plist-get info :version) "?")))
    (unless (equal name "tenon")
      (tenon--refused (format "the server of this buffer is %s" name)
                      "`tenon-with-eglot' gives a mode to tenon, and `tenon-program' names it; then M-x eglot"))
    (unless (ignore-errors (version<= tenon-oldest version))
      (tenon--refused (format "tenon %s is older than %s, which these commands need" version tenon-oldest)
                      "install a newer one, then M-x eglot-reconnect"))))

(defun tenon--check ()
  "Stop, with what to do, unless a server of tenon manages this buffer."
  (cond
   ((not (buffer-file-name))
    (user-error "tenon: this buffer is no file; save it under a name first, or go to the buffer of a file"))
   ((file-remote-p (buffer-file-name))
    (user-error "tenon: this file is on another machine, and tenon changes only those of this one"))
   ((tenon--lsp))
   ((tenon--eglot) (tenon--check-eglot (tenon--eglot)))
   ((not (executable-find (car tenon-program)))
    (user-error "tenon: the program `%s' is not there; install it, or set `tenon-program'" (car tenon-program)))
   (t (user-error "tenon: no server manages this buffer; M-x eglot or M-x lsp starts one"))))

(defun tenon--run (command &rest words)
  "Run COMMAND of the server with WORDS as arguments, and return its answer."
  (tenon--check)
  (let ((params (list :command command :arguments (vconcat words))))
    (if (tenon--lsp)
        (tenon--lsp-request (tenon--lsp) params)
      (tenon--eglot-request (tenon--eglot) params))))

(defun tenon--lines (beg end)
  "The lines of the file from BEG to END, from one, both inside, as a list."
  (list (line-number-at-pos beg t)
        (line-number-at-pos (save-excursion (goto-char end) (if (and (bolp) (> end beg)) (1- end) end)) t)))

(defun tenon--region ()
  "The lines of the region, or of the whole buffer."
  (if (use-region-p)
      (tenon--lines (region-beginning) (region-end))
    (tenon--lines (point-min) (point-max))))

;;;###autoload
(defun tenon-edit (instruction lines)
  "Ask for a change of LINES, those of the region or all, as INSTRUCTION says."
  (interactive (progn (barf-if-buffer-read-only)
                      (tenon--check)
                      ;; The region, before the question lets go of it.
                      (let ((lines (tenon--region)))
                        (list (read-string "Change: ") lines))))
  (barf-if-buffer-read-only)
  (apply #'tenon--run "tenon.edit" (buffer-file-name) (append lines (list instruction))))

;;;###autoload
(defun tenon-fix (lines)
  "Ask for a fix of what is wrong in LINES, the region or the line of point."
  (interactive (list (if (use-region-p) (tenon--region) (tenon--lines (point) (point)))))
  (barf-if-buffer-read-only)
  (apply #'tenon--run "tenon.fix" (buffer-file-name) lines))

(defun tenon--gist (id number)
  "What the change NUMBER of the proposal ID does, in a few lines."
  (let* ((hunks (seq-mapcat
                 (lambda (file)
                   (mapcar (lambda (hunk) (cons file hunk)) (append (tenon--member file 'hunks) nil)))
                 (tenon--member (tenon--run "tenon.show" id) 'files)))
         (found (seq-find (lambda (pair) (equal (tenon--member (cdr pair) 'hunk) number)) hunks))
         (hunk (cdr found))
         (mark (lambda (sign key face)
                 (mapcar (lambda (line) (propertize (concat sign line) 'face face))
                         (let ((text (or (tenon--member hunk key) "")))
                           (unless (string-empty-p text)
                             (split-string (string-remove-suffix "\n" text) "\n"))))))
         (lines (append (funcall mark "-" 'before 'diff-removed) (funcall mark "+" 'after 'diff-added))))
    (cond ((null hunk) "")
          ((tenon--member hunk 'stale) "outdated: the text here is another by now")
          ((null lines) (format "%s: %s" (tenon--member (car found) 'change) (tenon--member (car found) 'path)))
          ((nthcdr 12 lines) (concat (string-join (seq-take lines 11) "\n") "\n… M-x tenon-show has it all"))
          (t (string-join lines "\n")))))

(defun tenon--next (command)
  "Go where COMMAND says, say what would change there, and return the answer."
  (tenon--check)
  (let ((answer (tenon--run command (tenon--uri) (line-number-at-pos nil t))))
    (find-file (tenon--path (tenon--member answer 'uri)))
    (push-mark nil t)
    (let ((place (save-restriction
                   (widen)
                   (goto-char (point-min))
                   (forward-line (1- (tenon--member answer 'line)))
                   (point))))
      (unless (<= (point-min) place (point-max))
        (widen))
      (goto-char place))
    (message "%s" (tenon--gist (tenon--member answer 'proposal) (tenon--member answer 'hunk)))
    answer))

;;;###autoload
(defun tenon-next ()
  "Go to the next pending change, over all files."
  (interactive)
  (tenon--next "tenon.next"))

;;;###autoload
(defun tenon-previous ()
  "Go to the previous pending change, over all files."
  (interactive)
  (tenon--next "tenon.previous"))

(defun tenon--open ()
  "Every undecided change: proposal, number, absolute path, first and last line.
Lines are counted from one; files that come, go or get another path have none."
  (let (found)
    (seq-doseq (proposal (tenon--member (tenon--run "tenon.status") 'proposals))
      (when (equal (tenon--member proposal 'state) "proposed")
        (let* ((id (tenon--member proposal 'id)))
          (seq-doseq (file (tenon--member (tenon--run "tenon.show" id) 'files))
            (seq-doseq (hunk (tenon--member file 'hunks))
              (when (equal (tenon--member hunk 'decision) "proposed")
                (let* ((range (tenon--member hunk 'range))
                       (line (lambda (end) (tenon--member (tenon--member range end) 'line))))
                  (push (list id (tenon--member hunk 'hunk) (tenon--path (tenon--member file 'uri))
                              (and range (1+ (funcall line 'start)))
                              (and range (max (1+ (funcall line 'start)) (funcall line 'end))))
                        found))))))))
    (nreverse found)))

(defun tenon--here ()
  "The proposal and the number of the pending change of this line, or nil."
  (let* ((line (line-number-at-pos nil t))
         (open (tenon--open))
         (own (seq-filter (lambda (hunk) (file-equal-p (nth 2 hunk) (buffer-file-name))) open))
         (within (lambda (hunk below)
                   (pcase-let ((`(,_ ,_ ,_ ,first ,last) hunk))
                     (and first (<= first (+ line below)) (<= line last)))))
         (found (or (seq-find (lambda (hunk) (funcall within hunk 0)) own)
                    ;; What comes behind a line, at the end of a text for instance.
                    (seq-find (lambda (hunk) (funcall within hunk 1)) own)
                    (and (= line 1) (seq-find (lambda (hunk) (null (nth 3 hunk))) open)))))
    (and found (list (car found) (cadr found)))))

(defun tenon--decide (command all)
  "Run COMMAND for the pending change of this line, or for the latest proposal.
The latter if ALL."
  (let ((here (or all (tenon--here) (user-error "tenon: no pending change on this line; M-x tenon-next goes to one"))))
    (apply #'tenon--run command (if all nil here))))

;;;###autoload
(defun tenon-accept (&optional all)
  "Accept the pending change of this line.
With a prefix argument accept ALL of the latest proposal."
  (interactive "P")
  (unless all
    (barf-if-buffer-read-only))
  (tenon--decide "tenon.accept" all))

;;;###autoload
(defun tenon-reject (&optional all)
  "Reject the pending change of this line.
With a prefix argument reject ALL of the latest proposal."
  (interactive "P")
  (tenon--decide "tenon.reject" all))

;;;###autoload
(defun tenon-undo ()
  "Take the last accepted change back, in all its files."
  (interactive)
  (tenon--run "tenon.undo"))

;;;###autoload
(defun tenon-redo ()
  "Make the change again that was taken back last."
  (interactive)
  (tenon--run "tenon.redo"))

;;;###autoload
(defun tenon-cancel ()
  "Cancel everything that models are asked."
  (interactive)
  (let ((n (tenon--member (tenon--run "tenon.cancel") 'cancelled)))
    (message "tenon: %s" (if (= n 0) "nothing is under way" (format "%d cancelled" n)))))

;;;###autoload
(defun tenon-show ()
  "Show the latest proposal as a diff."
  (interactive)
  (let ((diff (tenon--member (tenon--run "tenon.show") 'diff)))
    (when (string-empty-p diff)
      (user-error "tenon: nothing of the latest proposal is undecided"))
    (with-current-buffer (get-buffer-create "*tenon diff*")
      (let ((inhibit-read-only t))
        (erase-buffer)
        (insert diff)
        (goto-char (point-min))
        (diff-mode)
        ;; Nothing in it turns the text around that is to be judged.
        (setq bidi-display-reordering nil
              buffer-read-only t))
      (display-buffer (current-buffer)))))

(defvar tenon-command-map
  (let ((map (make-sparse-keymap)))
    (define-key map "e" #'tenon-edit)
    (define-key map "f" #'tenon-fix)
    (define-key map "n" #'tenon-next)
    (define-key map "p" #'tenon-previous)
    (define-key map "y" #'tenon-accept)
    (define-key map "k" #'tenon-reject)
    (define-key map "u" #'tenon-undo)
    (define-key map "r" #'tenon-redo)
    (define-key map "c" #'tenon-cancel)
    (define-key map "s" #'tenon-show)
    map)
  "Keys of tenon, for a prefix of your own.")
(fset 'tenon-command-map tenon-command-map)

(provide 'tenon)
;;; tenon.el ends here
