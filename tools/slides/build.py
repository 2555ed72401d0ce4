"""Slides of every chapter in `_build/slides`, from the sources and the outputs of the last build.

They need no network, over http or from a folder: reveal.js comes from the package sphinx-revealjs,
MathJax and the widgets from the built book. What becomes a slide is decided in `deck.py`.
"""

import base64
import hashlib
import io
import re
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import built_book
from assets.mathjax import MATHJAX_LOADED
from assets.widget_scripts import find_widget, parse_trait
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from notebooks.plain_markdown import Conversion, read_bibliography
from pages.chapter_opening import parse_chapter_number
from PIL import Image
from pygments.formatters import HtmlFormatter
from slides.deck import Deck

SLIDES = built_book.BUILD / "slides"
LOOKS = Path(__file__).parents[1] / "templates" / "slides"
REVEAL = ("LICENSE", "dist/reset.css", "dist/reveal.css", "dist/reveal.js", "plugin/notes/notes.js")


@dataclass
class Hall(Conversion):
    """What a chapter's text may lead to, and the folder where the pictures of its cells go."""

    pictures: Path = None

    def picture(self, png, alt):
        content = base64.b64decode(png)
        name = f"{hashlib.sha256(content).hexdigest()[:16]}.png"
        (self.pictures / name).write_bytes(content)
        width, height = Image.open(io.BytesIO(content)).size
        shape = "tall" if height > 1.2 * width else "wide"
        return str(Markup('<img class="{}" src="images/{}" alt="{}">').format(shape, name, alt))


def mount(name, options):
    values = {option: parse_trait(text) for option, text in options.items()}
    return find_widget(name)(**values).twin()


def build_decks(target=SLIDES, files=None):
    """Write one deck a chapter and `index.html` into `target`, which is made anew."""
    built_book.require_site()
    files = files or built_book.files()
    shutil.rmtree(target, ignore_errors=True)
    (target / "images").mkdir(parents=True)
    copy_parts(target)
    book = Path(built_book.ROOT, "book")
    works, numbers = read_bibliography(book / "references.bib"), built_book.exercise_numbers(files)
    addresses = {path.stem: f"{path.stem}.html" for path in (*built_book.files(), *files)}
    others = {Path(page).name for page in built_book.pages()} - set(addresses)
    addresses |= dict.fromkeys(others, "index.html")  # no deck of their own
    look = Environment(loader=FileSystemLoader(LOOKS), autoescape=True, trim_blocks=True)
    decks = []
    for path in files:
        hall = Hall(path.parent, works, addresses, numbers, pictures=target / "images")
        deck = Deck(built_book.cells_of(path), hall, mount)
        if hall.problems:
            raise built_book.CannotBuild(
                f"{path.name}: slides have no form for {hall.problems[0]}; write it otherwise, "
                "or say what becomes of it in tools/slides/deck.py"
            )
        page = look.get_template("deck.html").render(
            deck=deck,
            number=parse_chapter_number(path.stem),
            modules=modules_of(deck),
            mathjax=MATHJAX_LOADED,
        )
        (target / f"{path.stem}.html").write_text(page, encoding="utf-8")
        decks.append((path.stem, deck))
    page = look.get_template("index.html").render(decks=decks)
    (target / "index.html").write_text(page, encoding="utf-8")
    return decks


def modules_of(deck):
    """The modules that the widgets of a deck are mounted from."""
    parts = "".join(part for column in deck.columns for slide in column for part in slide.parts)
    return sorted(set(re.findall(r'data-rl-module="(\w+)"', parts)))


def copy_parts(target):
    """reveal.js, MathJax, the widgets, and our own looks, all of which a deck names relatively."""
    package = Path(find_spec("sphinx_revealjs").submodule_search_locations[0])
    for part in REVEAL:
        place = target / "reveal" / Path(part).name
        place.parent.mkdir(exist_ok=True)
        shutil.copy(package / "_static/revealjs" / part, place)
    static = built_book.SITE / "_static"
    for name in ("files", "fonts", "mathjax", "widgets"):
        shutil.copytree(static / name, target / "_static" / name)
    for name in ("fonts.css", "widgets.js", "widgets.css", "favicon.svg"):
        shutil.copy(static / name, target / "_static")
    for name in ("deck.css", "deck.js"):
        shutil.copy(LOOKS / name, target / "_static")
    colours = HtmlFormatter(style="friendly").get_style_defs(".code")
    (target / "_static/code.css").write_text(colours, encoding="utf-8")


def main():
    decks = build_decks()
    for name, deck in decks:
        print(f"{sum(map(len, deck.columns)):4} slides  {name}")
    print("The slides lie in _build/slides: open _build/slides/index.html")


if __name__ == "__main__":
    built_book.command(main)
