"""Check the PDF of the whole book, which is printed once for all tests here."""

import os
import subprocess
import sys
from itertools import pairwise

import built_book
import pdf
import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader

NAMES = ["intro", *(path.stem for path in built_book.list_chapters()), "references"]


def squeeze(text):
    """Remove spaces and line ends, which a PDF does not keep."""
    return "".join(text.split())


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Print the book in another process, because the tests' browser holds this event loop."""
    target = tmp_path_factory.mktemp("pdf") / "book.pdf"
    script = "import sys, pdf; print(pdf.build_pdf(sys.argv[1]))"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", script, target]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    reader = PdfReader(target)
    assert int(done.stdout) == len(reader.pages) > 80
    return reader


@pytest.fixture(scope="module")
def texts(book):
    return [squeeze(page.extract_text()) for page in book.pages]


@pytest.fixture(scope="module")
def parts(book):
    """List the name, the article on the site and the pages in the PDF, from 0, of each chapter."""
    begins = [book.get_destination_page_number(book.named_destinations[f"/{it}"]) for it in NAMES]
    files = [built_book.SITE / "book" / f"{name}.html" for name in NAMES]
    articles = [BeautifulSoup(file.read_text("utf-8"), "html.parser").article for file in files]
    ranges = [range(*ends) for ends in pairwise([*begins, len(book.pages)])]
    return list(zip(NAMES, articles, ranges, strict=True))


@pytest.mark.slow
def test_every_chapter_is_in_it_where_the_contents_say(parts, texts):
    contents = "".join(texts[1:5])
    for name, article, (page, *_) in parts:
        title = squeeze(article.h1.get_text().rstrip("#"))
        assert title in texts[page], name
        assert f"{title}{page + 1}" in contents, name


@pytest.mark.slow
def test_it_holds_the_words_and_the_answers_of_every_page(parts, texts):
    for name, article, pages in parts:
        there = "".join(texts[page] for page in pages)
        for heading in article.select("h2"):
            assert squeeze(heading.get_text().rstrip("#")) in there, (name, heading)
        for answer in article.select(".cell:not(.tag_check-folded) details .cell_input"):
            line = answer.get_text().strip().split("\n")[-1]
            assert squeeze(line) in there, (name, line)
        for check in article.select(".tag_check-folded"):
            code, verdict = check.select_one(".cell_input"), check.select_one(".rl-verdict")
            assert squeeze(verdict.get_text().lstrip("✓ ")) in there, (name, verdict)
            assert squeeze(code.get_text()) not in there, "paper cannot run a check"
    assert "Traceback" not in "".join(texts)


@pytest.mark.slow
def test_it_holds_a_picture_for_each_widget_and_each_figure(parts, book):
    for name, article, pages in parts:
        named = [book.pages[page]["/Resources"].get("/XObject", {}) for page in pages]
        kinds = [one.get_object()["/Subtype"] for objects in named for one in objects.values()]
        assert kinds.count("/Image") >= len(article.select("img")), name


@pytest.mark.slow
def test_formulas_are_set_and_links_lead_within(book, texts):
    assert not any("\\frac" in text or "\\(" in text for text in texts)
    links = [link.get_object() for page in book.pages for link in page.get("/Annots", [])]
    addresses = [link.get("/A", {}).get("/URI") for link in links]
    assert addresses.count(None) > 150
    outside = {address.split(":")[0] for address in addresses if address}
    assert outside <= {"https", "http"}, "a file of this machine is named"
    assert book.outline, "a viewer shows the chapters beside the pages"


def test_a_chapter_has_the_number_of_its_file():
    page = BeautifulSoup("<article><h1>A title</h1></article>", "html.parser").article
    lines = pdf.list_contents({"intro": page, "03_two_architectures": page, "glossary": page})
    assert [number for _, number, _, _ in lines] == ["", 3, ""]


def test_without_a_book_one_is_told_to_make_it(tmp_path, monkeypatch):
    monkeypatch.setattr(built_book, "SITE", tmp_path)
    with pytest.raises(built_book.BuildError, match="type  make book"):
        pdf.build_pdf(tmp_path / "book.pdf")
