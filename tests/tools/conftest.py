"""Share the slides in `_build/slides` with the tests that open them in a browser."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from built_site import page_opener
from slides.build import SLIDES


@pytest.fixture(scope="session")
def slides_site():
    """The addresses of the slides: `file`, in the folder, and `http`."""
    assert (SLIDES / "index.html").exists(), "there are no slides: type  make slides"
    handler = partial(SimpleHTTPRequestHandler, directory=SLIDES)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        http = f"http://127.0.0.1:{server.server_port}/"
        yield SimpleNamespace(file=f"{SLIDES.as_uri()}/", http=http)
        server.shutdown()


@pytest.fixture
def open_deck(browser, slides_site):
    """`open_page` for a deck or the index, on a projector of 1280 × 720."""
    with page_opener(browser, slides_site) as open_page:

        def open_deck(name, **options):
            page = open_page(name, **{"scheme": "file", "height": 720, **options})
            page.wait_for_function("!window.Reveal || Reveal.isReady()")
            return page

        yield open_deck
