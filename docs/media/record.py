#!/usr/bin/env python3
"""Draws docs/media/demo.svg: runs `tenon demo` in a pseudo-terminal and turns what it shows into text in SVG.

Usage: docs/media/record.py [PROGRAM]    (default target/debug/tenon; needs only Python, on Linux or macOS)
"""

import fcntl
import os
import pty
import re
import struct
import sys
import termios
from pathlib import Path
from unicodedata import combining, east_asian_width
from xml.sax.saxutils import escape

HERE = Path(__file__).resolve().parent
COLUMNS, SIZE, WIDTH, HEIGHT, MARGIN, BAR = 88, 14, 8.43, 19, 18, 34
BACK, FORE, FAINT = "#16181d", "#d5d9e0", "#7d8590"
COLOURS = {31: "#ff7b72", 32: "#7ee787", 33: "#e3b341", 36: "#79c0ff"}
PLAIN = {"fill": FORE, "bold": False, "reverse": False}


def run(program: str) -> str:
    """What the program writes to a terminal of COLUMNS columns."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.pop("NO_COLOR", None)
        os.environ["TERM"] = "xterm-256color"
        os.execvp(program, [program, "demo"])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    written = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # Linux says so when the other end is closed.
            piece = b""
        written += piece
        if not piece:
            break
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
        sys.exit(f"the demo failed:\n{written.decode()}")
    return written.decode().replace("\r\n", "\n")


def styled(style: dict, codes: str) -> dict:
    """The style after a `CSI … m`."""
    for code in (int(code or 0) for code in codes.split(";")):
        if code == 0:
            style = dict(PLAIN)
        elif code == 1:
            style = style | {"bold": True}
        elif code == 2:
            style = style | {"fill": FAINT}
        elif code in (7, 27):
            style = style | {"reverse": code == 7}
        elif code in COLOURS:
            style = style | {"fill": COLOURS[code]}
    return style


def columns(text: str) -> int:
    """How many columns a terminal gives to a text."""
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def runs(line: str) -> list[tuple[str, dict]]:
    """The last state of a line, cut where its style changes."""
    line = re.sub(r"\x1b\[\?7[hl]", "", line.rsplit("\r\x1b[K", 1)[-1])
    parts = re.split(r"\x1b\[([\d;]*)m", line)
    style, found = dict(PLAIN), []
    for index, part in enumerate(parts):
        if index % 2:
            style = styled(style, part)
        elif part:
            found.append((part, style))
    return found


def row(line: list[tuple[str, dict]], y: float) -> str:
    """One line of the terminal: first the backgrounds, then the text."""
    column, boxes, spans = 0, "", ""
    for text, style in line:
        x, width, fill = MARGIN + column * WIDTH, columns(text) * WIDTH, style["fill"]
        if style["reverse"]:
            boxes += f'<rect x="{x:.1f}" y="{y - HEIGHT + 5}" width="{width:.1f}" height="{HEIGHT}" fill="{fill}"/>'
            fill = BACK
        weight = ' font-weight="bold"' if style["bold"] else ""
        # The length keeps the columns straight, whatever font the reader has.
        length = f' textLength="{width:.1f}" lengthAdjust="spacingAndGlyphs"' if len(text.strip()) > 1 else ""
        spans += f'<tspan x="{x:.1f}"{length} fill="{fill}"{weight}>{escape(text)}</tspan>'
        column += columns(text)
    if column > COLUMNS:
        sys.exit(f"a line is {column} columns wide, {COLUMNS} fit")
    return f'{boxes}<text y="{y}">{spans}</text>\n' if spans else ""


def draw(lines: list[str]) -> str:
    """The whole picture: a window with the lines in it."""
    width, height = round(COLUMNS * WIDTH + 2 * MARGIN), BAR + HEIGHT * len(lines) + MARGIN
    rows = "".join(row(runs(line), BAR + HEIGHT * (n + 1) - 5) for n, line in enumerate(lines))
    dots = "".join(f'<circle cx="{MARGIN + 5 + 18 * n}" cy="17" r="5.5" fill="#3a3f4a"/>' for n in range(3))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">\n'
        f"<title>tenon demo in a terminal</title>\n"
        f'<rect width="{width}" height="{height}" rx="9" fill="{BACK}"/>{dots}\n'
        f'<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,monospace" '
        f'font-size="{SIZE}" fill="{FORE}" xml:space="preserve">\n{rows}</g>\n</svg>\n'
    )


if __name__ == "__main__":
    output = run(sys.argv[1] if len(sys.argv) > 1 else str(HERE.parent.parent / "target/debug/tenon"))
    # What to do next is for those who ran it themselves.
    story = output.partition("\nNext:")[0].rstrip("\n").split("\n")
    shown = ["\x1b[32m$\x1b[0m \x1b[1mtenon demo\x1b[0m", *story]
    (HERE / "demo.svg").write_text(draw(shown), encoding="utf-8")
