"""The buttons to a chapter's notebook, with an address of the repository and without one."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = re.search(
    r"^BOOK := \$\(VENV\)/bin/jupyter-book (.*)$", (ROOT / "Makefile").read_text(), re.M
)
CELLS = {
    "cells": [
        {
            "cell_type": "markdown",
            "id": "a",
            "metadata": {},
            "source": "# Cells\n\nSee [text](text).",
        },
        {
            "cell_type": "code",
            "id": "b",
            "metadata": {},
            "source": "import time; print(time.time_ns())",
        }
        | {"outputs": [], "execution_count": None},
    ],
    "metadata": {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
    },
    "nbformat": 4,
    "nbformat_minor": 5,
}


class Book:
    """One chapter and a text page, with the project's own settings, in a git repository."""

    def __init__(self, folder, remote=None):
        self.folder, self.html = folder, folder / "_build" / "html"
        skip = shutil.ignore_patterns("*.ipynb", "*.md")
        shutil.copytree(ROOT / "book", folder / "book", ignore=skip)
        skip = shutil.ignore_patterns("__pycache__")  # of its own, as an edit runs cells again
        shutil.copytree(ROOT / "resnet_lib", folder / "resnet_lib", ignore=skip)
        shutil.copytree(ROOT / "benchmarks", folder / "benchmarks", ignore=skip)
        shutil.copy(ROOT / "_config.yml", folder)
        toc = (
            "format: jb-book\nroot: book/intro\nchapters:\n- file: book/cells\n- file: book/text\n"
        )
        (folder / "_toc.yml").write_text(toc)
        for name in ("intro", "text"):
            (folder / "book" / f"{name}.md").write_text(f"# {name}\n\nWords.\n")
        (folder / "book" / "cells.ipynb").write_text(json.dumps(CELLS))
        (folder / ".gitignore").write_text("/_build/\n__pycache__/\n")
        self.git("init", "--quiet")
        if remote:
            self.git("remote", "add", "origin", remote)

    def git(self, *words):
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words]
        return subprocess.run(
            command, cwd=self.folder, check=True, capture_output=True, text=True
        ).stdout

    def build(self):
        """Commit what is there and build it; returns what the build says, and its commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=as it is")
        environment = os.environ | {"PYTHONPATH": str(self.folder)}
        environment.pop("BOOK_REPOSITORY_URL", None)
        jupyter_book = Path(sys.executable).parent / "jupyter-book"
        command = [jupyter_book, *COMMAND[1].split()]
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout, self.git("rev-parse", "HEAD").strip()

    def page(self, name):
        return (self.html / "book" / f"{name}.html").read_text(encoding="utf-8")

    def notebook(self):
        return (self.html / "colab" / "cells.ipynb").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    book = Book(tmp_path_factory.mktemp("published"), "https://me:SECRET@github.com/Owner/Book.git")
    book.said, book.commit = book.build()
    return book


@pytest.fixture(scope="module")
def unknown(tmp_path_factory):
    book = Book(tmp_path_factory.mktemp("unknown"))
    book.said, book.commit = book.build()
    return book


@pytest.fixture
def site(request):
    """The scratch book, in the place of the built one, for `open_page`."""
    book = request.getfixturevalue(getattr(request, "param", "published"))
    return SimpleNamespace(file=(book.html / "book").as_uri() + "/", book=book)


def test_where_there_is_an_address_the_buttons_lead_to_the_branch_and_the_file(published):
    page = published.page("cells")
    link = "https://colab.research.google.com/github/Owner/Book/blob/gh-pages/colab/cells.ipynb"
    assert f'href="{link}"' in page
    assert 'href="../colab/cells.ipynb" download="cells.ipynb"' in page
    assert f"git+https://github.com/Owner/Book.git@{published.commit}" in published.notebook()
    assert "https://owner.github.io/Book/book/text.html" in published.notebook()
    assert "not pushed" in published.said, "nobody can install that commit yet"


def test_without_an_address_the_notebook_is_there_and_no_button_to_colab(unknown):
    page = unknown.page("cells")
    assert "colab.research" not in page
    assert 'href="../colab/cells.ipynb" download="cells.ipynb"' in page
    assert "pip install ." in unknown.notebook()
    assert "[text](../book/text.html)" in unknown.notebook(), "as it lies in the site"
    assert "colab/" not in unknown.said


def test_the_bare_source_is_offered_on_text_pages_alone(published):
    assert "btn-download-source-button" not in published.page("cells")
    assert "btn-download-source-button" in published.page("text")
    assert "rl-notebook" not in published.page("text")


def test_no_secret_of_the_remote_is_in_the_site(published):
    for path in published.html.parent.rglob("*"):
        assert path.is_dir() or b"SECRET" not in path.read_bytes(), path


def test_a_new_commit_reaches_the_notebook_and_runs_no_cell_again(published):
    before = re.search(r"\d{19}", published.page("cells"))[0]
    (published.html / "colab" / "of_a_chapter_that_is_no_more.ipynb").write_text("{}")
    _, commit = published.build()
    assert commit != published.commit
    published.commit = commit
    assert f"@{commit}" in published.notebook()
    assert before in published.page("cells")
    assert [path.name for path in (published.html / "colab").iterdir()] == ["cells.ipynb"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 375, 768, 1280])
@pytest.mark.parametrize("site", ["published", "unknown"], indirect=True)
def test_the_buttons_are_plain_to_see_and_to_hear(open_page, axe_violations, site, width, theme):
    page = open_page("cells", width=width, theme=theme, scheme="file")
    header = page.locator(".header-article__inner").bounding_box()
    names = (
        ["Open in Colab", "Notebook"] if site.book.page("cells").count("rl-colab") else ["Notebook"]
    )
    assert page.locator(".rl-notebook a").count() == len(names)
    for name in names:
        box = page.get_by_role("link", name=name, exact=True).bounding_box()
        assert min(box["width"], box["height"]) >= 24
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert header["y"] <= box["y"]
        assert box["y"] + box["height"] <= header["y"] + header["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert axe_violations(page, ".rl-notebook") == []


def test_the_notebook_comes_down_from_a_server(browser, published, tmp_path):
    handler = partial(SimpleHTTPRequestHandler, directory=str(published.html))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/book/cells.html")
        with page.expect_download() as waited:
            page.get_by_role("link", name="Notebook", exact=True).click()
        waited.value.save_as(tmp_path / "cells.ipynb")
        page.close()
        server.shutdown()
    assert waited.value.suggested_filename == "cells.ipynb"
    assert (tmp_path / "cells.ipynb").read_text(encoding="utf-8") == published.notebook()


def test_from_a_folder_the_notebook_opens_beside_the_chapter(browser, published):
    """A browser saves no file of a folder by itself; it shows what would be saved."""
    page = browser.new_page()
    page.goto(f"{(published.html / 'book').as_uri()}/cells.html")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Notebook", exact=True).click()
    assert opened.value.inner_text("body") == published.notebook()
    page.context.close()
