"""A first change with tenon in an editor that runs in a terminal, and its picture; for neovim.py, emacs.py and helix.py.

The editor is a real one in a pseudo-terminal, in an empty home; the model is a recorded one. What the reader is told to
expect is waited for, and the run fails if it does not come, or if the saved file is not what was accepted. The picture
is text in SVG: the same screens, one after the other. Needs pyte 0.8.2, which reads what a terminal is sent; on Linux
or macOS.
"""

import fcntl
import json
import os
import pty
import select
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pyte

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
COLUMNS, LINES = 90, 26
SIZE, WIDTH, HEIGHT, MARGIN, BAR = 14, 8.43, 19, 18, 34
BACK, FORE = "#16181d", "#d5d9e0"
# Browsers that take no notice of xml:space any more show runs of spaces by this.
STYLE = "text{white-space:pre}"
# The colours that a terminal knows by name.
NAMES = {
    "black": "#000000", "red": "#cd3131", "green": "#0dbc79", "brown": "#e5e510", "blue": "#2472c8",
    "magenta": "#bc3fbc", "cyan": "#11a8cd", "white": "#e5e5e5",
}
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


class Screen(pyte.Screen):
    """One that takes no notice of questions that pyte does not know."""

    def report_device_status(self, mode: int, private: bool = False) -> None:
        if not private:
            super().report_device_status(mode)


class Terminal:
    """An editor in a pseudo-terminal, and the screens it showed."""

    def __init__(
        self, program: str, arguments: list[str], home: Path, answers: dict[bytes, bytes] | None = None
    ) -> None:
        """Opens the project of the story; `answers` are those of the terminal, by what the editor asks it first."""
        environment = {
            "HOME": str(home), "PATH": f"{home / 'bin'}:{os.environ['PATH']}", "TERM": "xterm-256color",
            "COLORTERM": "truecolor", "LANG": "C.UTF-8",
        }
        self.answers = dict(answers or {})
        self.asked = b""
        self.screen = Screen(COLUMNS, LINES)
        self.stream = pyte.ByteStream(self.screen)
        self.frames: list[list[dict]] = []
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(home / "shop")
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
        self.asked = self.asked[-32:] + piece
        for question in [one for one in self.answers if one in self.asked]:
            os.write(self.terminal, self.answers.pop(question))
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

    def end(self) -> None:
        """Waits until the editor is gone."""
        until = time.monotonic() + LIMIT
        while os.waitpid(self.pid, os.WNOHANG)[0] == 0:
            if time.monotonic() > until:
                sys.exit(f"the editor did not end:\n{self.text()}")
            self.read(0.1)

    def frame(self) -> None:
        """Keeps the screen as it is."""
        buffer = self.screen.buffer
        self.frames.append([{x: buffer[y][x] for x in range(COLUMNS)} for y in range(LINES)])


def colour(name: str, default: str) -> str:
    return default if name == "default" else NAMES.get(name.removeprefix("bright"), f"#{name}")


def paint(cell: Any) -> tuple[str, str, bool]:
    """The colours of a cell, that of the text first, and whether it is bold. What is blank has no text to colour."""
    fill, back = colour(cell.fg, FORE), colour(cell.bg, BACK)
    if cell.reverse:
        fill, back = back, fill
    return ("" if cell.data == " " else fill), back, cell.bold


def row(cells: dict, y: float) -> str:
    """One line: first the backgrounds, then the text, cut where the style changes."""
    paints = [paint(cells[at]) for at in range(COLUMNS)]
    boxes = spans = ""
    for back, run in groupby(range(COLUMNS), lambda at: paints[at][1]):
        places = list(run)
        x, width = MARGIN + places[0] * WIDTH, len(places) * WIDTH
        if back != BACK:
            boxes += f'<rect x="{x:.1f}" y="{y - HEIGHT + 5}" width="{width:.1f}" height="{HEIGHT}" fill="{back}"/>'
    start = 0
    while start < COLUMNS:
        fill, _, bold = paints[start]
        end = start + 1
        # Blanks belong to the text before them.
        while end < COLUMNS and (paints[end][0] in ("", fill)) and paints[end][2] == bold:
            end += 1
        text, x = "".join(cells[at].data for at in range(start, end)), MARGIN + start * WIDTH
        lead = len(text) - len(text.lstrip())
        text = text.strip()
        if text and fill:
            weight = ' font-weight="bold"' if bold else ""
            # The length keeps the columns straight, whatever font the reader has.
            length = f' textLength="{len(text) * WIDTH:.1f}" lengthAdjust="spacingAndGlyphs"' if len(text) > 1 else ""
            at = x + lead * WIDTH
            spans += f'<tspan x="{at:.1f}"{length} fill="{fill}"{weight}>{escape(text)}</tspan>'
        start = end
    return f'{boxes}<text y="{y}">{spans}</text>\n' if spans else boxes


def draw(editor: str, frames: list[list[dict]], still: int) -> str:
    """The screens one after the other, for ever; a reader who wants no motion sees the one with the number `still`."""
    width, height = round(COLUMNS * WIDTH + 2 * MARGIN), BAR + HEIGHT * LINES + MARGIN
    share = 100 / len(frames)
    groups = ""
    for nth, frame in enumerate(frames):
        rows = "".join(row(cells, BAR + HEIGHT * (y + 1) - 5) for y, cells in enumerate(frame))
        groups += f'<g class="f" style="animation-delay:{(nth - len(frames)) * SECONDS}s">\n{rows}</g>\n'
    dots = "".join(f'<circle cx="{MARGIN + 5 + 18 * n}" cy="17" r="5.5" fill="#3a3f4a"/>' for n in range(3))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">\n'
        f"<title>A first change with tenon in {editor}</title>\n"
        f"<style>.f{{visibility:hidden;animation:f {SECONDS * len(frames)}s step-end infinite}}"
        f"@keyframes f{{0%{{visibility:visible}}{share:.3f}%{{visibility:hidden}}}}"
        f"{STYLE}@media (prefers-reduced-motion){{.f{{animation:none}}.f:nth-of-type({still}){{visibility:visible}}}}"
        "</style>\n"
        f'<rect width="{width}" height="{height}" rx="9" fill="{BACK}"/>{dots}\n'
        f'<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,monospace" '
        f'font-size="{SIZE}" fill="{FORE}" xml:space="preserve">\n{groups}</g>\n</svg>\n'
    )


def prepare(home: Path, tenon: Path) -> None:
    """What every editor needs in an empty home: the program on the path, a model, and a project with one file."""
    (home / "bin").mkdir()
    (home / "bin/tenon").symlink_to(tenon.resolve())
    (home / ".config/tenon").mkdir(parents=True)
    (home / ".config/tenon/config.toml").write_text(CONFIG, encoding="utf-8")
    last = '    return "\\n".join(lines)\n'
    reply = BLOCK.format(OLD, NEW) + BLOCK.format(last, last + FUNCTION)
    pieces = [reply[at : at + 12] for at in range(0, len(reply), 12)]
    line = {"chunks": pieces, "delay_ms": 60}
    (home / ".config/tenon/reply.jsonl").write_text(json.dumps(line, ensure_ascii=False) + "\n", encoding="utf-8")
    (home / "shop").mkdir()
    (home / "shop/receipt.py").write_text(TEXT, encoding="utf-8")


def record(
    editor: str,
    tenon: Path,
    install: Callable[[Path], None],
    story: Callable[[Path], Terminal],
    still: int = 3,
) -> None:
    """Plays the story in an empty home, after the installation, checks what was saved, and draws the picture.

    `still` is the number of the screen, from one, for a reader without motion.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        prepare(home, tenon)
        install(home)
        frames = story(home).frames
        written = (home / "shop/receipt.py").read_text(encoding="utf-8")
        if NEW not in written or FUNCTION not in written or not written.startswith("import sys\n"):
            sys.exit(f"the file is not as it was accepted:\n{written}")
    (HERE / f"{editor.lower()}.svg").write_text(draw(editor, frames, still), encoding="utf-8")
