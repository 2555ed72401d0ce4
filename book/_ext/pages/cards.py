"""What other places show of a page: tags in its head, and a picture of 1200 × 630 pixels.

The picture's address has to be an absolute one. Where the site lies is known from the repository,
as `colab.py` has it; where it is not known, no tag names an address.
"""

import shutil
from html import escape
from pathlib import Path

from docutils import nodes
from notebooks.colab_notebook import site_address
from PIL import Image, ImageDraw, ImageFont

from pages import cover
from pages.opening import chapter_count, number_of, standfirst
from resnet_lib.runs import headline_runs

FOLDER = "cards"  # of the site
SIZE = (1200, 630)
FINER = 2  # drawn so many times as large, for smooth edges
FONTS = Path(__file__).parents[2] / "_static" / "fonts"
# As in cover.css, where the reasons stand.
GROUND, INK, QUIET, RULE = "#0d2438", "#f6f3ea", "#a9bccb", "#24405a"
COLOURS = {"plain": "#f39149", "v1": "#56b4e9"}
THEME_COLOURS = {"light": "#fdfcf9", "dark": "#12161c"}  # of the page, as in type.css
LONGEST = 200  # characters of a description


# ---------------------------------------------------------------- in the head


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


# ---------------------------------------------------------------- the picture


def font(cut, size):
    return ImageFont.truetype(FONTS / f"{cut}.woff2", size * FINER)


def mix(colour, share):
    """`colour` laid over the ground as thinly as `share` says."""

    def parts(colour):
        return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]

    return tuple(
        round(share * one + (1 - share) * other)
        for one, other in zip(parts(colour), parts(GROUND), strict=True)
    )


def wrap(words, face, most):
    """Lines of `words` that are at most `most` wide."""
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if face.getlength(longer) <= most:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def card(title, book, number, count, runs):
    """The picture of a page: its title beside the curves, its chapter among the book's."""
    width, height = (FINER * side for side in SIZE)
    picture = Image.new("RGB", (width, height), GROUND)
    draw = ImageDraw.Draw(picture)
    draw_curves(draw, runs, FINER)
    left, small, face = 72 * FINER, font("sans-semibold", 27), font("display", 68)
    lines = wrap(title, face, 470 * FINER)
    step = 1.1 * face.size
    top = height - 140 * FINER - step * len(lines)
    for at, line in enumerate(lines):
        draw.text((left, top + at * step), line, INK, face)
    above = f"Chapter {number}" if number else "A book in which every claim is a run"
    draw.text((left, top - 46 * FINER), above, COLOURS["v1"], small)
    if title != book:
        draw.text((left, 56 * FINER), book, QUIET, small)
    if count:
        # On a page that is no chapter all of them are read, and none is this one.
        draw_blocks(draw, left, height - 88 * FINER, number or count + 1, count, FINER)
    return picture.resize(SIZE, Image.LANCZOS)


def draw_curves(draw, runs, fine):
    left, top, right, bottom = (fine * side for side in (590, 84, 1030, 546))
    curves, highest = cover.drawing(runs, left, top, right, bottom)
    for rule in [rule for rule in (0, *cover.RULES) if rule < highest]:
        y = bottom - rule / highest * (bottom - top)
        draw.line([(left, y), (right, y)], RULE, fine)
    for kind, rung in cover.rungs(curves):
        draw.line(rung, mix(COLOURS[kind], 0.5), 2 * fine)
    for curve in curves:
        draw.line(curve["training"], mix(COLOURS[curve["kind"]], 0.42), 2 * fine, joint="curve")
    for curve in curves:
        wide, colour = (6 if curve["depth"] > 20 else 4) * fine, COLOURS[curve["kind"]]
        draw.line(curve["test"], colour, wide, joint="curve")
        for x, y in curve["test"] if len(curve["test"]) < cover.MOST_RUNGS else curve["test"][-1:]:
            draw.circle((x, y), 0.75 * wide, colour)
    small = font("sans-semibold", 22)
    for (x, y), (_, curve) in zip(cover.ends(curves, 28 * fine), cover.by_end(curves), strict=True):
        draw.text((x + 18 * fine, y), curve["label"], COLOURS[curve["kind"]], small, anchor="lm")


def draw_blocks(draw, left, top, number, count, fine):
    """The chapters as in `opening.blocks`."""
    step, high = 34 * fine, 32 * fine
    draw.line([(left, top + 20 * fine), (left + step * count, top + 20 * fine)], RULE, 2 * fine)
    for at in range(count):
        colour = COLOURS["plain" if at + 1 == number else "v1"] if at < number else "#4a6a86"
        x = left + step * at + 4 * fine
        arc = [x, top, x + 26 * fine, top + 20 * fine]
        draw.rounded_rectangle(
            [*arc[:3], top + 34 * fine],
            9 * fine,
            None,
            colour,
            2 * fine,
            corners=(True, True, False, False),
        )
        draw.rectangle([x - fine, top + 21 * fine, x + 27 * fine, top + 36 * fine], GROUND)
        draw.line(
            [(x - 4 * fine, top + 20 * fine), (x + 30 * fine, top + 20 * fine)], RULE, 2 * fine
        )
        block = [x + 8 * fine, top + 10 * fine, x + 18 * fine, top + high]
        draw.rounded_rectangle(block, 2 * fine, colour if at < number else GROUND, colour, 2 * fine)


def write_cards(app, exception):
    if exception or app.builder.format != "html":
        return
    folder = Path(app.outdir, FOLDER)
    shutil.rmtree(folder, ignore_errors=True)  # of a page that is no more
    folder.mkdir(parents=True)
    runs, count = headline_runs(), chapter_count(app.env)
    for page in sorted(app.env.found_docs):
        title = app.env.titles[page].astext()
        picture = card(title, app.config.html_title, number_of(page), count, runs)
        picture.quantize(128).save(folder / f"{Path(page).name}.png", optimize=True)


def setup(app):
    app.connect("html-page-context", write_head)
    app.connect("build-finished", write_cards)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
