"""Warn where a built page or a style sheet leads to a place of the book that is not there.

`sphinx -n` checks the links that Sphinx writes, and `linkcheck` those that leave the book. This
module reads the built pages, and so also links in raw HTML and templates, figures, scripts, fonts,
and all anchors. LinkChecker finds these too, but it is a program beside the build and needs two
minutes for this book. This module needs one second.
"""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
EXTERNAL = re.compile(r"[\w+.-]+:|//")
CSS_ADDRESS = re.compile(r"url\(\s*[\"']?([^\"')]+)|@import\s+[\"']([^\"']+)")


class Page(HTMLParser):
    """The anchors of a page, and the addresses that it links to or loads."""

    def __init__(self, text):
        super().__init__()
        self.anchors, self.addresses = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.anchors |= {attributes.get("id"), attributes.get("name") if tag == "a" else None}
        for name in ("href", "src", "poster"):
            if attributes.get(name):
                self.addresses.append(attributes[name])
        if refresh := re.search(r"url=(.+)", attributes.get("content") or ""):
            self.addresses.append(refresh[1])


def find_broken_links(folder):
    """Yield `(page, address)` for each broken link of the built book in `folder`."""
    folder = Path(folder).resolve()
    files = [file for file in sorted(folder.rglob("*.html")) if "_static" not in file.parts]
    pages = {file: Page(file.read_text(encoding="utf-8")) for file in files}
    for file, page in pages.items():
        for address in dict.fromkeys(page.addresses):
            if EXTERNAL.match(address):
                continue
            path, anchor = urldefrag(address)
            path = unquote(path.split("?")[0])
            target = (file.parent / path).resolve() if path else file
            found = target.is_file() and folder in target.parents
            if found and anchor and target in pages:
                found = unquote(anchor) in pages[target].anchors
            if not found:
                yield file.relative_to(folder).as_posix(), address
    for file in sorted(folder.rglob("*.css")):
        for first, second in CSS_ADDRESS.findall(file.read_text(encoding="utf-8")):
            address = (first or second).split("?")[0].split("#")[0]
            if address and not EXTERNAL.match(address) and not (file.parent / address).is_file():
                yield file.relative_to(folder).as_posix(), first or second


def check_links(app, exception):
    if not exception and app.builder.format == "html":
        for page, address in find_broken_links(app.outdir):
            LOGGER.warning("%s leads to %s, which is not there", page, address)


def setup(app):
    app.connect("build-finished", check_links, priority=950)  # after those that write
    return {"parallel_read_safe": True, "parallel_write_safe": True}
