#!/usr/bin/env python3
"""Checks that every metric that the board and the rules name stands in docs/metrics.md."""

import json
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent
page = (root.parent / "docs" / "metrics.md").read_text()
kinds = dict(re.findall(r"^\| `(antiphon_\w+)` \| (\w+) \|", page, re.M))
board = root / "grafana" / "antiphon.json"
json.loads(board.read_text())
wrong = []
for path in [board, *sorted((root / "prometheus").glob("*.yaml"))]:
    for name in sorted(set(re.findall(r"antiphon_\w+", path.read_text()))):
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        if name not in kinds and kinds.get(base) != "histogram":
            wrong.append(f"{path.relative_to(root.parent)}: {name} is not in docs/metrics.md")
print("\n".join(wrong) or f"ok {len(kinds)} metrics are documented, and the board and the rules name no other")
sys.exit(bool(wrong))
