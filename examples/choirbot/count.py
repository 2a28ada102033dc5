#!/usr/bin/env python3
"""Counts the lines of the bot's Discord part and of its twin in discord.py, and fails if ours are more than 1.5 times theirs.

Both are counted as their formatters leave them: rustfmt with its defaults (100 columns), and ruff 0.17.6 with
`--line-length 100`. Blank lines and comments do not count: `//`, `//!` and `#`, and the docstring of the module. Lines
with `///` count, because a command's descriptions are in them. Of `main.rs`, which joins three platforms, the lines
count that name Discord, its client, its source or the role.

Standard library only: `count.py`, or `count.py --check RUFF` with the path of ruff, which then checks the twin's format.
"""

import ast
import io
import re
import subprocess
import sys
import tokenize
from pathlib import Path

HERE = Path(__file__).parent
OURS, MAIN, TWIN = HERE / "discord.rs", HERE / "main.rs", HERE / "choirbot.py"
# What a line of `main.rs` names if it is there for Discord.
FOR_DISCORD = re.compile(r"\b(discord|[Cc]lient|gateway|role|RoleId)\b")
MOST = 1.5


def rust_lines(path):
    """Lines of Rust without blank ones and comments."""
    text = path.read_text()
    if "/*" in text:
        sys.exit(f"{path.name}: block comments are not counted rightly; write line comments")
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and (line.startswith("///") or not line.startswith("//"))]


def python_lines(text):
    """Lines of Python that have a token beside comments, without the module's docstring."""
    first = ast.parse(text).body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(getattr(first.value, "value", None), str)
    begin = first.end_lineno if is_docstring else 0
    nothing = {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    }
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in nothing:
            lines.update(range(token.start[0], token.end[0] + 1))
    return sum(1 for line in lines if line > begin)


def main():
    if sys.argv[1:2] == ["--check"]:
        subprocess.run([sys.argv[2], "format", "--quiet", "--check", "--line-length", "100", TWIN], check=True)
    part, twin = len(rust_lines(OURS)), python_lines(TWIN.read_text())
    joined = sum(1 for line in rust_lines(MAIN) if FOR_DISCORD.search(line))
    ratio = (part + joined) / twin
    print(
        f"{OURS.name} {part} lines and {joined} of {MAIN.name}, {TWIN.name} {twin} lines: {ratio:.2f} times, "
        f"at most {MOST}"
    )
    sys.exit(ratio > MOST)


if __name__ == "__main__":
    main()
