"""Describe a page in its head: description, social card, icons, and the colour of the browser.

sphinxext-opengraph was tried, and correcting its tags takes about as much code as writing them. Its
description ends within a word and includes the label and the minutes of a chapter. Its type is the
same for all pages. Without the address of the site it writes a relative `og:url`, which is invalid.
"""

from html import escape
from pathlib import Path

from docutils import nodes
from notebooks.repository import find_site_address

from pages.chapter_opening import find_standfirst, parse_chapter_number
from pages.social_cards import FOLDER, SIZE

THEME_COLOURS = {"light": "#fdfcf9", "dark": "#12161c"}  # of the page, as in type.css
MAX_DESCRIPTION_LENGTH = 200  # in characters


def describe_page(doctree):
    """Return the standfirst, else the first paragraph, of at most `MAX_DESCRIPTION_LENGTH`."""
    section = next(doctree.findall(nodes.section), None)
    if section is None:
        return ""
    lead = find_standfirst(section) or next(section.findall(nodes.paragraph), nodes.paragraph())
    parts = [
        text.astext()
        for text in lead.findall(nodes.Text)
        if not {"rl-label", "rl-minutes"} & set(text.parent.get("classes", []))
    ]
    words = " ".join("".join(parts).split())
    if len(words) > MAX_DESCRIPTION_LENGTH:
        words = words[: MAX_DESCRIPTION_LENGTH - 1].rsplit(" ", 1)[0].rstrip(",;:") + " …"
    return words


def format_tags(title, book, description, page, site):
    """Write the `<meta>` elements of a page; those with an address if `site` is known."""
    named = {"description": description, "twitter:card": site and "summary_large_image"}
    told = {
        "og:title": title,
        "og:site_name": book,
        "og:type": "article" if parse_chapter_number(page) else "website",
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


def add_tags(app, pagename, templatename, context, doctree):
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
        site = find_site_address(app.config.colab_repository)
        lines.append(
            format_tags(title, app.config.html_title, describe_page(doctree), pagename, site)
        )
    context["metatags"] = context.get("metatags", "") + "\n" + "\n".join(lines)


def setup(app):
    app.connect("html-page-context", add_tags)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
