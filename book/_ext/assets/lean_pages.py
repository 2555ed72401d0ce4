"""A page asks for what it shows, and for no more.

- Scripts run when the page has been read; those that it has no use for are left out.
- Figures are the same pixels in half the bytes (WebP), and fetched when they come into view.
"""

import re
from functools import partial
from pathlib import Path

from PIL import Image

# A part of a file's name, and what is on a page that has a use for it.
USED_WITH = {
    "design-tabs.js": r'class="[^"]*\bsd-tab-',
    "clipboard.min.js": r'class="highlight"',
    "copybutton": r'class="highlight"',
    "togglebutton": r'class="[^"]*\b(toggle|dropdown)\b',
}
FIRST = ("documentation_options.js",)  # what lines in the page refer to
LINKED = re.compile(r'(<a [^>]*href="(?:\.\./)*_images/[^"/]+)\.png"')  # to the figure at full size
FIGURE = re.compile(r'<img ([^>]*?)src="((?:\.\./)*_images/([^"/]+))\.png"')


def leave_out_unused(app, pagename, templatename, context, doctree):
    body = context.get("body", "")

    def used(file):
        name = Path(str(file.filename)).name
        return all(re.search(sign, body) for part, sign in USED_WITH.items() if part in name)

    context["script_files"] = [file for file in context.get("script_files", []) if used(file)]
    if pagename != "search":  # whose own scripts, written by the theme, run at once and need these
        context["script_files"] = [deferred(script) for script in context["script_files"]]


def deferred(script):
    """A copy, as all pages share one object."""
    if not script.filename or Path(script.filename).name in FIRST:
        return script
    attributes = script.attributes | {"defer": "defer"}
    return type(script)(script.filename, priority=script.priority, **attributes)


def lighten_figures(app, pagename, templatename, context, doctree):
    """Name each figure's WebP, and its size, so that the text does not jump when it comes."""
    if "body" in context:
        sources = {name: source for source, name in app.builder.images.items()}
        body = FIGURE.sub(partial(figure, app, sources), context["body"])
        context["body"] = LINKED.sub(r'\1.webp"', body)


def figure(app, sources, found):
    attributes, address, name = found.groups()
    with Image.open(Path(app.srcdir, sources[f"{name}.png"])) as picture:
        width, height = picture.size
    # The writer's own size, if the author gave one, goes before these.
    return (
        f'<img loading="lazy" decoding="async" width="{width}" height="{height}" '
        f'{attributes}src="{address}.webp"'
    )


def write_webp(app, exception):
    """Every PNG among the figures as a WebP, in its place; no pixel changes."""
    if exception or app.builder.format != "html":
        return
    for file in Path(app.outdir, "_images").glob("*.png"):
        target = file.with_suffix(".webp")
        if not target.exists() or target.stat().st_mtime < file.stat().st_mtime:
            with Image.open(file) as picture:
                picture.save(target, lossless=True, quality=100, exact=True)
        file.unlink()


def setup(app):
    app.connect("html-page-context", leave_out_unused, priority=950)  # after those that add it
    app.connect("html-page-context", lighten_figures, priority=950)
    app.connect("build-finished", write_webp)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
