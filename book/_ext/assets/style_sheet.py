"""Join all style sheets of the book into one, without the rules that no page needs.

No maintained extension does this: sphinx-minify removes no rule, and PurgeCSS needs Node.js. Each
further sheet makes a phone wait once more, and the book uses less than a third of the bytes of the
sheets of theme and extensions. Only the built pages show which rules are used. So the sheet is
written last, from the sheets as they came.
"""

import hashlib
import logging
import re
from pathlib import Path

import pydata_sphinx_theme
import tinycss2
from fontTools import subset
from sphinx.util.logging import getLogger

SHEET = "book-in-one.css"
LINK = re.compile(re.escape(SHEET) + r"(\?v=\w+)?")
THEME = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static"
FONTS = "vendor/fontawesome/webfonts"
# In this order, as a later rule wins. The book's own follow, in the order of _config.yml.
EXTENSION_SHEETS = (
    "basic.css",
    "styles/pydata-sphinx-theme.css",
    "pygments.css",
    "styles/sphinx-book-theme.css",
    "copybutton.css",
    "mystnb.*.css",
    "togglebutton.css",
    "sphinx-design.min.css",
    "exercise.css",
)
WIDGET_SHEET = "widgets.css"
CLASS_OR_ID = re.compile(r"[.#](-?[A-Za-z_][\w-]*)")  # of a class or an id, in a selector
# Parts of a selector that may name a class or an id which no page has.
WITHOUT_NAMES = re.compile(r":(?:not|is|where|has)\((?:[^()]|\([^()]*\))*\)|\[[^\]]*\]|\\")
ICON = re.compile(r'((?:\.fa-[\w-]+:before,?)+)\{content:("[^"]*")')
TRUETYPE_SOURCE = re.compile(r",\s*url\([^)]*\.ttf\"?\)\s*format\(\"truetype\"\)")
ICON_CODE = re.compile(
    r"\\([ef][0-9a-f]{3})\b|([\ue000-\uf8ff])"
)  # in the private use area of Unicode

logger = getLogger(__name__)
logging.getLogger("fontTools").setLevel(logging.WARNING)  # it logs each table


def list_sheets(app):
    own = [name for name, _ in app.config.html_css_files]
    return [*EXTENSION_SHEETS, WIDGET_SHEET, *own]


def replace_links(app, pagename, templatename, context, doctree):
    """Drop the links to all other sheets. The template webpack-macros.html links this one."""
    for sheet in context.get("css_files", []):
        name = str(sheet.filename).removeprefix("_static/")
        if not any(Path(name).match(one) for one in list_sheets(app)):
            logger.warning(
                "%s has no place in the one style sheet: name it in EXTENSION_SHEETS", name
            )
    context["css_files"] = []
    context["theme_version"] = pydata_sphinx_theme.__version__  # of the scripts beside it


def write_sheet(app, exception):
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    pages = {file: file.read_text(encoding="utf-8") for file in Path(app.outdir).rglob("*.html")}
    scripts = [file.read_text(encoding="utf-8") for file in static.rglob("*.js")]
    names = set().union(*(re.findall(r"[\w-]+", text) for text in (*pages.values(), *scripts)))
    style = ""
    for one in list_sheets(app):
        files = list(static.glob(one))
        if not files:
            logger.warning("%s, of which the one style sheet is made, is not in %s", one, static)
        for file in files:
            text = TRUETYPE_SOURCE.sub("", file.read_text(encoding="utf-8"))
            file.write_text(text, encoding="utf-8")  # as the larger fonts go
            text = text if one not in EXTENSION_SHEETS else select_used_rules(text, names)
            style += text.replace("../", "") if file.parent.name == "styles" else text
    style = silence_icons(style)
    (static / SHEET).write_text(style, encoding="utf-8")
    subset_fonts(static, style)
    version = hashlib.sha256(style.encode()).hexdigest()[:8]  # makes browsers load a new one
    for page, text in pages.items():
        named = LINK.sub(f"{SHEET}?v={version}", text)
        if named != text:
            page.write_text(named, encoding="utf-8")


def select_used_rules(style, names):
    """Remove from `style` the comments, and the selectors of a class or an id not in `names`."""
    return "".join(iterate_used_rules(tinycss2.parse_stylesheet(style, True, True), names))


def iterate_used_rules(rules, names):
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = [one for one in split_selectors(rule.prelude) if is_used(one, names)]
            if selectors:
                content = re.sub(r"\s*\n\s*", " ", tinycss2.serialize(rule.content)).strip()
                yield f"{','.join(selectors)}{{{content}}}\n"
        elif rule.type == "at-rule" and rule.lower_at_keyword in ("media", "supports"):
            inner = "".join(
                iterate_used_rules(tinycss2.parse_rule_list(rule.content, True, True), names)
            )
            if inner:
                yield f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{inner}}}\n"
        elif rule.type == "error":
            raise ValueError(f"a style sheet is broken at line {rule.source_line}: {rule.message}")
        else:
            yield rule.serialize() + "\n"


def split_selectors(prelude):
    """Split a rule's selectors at the commas that are not within brackets."""
    parts = [[]]
    for token in prelude:
        if token == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return [tinycss2.serialize(part).strip() for part in parts]


def is_used(selector, names):
    return names.issuperset(CLASS_OR_ID.findall(WITHOUT_NAMES.sub("", selector)))


def silence_icons(style):
    """Give every icon an empty text, so that a screen reader does not read a letter."""
    style, count = ICON.subn(r'\1{content:\2;content:\2/""', style)
    if not count:
        raise ValueError("the theme's style sheet has no icons of the form expected; see ICON")
    return style


def subset_fonts(static, style):
    """Reduce the theme's fonts to the icons in `style`, and drop the script that draws them too."""
    codes = {ord(char) if char else int(code, 16) for code, char in ICON_CODE.findall(style)}
    for file in (THEME / FONTS).glob("*.woff2"):
        write_font_subset(file.with_suffix(".ttf"), static / FONTS / file.name, codes)
        (static / FONTS / file.name).with_suffix(".ttf").unlink(missing_ok=True)
    for unused in (*static.glob("scripts/fontawesome.js*"), *static.rglob("*.map")):
        unused.unlink(missing_ok=True)


def write_font_subset(source, target, codes):
    """Write the glyphs of `source` at `codes` as WOFF2."""
    options = subset.Options(flavor="woff2", notdef_outline=True, glyph_names=False)
    options.drop_tables += ["FFTM"]
    font = subset.load_font(source, options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=codes)
    cutter.subset(font)
    subset.save_font(font, target, options)


def setup(app):
    app.connect("html-page-context", replace_links, priority=960)  # after those that add one
    app.connect("build-finished", write_sheet, priority=900)  # the theme mends a sheet last
    return {"parallel_read_safe": True, "parallel_write_safe": True}
