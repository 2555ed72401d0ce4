"""Halve the bytes of the figures, load them when they come into view, and let wide ones scroll.

No maintained extension does this: sphinx-image-min keeps PNG files as PNG and changes their
size, and sphinx-subfigure arranges images that an author lists. Here no pixel changes (WebP).
A figure of several panels is put in a box that scrolls on a phone, where it would be too small.
"""

import re
from functools import partial
from pathlib import Path

from docutils import nodes
from PIL import Image

WIDE_PIXELS = 1100  # a figure of several panels is wider; one of a single panel has 921
# To the figure at full size.
LINK_TO_FIGURE = re.compile(r'(<a [^>]*href="(?:\.\./)*_images/[^"/]+)\.png"')
FIGURE = re.compile(r'<img ([^>]*?)src="((?:\.\./)*_images/([^"/]+))\.png"')


def box_wide_figures(app, doctree, docname):
    """Put a box around every wide figure. The theme makes an "output" that scrolls a tab stop."""
    for image in list(doctree.findall(nodes.image)):
        if "cell_output" not in image.parent.get("classes", []):
            continue
        with Image.open(Path(app.srcdir, image["uri"])) as picture:
            wide = picture.width > WIDE_PIXELS
        if wide:
            box = nodes.container(classes=["output", "rl-wide"])
            image.replace_self(box)
            box += image


def use_webp(app, pagename, templatename, context, doctree):
    """Name each figure's WebP, and its size, so that the text does not move when it loads."""
    if "body" in context:
        sources = {name: source for source, name in app.builder.images.items()}
        body = FIGURE.sub(partial(format_image, app, sources), context["body"])
        context["body"] = LINK_TO_FIGURE.sub(r'\1.webp"', body)


def format_image(app, sources, found):
    attributes, address, name = found.groups()
    with Image.open(Path(app.srcdir, sources[f"{name}.png"])) as picture:
        width, height = picture.size
    # The writer's own size, if the author gave one, goes before these.
    return (
        f'<img loading="lazy" decoding="async" width="{width}" height="{height}" '
        f'{attributes}src="{address}.webp"'
    )


def write_webp(app, exception):
    """Replace every PNG among the figures by a lossless WebP."""
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
    app.connect("html-page-context", use_webp, priority=950)
    app.connect("build-finished", write_webp)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
