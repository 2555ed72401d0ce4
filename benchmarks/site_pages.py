"""The built book as a web server hands it out, and what a browser fetches of it for one page.

The server compresses what compresses, as every host of static pages does. `weigh` counts what then
goes over the wire, headers included, into an empty cache.
"""

import gzip
import mimetypes
import threading
import time
from contextlib import contextmanager
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BUILT = Path(__file__).parents[1] / "_build" / "html"
DENSE = ("font/", "image/png", "image/webp", "image/jpeg")  # as compressed as they can be
QUIET_SECONDS = 0.5
AT_REST = """async () => {
  await window.MathJax?.startup?.promise;
  for (let top = 0; top < document.body.scrollHeight; top += innerHeight / 2) {
    scrollTo(0, top);
    await new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
  }
  await document.fonts.ready;
}"""


class Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # one connection for several files

    def do_GET(self):
        file = Path(self.translate_path(self.path))
        if not file.is_file():
            self.send_error(404)
            return
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        zipped = not kind.startswith(DENSE)
        body = compressed(file) if zipped else file.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=600")
        if zipped:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@cache
def compressed(file):
    return gzip.compress(file.read_bytes(), compresslevel=6)


@contextmanager
def serve(folder=BUILT):
    """Yields the address of `folder` on a server of its own."""
    if not (folder / "book" / "intro.html").exists():
        raise SystemExit("there is no built book to measure; type  make book")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def pages(folder=BUILT):
    """Every page's path below the site, without its ending, in the order of a listing.

    All but the first, `index`, which does no more than lead to the introduction.
    """
    files = [file.relative_to(folder) for file in sorted(folder.rglob("*.html"))]
    own = [file for file in files if "_static" not in file.parts and file.name != "index.html"]
    return [str(file.with_suffix("")) for file in own]


def has_widget(page, folder=BUILT):
    return "data-rl-module=" in (folder / f"{page}.html").read_text(encoding="utf-8")


def weigh(browser, address):
    """Bytes by address of what a page fetches, read to its end at a desk, with answers folded."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    addresses, fetched, under_way = {}, {}, set()
    session = context.new_cdp_session(page)
    session.send("Network.enable")

    def begun(event):
        if event["request"]["url"].startswith(address[:5]):  # and not data: or blob:
            addresses[event["requestId"]] = event["request"]["url"]
            under_way.add(event["requestId"])

    def ended(event):
        if event["requestId"] in addresses:
            under_way.discard(event["requestId"])
            fetched[addresses[event["requestId"]]] = event.get("encodedDataLength", 0)

    session.on("Network.requestWillBeSent", begun)
    session.on("Network.loadingFinished", ended)
    session.on("Network.loadingFailed", ended)
    page.goto(address)
    page.evaluate(AT_REST)
    quiet_since = time.monotonic()
    while time.monotonic() < quiet_since + QUIET_SECONDS:
        page.wait_for_timeout(50)
        if under_way:
            quiet_since = time.monotonic()
    context.close()
    return fetched
