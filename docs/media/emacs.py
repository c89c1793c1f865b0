#!/usr/bin/env python3
"""Draws docs/media/emacs.svg: a new user's first change in a real Emacs, from an empty home to the saved file.

Usage: docs/media/emacs.py [TENON [EMACS]]    (needs pyte 0.8.2; before Emacs 29 also eglot, as Debian's elpa-eglot)

It does what docs/editors/emacs.md says, with its own text as the init file and a recorded model, types the keys into a
pseudo-terminal, waits for what the reader is told to expect, and fails if it does not come. terminal.py has the rest.
"""

import shutil
import sys
from pathlib import Path

from terminal import ROOT, Terminal, record

# What a dark terminal answers, so that Emacs takes the colours for one: its kind, and its background.
ANSWERS = {b"\x1b[>0c": b"\x1b[>65;6200;1c", b"\x1b]11;?\x1b\\": b"\x1b]11;rgb:1616/1818/1d1d\x1b\\"}
# Emacs compiles what Debian has of eglot in a new home, and would show its warnings about that in a window.
QUIET = "(setq native-comp-async-report-warnings-errors 'silent)\n"


def install(home: Path) -> None:
    """What the page tells a new user to do: its first piece of Lisp is the init file."""
    shutil.copytree(ROOT / "editors/emacs", home / "src/tenon/editors/emacs")
    page = (ROOT / "docs/editors/emacs.md").read_text(encoding="utf-8")
    (home / ".emacs.d").mkdir()
    (home / ".emacs.d/early-init.el").write_text(QUIET, encoding="utf-8")
    (home / ".emacs.d/init.el").write_text(page.split("```elisp\n")[1].split("```")[0], encoding="utf-8")


def story(emacs: str, home: Path) -> Terminal:
    """The first change."""
    terminal = Terminal(emacs, ["-nw", "receipt.py"], home, ANSWERS)
    terminal.wait("due // 100")
    terminal.keys("\x1bxeglot\r")
    terminal.wait("Connected!")
    # C-s goes into the function, C-M-h selects it.
    terminal.keys("\x13def\r\x1b\x08")
    terminal.keys("\x03te")
    terminal.wait("Change: ")
    terminal.keys("show the discount on the receipt")
    terminal.wait("on the receipt")
    terminal.frame()
    terminal.keys("\r")
    # Typing goes on meanwhile.
    terminal.keys("\x1b<import sys\r")
    terminal.wait("import sys")
    terminal.frame()
    terminal.wait("2 changes in 1 file ready")
    # The notes of Flymake, by the count in the mode line.
    terminal.wait("[0 0 2]")
    terminal.frame()
    terminal.keys("\x03tn")
    terminal.wait("+    if off := discount(order):")
    terminal.frame()
    terminal.keys("\x03ty")
    terminal.wait("+    if off", gone=True)
    terminal.wait("\n    if off := discount(order):")
    terminal.wait("[0 0 1]")
    terminal.keys("\x03tn")
    terminal.wait("+def euros")
    terminal.frame()
    terminal.keys("\x03ty")
    terminal.wait("\ndef euros")
    terminal.wait("[0 0]")
    # C-x C-s saves. The next key takes away the message, which has the path of the home.
    terminal.keys("\x18\x13")
    terminal.wait("Wrote ")
    terminal.keys("\x01")
    terminal.wait("Wrote ", gone=True)
    terminal.frame()
    terminal.keys("\x18\x03")
    terminal.end()
    return terminal


if __name__ == "__main__":
    tenon = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/debug/tenon")
    emacs = sys.argv[2] if len(sys.argv) > 2 else "emacs"
    record("Emacs", tenon, install, lambda home: story(emacs, home), still=4)
