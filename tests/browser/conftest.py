"""The built book in a browser that can reach nothing else."""

import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "_build" / "html"
# A page's formulas and fonts.
SET = "Promise.all([window.MathJax?.startup?.promise, document.fonts.ready]).then(() => {})"

expect.set_options(
    timeout=30_000
)  # ms; it only bounds a failure, on a machine that does other work


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
    with opener_of_pages(browser, site) as opener:
        yield opener


@pytest.fixture(scope="module")
def open_shared_page(browser, site):
    """`open_page` for fixtures of a module: its pages stay open, and are checked, until its end."""
    with opener_of_pages(browser, site) as opener:
        yield opener


@contextmanager
def opener_of_pages(browser, site):
    contexts, asked, wrong = [], [], []

    def open_page(
        name, *, width=1280, height=900, theme="light", scheme="http", javascript=True, prepare=None
    ):
        base = getattr(site, scheme)
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            java_script_enabled=javascript,
            reduced_motion="reduce",
        )
        contexts.append(context)
        own = (base.split("/book/")[0], "blob:", "data:", "about:")

        def gate(route):
            if route.request.url.startswith(own):
                route.continue_()
            else:
                asked.append(route.request.url)
                route.abort()

        context.route("**/*", gate)
        page = context.new_page()
        page.on(
            "console",
            lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None,
        )
        page.on("pageerror", lambda error: wrong.append(str(error)))
        if prepare:
            page.add_init_script(prepare)
        if javascript:  # the theme remembers the reader's choice here
            page.add_init_script(
                f"localStorage.setItem('mode', '{theme}'); localStorage.setItem('theme', '{theme}')"
            )
        page.goto(f"{base}{name}.html")
        if javascript:
            page.evaluate(SET)
            page.wait_for_function(
                "[...document.querySelectorAll('[data-rl-module]')]"
                ".every((twin) => twin.querySelector('.rl'))"
            )
        return page

    try:
        yield open_page
    finally:
        for context in contexts:
            context.close()
    assert asked == [], "the page asked another host"
    assert wrong == [], "the console holds errors"


@pytest.fixture(scope="session")
def assert_fits():
    """`assert_fits(widget, width)`: the page scrolls nowhere, and no text leaves the widget."""
    texts = "svg text, p, span, strong, figcaption, dd, li, canvas, button"

    def assert_fits(widget, width):
        assert widget.page.evaluate("document.documentElement.scrollWidth") <= width
        box = widget.bounding_box()
        ends = widget.locator(texts).evaluate_all(
            "all => all.filter((one) => one.checkVisibility() && one.textContent"
            " && !one.closest('.rl-words, .rl-hidden')).map((one) => one.getBoundingClientRect())"
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
