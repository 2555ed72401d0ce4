"""Describe a page in its head: description, social card, icons, and the colour of the browser.

sphinxext-opengraph was tried. Its description cuts a word and includes the label and the minutes of
a chapter; its type is the same for all pages; and where the site's address is not known, it writes
a relative `og:url`, which is not valid. Correcting that takes about as much code as these tags.
"""

from html import escape
from pathlib import Path

from docutils import nodes
from notebooks.repository import site_address

from pages.chapter_opening import number_of, standfirst
from pages.social_cards import FOLDER, SIZE

THEME_COLOURS = {"light": "#fdfcf9", "dark": "#12161c"}  # of the page, as in type.css
LONGEST = 200  # characters of a description


def describe(doctree):
    """The standfirst, else the first paragraph, in plain words of at most `LONGEST` characters."""
    section = next(doctree.findall(nodes.section), None)
    if section is None:
        return ""
    lead = standfirst(section) or next(section.findall(nodes.paragraph), nodes.paragraph())
    parts = [
        text.astext()
        for text in lead.findall(nodes.Text)
        if not {"rl-label", "rl-minutes"} & set(text.parent.get("classes", []))
    ]
    words = " ".join("".join(parts).split())
    if len(words) > LONGEST:
        words = words[: LONGEST - 1].rsplit(" ", 1)[0].rstrip(",;:") + " …"
    return words


def tags(title, book, description, page, site):
    """The `<meta>` elements of a page; those with an address where `site` is known."""
    named = {"description": description, "twitter:card": site and "summary_large_image"}
    told = {
        "og:title": title,
        "og:site_name": book,
        "og:type": "article" if number_of(page) else "website",
        "og:description": description,
    }
    if site:
        told |= {
            "og:url": f"{site}{page}.html",
            "og:image": f"{site}{FOLDER}/{Path(page).name}.png",
            "og:image:width": SIZE[0],
            "og:image:height": SIZE[1],
            "og:image:alt": f"{title}, over the error curves of four nets",
        }
    return "\n".join(
        f'<meta {by}="{name}" content="{escape(str(value))}" />'
        for by, metas in (("name", named), ("property", told))
        for name, value in metas.items()
        if value
    )


def write_head(app, pagename, templatename, context, doctree):
    static = context["pathto"]("_static/icons", 1)
    lines = [
        f'<link rel="icon" type="image/png" sizes="32x32" href="{static}/32.png" />',
        f'<link rel="apple-touch-icon" sizes="180x180" href="{static}/180.png" />',
    ]
    for theme, colour in THEME_COLOURS.items():
        media = f"(prefers-color-scheme: {theme})"
        lines.append(f'<meta name="theme-color" media="{media}" content="{colour}" />')
    if doctree is not None:
        title = app.env.titles[pagename].astext()
        site = site_address(app.config.colab_repository)
        lines.append(tags(title, app.config.html_title, describe(doctree), pagename, site))
    context["metatags"] = context.get("metatags", "") + "\n" + "\n".join(lines)


def setup(app):
    app.connect("html-page-context", write_head)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
