"""Share one browser, the built site, and checks of a page among all tests."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from axe_playwright_python.sync_playwright import Axe
from built_site import BUILT, page_opener
from chromium import ARGUMENTS, find_chromium
from playwright.sync_api import expect, sync_playwright

expect.set_options(
    timeout=30_000
)  # ms; it only bounds a failure, on a machine that does other work


@pytest.fixture(scope="session")
def browser():
    path = find_chromium()
    assert path, "no Chromium: python tools/chromium.py finds or installs one"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site():
    """`site.http` and `site.file`: where the pages lie, the first under a sub-path."""
    assert (BUILT / "book" / "intro.html").exists(), "there is no built book: type  make book"

    class Handler(SimpleHTTPRequestHandler):
        def translate_path(self, path):
            return super().translate_path(path.removeprefix("/sub/path"))

        def log_message(self, *_):
            pass

    handler = partial(Handler, directory=str(BUILT))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    http = f"http://127.0.0.1:{server.server_port}/sub/path/book/"
    yield SimpleNamespace(http=http, file=(BUILT / "book").as_uri() + "/")
    server.shutdown()


@pytest.fixture
def open_page(browser, site):
    """`open_page(name, width=…, theme=…, scheme=…)`: that page, at rest, in a fresh context.

    At the end of the test the page must have asked no other host for anything, and have written no
    error or warning to the console.
    """
    with page_opener(browser, site) as opener:
        yield opener


@pytest.fixture(scope="module")
def open_shared_page(browser, site):
    """`open_page` for fixtures of a module: its pages stay open, and are checked, until its end."""
    with page_opener(browser, site) as opener:
        yield opener


@pytest.fixture(scope="session")
def assert_fits():
    """`assert_fits(widget, width)`: the page scrolls nowhere, and no text leaves the widget."""
    texts = "svg text, p, span, strong, figcaption, dd, li, canvas, button"

    def assert_fits(widget, width):
        assert widget.page.evaluate("document.documentElement.scrollWidth") <= width
        box = widget.bounding_box()
        ends = widget.locator(texts).evaluate_all(
            "all => all.filter((one) => one.checkVisibility() && one.textContent"
            " && !one.closest('.rl-announcement, .rl-visually-hidden'))"
            ".map((one) => one.getBoundingClientRect())"
            ".map((box) => [box.left, box.right])"
        )
        assert min(left for left, _ in ends) >= box["x"]
        assert max(right for _, right in ends) <= box["x"] + box["width"]

    return assert_fits


@pytest.fixture(scope="session")
def watch_for_freezes():
    """`watch_for_freezes(page)` begins, and returns a function: what came of it until then.

    `longest`, the milliseconds in which the page answered nothing, and `allowed`: 100, and as much
    more as a loop timed before it takes longer here than 20 ms.
    """

    def watch_for_freezes(page):
        page.evaluate(
            """() => {
              const loop = () => {
                const began = performance.now();
                let sum = 0;
                for (let at = 0; at < 15e6; at += 1) sum += Math.sqrt(at);
                return sum && performance.now() - began;
              };
              const quickest = Math.min(...Array.from({ length: 5 }, loop));
              window.watched = { longest: 0, allowed: 100 * Math.max(1, quickest / 20), quickest };
              let before = performance.now();
              window.watching = setInterval(() => {
                const now = performance.now();
                watched.longest = Math.max(watched.longest, now - before);
                before = now;
              }, 4);
            }"""
        )
        return lambda: page.evaluate("clearInterval(watching), watched")

    return watch_for_freezes


@pytest.fixture(scope="session")
def axe_violations():
    """`axe_violations(page, selector)`: what axe-core holds against that part of the page."""
    options = {
        "preload": False,  # it would fetch style sheets from paths of its own making
        "resultTypes": ["violations"],  # no list of what passed: a third less time
        "rules": {"region": {"enabled": False}},  # the theme's logo lies in no landmark: moderate
    }

    def violations(page, selector):
        # The bibliography's roles are docutils' own.
        context = {"include": [[selector]], "exclude": [[".citation-list"]]}
        results = Axe().run(page, context=context, options=options).response["violations"]
        return [
            f"{rule['id']} ({rule['impact']}): {node['html'][:160]}"
            for rule in results
            for node in rule["nodes"]
        ]

    return violations
