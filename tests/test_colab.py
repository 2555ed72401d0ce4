"""The notebooks for Colab: where the library comes from, the setup cell, what a chapter becomes."""

import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import colab
import nbformat
import pytest
from colab_notebook import (
    on_github,
    public_address,
    repository,
    runs_anywhere,
    setup_cell,
    site_address,
)
from exercises import for_the_reader
from plain_markdown import Pages, bibliography

ROOT = Path(__file__).parents[1]
CHAPTERS = sorted((ROOT / "book").glob("*.ipynb"))
GITHUB = "https://github.com/owner/book"


# ---------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("told", "public"),
    [
        (GITHUB, GITHUB),
        (f"{GITHUB}/", GITHUB),
        (f"{GITHUB}.git", f"{GITHUB}.git"),
        ("git@github.com:owner/book.git", f"{GITHUB}.git"),
        ("ssh://git@github.com:22/owner/book", GITHUB),
        ("git://git.example.org/book.git", "https://git.example.org/book.git"),
        ("https://name:SECRET@github.com/owner/book", GITHUB),
        ("https://SECRET@git.example.org:8443/book", "https://git.example.org:8443/book"),
        (f"{GITHUB}?token=SECRET#SECRET", GITHUB),
        ("file:///srv/book.git", "file:///srv/book.git"),
        ('https://example.org/a"+b()+"', "https://example.org/a%22%2Bb%28%29%2B%22"),
        ("owner/book", None),
        ("C:nowhere", None),
        ("javascript:alert(1)", None),
        ("git@work:owner/book.git", None),  # an alias on one machine
    ],
)
def test_an_address_anybody_can_clone_without_a_secret(told, public):
    assert public_address(told) == public


@pytest.fixture
def checkout(tmp_path):
    """An empty git repository."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    return tmp_path


def add_remote(folder, name, address):
    subprocess.run(["git", "remote", "add", name, address], cwd=folder, check=True)


def test_the_remote_tells_the_address_and_the_environment_overrules_it(checkout):
    assert repository(checkout, {}) is None
    add_remote(checkout, "fork", "git@github.com:somebody/book.git")
    assert repository(checkout, {}) == "https://github.com/somebody/book.git"
    add_remote(checkout, "origin", GITHUB)
    assert repository(checkout, {}) == GITHUB
    other = "https://example.org/book"
    assert repository(checkout, {"BOOK_REPOSITORY_URL": other}) == other
    assert repository(checkout, {"BOOK_REPOSITORY_URL": " "}) == GITHUB


def test_a_folder_is_an_address_too(checkout):
    assert repository(checkout, {"BOOK_REPOSITORY_URL": str(checkout)}) == checkout.as_uri()


def test_what_is_no_address_is_told_with_the_way_out(checkout):
    with pytest.raises(ValueError, match=r"'owner/book'; expected .* https://github.com/"):
        repository(checkout, {"BOOK_REPOSITORY_URL": "owner/book"})


def test_only_what_lies_on_github_opens_in_colab():
    assert on_github(f"{GITHUB}.git") == ("owner", "book")
    assert on_github("https://github.com/owner/book.of.nets") == ("owner", "book.of.nets")
    assert on_github("https://github.com.evil.org/owner/book") is None
    assert on_github("https://gitlab.com/owner/book") is None
    assert on_github(None) is None
    assert site_address("https://github.com/Owner/Book") == "https://owner.github.io/Book/"
    assert site_address("https://github.com/Owner/owner.github.io") == "https://owner.github.io/"
    assert site_address("https://gitlab.com/owner/book") is None


@pytest.mark.parametrize(
    ("address", "chapter", "page"),
    [
        (
            GITHUB,
            "https://owner.github.io/book/book/02_the_residual_block.html",
            "https://owner.github.io/book/book/glossary.html",
        ),
        (None, "02_the_residual_block.ipynb", "../book/glossary.html"),
    ],
)
def test_a_link_of_a_notebook_leads_to_the_site_or_to_what_lies_in_the_same_one(
    address, chapter, page
):
    files = {"book/02_the_residual_block": ".ipynb", "book/glossary": ".md"}
    env = SimpleNamespace(found_docs=set(files), doc2path=lambda name: name + files[name])
    assert colab.addresses(env, address) == {"02_the_residual_block": chapter, "glossary": page}


# ---------------------------------------------------------------- the setup cell


def run_setup(monkeypatch, *, found, address=GITHUB, returncode=0):
    """Run the cell with a stand-in for pip; returns its commands and the constraints it gave."""
    calls = []

    def run(command, **options):
        calls.append([str(word) for word in command])
        if "--constraint" in command:
            calls[-1] = [*calls[-1], command[command.index("--constraint") + 1].read_text()]
        if "install" in command:
            monkeypatch.setitem(sys.modules, "resnet_lib", SimpleNamespace())
        said = "pip's words" if "install" in command else b"keras==3.8.0\n"
        return SimpleNamespace(stdout=said, returncode=returncode)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setitem(sys.modules, "resnet_lib", SimpleNamespace() if found else None)
    exec(setup_cell(address, address and "c0ffee"), {})
    return calls


def test_the_setup_cell_does_nothing_where_the_library_is(monkeypatch):
    assert run_setup(monkeypatch, found=True) == []
    assert run_setup(monkeypatch, found=True, address=None) == []


def test_the_setup_cell_installs_the_commit_and_holds_every_package_in_place(monkeypatch):
    _, install = run_setup(monkeypatch, found=False)
    assert install[:4] == [sys.executable, "-m", "pip", "install"]
    assert install[-2:] == [f"git+{GITHUB}@c0ffee", "keras==3.8.0\n"]
    assert "--upgrade" not in install


def test_the_setup_cell_says_why_it_failed(monkeypatch):
    with pytest.raises(RuntimeError, match=r"(?s)c0ffee beside .* published.*pip's words"):
        run_setup(monkeypatch, found=False, returncode=1)


def test_without_an_address_the_setup_cell_says_what_to_do(monkeypatch):
    with pytest.raises(ModuleNotFoundError, match=r"resnet_lib.* pip install \."):
        run_setup(monkeypatch, found=False, address=None)


def test_a_wheel_beside_or_above_the_notebook_comes_before_the_network(monkeypatch, tmp_path):
    folder = tmp_path / "a stick" / "notebooks"
    folder.mkdir(parents=True)
    wheel = folder.parent / "resnet_lib-1.0-py3-none-any.whl"
    wheel.touch()
    monkeypatch.chdir(folder)
    for address in (GITHUB, None):
        (install,) = run_setup(monkeypatch, found=False, address=address)
        assert install[3:] == ["install", "--no-index", "--no-deps", str(wheel)]
    (folder / wheel.name).touch()
    (install,) = run_setup(monkeypatch, found=False)
    assert install[-1] == str(folder / wheel.name), "the nearest one"


# ---------------------------------------------------------------- the chapters


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_opens_anywhere(path):
    chapter = json.loads(path.read_bytes())
    pages = Pages(path.parent, bibliography(ROOT / "book" / "references.bib"))
    pages.addresses = {page.stem: f"https://site/{page.stem}" for page in path.parent.glob("*.*")}
    notebook = runs_anywhere(chapter, pages, GITHUB, "c0ffee")
    assert pages.problems == []
    nbformat.validate(nbformat.from_dict(notebook))
    assert "widgets" not in notebook["metadata"], "GitHub refuses to show a notebook with these"
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    text = "\n\n".join(cell["source"] for cell in notebook["cells"] if cell not in code)
    assert code[0]["id"] == "setup"
    assert notebook["cells"][0]["source"].startswith("# ")
    assert not any(cell["outputs"] for cell in code)
    assert not re.search(r"[`:]{3,}\{\w|\{[\w:-]+\}`|^\(\w+\)=|^%", text, re.MULTILINE)
    before = [cell for cell in for_the_reader(chapter["cells"]) if cell["cell_type"] == "code"]
    hidden = {"hide-cell", "remove-cell", "remove-input", "check"}
    for old, new in zip(before, code[1:], strict=True):
        source = "".join(old["source"])
        if hidden & set(old["metadata"].get("tags", [])):
            title, _, rest = new["source"].partition("\n")
            assert (rest, new["metadata"]["cellView"]) == (source, "form")
            assert re.fullmatch(r"# @title \S.*", title)
        else:
            assert (new["source"], new["metadata"]) == (source, {})


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_with_the_dashboard_asks_colab_for_a_gpu(path):
    chapter = json.loads(path.read_bytes())
    code = ["".join(cell["source"]) for cell in chapter["cells"] if cell["cell_type"] == "code"]
    if any("TrainingDashboard(" in source for source in code):
        assert chapter["metadata"].get("accelerator") == "GPU", 'its metadata want "accelerator"'


def test_only_a_chapter_that_asks_gets_a_gpu():
    chapter = {"cells": [{"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# A"]}]}
    asks = runs_anywhere(chapter | {"metadata": {"accelerator": "GPU"}}, Pages(ROOT))
    assert asks["metadata"]["colab"]["gpuType"] == "T4"
    assert "colab" not in runs_anywhere(chapter | {"metadata": {}}, Pages(ROOT))["metadata"]


def test_the_line_of_minutes_stands_in_the_top_cell():
    source = ["# A\n", "\n", "*What you will see: it.*\n", "\n", "## B"]
    cell = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": source}
    chapter = {"cells": [cell], "metadata": {}}
    top, *_ = runs_anywhere(chapter, Pages(ROOT), minutes="Reading 1 min")["cells"]
    assert top["source"] == "# A\n\n*What you will see: it.*\n\nReading 1 min"
    top, *_ = runs_anywhere(chapter, Pages(ROOT))["cells"]
    assert top["source"] == "# A\n\n*What you will see: it.*"
