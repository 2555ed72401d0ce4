"""Build slides of every chapter in `_build/slides`: `python -m slides.build`.

Reads the sources and the outputs of the last build. The slides need no network, over http or from
a folder: reveal.js comes from the package sphinx-revealjs, MathJax and the widgets from the built
book. `deck.py` decides what becomes a slide.
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
TEMPLATES = Path(__file__).parents[1] / "templates" / "slides"
REVEAL_FILES = (
    *("LICENSE", "dist/reset.css", "dist/reveal.css", "dist/reveal.js"),
    "plugin/notes/notes.js",
)


@dataclass
class SlideConversion(Conversion):
    """A conversion that also stores the pictures of the cells as files."""

    picture_folder: Path = None

    def save_picture(self, png, alt):
        """Write a figure, in base64, to a file, and return its HTML."""
        content = base64.b64decode(png)
        name = f"{hashlib.sha256(content).hexdigest()[:16]}.png"
        (self.picture_folder / name).write_bytes(content)
        width, height = Image.open(io.BytesIO(content)).size
        shape = "tall" if height > 1.2 * width else "wide"
        return str(Markup('<img class="{}" src="images/{}" alt="{}">').format(shape, name, alt))


def render_widget(name, options):
    """Return the static HTML of the widget class `name` with the directive's options."""
    values = {option: parse_trait(text) for option, text in options.items()}
    return find_widget(name)(**values).static_html()


def build_slides(target=SLIDES, files=None):
    """Write one deck a chapter and `index.html` into `target`, and return `[(name, Deck)]`.

    Deletes `target` first.
    """
    built_book.require_site()
    files = files or built_book.list_chapters()
    shutil.rmtree(target, ignore_errors=True)
    (target / "images").mkdir(parents=True)
    copy_assets(target)
    book = Path(built_book.ROOT, "book")
    shared = {
        "works": read_bibliography(book / "references.bib"),
        "addresses": find_addresses(files),
        "exercises": built_book.number_exercises(files),
        "picture_folder": target / "images",
    }
    templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True)
    decks = []
    for path in files:
        deck = make_deck(path, SlideConversion(path.parent, **shared))
        page = templates.get_template("deck.html").render(
            deck=deck,
            number=parse_chapter_number(path.stem),
            modules=find_modules(deck),
            mathjax=MATHJAX_LOADED,
        )
        (target / f"{path.stem}.html").write_text(page, encoding="utf-8")
        decks.append((path.stem, deck))
    page = templates.get_template("index.html").render(decks=decks)
    (target / "index.html").write_text(page, encoding="utf-8")
    return decks


def find_addresses(files):
    """Map the name of every page of the book to the deck or the index that a link leads to."""
    addresses = {path.stem: f"{path.stem}.html" for path in (*built_book.list_chapters(), *files)}
    without_deck = {Path(page).name for page in built_book.list_pages()} - set(addresses)
    return addresses | dict.fromkeys(without_deck, "index.html")


def make_deck(path, conversion):
    """Turn the chapter at `path` into a `Deck`; raises `BuildError` for unknown markup."""
    deck = Deck(built_book.read_cells(path), conversion, render_widget)
    if conversion.problems:
        raise built_book.BuildError(
            f"{path.name}: slides have no form for {conversion.problems[0]}; write it otherwise, "
            "or say what becomes of it in tools/slides/deck.py"
        )
    return deck


def find_modules(deck):
    """List the modules that the widgets of a deck are mounted from."""
    parts = "".join(part for column in deck.columns for slide in column for part in slide.parts)
    return sorted(set(re.findall(r'data-rl-module="(\w+)"', parts)))


def copy_assets(target):
    """Copy reveal.js, MathJax, fonts, widgets and style sheets to where the decks load them."""
    package = Path(find_spec("sphinx_revealjs").submodule_search_locations[0])
    for name in REVEAL_FILES:
        copy = target / "reveal" / Path(name).name
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(package / "_static/revealjs" / name, copy)
    static = built_book.SITE / "_static"
    for name in ("files", "fonts", "mathjax", "widgets"):
        shutil.copytree(static / name, target / "_static" / name)
    for name in ("fonts.css", "widgets.js", "widgets.css", "favicon.svg"):
        shutil.copy(static / name, target / "_static")
    for name in ("deck.css", "deck.js"):
        shutil.copy(TEMPLATES / name, target / "_static")
    colours = HtmlFormatter(style="friendly").get_style_defs(".code")
    (target / "_static/code.css").write_text(colours, encoding="utf-8")


def main():
    for name, deck in build_slides():
        print(f"{sum(map(len, deck.columns)):4} slides  {name}")
    print("The slides lie in _build/slides: open _build/slides/index.html")


if __name__ == "__main__":
    built_book.run_command(main)
