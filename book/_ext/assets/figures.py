"""Halve the bytes of the figures, load them when they come into view, and let wide ones scroll.

No maintained extension does this: sphinx-image-min shrinks PNG files in place, to a largest width,
and sphinx-subfigure lays out images that an author wrote. Here no pixel changes (lossless WebP).
A figure of several panels is put in a box that scrolls on a phone, where it would be too small.
"""

import re
from functools import partial
from pathlib import Path

from docutils import nodes
from PIL import Image

WIDE = 1100  # pixels: a figure of several panels; one of a single panel has 921
LINKED = re.compile(r'(<a [^>]*href="(?:\.\./)*_images/[^"/]+)\.png"')  # to the figure at full size
FIGURE = re.compile(r'<img ([^>]*?)src="((?:\.\./)*_images/([^"/]+))\.png"')


def box_wide_figures(app, doctree, docname):
    """A box around every wide figure; the theme makes an "output" that scrolls a tab stop."""
    for image in list(doctree.findall(nodes.image)):
        if "cell_output" not in image.parent.get("classes", []):
            continue
        with Image.open(Path(app.srcdir, image["uri"])) as picture:
            wide = picture.width > WIDE
        if wide:
            box = nodes.container(classes=["output", "rl-wide"])
            image.replace_self(box)
            box += image


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
    app.connect("doctree-resolved", box_wide_figures)
    app.connect("html-page-context", lighten_figures, priority=950)
    app.connect("build-finished", write_webp)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
