#!/usr/bin/env python3
"""Draws docs/media/helix.svg: a new user's first change in a real Helix, from an empty home to the saved file.

Usage: docs/media/helix.py TENON HELIX RUNTIME    (needs pyte 0.8.2; RUNTIME is the folder `runtime` of Helix' sources)

It does what docs/editors/helix.md says, with the files of editors/helix and a recorded model, types the keys into a
pseudo-terminal, waits for what the reader is told to expect, and fails if it does not come. terminal.py has the rest.
Helix is in no registry: build it from its sources, `cargo build -p helix-term`.
"""

import shutil
import sys
from pathlib import Path

from terminal import ROOT, Terminal, record


def install(home: Path, runtime: Path) -> None:
    """What the page tells a new user to do, for Python in the place of Rust, and where Helix finds what is its own."""
    settings = home / ".config/helix"
    settings.mkdir(parents=True)
    (settings / "runtime").symlink_to(runtime.resolve())
    shutil.copy(ROOT / "editors/helix/config.toml", settings)
    languages = (ROOT / "editors/helix/languages.toml").read_text(encoding="utf-8")
    languages = languages.replace('"rust"', '"python"').replace('["rust-analyzer", "tenon"]', '["tenon"]')
    (settings / "languages.toml").write_text(languages, encoding="utf-8")


def story(helix: str, home: Path) -> Terminal:
    """The first change."""
    terminal = Terminal(helix, ["receipt.py"], home)
    terminal.wait("due // 100")
    # The function is selected line by line.
    terminal.keys("6gg6x")
    terminal.keys(" t")
    terminal.wait("tenon.undo")
    terminal.frame()
    terminal.keys("a")
    terminal.wait('%{selection_line_end} ""')
    terminal.keys("show the discount on the receipt")
    terminal.wait("on the receipt")
    terminal.frame()
    terminal.keys("\r")
    # Typing goes on meanwhile.
    terminal.keys("ggOimport sys\x1b")
    terminal.wait("import sys")
    terminal.wait("2 changes in 1 file ready")
    terminal.frame()
    terminal.keys(" tn")
    terminal.wait("1 sel  11:1")
    terminal.keys(" a")
    terminal.wait("Apply this change")
    terminal.frame()
    terminal.keys("\r")
    terminal.wait("if off := discount(order):")
    terminal.keys(" tn")
    terminal.wait("1 sel  14:1")
    terminal.keys(" a")
    terminal.wait("Apply this change")
    terminal.keys("\r")
    terminal.wait("def euros")
    terminal.keys(":w\r")
    terminal.wait("written")
    terminal.frame()
    terminal.keys(":q\r")
    terminal.end()
    return terminal


if __name__ == "__main__":
    tenon, helix, runtime = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    record("Helix", tenon, lambda home: install(home, runtime), lambda home: story(helix, home), still=4)
