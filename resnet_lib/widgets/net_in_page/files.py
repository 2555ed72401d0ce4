"""Trained nets and test images as the page takes them: compact files, read by `block_net.mjs`.

A net file is little endian: a uint32, the length of a JSON header; the header, filled up with
spaces so that the arrays begin at a multiple of 8 bytes; then the arrays, each at a multiple of 8.

    {"n": 3, "shortcut": "pad", "mean": offset,
     "layers": [{"name": "stem_conv", "shape": [3, 3, 3, 16], "kernel": offset, "scale": offset,
                 "shift": offset}, …, {"name": "classifier", "shape": [64, 10], …, "scale": null}]}

Offsets are in bytes from the first array on. Kernels are float16, as they are kept; all else is
float32. Layers stand in order of use. Batch normalisation with its running averages is a scale and
a shift a filter: y = scale * convolution(x) + shift. The net takes x / 255 - mean.
"""

import hashlib
import json
import struct

import numpy as np
from PIL import Image

from resnet_lib.runs.run import RECORDED, weights_path

EPSILON = 1e-3  # of Keras's batch normalisation, which the nets leave as it is
ALIGNMENT = 8
TEST_IMAGES = RECORDED / "test_images.png"
COLUMNS, ROWS = 10, 20  # of the sprite: a column a class, a row an image of each
GALLERY_ROWS = 4


def packed_net(run, folder=RECORDED):
    """The net file of a recorded `Run`, as bytes, from the weights in `folder`.

    Raises `ValueError` for a net other than v1 with the shortcut "pad" or "none", the only ones
    the page can compute, and `FileNotFoundError` where no weights are kept.
    """
    net = run.net
    if net is None or net.version != "v1" or net.shortcut not in ("pad", "none"):
        raise ValueError(
            'the page computes v1 nets with the shortcut "pad" or "none" alone; '
            f"the run {run.name} is of {net or 'a model of its own'}"
        )
    with np.load(weights_path(run, folder)) as stored:
        weights = dict(stored)
    arrays = Arrays()
    names = [name.removesuffix("_conv") for name in conv_names(net.n)]
    layers = [arrays.layer(f"{name}_conv", weights, *folded(weights, name)) for name in names]
    layers.append(arrays.layer("classifier", weights, None, weights["classifier/bias"]))
    mean = arrays.add(weights["normalize/mean"], "<f4")
    header = {"n": net.n, "shortcut": net.shortcut, "layers": layers, "mean": mean}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(4 + len(text)) % ALIGNMENT)
    return struct.pack("<I", len(text)) + text + bytes(arrays.bytes)


class Arrays:
    """Arrays one behind the other, and where each of them begins."""

    def __init__(self):
        self.bytes = bytearray()

    def add(self, array, dtype):
        offset = len(self.bytes)
        self.bytes += np.ascontiguousarray(array, dtype).tobytes()
        self.bytes += bytes(-len(self.bytes) % ALIGNMENT)
        return offset

    def layer(self, name, weights, scale, shift):
        kernel = weights[f"{name}/kernel"]
        return {
            "name": name,
            "shape": list(kernel.shape),
            "kernel": self.add(kernel, "<f2"),
            "scale": None if scale is None else self.add(scale, "<f4"),
            "shift": self.add(shift, "<f4"),
        }


def v1_blocks(n):
    """The blocks of a net with `n` of them a stage, from the input on."""
    return [f"stage{stage}_block{block}" for stage in (1, 2, 3) for block in range(1, n + 1)]


def conv_names(n):
    """The convolutions of a v1 net with `n` blocks a stage, in order."""
    return ["stem_conv", *(f"{block}_{place}_conv" for block in v1_blocks(n) for place in (1, 2))]


def folded(weights, name):
    """Batch normalisation `name` in inference as `(scale, shift)`, float64, one a filter."""
    gamma, beta, mean, variance = (
        weights[f"{name}_bn/{part}"].astype("float64")
        for part in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    scale = gamma / np.sqrt(variance + EPSILON)
    return scale, beta - mean * scale


def packed_images():
    """The page's test images: `(png, labels, gallery)`.

    `png` is the bytes of a lossless sprite of 10 columns and 20 rows of 32x32 pixels: the first 20
    images of each class in CIFAR-10's test set, in the data's own order, a column a class. So image
    i, counted row by row, is of class `labels[i]`, i % 10. `gallery` lists the places of 40 images,
    the first 4 of each class.
    """
    labels = [place % COLUMNS for place in range(COLUMNS * ROWS)]
    return TEST_IMAGES.read_bytes(), labels, list(range(COLUMNS * GALLERY_ROWS))


def image_arrays():
    """The same images as uint8 `(200, 32, 32, 3)`, and their classes `(200,)`."""
    with Image.open(TEST_IMAGES) as sprite:
        pixels = np.asarray(sprite)  # (640, 320, 3)
    images = pixels.reshape(ROWS, 32, COLUMNS, 32, 3).swapaxes(1, 2).reshape(-1, 32, 32, 3)
    return images, np.array(packed_images()[1], "uint8")


def file_name(stem, content):
    """A file's name on the page: one that changes with its content."""
    return f"{stem}.{hashlib.sha256(content).hexdigest()[:8]}"
