"""Draw the picture that other places show of a page, 1200 × 630 pixels.

The cards of sphinxext-opengraph hold words alone, accept no SVG logo and have more bytes. These
show the error curves of the cover, the title in the book's fonts, and the chapter as a block.
"""

import shutil
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from pages import cover
from pages.chapter_opening import count_chapters, parse_chapter_number
from resnet_lib import headline_runs

FOLDER = "cards"  # of the site
SIZE = (1200, 630)
SUPERSAMPLING = 2  # drawn so many times as large, for smooth edges
FONTS = Path(__file__).parents[2] / "_static" / "fonts"
# As in cover.css, where the reasons stand.
GROUND, INK, QUIET, RULE = "#0d2438", "#f6f3ea", "#a9bccb", "#24405a"
COLOURS = {"plain": "#f39149", "v1": "#56b4e9"}


def load_font(cut, size):
    return ImageFont.truetype(FONTS / f"{cut}.woff2", size * SUPERSAMPLING)


def blend(colour, share):
    """Mix `share` of `colour` with the background."""

    def parts(colour):
        return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]

    return tuple(
        round(share * one + (1 - share) * other)
        for one, other in zip(parts(colour), parts(GROUND), strict=True)
    )


def wrap_text(words, face, most):
    """Break `words` into lines that are at most `most` wide."""
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if face.getlength(longer) <= most:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def draw_card(title, book, number, count, runs):
    """Draw the card of a page: its title beside the curves, its chapter among the blocks."""
    width, height = (SUPERSAMPLING * side for side in SIZE)
    picture = Image.new("RGB", (width, height), GROUND)
    draw = ImageDraw.Draw(picture)
    draw_curves(draw, runs, SUPERSAMPLING)
    left, small, face = 72 * SUPERSAMPLING, load_font("sans-semibold", 27), load_font("display", 68)
    lines = wrap_text(title, face, 470 * SUPERSAMPLING)
    step = 1.1 * face.size
    top = height - 140 * SUPERSAMPLING - step * len(lines)
    for at, line in enumerate(lines):
        draw.text((left, top + at * step), line, INK, face)
    above = f"Chapter {number}" if number else "A book in which every claim is a run"
    draw.text((left, top - 46 * SUPERSAMPLING), above, COLOURS["v1"], small)
    if title != book:
        draw.text((left, 56 * SUPERSAMPLING), book, QUIET, small)
    if count:
        # On a page that is no chapter all of them are read, and none is this one.
        draw_blocks(
            draw, left, height - 88 * SUPERSAMPLING, number or count + 1, count, SUPERSAMPLING
        )
    return picture.resize(SIZE, Image.LANCZOS)


def draw_curves(draw, runs, fine):
    left, top, right, bottom = (fine * side for side in (590, 84, 1030, 546))
    curves, highest = cover.place_curves(runs, left, top, right, bottom)
    for rule in [rule for rule in (0, *cover.GRID_LINES) if rule < highest]:
        y = bottom - rule / highest * (bottom - top)
        draw.line([(left, y), (right, y)], RULE, fine)
    for kind, rung in cover.find_depth_gaps(curves):
        draw.line(rung, blend(COLOURS[kind], 0.5), 2 * fine)
    for curve in curves:
        draw.line(curve["training"], blend(COLOURS[curve["kind"]], 0.42), 2 * fine, joint="curve")
    for curve in curves:
        wide, colour = (6 if curve["depth"] > 20 else 4) * fine, COLOURS[curve["kind"]]
        draw.line(curve["test"], colour, wide, joint="curve")
        for x, y in curve["test"] if len(curve["test"]) < cover.MAX_GAPS else curve["test"][-1:]:
            draw.circle((x, y), 0.75 * wide, colour)
    small = load_font("sans-semibold", 22)
    for (x, y), (_, curve) in zip(
        cover.place_labels(curves, 28 * fine), cover.sort_by_end(curves), strict=True
    ):
        draw.text((x + 18 * fine, y), curve["label"], COLOURS[curve["kind"]], small, anchor="lm")


def draw_blocks(draw, left, top, number, count, fine):
    """Draw the chapters like `chapter_opening.draw_blocks`."""
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
    runs, count = headline_runs(), count_chapters(app.env)
    for page in sorted(app.env.found_docs):
        title = app.env.titles[page].astext()
        picture = draw_card(title, app.config.html_title, parse_chapter_number(page), count, runs)
        picture.quantize(128).save(folder / f"{Path(page).name}.png", optimize=True)


def setup(app):
    app.connect("build-finished", write_cards)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
