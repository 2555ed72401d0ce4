"""The book's sources and the built pages; and that what is wrong turns the build red.

The pages are those that `make book` left; the Makefile builds them before it runs the tests.
"""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
import yaml

ROOT = Path(__file__).parents[1]
BUILT = ROOT / "_build" / "html"
NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
CHAPTERS = [
    ROOT / f"{entry['file']}"
    for entry in yaml.safe_load((ROOT / "_toc.yml").read_text())["chapters"]
]


def built_pages():
    assert (BUILT / "book" / "intro.html").exists(), "there is no built book: type  make book"
    return sorted((BUILT / "book").glob("*.html"))


# ---------------------------------------------------------------- sources


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_committed_without_outputs(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert "widgets" not in notebook["metadata"], "GitHub refuses to show a notebook with these"
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [], f"cell {number} has outputs: clear them"
            assert cell["execution_count"] is None, f"cell {number} has a count: clear outputs"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_figure_and_every_widget_has_its_words(path):
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        last = source.rstrip().split("\n\n")[-1]
        if re.search(r"^(image_grid|depth_curves|learning_rates)\(", last, re.MULTILINE):
            assert cell["metadata"].get("mystnb", {}).get("image", {}).get("alt"), source


def test_every_chapter_is_in_the_table_of_contents():
    pages = {path.stem for path in (ROOT / "book").glob("*") if path.suffix in (".md", ".ipynb")}
    assert {path.name for path in CHAPTERS} | {"intro"} == pages


# ---------------------------------------------------------------- built pages


class Page(HTMLParser):
    """Ids, links and what a browser fetches by itself, of one page."""

    def __init__(self, path):
        super().__init__()
        self.path, self.ids, self.links, self.fetched = path, set(), [], []
        self.text = path.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if "id" in attributes:
            self.ids.add(attributes["id"])
        if tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"])
        if tag == "link" and not {"next", "prev", "search", "index"} & set(
            (attributes.get("rel") or "").split()
        ):
            self.fetched.append(attributes.get("href"))
        if tag in ("script", "img", "iframe", "source", "video", "audio") and "src" in attributes:
            self.fetched.append(attributes["src"])


@pytest.fixture(scope="module")
def pages():
    return {path: Page(path) for path in built_pages()}


def test_a_page_fetches_nothing_from_afar_and_nothing_that_is_missing(pages):
    for path, page in pages.items():
        for address in page.fetched:
            if address.startswith("data:"):
                continue
            assert not re.match(r"(\w+:)?//", address), f"{path.name} fetches {address}"
            local = address.split("?")[0].split("#")[0]
            assert (path.parent / unquote(local)).exists(), f"{path.name}: {address} is missing"


def test_internal_links_lead_somewhere(pages):
    for path, page in pages.items():
        for link in page.links:
            if re.match(r"\w+:", link):
                continue
            address, anchor = urldefrag(link)
            target = (path.parent / unquote(address.split("?")[0])).resolve() if address else path
            assert target.exists(), f"{path.name}: {link} leads nowhere"
            if anchor and target in pages:
                assert unquote(anchor) in pages[target].ids, f"{path.name}: no place {link}"


def test_the_widgets_script_is_where_a_widget_is_and_no_state_is_left(pages):
    for path, page in pages.items():
        has_widget = "data-rl-module=" in page.text
        assert ("_static/widgets.js" in page.text) == has_widget, path.name
        assert "vnd.jupyter.widget" not in page.text, path.name
        assert "THEBE_JS_URL" not in page.text, path.name


def test_the_pages_hold_the_modules_that_the_library_has():
    from resnet_lib import widgets

    script = (BUILT / "_static" / "widgets.js").read_text(encoding="utf-8")
    for name in widgets.module_names():
        assert json.dumps(widgets.module_source(name)) in script


def test_a_chapters_outputs_are_those_of_its_cells(pages):
    page = pages[BUILT / "book" / "02_two_architectures.html"]
    assert "ResNet-20 v1: 274,442 parameters, 273,066 of them trained" in page.text
    for word in ("Traceback", "StderrOutput", "cuda_platform"):
        assert word not in page.text


# ---------------------------------------------------------------- what must turn red


def extension():
    spec = importlib.util.spec_from_file_location(
        "self_contained", ROOT / "book" / "_ext" / "self_contained.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_edit_in_the_library_gives_the_cache_another_name(tmp_path):
    module = extension()
    copy = tmp_path / "resnet_lib"
    shutil.copytree(module.LIBRARY, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "__pycache__").mkdir()
    before = module.folder_hash(copy)
    assert before == module.folder_hash(copy)
    (copy / "__pycache__" / "data.cpython-311.pyc").write_bytes(b"compiled anew")
    assert module.folder_hash(copy) == before, "what Python compiles is no edit"
    with (copy / "recipes.py").open("a") as file:
        file.write("# edited\n")
    assert module.folder_hash(copy) != before


CELL = {"cell_type": "code", "id": "one", "metadata": {}, "outputs": [], "execution_count": None}
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


@pytest.fixture
def scratch_book(tmp_path):
    """A book of one page and one notebook with the project's own settings and command."""
    book = tmp_path / "book"
    shutil.copytree(ROOT / "book", book, ignore=shutil.ignore_patterns("*.ipynb", "*.md"))
    shutil.copy(ROOT / "_config.yml", tmp_path)
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: book/intro\nchapters:\n- file: book/cells\n"
    )
    (book / "intro.md").write_text("# Scratch\n\nAll is well.\n")

    def build(cell="1 + 1", text=None):
        if text:
            (book / "intro.md").write_text(text)
        notebook = {
            "cells": [
                {"cell_type": "markdown", "id": "zero", "metadata": {}, "source": "# Cells"},
                CELL | {"source": cell},
            ],
            "metadata": KERNEL,
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        (book / "cells.ipynb").write_text(json.dumps(notebook))
        command = re.search(r"^BOOK := \$\(VENV\)/bin/jupyter-book (.*)$", MAKEFILE, re.MULTILINE)[
            1
        ]
        jupyter_book = Path(sys.executable).parent / "jupyter-book"
        return subprocess.run(
            [jupyter_book, *command.split()],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )

    return build


MAKEFILE = (ROOT / "Makefile").read_text()


def test_a_sound_book_is_green(scratch_book, tmp_path):
    done = scratch_book(cell="print(6 * 7)")
    assert done.returncode == 0, done.stdout + done.stderr
    assert ">42" in (tmp_path / "_build/html/book/cells.html").read_text()


def test_an_edit_of_the_looks_reaches_the_built_book(scratch_book, tmp_path):
    scratch_book()
    with (tmp_path / "book/_static/book.css").open("a") as file:
        file.write("/* edited */")
    assert scratch_book().returncode == 0
    assert "/* edited */" in (tmp_path / "_build/html/_static/book.css").read_text()


def test_a_failing_cell_is_red(scratch_book):
    done = scratch_book(cell="1 / 0")
    assert done.returncode != 0
    assert "ZeroDivisionError" in done.stdout + done.stderr


@pytest.mark.parametrize(
    "text",
    [
        "# Scratch\n\n[nowhere](missing.md)\n",
        "# Scratch\n\n{cite:p}`nobody1900`\n",
        "# Scratch\n\n```{nosuch}\n```\n",
        "# Scratch\n\n```{widget} ArchitectureExplorer\n:n: 0\n```\n",
        "# Scratch\n\n```{widget} NoSuchWidget\n```\n",
    ],
    ids=["link", "citation", "directive", "trait", "widget"],
)
def test_a_warning_is_red(scratch_book, text):
    assert scratch_book(text=text).returncode != 0
