"""Make a CIFAR-10 of 60 images in the real formats, and serve it with all kinds of faults."""

import hashlib
import io
import json
import pickle
import tarfile
import threading
import time
from collections import Counter
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from PIL import Image

from resnet_lib.data import cifar10, downloads, formats

NAME = "cifar-10-python.tar.gz"
# Bytes at once, and seconds between them. "steady" is fast enough, and long enough to be killed.
PACES = {"trickle": (8000, 0.1), "slower": (2000, 0.1), "steady": (20_000, 0.15)}


class TinyCifar:
    """Ten images a batch. `archive` and `package` are the bytes of the two kinds of tar file."""

    def __init__(self):
        random = np.random.default_rng(0)
        images = random.integers(0, 256, (6, 10, 32, 32, 3), dtype="uint8")
        labels = random.integers(0, 10, (6, 10), dtype="uint8")
        self.arrays = {
            "x_train": np.concatenate(images[:5]),
            "y_train": np.concatenate(labels[:5]),
            "x_test": images[5],
            "y_test": labels[5],
        }
        pickles, pictures = {}, {}
        for name, x, y in zip(formats.BATCH_NAMES, images, labels, strict=True):
            planes = np.ascontiguousarray(x.transpose(0, 3, 1, 2)).reshape(10, 3072)
            batch = {b"data": planes, b"labels": y.tolist()}
            pickles[f"cifar-10-batches-py/{name}"] = pickle.dumps(batch, protocol=2)
            png = io.BytesIO()
            Image.fromarray(x.reshape(10, 1024, 3)).save(png, "PNG")
            pictures[f"package/{name}.png"] = png.getvalue()
        for name, part in zip(formats.LABEL_FILES, ("train", "test"), strict=True):
            pictures[f"package/{name}"] = json.dumps(self.arrays[f"y_{part}"].tolist()).encode()
        self.pickles, self.pictures = pickles, pictures
        self.archive, self.package = tar(pickles), tar(pictures)

    def settings(self, urls):
        """Return the values of the library's constants that make it accept the tiny data."""
        return {
            "ARCHIVE_URLS": tuple(urls),
            "ARCHIVE_SHA256": hashlib.sha256(self.archive).hexdigest(),
            "ARRAY_SHA256": {
                n: hashlib.sha256(a.tobytes()).hexdigest() for n, a in self.arrays.items()
            },
            "SPEED_WINDOW_S": 0.4,
            "MIN_BYTES_PER_SECOND": 100_000,
        }


def apply_settings(settings):
    """Set them in this process; a test of its own process uses monkeypatch instead."""
    cifar10.ARCHIVE_URLS = tuple(settings["ARCHIVE_URLS"])
    cifar10.ARCHIVE_SHA256 = settings["ARCHIVE_SHA256"]
    formats.ARRAY_SHA256.update(settings["ARRAY_SHA256"])
    downloads.SPEED_WINDOW_S, downloads.MIN_BYTES_PER_SECOND = (
        settings["SPEED_WINDOW_S"],
        settings["MIN_BYTES_PER_SECOND"],
    )


def tar(files):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


class Server:
    """Serve the archive at /<habit>/cifar-10-python.tar.gz, and count the requests."""

    def __init__(self, archive):
        self.asked = Counter()
        handler = partial(Handler, archive, self.asked)
        self.server = QuietServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, habit):
        return f"http://127.0.0.1:{self.server.server_port}/{habit}/{NAME}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # tests let clients hang up on slow answers


class Handler(BaseHTTPRequestHandler):
    """Answer with the habit that the address names."""

    def __init__(self, archive, asked, *arguments):
        self.archive, self.asked = archive, asked
        super().__init__(*arguments)

    def do_GET(self):
        habit = self.path.split("/")[1]
        self.asked[habit] += 1
        if habit == "missing":
            self.send_error(404)
            return
        content = self.archive[::-1] if habit == "wrong" else self.archive
        start = 0
        if requested := self.headers.get("Range"):
            self.asked["ranges"] += 1
            start = int(requested.removeprefix("bytes=").removesuffix("-"))
            self.send_response(206)
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if habit == "truncated":
            self.wfile.write(content[start : len(content) // 2])
        elif habit in PACES:
            piece, pause = PACES[habit]
            for position in range(start, len(content), piece):
                self.wfile.write(content[position : position + piece])
                self.wfile.flush()
                time.sleep(pause)
        elif habit == "silent":
            time.sleep(2)
        else:
            self.wfile.write(content[start:])

    def log_message(self, *_):
        pass
