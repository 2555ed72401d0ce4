"""A page asks for what it shows, and for no more.

- Scripts run when the page has been read; those that it has no use for are left out.
- The theme's icons come from its font, cut to those in use, and not from a script of 1.5 MB.
- Figures are the same pixels in half the bytes (WebP), and fetched when they come into view.
"""

import re
from functools import partial
from pathlib import Path

import pydata_sphinx_theme
from fontTools import subset
from PIL import Image

THEME = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static"
STYLE = "styles/pydata-sphinx-theme.css"
FONTS = "vendor/fontawesome/webfonts"
# A part of a file's name, and what is on a page that has a use for it.
USED_WITH = {
    "sphinx-design.min.css": r'class="[^"]*\bsd-',
    "design-tabs.js": r'class="[^"]*\bsd-tab-',
    "clipboard.min.js": r'class="highlight"',
    "copybutton": r'class="highlight"',
    "togglebutton": r'class="[^"]*\b(toggle|dropdown)\b',
    "mystnb.": r'class="[^"]*\bcell\b|class="highlight"|<table',
    "exercise.css": r'class="[^"]*\b(exercise|solution)\b',
}
FIRST = ("documentation_options.js",)  # what lines in the page refer to
ICON = re.compile(r'((?:\.fa-[\w-]+:before,?)+)\{content:("[^"]*")\}')
FALLBACK = re.compile(r",url\([^)]*\.ttf\) format\(\"truetype\"\)")
PRIVATE = re.compile(r"\\([ef][0-9a-f]{3})\b|([\ue000-\uf8ff])")  # where icons have their places
LINKED = re.compile(r'(<a [^>]*href="(?:\.\./)*_images/[^"/]+)\.png"')  # to the figure at full size
FIGURE = re.compile(r'<img ([^>]*?)src="((?:\.\./)*_images/([^"/]+))\.png"')


def leave_out_unused(app, pagename, templatename, context, doctree):
    body = context.get("body", "")

    def used(file):
        name = Path(str(file.filename)).name
        return all(re.search(sign, body) for part, sign in USED_WITH.items() if part in name)

    for files in ("script_files", "css_files"):
        context[files] = [file for file in context.get(files, []) if used(file)]
    if pagename != "search":  # whose own scripts, written by the theme, run at once and need these
        context["script_files"] = [deferred(script) for script in context["script_files"]]
    context["theme_digest"] = app.config.looks_hash[:8] + pydata_sphinx_theme.__version__


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


def cut_icons(app, exception):
    """Leave in the theme's style sheet, and in its fonts, the icons that this book has."""
    # After the build, when every page and script can be asked.
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    users = [*Path(app.outdir).rglob("*.html"), *static.glob("scripts/*.js")]
    names = set()
    for file in users:
        names |= set(re.findall(r"\bfa-[\w-]+", file.read_text(encoding="utf-8")))
    style = cut_style((THEME / STYLE).read_text(encoding="utf-8"), names)
    (static / STYLE).write_text(style, encoding="utf-8")
    styles = "".join(file.read_text(encoding="utf-8") for file in static.rglob("*.css"))
    places = {ord(char) if char else int(code, 16) for code, char in PRIVATE.findall(styles)}
    for file in (THEME / FONTS).glob("*.woff2"):
        write_font(file.with_suffix(".ttf"), static / FONTS / file.name, places)
        (static / FONTS / file.name).with_suffix(".ttf").unlink(missing_ok=True)
    for unused in (*static.glob("scripts/fontawesome.js*"), *static.rglob("*.map")):
        unused.unlink(missing_ok=True)


def cut_style(style, names):
    """`style` without the icons that are not among `names`; no icon is read out as a letter."""

    def rule(found):
        selectors, content = found.groups()
        if not names & set(re.findall(r"fa-[\w-]+", selectors)):
            return ""
        return f'{selectors}{{content:{content};content:{content}/""}}'

    style, count = ICON.subn(rule, style)
    if not count:
        raise ValueError("the theme's style sheet has no icons of the form expected; see cut_icons")
    return FALLBACK.sub("", style)


def write_font(source, target, places):
    """The glyphs of `source` at `places`, as WOFF2."""
    options = subset.Options(flavor="woff2", notdef_outline=True, glyph_names=False)
    options.drop_tables += ["FFTM"]
    font = subset.load_font(source, options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=places)
    cutter.subset(font)
    subset.save_font(font, target, options)


def setup(app):
    app.connect("html-page-context", leave_out_unused, priority=950)  # after those that add it
    app.connect("html-page-context", lighten_figures, priority=950)
    app.connect("build-finished", write_webp)
    app.connect("build-finished", cut_icons)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
