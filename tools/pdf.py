"""Print the built pages of the book as one PDF with Chromium.

A widget is its picture, as for a reader without JavaScript. What a page folds is open. Of a check,
only the verdict is printed. Chromium prints twice: the table of contents of the second print has
the page numbers of the first.
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
TEMPLATES = Path(__file__).parent / "templates" / "print"
WAIT_FOR_LAYOUT = "Promise.all([MathJax.startup.promise, document.fonts.ready]).then(() => {})"
FILL_PAGE_NUMBERS = """pages => {
  for (const line of document.querySelectorAll("nav a"))
    line.lastElementChild.textContent = pages[decodeURIComponent(line.hash.slice(1))];
}"""


def read_article(name, names):
    """Read the article of the page `name` for one document with the pages `names`.

    Ids get the name of the page in front, links within the book and files get new addresses.
    """
    page = built_book.SITE / "book" / f"{name}.html"
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    article = soup.select_one("article.bd-article")
    # The PDF has a title page of its own.
    for element in article.select("a.headerlink, .rl-widget script, .rl-cover-curves"):
        element.decompose()
    for element in article.select("[id]"):
        element["id"] = f"{name}--{element['id']}"
    for image in article.select("img[src]"):
        del image["loading"]  # paper does not scroll into view
        if not image["src"].startswith("data:"):
            image["src"] = posixpath.normpath(f"../html/book/{image['src']}")
    for link in article.select("a[href]"):
        retarget_link(link, name, names)
    unfold(article)
    return article


def unfold(article):
    """Open all folded parts, and reduce each check to its verdict."""
    for check in article.select(".tag_check-folded details"):
        check.summary.decompose()
        check.select_one(".cell_input").decompose()
        check.unwrap()
    for folded in article.select("details"):
        folded["open"] = ""
        label = folded.select_one(".collapsed").get_text() if folded.select(".collapsed") else ""
        if label:
            folded.summary.string = label.removeprefix("Show ").capitalize()


def retarget_link(link, name, names):
    """Point a link within the book to its place in the PDF, and unwrap a link to a file."""
    address, place = urldefrag(link["href"])
    target = posixpath.basename(address).removesuffix(".html") if address else name
    if address.startswith(("https:", "http:", "mailto:")):
        return
    if target in names:
        link["href"] = f"#{target}--{place}" if place else f"#{target}"
    else:
        link.unwrap()


def list_contents(articles):
    """List `(level, number of the chapter, title, id)` for the table of contents."""
    lines = []
    for name, article in articles.items():
        lines.append((1, parse_chapter_number(name) or "", article.h1.get_text(), name))
        for heading in article.select("h2"):
            place = heading.find_parent("section")["id"]
            lines.append((2, "", heading.get_text(), place))
    return lines


def write_html(target, names=None):
    """Write one HTML page of the whole book, or of the pages in `names`."""
    names = names or [Path(page).name for page in built_book.list_pages()]
    articles = {name: read_article(name, names) for name in names}
    settings = yaml.safe_load((built_book.ROOT / "_config.yml").read_text(encoding="utf-8"))
    templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True)
    page = templates.get_template("book.html").render(
        lines=list_contents(articles), articles=articles, book=settings, mathjax=MATHJAX_LOADED
    )
    target.parent.mkdir(exist_ok=True)
    target.write_text(page, encoding="utf-8")


def print_once(page, target):
    """Print `page`, and map the name of each place in it to the number of its page."""
    page.pdf(
        path=target, prefer_css_page_size=True, print_background=True, outline=True, tagged=True
    )
    reader = PdfReader(target)
    return {
        name.removeprefix("/"): reader.get_destination_page_number(place) + 1
        for name, place in reader.named_destinations.items()
    }


def print_html(browser, source, target):
    """Print the HTML page `source` with page numbers in its table of contents."""
    page = browser.new_context(offline=True).new_page()
    page.set_default_timeout(0)  # a slow machine takes a minute
    page.goto(source.as_uri())
    page.evaluate(WAIT_FOR_LAYOUT)
    page.evaluate(FILL_PAGE_NUMBERS, print_once(page, target))
    print_once(page, target)
    page.context.close()


def build_pdf(target=PDF):
    """Write the PDF to `target`, and return the number of its pages."""
    built_book.require_site()
    path = find_chromium()
    if not path:
        raise built_book.BuildError("the PDF needs a Chromium: python tools/chromium.py")
    whole = built_book.BUILD / "pdf" / "book.html"
    write_html(whole)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        print_html(browser, whole, target)
        browser.close()
    return len(PdfReader(target).pages)


def main():
    print(f"The book has {build_pdf()} pages and lies in _build/{PDF.name}")


if __name__ == "__main__":
    built_book.run_command(main)
