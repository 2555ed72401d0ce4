"""Serve the built book, and measure the bytes that a browser loads for one of its pages.

The server compresses files, as hosts of static pages do. `measure_page` counts the compressed bytes
with the headers, into an empty cache.
"""

import gzip
import mimetypes
import threading
import time
from contextlib import contextmanager
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmarks import ROOT

BUILT_BOOK = ROOT / "_build" / "html"
COMPRESSED_TYPES = ("font/", "image/png", "image/webp", "image/jpeg")
QUIET_SECONDS = 0.5
SCROLL_TO_END = """async () => {
  await window.MathJax?.startup?.promise;
  for (let top = 0; top < document.body.scrollHeight; top += innerHeight / 2) {
    scrollTo(0, top);
    await new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
  }
  await document.fonts.ready;
}"""


class CompressingHandler(SimpleHTTPRequestHandler):
    """Serves files, compressed unless their type is compressed already."""

    protocol_version = "HTTP/1.1"  # one connection for several files

    def do_GET(self):
        file = Path(self.translate_path(self.path))
        if not file.is_file():
            self.send_error(404)
            return
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        compress = not kind.startswith(COMPRESSED_TYPES)
        body = compress_file(file) if compress else file.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=600")
        if compress:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@cache
def compress_file(file):
    return gzip.compress(file.read_bytes(), compresslevel=6)


@contextmanager
def serve_book(folder=BUILT_BOOK):
    """Serve `folder` until the block ends, and yield its address."""
    if not (folder / "book" / "intro.html").exists():
        raise SystemExit("there is no built book to measure; type  make book")
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(CompressingHandler, directory=str(folder))
    )
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def list_pages(folder=BUILT_BOOK):
    """List the path of every page below the site in alphabetical order, without ".html".

    The first page, `index`, is left out, because it only redirects to the introduction.
    """
    files = [file.relative_to(folder) for file in sorted(folder.rglob("*.html"))]
    pages = [file for file in files if "_static" not in file.parts and file.name != "index.html"]
    return [str(file.with_suffix("")) for file in pages]


def has_widget(page, folder=BUILT_BOOK):
    return "data-rl-module=" in (folder / f"{page}.html").read_text(encoding="utf-8")


def measure_page(browser, address):
    """Return the bytes of each address that a page loads on a desktop, scrolled to its end."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    addresses, sizes, loading = {}, {}, set()
    session = context.new_cdp_session(page)
    session.send("Network.enable")

    def handle_start(event):
        if event["request"]["url"].startswith(address[:5]):  # and not data: or blob:
            addresses[event["requestId"]] = event["request"]["url"]
            loading.add(event["requestId"])

    def handle_end(event):
        if event["requestId"] in addresses:
            loading.discard(event["requestId"])
            sizes[addresses[event["requestId"]]] = event.get("encodedDataLength", 0)

    session.on("Network.requestWillBeSent", handle_start)
    session.on("Network.loadingFinished", handle_end)
    session.on("Network.loadingFailed", handle_end)
    page.goto(address)
    page.evaluate(SCROLL_TO_END)
    quiet_since = time.monotonic()
    while time.monotonic() < quiet_since + QUIET_SECONDS:
        page.wait_for_timeout(50)
        if loading:
            quiet_since = time.monotonic()
    context.close()
    return sizes
