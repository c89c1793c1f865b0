#!/usr/bin/env python3
"""Draws docs/media/neovim.svg: a new user's first change in a real Neovim, from an empty home to the accepted lines.

Usage: docs/media/neovim.py [TENON [NVIM]]    (needs pyte 0.8.2, which reads what a terminal is sent; on Linux or macOS)

It does what docs/editors/neovim.md says, with a recorded model, types the keys into a pseudo-terminal, waits for what
the reader is told to expect, and fails if it does not come. The picture shows the same screens, one after the other.
"""

import fcntl
import json
import os
import pty
import select
import shutil
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path
from xml.sax.saxutils import escape

import pyte

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
COLUMNS, LINES = 90, 26
SIZE, WIDTH, HEIGHT, MARGIN, BAR = 14, 8.43, 19, 18, 34
BACK, FORE = "#16181d", "#d5d9e0"
LIMIT = 20.0
SECONDS = 4

CONFIG = """\
[providers.tape]
api = "replay"
base_url = "reply.jsonl"
[models.coder]
provider = "tape"
model = "recorded"
[roles]
edit = ["coder"]
"""
INIT = """\
vim.keymap.set({ 'n', 'x' }, '<Space>t', '<Plug>(tenon-edit)')
vim.keymap.set({ 'n', 'x' }, '<Space>y', '<Plug>(tenon-accept)')
vim.keymap.set({ 'n', 'x' }, '<Space>n', '<Plug>(tenon-reject)')
vim.keymap.set('n', ']t', '<Plug>(tenon-next)')
vim.opt.statusline = "%f%=%{v:lua.require'tenon'.status()} "
vim.opt.shortmess:append('I')
"""
BLOCK = "receipt.py\n<<<<<<< SEARCH\n{}=======\n{}>>>>>>> REPLACE\n\n"
OLD = '    lines.append(f"Total: {due // 100}.{due % 100:02d} €")\n'
NEW = (
    "    if off := discount(order):\n"
    '        lines.append(f"Discount: −{euros(off)}")\n'
    '    lines.append(f"Total: {euros(due)}")\n'
)
FUNCTION = '\n\ndef euros(cents: int) -> str:\n    return f"{cents // 100}.{cents % 100:02d} €"\n'
TEXT = '''"""The receipt of a small bakery."""

from orders import Order, discount


def receipt(order: Order) -> str:
    """The receipt as the guest sees it."""
    due = order.total() - discount(order)
    lines = [f"{count} × {name}" for name, count in order.items.items()]
''' + OLD + '    return "\\n".join(lines)\n'


class Terminal:
    """A Neovim in a pseudo-terminal, and the screens it showed."""

    def __init__(self, program: str, arguments: list[str], folder: Path, environment: dict[str, str]) -> None:
        self.screen = pyte.Screen(COLUMNS, LINES)
        self.stream = pyte.ByteStream(self.screen)
        self.frames: list[list[dict]] = []
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(program, [program, *arguments], environment)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))

    def read(self, seconds: float) -> bool:
        """Takes what is shown within a time; whether anything was."""
        if not select.select([self.terminal], [], [], seconds)[0]:
            return False
        try:
            piece = os.read(self.terminal, 65536)
        except OSError:  # Linux says so when the other end is closed.
            return False
        self.stream.feed(piece)
        return bool(piece)

    def text(self) -> str:
        return "\n".join(self.screen.display)

    def wait(self, part: str, gone: bool = False) -> None:
        """Waits until the screen shows a text, or does not any more, and rests."""
        until = time.monotonic() + LIMIT
        while (part in self.text()) == gone:
            if time.monotonic() > until:
                sys.exit(f"waited in vain for {part!r}:\n{self.text()}")
            self.read(0.1)
        while self.read(0.3):
            pass

    def keys(self, keys: str) -> None:
        os.write(self.terminal, keys.encode())

    def frame(self) -> None:
        """Keeps the screen as it is."""
        buffer = self.screen.buffer
        self.frames.append([{x: buffer[y][x] for x in range(COLUMNS)} for y in range(LINES)])


def colour(name: str, default: str) -> str:
    return default if name == "default" else f"#{name}"


def row(cells: dict, y: float) -> str:
    """One line: first the backgrounds, then the text, cut where the style changes."""
    boxes, spans, start = "", "", 0
    while start < COLUMNS:
        cell, end = cells[start], start + 1
        fill, back = colour(cell.fg, FORE), colour(cell.bg, BACK)
        if cell.reverse:
            fill, back = back, fill
        style = (cell.fg, cell.bg, cell.bold, cell.reverse)
        while end < COLUMNS and (cells[end].fg, cells[end].bg, cells[end].bold, cells[end].reverse) == style:
            end += 1
        text, x = "".join(cells[at].data for at in range(start, end)), MARGIN + start * WIDTH
        if back != BACK:
            width = (end - start) * WIDTH
            boxes += f'<rect x="{x:.1f}" y="{y - HEIGHT + 5}" width="{width:.1f}" height="{HEIGHT}" fill="{back}"/>'
        lead = len(text) - len(text.lstrip())
        text = text.strip()
        if text:
            weight = ' font-weight="bold"' if cell.bold else ""
            # The length keeps the columns straight, whatever font the reader has.
            length = f' textLength="{len(text) * WIDTH:.1f}" lengthAdjust="spacingAndGlyphs"' if len(text) > 1 else ""
            at = x + lead * WIDTH
            spans += f'<tspan x="{at:.1f}"{length} fill="{fill}"{weight}>{escape(text)}</tspan>'
        start = end
    return f'{boxes}<text y="{y}">{spans}</text>\n' if spans else boxes


def draw(frames: list[list[dict]]) -> str:
    """The screens one after the other, for ever; a reader who wants no motion sees the one of the review."""
    width, height = round(COLUMNS * WIDTH + 2 * MARGIN), BAR + HEIGHT * LINES + MARGIN
    share, still = 100 / len(frames), 3
    groups = ""
    for nth, frame in enumerate(frames):
        rows = "".join(row(cells, BAR + HEIGHT * (y + 1) - 5) for y, cells in enumerate(frame))
        groups += f'<g class="f" style="animation-delay:{(nth - len(frames)) * SECONDS}s">\n{rows}</g>\n'
    dots = "".join(f'<circle cx="{MARGIN + 5 + 18 * n}" cy="17" r="5.5" fill="#3a3f4a"/>' for n in range(3))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">\n'
        "<title>A first change with tenon in Neovim</title>\n"
        f"<style>.f{{visibility:hidden;animation:f {SECONDS * len(frames)}s step-end infinite}}"
        f"@keyframes f{{0%{{visibility:visible}}{share:.3f}%{{visibility:hidden}}}}"
        f"@media (prefers-reduced-motion){{.f{{animation:none}}.f:nth-of-type({still}){{visibility:visible}}}}"
        "</style>\n"
        f'<rect width="{width}" height="{height}" rx="9" fill="{BACK}"/>{dots}\n'
        f'<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,monospace" '
        f'font-size="{SIZE}" fill="{FORE}" xml:space="preserve">\n{groups}</g>\n</svg>\n'
    )


def install(home: Path) -> None:
    """What the page tells a new user to do, in an empty home."""
    plugin = home / ".local/share/nvim/site/pack/tenon/start/tenon"
    shutil.copytree(ROOT / "editors/neovim", plugin)
    (home / ".config/nvim").mkdir(parents=True)
    (home / ".config/nvim/init.lua").write_text(INIT, encoding="utf-8")
    (home / ".config/tenon").mkdir()
    (home / ".config/tenon/config.toml").write_text(CONFIG, encoding="utf-8")
    last = '    return "\\n".join(lines)\n'
    reply = BLOCK.format(OLD, NEW) + BLOCK.format(last, last + FUNCTION)
    pieces = [reply[at : at + 12] for at in range(0, len(reply), 12)]
    line = {"chunks": pieces, "delay_ms": 60}
    (home / ".config/tenon/reply.jsonl").write_text(json.dumps(line, ensure_ascii=False) + "\n", encoding="utf-8")
    (home / "shop").mkdir()
    (home / "shop/receipt.py").write_text(TEXT, encoding="utf-8")


def story(home: Path, tenon: Path, nvim: str) -> list[list[dict]]:
    """Plays the first change, and returns the screens."""
    bin_folder = home / "bin"
    bin_folder.mkdir()
    (bin_folder / "tenon").symlink_to(tenon.resolve())
    environment = {
        "HOME": str(home), "PATH": f"{bin_folder}:{os.environ['PATH']}", "TERM": "xterm-256color",
        "COLORTERM": "truecolor", "LANG": "C.UTF-8",
    }
    terminal = Terminal(nvim, ["receipt.py"], home / "shop", environment)
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
    os.waitpid(terminal.pid, 0)
    return terminal.frames


if __name__ == "__main__":
    tenon = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/debug/tenon")
    nvim = sys.argv[2] if len(sys.argv) > 2 else "nvim"
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        install(home)
        frames = story(home, tenon, nvim)
        written = (home / "shop/receipt.py").read_text(encoding="utf-8")
        if NEW not in written or FUNCTION not in written or not written.startswith("import sys\n"):
            sys.exit(f"the file is not as it was accepted:\n{written}")
    (HERE / "neovim.svg").write_text(draw(frames), encoding="utf-8")
