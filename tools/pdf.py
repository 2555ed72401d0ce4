"""The whole book as one PDF: the built pages, one after the other, printed by Chromium.

A widget is its picture, as for a reader without JavaScript, and what a page folds is open: paper
cannot be unfolded. Of a check, which paper cannot run, the verdict is left. It is printed twice,
the second time with the page numbers of the first in the table of contents.
"""

import posixpath
from pathlib import Path
from urllib.parse import urldefrag

import built_book
import yaml
from assets.mathjax import MATHJAX_LOADED
from bs4 import BeautifulSoup
from chromium import ARGUMENTS, find_chromium
from jinja2 import Environment, FileSystemLoader
from pages.chapter_opening import parse_chapter_number
from playwright.sync_api import sync_playwright
from pypdf import PdfReader

PDF = built_book.BUILD / "resnet-book.pdf"
LOOKS = Path(__file__).parent / "templates" / "print"
SET = "Promise.all([MathJax.startup.promise, document.fonts.ready]).then(() => {})"
NUMBER = """pages => {
  for (const line of document.querySelectorAll("nav a"))
    line.lastElementChild.textContent = pages[decodeURIComponent(line.hash.slice(1))];
}"""


def article(name, names):
    """The article of a built page, as it stands within the whole: ids, links and files renamed."""
    page = built_book.SITE / "book" / f"{name}.html"
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    found = soup.select_one("article.bd-article")
    for one in found.select("a.headerlink, .rl-widget script"):
        one.decompose()
    for one in found.select("[id]"):
        one["id"] = f"{name}--{one['id']}"
    for one in found.select("img[src]"):
        del one["loading"]  # paper does not scroll into view
        if not one["src"].startswith("data:"):
            one["src"] = posixpath.normpath(f"../html/book/{one['src']}")
    for link in found.select("a[href]"):
        retarget(link, name, names)
    for drawn in found.select(".rl-cover-curves"):
        drawn.decompose()  # the book has a title page of its own
    for check in found.select(".tag_check-folded details"):
        check.summary.decompose()
        check.select_one(".cell_input").decompose()
        check.unwrap()
    for folded in found.select("details"):
        folded["open"] = ""
        words = folded.select_one(".collapsed").get_text() if folded.select(".collapsed") else ""
        if words:
            folded.summary.string = words.removeprefix("Show ").capitalize()
    return found


def retarget(link, name, names):
    """A link within the book leads to its place in the PDF; one to a file of the site is words."""
    address, place = urldefrag(link["href"])
    target = posixpath.basename(address).removesuffix(".html") if address else name
    if address.startswith(("https:", "http:", "mailto:")):
        return
    if target in names:
        link["href"] = f"#{target}--{place}" if place else f"#{target}"
    else:
        link.unwrap()


def contents(articles):
    """`(level, number of the chapter, title, id)` of each line of the table of contents."""
    lines = []
    for name, found in articles.items():
        lines.append((1, parse_chapter_number(name) or "", found.h1.get_text(), name))
        for heading in found.select("h2"):
            place = heading.find_parent("section")["id"]
            lines.append((2, "", heading.get_text(), place))
    return lines


def write_page(target, names=None):
    """One HTML page of the whole book, or of the pages in `names`."""
    names = names or [Path(page).name for page in built_book.pages()]
    articles = {name: article(name, names) for name in names}
    settings = yaml.safe_load((built_book.ROOT / "_config.yml").read_text(encoding="utf-8"))
    look = Environment(loader=FileSystemLoader(LOOKS), autoescape=True, trim_blocks=True)
    page = look.get_template("book.html").render(
        lines=contents(articles), articles=articles, book=settings, mathjax=MATHJAX_LOADED
    )
    target.parent.mkdir(exist_ok=True)
    target.write_text(page, encoding="utf-8")


def printed(page, target):
    """Print `page`, and return the number of the page that each place in it lies on."""
    page.pdf(
        path=target, prefer_css_page_size=True, print_background=True, outline=True, tagged=True
    )
    reader = PdfReader(target)
    return {
        name.removeprefix("/"): reader.get_destination_page_number(place) + 1
        for name, place in reader.named_destinations.items()
    }


def print_page(browser, source, target):
    """Print the HTML page `source`, with page numbers in its table of contents."""
    page = browser.new_context(offline=True).new_page()
    page.set_default_timeout(0)  # a slow machine takes a minute
    page.goto(source.as_uri())
    page.evaluate(SET)
    page.evaluate(NUMBER, printed(page, target))
    printed(page, target)
    page.context.close()


def build(target=PDF):
    """Write the PDF to `target`, and return the number of its pages."""
    built_book.require_site()
    path = find_chromium()
    if not path:
        raise built_book.CannotBuild("the PDF needs a Chromium: python tools/chromium.py")
    whole = built_book.BUILD / "pdf" / "book.html"
    write_page(whole)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        print_page(browser, whole, target)
        browser.close()
    return len(PdfReader(target).pages)


def main():
    print(f"The book has {build()} pages and lies in _build/{PDF.name}")


if __name__ == "__main__":
    built_book.command(main)
