"""The whole book as one PDF, printed once for all tests here."""

import os
import subprocess
import sys
from functools import cache

import chapters
import pdf
import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader

NAMES = ["intro", *(path.stem for path in chapters.files()), "references"]


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Printed in a process of its own: the other tests' browser holds this one's event loop."""
    target = tmp_path_factory.mktemp("pdf") / "book.pdf"
    script = "import sys, pdf; print(pdf.build(sys.argv[1]))"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", script, target]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    reader = PdfReader(target)
    assert int(done.stdout) == len(reader.pages) > 80
    return reader


@pytest.fixture(scope="module")
def texts(book):
    return [page.extract_text() for page in book.pages]


def begins(book, name):
    """The page, counted from 0, that a chapter begins on."""
    return book.get_destination_page_number(book.named_destinations[f"/{name}"])


@cache
def page_of_site(name):
    path = chapters.SITE / "book" / f"{name}.html"
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").article


def squeezed(text):
    """Without spaces and line ends, which a PDF does not keep."""
    return "".join(text.split())


def test_every_chapter_is_in_it_where_the_contents_say(book, texts):
    contents = "\n".join(texts[1:5])
    for name in NAMES:
        page = begins(book, name)
        title = page_of_site(name).h1.get_text().rstrip("#")
        assert squeezed(title) in squeezed(texts[page]), name
        assert squeezed(f"{title}{page + 1}") in squeezed(contents), name


def test_it_holds_the_words_and_the_answers_of_every_page(book, texts):
    pages = [begins(book, name) for name in NAMES]
    for name, first, last in zip(NAMES, pages, [*pages[1:], len(texts)], strict=True):
        there = squeezed("".join(texts[first:last]))
        for heading in page_of_site(name).select("h2"):
            assert squeezed(heading.get_text().rstrip("#")) in there, (name, heading)
        for answer in page_of_site(name).select(".cell:not(.tag_check-folded) details .cell_input"):
            line = answer.get_text().strip().split("\n")[-1]
            assert squeezed(line) in there, (name, line)
        for check in page_of_site(name).select(".tag_check-folded"):
            code, verdict = check.select_one(".cell_input"), check.select_one(".rl-verdict")
            assert squeezed(verdict.get_text().lstrip("✓ ")) in there, (name, verdict)
            assert squeezed(code.get_text()) not in there, "paper cannot run a check"
    assert "Traceback" not in "".join(texts)


def test_it_holds_a_picture_for_each_widget_and_each_figure(book):
    pages = [begins(book, name) for name in NAMES]
    for name, first, last in zip(NAMES, pages, [*pages[1:], len(book.pages)], strict=True):
        drawn = sum(map(pictures, book.pages[first:last]))
        assert drawn >= len(page_of_site(name).select("img")), name


def pictures(page):
    """How many pictures a page names; nothing is decoded."""
    named = page["/Resources"].get("/XObject", {}).values()
    return sum(one.get_object()["/Subtype"] == "/Image" for one in named)


def test_a_chapter_has_the_number_of_its_file():
    page = BeautifulSoup("<article><h1>A title</h1></article>", "html.parser").article
    lines = pdf.contents({"intro": page, "03_two_architectures": page, "glossary": page})
    assert [number for _, number, _, _ in lines] == ["", 3, ""]


def test_formulas_are_set_and_links_lead_within(book, texts):
    assert not any("\\frac" in text or "\\(" in text for text in texts)
    inside, outside = 0, set()
    for page in book.pages:
        for link in page.get("/Annots", []):
            action = link.get_object().get("/A", {})
            if "/URI" in action:
                outside.add(action["/URI"].split(":")[0])
            else:
                inside += 1
    assert inside > 150
    assert outside <= {"https", "http"}, "a file of this machine is named"
    assert book.outline, "a viewer shows the chapters beside the pages"


def test_without_a_book_one_is_told_to_make_it(tmp_path, monkeypatch):
    monkeypatch.setattr(chapters, "SITE", tmp_path)
    with pytest.raises(chapters.CannotBuild, match="type  make book"):
        pdf.build(tmp_path / "book.pdf")
