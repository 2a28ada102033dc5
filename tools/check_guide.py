#!/usr/bin/env python3
"""Looks up every link of the built guide: tools/check_guide.py FOLDER.

FOLDER has rustdoc's pages and, in `guide`, the book, whose links lead into both. A link of an item's page ends at a file,
and one with `#method.connect` at an element of that id. Addresses elsewhere are not asked.
"""

import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """Ids and links of a page."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links = set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id":
                self.ids.add(value)
            elif name in ("href", "src") and value:
                self.links.append(value)


page = cache(Page)


def problem(at, link):
    """What is wrong with a link at a page, or nothing."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    target = (at.parent / unquote(parts.path)).resolve() if parts.path else at
    if target.is_dir():
        target = target / "index.html"
    if not target.is_file():
        return "no such page"
    if parts.fragment and target.suffix == ".html" and unquote(parts.fragment) not in page(target).ids:
        return "no such place on the page"
    return None


def main(folder):
    book = Path(folder).resolve() / "guide"
    # `404.html` is for a server's root; `print.html` and `toc.html` repeat the others from one place.
    pages = [path for path in sorted(book.rglob("*.html")) if path.name not in ("404.html", "print.html", "toc.html")]
    links = [(path, link) for path in pages for link in page(path).links]
    faults = {(path.relative_to(book), link, fault) for path, link in links if (fault := problem(path, link))}
    for path, link, fault in sorted(faults):
        print(f"{path}: {link}: {fault}", file=sys.stderr)
    if faults or len(pages) < 15:
        sys.exit(f"{len(faults)} links of {len(pages)} pages lead nowhere")
    print(f"{len(links)} links on {len(pages)} pages")


main(*sys.argv[1:])
