#!/usr/bin/env python3
"""Draws docs/media/neovim.svg: a new user's first change in a real Neovim, from an empty home to the accepted lines.

Usage: docs/media/neovim.py [TENON [NVIM]]    (needs pyte 0.8.2)

It does what docs/editors/neovim.md says, with a recorded model, types the keys into a pseudo-terminal, waits for what
the reader is told to expect, and fails if it does not come. terminal.py has the rest.
"""

import shutil
import sys
from pathlib import Path

from terminal import ROOT, Terminal, record

INIT = """\
vim.keymap.set({ 'n', 'x' }, '<Space>t', '<Plug>(tenon-edit)')
vim.keymap.set({ 'n', 'x' }, '<Space>y', '<Plug>(tenon-accept)')
vim.keymap.set({ 'n', 'x' }, '<Space>n', '<Plug>(tenon-reject)')
vim.keymap.set('n', ']t', '<Plug>(tenon-next)')
vim.opt.statusline = "%f%=%{v:lua.require'tenon'.status()} "
vim.opt.shortmess:append('I')
"""


def install(home: Path) -> None:
    """What the page tells a new user to do."""
    plugin = home / ".local/share/nvim/site/pack/tenon/start/tenon"
    shutil.copytree(ROOT / "editors/neovim", plugin)
    (home / ".config/nvim").mkdir(parents=True)
    (home / ".config/nvim/init.lua").write_text(INIT, encoding="utf-8")


def story(nvim: str, home: Path) -> Terminal:
    """The first change."""
    terminal = Terminal(nvim, ["receipt.py"], home)
    terminal.wait("receipt.py")
    terminal.wait(" tenon ")
    # Three lines of the function, and the instruction.
    terminal.keys("8GVjj t")
    terminal.wait("Change lines 8 to 10:")
    terminal.keys("show the discount on the receipt")
    terminal.wait("on the receipt")
    terminal.frame()
    terminal.keys("\r")
    terminal.wait("writing")
    # Typing goes on meanwhile.
    terminal.keys("ggOimport sys\x1b")
    terminal.wait("import sys")
    terminal.frame()
    terminal.wait("2 changes to review")
    terminal.wait("def euros")
    terminal.keys("]t")
    terminal.wait("accepts")
    terminal.frame()
    terminal.keys(" y")
    terminal.wait("1 change to review")
    terminal.keys("]t")
    terminal.wait("1/1")
    terminal.frame()
    terminal.keys(" y")
    terminal.wait("accepts", gone=True)
    terminal.frame()
    terminal.keys(":wq\r")
    terminal.end()
    return terminal


if __name__ == "__main__":
    tenon = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/debug/tenon")
    nvim = sys.argv[2] if len(sys.argv) > 2 else "nvim"
    record("Neovim", tenon, install, lambda home: story(nvim, home))
