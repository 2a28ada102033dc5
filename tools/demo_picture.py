#!/usr/bin/env python3
"""Records `antiphon demo` on a terminal of 80 columns and 24 rows, and writes it as an animated SVG.

    pip install pyte==0.8.2
    tools/demo_picture.py target/release/antiphon docs/demo.svg

The demo is played in real time; a frame is kept whenever the screen has changed, half a second apart at least. The
last one stays for ten seconds before the picture begins anew.
"""

import fcntl
import os
import pty
import re
import select
import shutil
import struct
import sys
import termios
import time
from html import escape

import pyte

COLUMNS, ROWS = 80, 24
APART, LAST = 0.5, 10.0
CELL, LINE, SIZE, EDGE = 8.4, 18, 14, 14
COLOURS = {"default": "#d4d4d8", "red": "#f87171", "green": "#4ade80", "brown": "#facc15"}


def record(program):
    """The frames of a demo, each with the second at which it was seen; a frame is a list of rows of (colour, text)."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm-256color", TZ="UTC", TMPDIR="/tmp")
        os.environ.pop("NO_COLOR", None)
        # The demo tells what to try next by the name under which it was called.
        os.execv(program, ["antiphon", "demo"])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    begin, frames = time.monotonic(), []
    while True:
        ready, _, _ = select.select([terminal], [], [], 0.05)
        data = b""
        if ready:
            try:
                data = os.read(terminal, 1 << 16)
            except OSError:  # The demo has ended, and its terminal with it.
                break
            if not data:
                break
        stream.feed(data)
        now = time.monotonic() - begin
        if not ready and (not frames or now - frames[-1][0] >= APART):
            seen = rows(screen)
            if any(seen) and (not frames or frames[-1][1] != seen):
                frames.append((now, seen))
    frames.append((time.monotonic() - begin, rows(screen)))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        sys.exit(f"the demo ended with exit code {code}")
    return frames


def rows(screen):
    """The screen's rows as runs of one colour, without blanks at their ends."""
    result = []
    for row in range(ROWS):
        runs = []
        for column in range(COLUMNS):
            cell = screen.buffer[row][column]
            if runs and runs[-1][0] == cell.fg:
                runs[-1][1] += cell.data
            else:
                runs.append([cell.fg, cell.data])
        while runs and not runs[-1][1].rstrip():
            runs.pop()
        if runs:
            runs[-1][1] = runs[-1][1].rstrip()
        result.append([tuple(run) for run in runs])
    return result


def drawing(frames):
    """The SVG; each frame is shown in its part of the time, by styles alone."""
    times = [at for at, _ in frames] + [frames[-1][0] + LAST]
    length = times[-1] - times[0]
    width, height = COLUMNS * CELL + 2 * EDGE, ROWS * LINE + 2 * EDGE
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img">',
        "<title>antiphon demo, recorded on a terminal</title>",
        "<style>",
        f"text{{font:{SIZE}px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre}}",
        f"g{{visibility:hidden;animation-duration:{length:.2f}s;animation-iteration-count:infinite;"
        "animation-timing-function:step-end}",
    ]
    for index in range(len(frames)):
        begin, end = ((times[index + step] - times[0]) / length * 100 for step in (0, 1))
        hidden = "" if index == 0 else "0%{visibility:hidden}"
        out.append(
            f"@keyframes f{index}{{{hidden}{begin:.2f}%{{visibility:visible}}{end:.2f}%{{visibility:hidden}}}}"
            if index + 1 < len(frames)
            else f"@keyframes f{index}{{{hidden}{begin:.2f}%{{visibility:visible}}100%{{visibility:visible}}}}"
        )
        out.append(f"#f{index}{{animation-name:f{index}}}")
    # Without animations the last frame is the picture.
    out.append(f"@media(prefers-reduced-motion:reduce){{g{{animation:none}}#f{len(frames) - 1}{{visibility:visible}}}}")
    out += ["</style>", f'<rect width="{width:.0f}" height="{height:.0f}" rx="8" fill="#18181b"/>']
    for index, (_, frame) in enumerate(frames):
        out.append(f'<g id="f{index}">')
        for row, runs in enumerate(frame):
            column = 0
            for colour, text in runs:
                if text.strip():
                    x, y = EDGE + column * CELL, EDGE + row * LINE + SIZE
                    fill = COLOURS.get(colour, COLOURS["default"])
                    out.append(
                        f'<text x="{x:.1f}" y="{y}" fill="{fill}" textLength="{len(text) * CELL:.1f}">{escape(text)}</text>'
                    )
                column += len(text)
        out.append("</g>")
    out.append("</svg>")
    return "\n".join(out) + "\n"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    frames = record(os.path.abspath(sys.argv[1]))
    last = "\n".join("".join(text for _, text in runs) for runs in frames[-1][1])
    kept = re.search(r"kept in (/tmp/antiphon-demo-\w+)/demo\.db", last)
    if kept:
        shutil.rmtree(kept[1])
    text = drawing(frames)
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(text)
    print(f"{sys.argv[2]}: {len(frames)} frames, {len(text) // 1024} KiB")


if __name__ == "__main__":
    main()
