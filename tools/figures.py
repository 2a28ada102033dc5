#!/usr/bin/env python3
"""Measures the repository: lines, doc share, examples, functions, repeats, circles; with --build a cold build.

    tools/figures.py [FOLDER] [--build] [--show]

FOLDER is a checkout of any commit, this one by default, so that two commits are measured by one rule.
--show lists the circles, the longest functions and the repeats. --build compiles the command with `--release` into an
empty folder and tells the CPU time of all compilers; it takes minutes.

Rules, all over `crates/*/src/**/*.rs`:
- source lines: all lines but those of test modules and of generated files; blank lines and comments count
- doc share: lines of `///` and `//!` among the source lines; "others" are the rest
- examples: code blocks of doc comments, and of the README.md that a crate shows as its front page, which rustdoc compiles
- longest function: from its `fn` to its closing brace
- repeats: maximal runs of at least 6 equal lines in two different crates of platforms; blank lines, comments, `use` and
  lines without a letter do not count
- circles: sets of files of one crate that import one another; the edge between a module and its own children is none
"""

import argparse
import os
import re
import resource
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

PLATFORMS = ["discord", "lavalink", "queup", "stackexchange"]
RUN = 6


def without_tests(lines):
    """Leaves out inline test modules, by their indentation, which rustfmt keeps."""
    kept, skip = [], None
    for index, line in enumerate(lines):
        if skip is not None:
            if line.startswith(skip):
                skip = None
            continue
        if re.match(r"\s*(pub(\(\w+\))? )?mod \w+ \{", line) and index > 0 and "#[cfg(test)]" in lines[index - 1]:
            kept.pop()
            skip = re.match(r"\s*", line).group() + "}"
            continue
        kept.append(line)
    return kept


def sources(root):
    """The source files of each crate, as lists of lines."""
    crates = {}
    for crate in sorted((root / "crates").iterdir()):
        files = {}
        for path in sorted((crate / "src").rglob("*.rs")):
            name = path.relative_to(crate / "src")
            if "generated" in name.parts or "tests" in name.parts or name.name == "tests.rs":
                continue
            files[str(name)] = without_tests(path.read_text().splitlines())
        crates[crate.name] = files
    return crates


def is_doc(line):
    return re.match(r"\s*//[/!]", line) is not None


def examples(lines):
    """Code blocks in doc comments that rustdoc compiles."""
    count, inside = 0, False
    for line in lines:
        fence = re.match(r"\s*(?://[/!])?\s*```\s*([\w,]*)", line)
        if not fence:
            continue
        if inside:
            inside = False
            continue
        inside = True
        words = set(filter(None, fence.group(1).split(",")))
        if words <= {"rust", "no_run", "should_panic", "edition2024"}:
            count += 1
    return count


def functions(lines):
    """Length and name of each function."""
    for index, line in enumerate(lines):
        start = re.match(r"(\s*)(?:pub(?:\([\w:]+\))? )?(?:const |async |unsafe )*fn (\w+)", line)
        if not start:
            continue
        end = start.group(1) + "}"
        for last in range(index, len(lines)):
            if lines[last] == end or (last == index and line.rstrip().endswith("}")):
                yield last - index + 1, start.group(2)
                break
            if last > index and lines[last].startswith(start.group(1) + "fn "):
                break


def telling(lines):
    """Lines that say something, with their numbers."""
    depth = False
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if depth or text.startswith(("use ", "pub use ", "pub(crate) use ")):
            depth = not text.endswith(";")
            continue
        if text and not text.startswith("//") and re.search(r"[a-z]", text):
            yield number, text


def repeats(crates):
    """Maximal runs of equal lines in two crates of platforms."""
    rows, seen = [], defaultdict(list)
    for platform in PLATFORMS:
        for name, lines in crates.get(f"antiphon-{platform}", {}).items():
            told = list(telling(lines))
            rows.append((platform, name, told))
            for at in range(len(told) - RUN + 1):
                seen[tuple(text for _, text in told[at : at + RUN])].append((len(rows) - 1, at))
    hits = set()
    for places in seen.values():
        for left in places:
            for right in places:
                if rows[left[0]][0] < rows[right[0]][0]:
                    hits.add((left, right))
    found = []
    for (a, i), (b, j) in hits:
        if ((a, i - 1), (b, j - 1)) in hits:
            continue
        length = RUN
        while ((a, i + length - RUN + 1), (b, j + length - RUN + 1)) in hits:
            length += 1
        found.append((length, f"{rows[a][0]}/{rows[a][1]}:{rows[a][2][i][0]}", f"{rows[b][0]}/{rows[b][1]}:{rows[b][2][j][0]}"))
    return sorted(found, reverse=True)


def module_of(name):
    parts = list(Path(name).with_suffix("").parts)
    if parts[-1] in ("mod", "lib", "main"):
        parts.pop()
    return tuple(parts)


def paths(text):
    """The paths that a tree of `use` names."""
    text = text.strip()
    brace = text.find("{")
    if brace < 0:
        yield text.split(" as ")[0].strip()
        return
    depth, start = 0, brace + 1
    for at in range(brace, len(text)):
        if text[at] == "{":
            depth += 1
        elif text[at] == "}":
            depth -= 1
        if (depth == 1 and text[at] == ",") or depth == 0:
            part = text[start:at].strip()
            if part:
                for path in paths(part):
                    yield text[:brace] + path
            start = at + 1
            if depth == 0:
                return


def imports(lines, me, modules):
    """The modules that a file imports from its own crate."""
    text = "\n".join(line for line in lines if not line.strip().startswith("//"))
    named = []
    for use in re.findall(r"(?:^|\n)\s*(?:pub(?:\([\w:]+\))? )?use ([^;]+);", text):
        named.extend(paths(re.sub(r"\s+", " ", use)))
    named.extend(re.findall(r"\b((?:crate|super)(?:::\w+)+)", text))
    for path in named:
        steps = [step.strip() for step in path.split("::")]
        if steps[0] == "crate":
            at = []
        elif steps[0] == "super":
            at = list(me[:-1])
            while len(steps) > 1 and steps[1] == "super":
                at = at[:-1]
                steps.pop(0)
        elif steps[0] == "self":
            at = list(me)
        else:
            continue
        at += steps[1:]
        while at and tuple(at) not in modules:
            at.pop()
        if at and tuple(at) != me:
            yield tuple(at)


def circles(files):
    """Strongly connected sets of files."""
    modules = {module_of(name): name for name in files}
    edges = defaultdict(set)
    for name, lines in files.items():
        me = module_of(name)
        if not me:
            continue
        for other in imports(lines, me, modules):
            if me[: len(other)] != other and other[: len(me)] != me:
                edges[me].add(other)
    index, low, stack, on, found = {}, {}, [], set(), []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        on.add(node)
        for other in edges[node]:
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in on:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            group = []
            while True:
                other = stack.pop()
                on.discard(other)
                group.append("::".join(other))
                if other == node:
                    break
            if len(group) > 1:
                found.append(sorted(group))

    for node in list(edges):
        if node not in index:
            visit(node)
    return found


def cold_build(root):
    """Seconds of CPU that a release build of the command takes from nothing."""
    with tempfile.TemporaryDirectory() as target:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            ["cargo", "build", "--release", "--locked", "--quiet"],
            cwd=root,
            env={**os.environ, "CARGO_TARGET_DIR": target},
            check=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--build", action="store_true")
    parser.add_argument("--show", action="store_true")
    chosen = parser.parse_args()
    crates = sources(chosen.folder)

    total = docs = shown = 0
    longest, rings = [], []
    print(f"{'crate':28} {'lines':>7} {'others':>7} {'docs':>5} {'examples':>8}")
    for crate, files in crates.items():
        lines = [line for file in files.values() for line in file]
        readme = chosen.folder / "crates" / crate / "README.md"
        front = readme.read_text().splitlines() if readme.exists() and any("README.md" in line for line in lines) else []
        doc = sum(map(is_doc, lines))
        count = examples([line for line in lines if is_doc(line)]) + examples(front)
        print(f"{crate:28} {len(lines):7} {len(lines) - doc:7} {doc / max(len(lines), 1):5.0%} {count:8}")
        total, docs, shown = total + len(lines), docs + doc, shown + count
        for name, file in files.items():
            longest.extend((length, f"{crate}/{name}", function) for length, function in functions(file))
        rings.extend((crate, ring) for ring in circles(files))
    longest.sort(reverse=True)
    pairs = repeats(crates)
    print(f"{'all':28} {total:7} {total - docs:7} {docs / total:5.0%} {shown:8}")
    print(f"longest function             {longest[0][0]:7} lines, {longest[0][1]} {longest[0][2]}")
    print(f"repeats between platforms    {len(pairs):7} pairs, {sum(length for length, _, _ in pairs)} lines")
    print(f"circles of files             {len(rings):7}")
    if chosen.show:
        for crate, ring in rings:
            print(f"  circle  {crate}: {', '.join(ring)}")
        for length, name, function in longest[:15]:
            print(f"  {length:4} lines  {name} {function}")
        for length, left, right in pairs:
            print(f"  {length:4} equal  {left}  {right}")
    if chosen.build:
        print(f"cold release build           {cold_build(chosen.folder):7.0f} s of CPU")


if __name__ == "__main__":
    main()
