"""Read the chapters of the book with the outputs of the last build."""

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


class BuildError(RuntimeError):
    """Something that the user can add is missing; the message says what, and how."""


def list_pages(root=ROOT):
    """List the names of all pages, as `book/01_more_layers_more_error`, in the book's order."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    return [toc["root"], *(one["file"] for part in toc["parts"] for one in part["chapters"])]


def list_chapters(root=ROOT):
    """List the files of all chapters in the book's order."""
    found = [path for name in list_pages(root) for path in root.glob(f"{name}.*")]
    return [path for path in found if path.suffix in (".ipynb", ".md") and path.stem[0].isdigit()]


def number_exercises(files):
    """Map the label of each exercise to its number, which counts through the book."""
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


def read_cells(path):
    """Read the cells of a chapter with the outputs of the last build.

    A text page is one cell. Raises `BuildError` if the last build ran another text of the chapter.
    """
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
    raise BuildError(f"the last build did not run {path.name} as it is now: type  make book")


def require_site():
    """Raise `BuildError` if the pages of the book are missing."""
    if not (SITE / "book" / "intro.html").exists():
        raise BuildError("there is no book yet: type  make book")


def run_command(main):
    """Run `main`; a `BuildError` exits with its message, without a traceback."""
    try:
        main()
    except BuildError as error:
        sys.exit(f"error: {error}")
