"""The notebooks for Colab: where the library comes from, the setup cell, what a chapter becomes."""

import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from notebooks import colab
from notebooks.exercises import prepare_for_reader
from notebooks.plain_markdown import Conversion, read_bibliography
from notebooks.repository import (
    find_repository,
    find_site_address,
    parse_github_address,
    to_public_address,
)
from notebooks.standalone import make_standalone, write_setup_cell

ROOT = Path(__file__).parents[2]
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
    assert to_public_address(told) == public


def git(*words, cwd=None):
    subprocess.run(["git", *words], cwd=cwd, check=True)


def test_the_remote_tells_the_address_and_the_environment_overrules_it(tmp_path):
    git("init", "--quiet", tmp_path)
    assert find_repository(tmp_path, {}) is None
    git("remote", "add", "fork", "git@github.com:somebody/book.git", cwd=tmp_path)
    assert find_repository(tmp_path, {}) == "https://github.com/somebody/book.git"
    git("remote", "add", "origin", GITHUB, cwd=tmp_path)
    assert find_repository(tmp_path, {}) == GITHUB
    folder, other = str(tmp_path), "https://example.org/book"
    for told, address in ((other, other), (" ", GITHUB), (folder, tmp_path.as_uri())):
        assert find_repository(tmp_path, {"BOOK_REPOSITORY_URL": told}) == address
    with pytest.raises(ValueError, match=r"'owner/book'; expected .* https://github.com/"):
        find_repository(tmp_path, {"BOOK_REPOSITORY_URL": "owner/book"})


@pytest.mark.parametrize(
    ("address", "found", "site"),
    [
        (f"{GITHUB}.git", ("owner", "book"), "https://owner.github.io/book/"),
        ("https://github.com/A/b.c", ("A", "b.c"), "https://a.github.io/b.c/"),
        ("https://github.com/A/a.github.io", ("A", "a.github.io"), "https://a.github.io/"),
        ("https://github.com.evil.org/owner/book", None, None),
        ("https://gitlab.com/owner/book", None, None),
        (None, None, None),
    ],
)
def test_only_what_lies_on_github_opens_in_colab(address, found, site):
    assert parse_github_address(address) == found
    assert find_site_address(address) == site


def test_a_link_of_a_notebook_leads_to_the_site_or_to_what_lies_in_the_same_one():
    files = {"book/02_block": ".ipynb", "book/glossary": ".md"}
    env = SimpleNamespace(found_docs=set(files), doc2path=lambda name: name + files[name])
    there = "https://owner.github.io/book/book/"
    online = {"02_block": f"{there}02_block.html", "glossary": f"{there}glossary.html"}
    assert colab.find_addresses(env, GITHUB) == online
    beside = {"02_block": "02_block.ipynb", "glossary": "../book/glossary.html"}
    assert colab.find_addresses(env, None) == beside


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
    exec(write_setup_cell(address, address and "c0ffee"), {})
    return calls


def test_the_setup_cell_installs_the_commit_and_holds_every_package_in_place(monkeypatch):
    for address in (GITHUB, None):  # nothing where the library is
        assert run_setup(monkeypatch, found=True, address=address) == []
    _, install = run_setup(monkeypatch, found=False)
    assert install[:4] == [sys.executable, "-m", "pip", "install"]
    assert install[-2:] == [f"git+{GITHUB}@c0ffee", "keras==3.8.0\n"]
    assert "--upgrade" not in install


def test_the_setup_cell_says_why_it_failed_and_what_to_do_without_an_address(monkeypatch):
    with pytest.raises(RuntimeError, match=r"(?s)c0ffee beside .* published.*pip's words"):
        run_setup(monkeypatch, found=False, returncode=1)
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
    pages = Conversion(path.parent, read_bibliography(ROOT / "book" / "references.bib"))
    pages.addresses = {page.stem: f"https://site/{page.stem}" for page in path.parent.glob("*.*")}
    notebook = make_standalone(chapter, pages, GITHUB, "c0ffee")
    assert pages.problems == []
    nbformat.validate(nbformat.from_dict(notebook))
    assert "widgets" not in notebook["metadata"], "GitHub refuses to show a notebook with these"
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    text = "\n\n".join(cell["source"] for cell in notebook["cells"] if cell not in code)
    assert code[0]["id"] == "setup"
    assert notebook["cells"][0]["source"].startswith("# ")
    assert not any(cell["outputs"] for cell in code)
    assert not re.search(r"[`:]{3,}\{\w|\{[\w:-]+\}`|^\(\w+\)=|^%", text, re.MULTILINE)
    before = [cell for cell in prepare_for_reader(chapter["cells"]) if cell["cell_type"] == "code"]
    hidden = {"hide-cell", "remove-cell", "remove-input", "check"}
    for old, new in zip(before, code[1:], strict=True):
        source = "".join(old["source"])
        if hidden & set(old["metadata"].get("tags", [])):
            title, _, rest = new["source"].partition("\n")
            assert (rest, new["metadata"]["cellView"]) == (source, "form")
            assert re.fullmatch(r"# @title \S.*", title)
        else:
            assert (new["source"], new["metadata"]) == (source, {})
    if any("TrainingDashboard(" in cell["source"] for cell in code):
        assert chapter["metadata"].get("accelerator") == "GPU", 'its metadata want "accelerator"'


def of_cell(source, *, metadata=None, minutes=None):
    """A chapter of this one cell, as a notebook for Colab."""
    cell = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": source}
    chapter = {"cells": [cell], "metadata": metadata or {}}
    return make_standalone(chapter, Conversion(ROOT), minutes=minutes)


def test_only_a_chapter_that_asks_gets_a_gpu():
    asks = of_cell(["# A"], metadata={"accelerator": "GPU"})
    assert asks["metadata"]["colab"]["gpuType"] == "T4"
    assert "colab" not in of_cell(["# A"])["metadata"]


@pytest.mark.parametrize(("minutes", "line"), [("Reading 1 min", "\n\nReading 1 min"), (None, "")])
def test_the_line_of_minutes_stands_in_the_top_cell(minutes, line):
    source = ["# A\n", "\n", "*What you will see: it.*\n", "\n", "## B"]
    top, *_ = of_cell(source, minutes=minutes)["cells"]
    assert top["source"] == f"# A\n\n*What you will see: it.*{line}"
