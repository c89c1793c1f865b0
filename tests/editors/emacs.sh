#!/usr/bin/env bash
# Prints the path of an Emacs that has eglot and lsp-mode, for the editor tests. TENON_EMACS, if set, names another one.
# Nothing is installed here: Debian has emacs-nox, elpa-eglot and elpa-lsp-mode, and .ci/run installs them. The rest
# goes to stderr.
set -euo pipefail

emacs=$(command -v "${TENON_EMACS:-emacs}") || { echo "emacs: there is no ${TENON_EMACS:-emacs}" >&2; exit 1; }
paths=()
for folder in /usr/share/emacs/site-lisp/elpa/*/; do
    paths+=(-L "$folder")
done
if ! "$emacs" -Q --batch "${paths[@]}" --eval "(progn (require 'eglot) (require 'lsp-mode))" </dev/null >&2; then
    echo "emacs: $emacs lacks eglot or lsp-mode" >&2
    exit 1
fi
echo "$emacs"
