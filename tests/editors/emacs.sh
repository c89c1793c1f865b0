#!/usr/bin/env bash
# Prints the path of an Emacs that has eglot, for the editor tests. TENON_EMACS, if set, names another one. Nothing is
# installed here: Debian has both as emacs-nox and elpa-eglot, and .ci/run installs them. The rest goes to stderr.
set -euo pipefail

emacs=$(command -v "${TENON_EMACS:-emacs}") || { echo "emacs: there is no ${TENON_EMACS:-emacs}" >&2; exit 1; }
paths=()
for folder in /usr/share/emacs/site-lisp/elpa/*/; do
    paths+=(-L "$folder")
done
if ! "$emacs" -Q --batch "${paths[@]}" --eval "(require 'eglot)" </dev/null >&2; then
    echo "emacs: $emacs has no eglot" >&2
    exit 1
fi
echo "$emacs"
