"""The buttons to a chapter's notebook, with an address of the repository and without one."""

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
from built_site import ROOT, page_opener
from nbformat import v4, writes

COMMAND = re.search(
    r"^BOOK := \$\(VENV\)/bin/jupyter-book (.*)$", (ROOT / "Makefile").read_text(), re.M
)
CELLS = v4.new_notebook(
    cells=[
        v4.new_markdown_cell("# Cells\n\nSee [text](text)."),
        v4.new_code_cell("import time; print(time.time_ns())"),
    ],
    metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
)
REMOTE = "https://me:SECRET@github.com/Owner/Book.git"


def build(folder, remote, target):
    """Commit what is there, build the book, and copy what is built to `target`."""

    def git(*words):
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words]
        done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    git("init", "--quiet")
    if git("remote"):
        git("remote", "remove", "origin")
    if remote:
        git("remote", "add", "origin", remote)
    git("add", "--all")
    git("commit", "--quiet", "--allow-empty", "--message=as it is")
    environment = os.environ | {"PYTHONPATH": str(folder)}
    environment.pop("BOOK_REPOSITORY_URL", None)
    command = [Path(sys.executable).parent / "jupyter-book", *COMMAND[1].split()]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.copytree(folder / "_build", target)
    html = target / "html"
    return SimpleNamespace(
        **{"said": done.stdout, "commit": git("rev-parse", "HEAD"), "built": target},
        **{"html": html, "http": "", "file": (html / "book").as_uri() + "/"},
        cells=(html / "book" / "cells.html").read_text(encoding="utf-8"),
        text=(html / "book" / "text.html").read_text(encoding="utf-8"),
        notebook=(html / "colab" / "cells.ipynb").read_text(encoding="utf-8"),
    )


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """One chapter and a text page with the project's own settings, built three times.

    `published` with an address, `again` at the commit after, `unknown` without an address.
    """
    folder = tmp_path_factory.mktemp("book")
    for part in ("book", "resnet_lib", "benchmarks"):  # of its own, as an edit runs cells again
        ignored = shutil.ignore_patterns("__pycache__", *(["*.ipynb", "*.md"] * (part == "book")))
        shutil.copytree(ROOT / part, folder / part, ignore=ignored)
    shutil.copy(ROOT / "_config.yml", folder)
    (folder / "_toc.yml").write_text(
        "format: jb-book\nroot: book/intro\nchapters:\n- file: book/cells\n- file: book/text\n"
    )
    for name in ("intro", "text"):
        (folder / "book" / f"{name}.md").write_text(f"# {name}\n\nWords.\n")
    (folder / "book" / "cells.ipynb").write_text(writes(CELLS))
    (folder / ".gitignore").write_text("/_build/\n__pycache__/\n")
    copies = tmp_path_factory.mktemp("built")
    published = build(folder, REMOTE, copies / "published")
    (folder / "_build/html/colab/of_a_chapter_that_is_no_more.ipynb").write_text("{}")
    again = build(folder, REMOTE, copies / "again")
    unknown = build(folder, None, copies / "unknown")
    return SimpleNamespace(published=published, again=again, unknown=unknown)


@pytest.fixture
def published(books):
    return books.published


def test_where_there_is_an_address_the_buttons_lead_to_the_branch_and_the_file(published):
    link = "https://colab.research.google.com/github/Owner/Book/blob/gh-pages/colab/cells.ipynb"
    assert f'href="{link}"' in published.cells
    assert 'href="../colab/cells.ipynb" download="cells.ipynb"' in published.cells
    assert f"git+https://github.com/Owner/Book.git@{published.commit}" in published.notebook
    assert "https://owner.github.io/Book/book/text.html" in published.notebook
    assert "not pushed" in published.said, "nobody can install that commit yet"


def test_without_an_address_the_notebook_is_there_and_no_button_to_colab(books):
    assert "colab.research" not in books.unknown.cells
    assert 'href="../colab/cells.ipynb" download="cells.ipynb"' in books.unknown.cells
    assert "pip install ." in books.unknown.notebook
    assert "[text](../book/text.html)" in books.unknown.notebook, "as it lies in the site"
    assert "colab/" not in books.unknown.said


def test_the_bare_source_is_offered_on_text_pages_alone(published):
    assert "btn-download-source-button" not in published.cells
    assert "btn-download-source-button" in published.text
    assert "rl-notebook" not in published.text


def test_no_secret_of_the_remote_is_in_the_site(published):
    for path in published.built.rglob("*"):
        assert path.is_dir() or b"SECRET" not in path.read_bytes(), path


def test_a_new_commit_reaches_the_notebook_and_runs_no_cell_again(books):
    assert books.again.commit != books.published.commit
    assert f"@{books.again.commit}" in books.again.notebook
    assert re.search(r"\d{19}", books.published.cells)[0] in books.again.cells
    assert [path.name for path in (books.again.html / "colab").iterdir()] == ["cells.ipynb"]


@pytest.mark.parametrize(
    ("book", "names"),
    [("published", ["Open in Colab", "Notebook"]), ("unknown", ["Notebook"])],
)
def test_the_buttons_are_plain_to_see_and_to_hear(browser, axe_violations, books, book, names):
    with page_opener(browser, getattr(books, book)) as open_page:
        page = open_page("cells", scheme="file")
        assert page.locator(".rl-notebook a").count() == len(names)
        for width in (320, 375, 768, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            header = page.locator(".header-article__inner").bounding_box()
            for name in names:
                box = page.get_by_role("link", name=name, exact=True).bounding_box()
                assert min(box["width"], box["height"]) >= 24
                assert box["x"] >= 0
                assert box["x"] + box["width"] <= width
                assert header["y"] <= box["y"]
                assert box["y"] + box["height"] <= header["y"] + header["height"]
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            for theme in ("light", "dark"):
                page.evaluate("(name) => { document.documentElement.dataset.theme = name; }", theme)
                assert axe_violations(page, ".rl-notebook") == [], (width, theme)


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
    assert (tmp_path / "cells.ipynb").read_text(encoding="utf-8") == published.notebook


def test_from_a_folder_the_notebook_opens_beside_the_chapter(browser, published):
    """A browser saves no file of a folder by itself; it shows what would be saved."""
    page = browser.new_page()
    page.goto(f"{published.file}cells.html")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Notebook", exact=True).click()
    assert opened.value.inner_text("body") == published.notebook
    page.context.close()
