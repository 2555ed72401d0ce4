"""The book's chapters as the last build left them: their cells, with the outputs it got."""

import json
import sys
from pathlib import Path

import nbformat
import yaml
from jupyter_cache import get_cache
from notebooks.exercises import split_exercises
from notebooks.plain_markdown import PARSER, split_options

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "_build"
SITE = BUILD / "html"


class CannotBuild(RuntimeError):
    """Something that a user can mend is missing; the message says what, and how."""


def pages(root=ROOT):
    """The name of every page, as `book/01_more_layers_more_error`, in the book's order."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    return [toc["root"], *(one["file"] for part in toc["parts"] for one in part["chapters"])]


def files(root=ROOT):
    """The file of every chapter, in the book's order."""
    found = [path for name in pages(root) for path in root.glob(f"{name}.*")]
    return [path for path in found if path.suffix in (".ipynb", ".md") and path.stem[0].isdigit()]


def exercise_numbers(files):
    """The number of each exercise by its label. On the site they are counted through the book."""
    labels = []
    for path in files:
        text = path.read_text(encoding="utf-8")
        cells = json.loads(text)["cells"] if path.suffix == ".ipynb" else [{"source": text}]
        labels += [
            split_options(token.content)[0].get("label")
            for cell in cells
            if cell.get("cell_type", "markdown") == "markdown"
            for token in PARSER.parse("".join(cell["source"]))
            if token.info.startswith("{exercise}")
        ]
    return {label: str(number) for number, label in enumerate(labels, 1)}


def cells_of(path):
    """The cells of a chapter, of a text page its one. Nothing is run: outputs are the build's."""
    if path.suffix == ".md":
        text = path.read_text(encoding="utf-8")
        return [nbformat.v4.new_markdown_cell(text)]
    notebook = nbformat.from_dict(split_exercises(json.loads(path.read_bytes())))
    notebook.cells = [
        nbformat.from_dict(cell | {"source": "".join(cell["source"])}) for cell in notebook.cells
    ]
    for cache in (BUILD / ".jupyter_cache").glob("*"):
        try:
            return get_cache(cache).merge_match_into_notebook(notebook)[1].cells
        except KeyError:
            continue
    raise CannotBuild(f"the last build did not run {path.name} as it is now: type  make book")


def require_site():
    """Raise `CannotBuild` where the pages are missing."""
    if not (SITE / "book" / "intro.html").exists():
        raise CannotBuild("there is no book yet: type  make book")


def command(main):
    """Run `main`, and tell in one line what a user can mend."""
    try:
        main()
    except CannotBuild as problem:
        sys.exit(f"error: {problem}")
