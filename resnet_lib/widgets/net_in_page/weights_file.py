"""Write the weights file of a trained net, which the page reads with `weights_file.mjs`.

A weights file is little endian: a uint32, the length of a JSON header; the header, filled up with
spaces so that the arrays begin at a multiple of 8 bytes; then the arrays, each at a multiple of 8.

    {"n": 3, "shortcut": "pad", "mean": offset,
     "layers": [{"name": "stem_conv", "shape": [3, 3, 3, 16], "kernel": offset, "scale": offset,
                 "shift": offset}, …, {"name": "classifier", "shape": [64, 10], …, "scale": null}]}

Offsets are in bytes from the first array on. Kernels are float16, as they are kept; all else is
float32. Layers are in order of use. Batch normalisation with its running averages is a scale and a
shift per filter: y = scale * convolution(x) + shift. The net's input is x / 255 - mean.
"""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path
from typing import TypedDict

import numpy as np

from resnet_lib.runs.run import RECORDED, Run, weights_path

EPSILON = 1e-3  # of Keras's batch normalisation, which the nets leave as it is
ALIGNMENT = 8  # bytes


class LayerHeader(TypedDict):
    """A layer in the header of a weights file."""

    name: str
    shape: list[int]
    kernel: int  # offset of the array in bytes, as are the next two
    scale: int | None
    shift: int


def pack_weights(run: Run, folder: Path = RECORDED) -> bytes:
    """Return the weights file of a recorded run, from the weights in `folder`.

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
    names = [name.removesuffix("_conv") for name in list_convolutions(net.n)]
    layers = [
        arrays.add_layer(f"{name}_conv", weights, *fold_batch_norm(weights, name)) for name in names
    ]
    layers.append(arrays.add_layer("classifier", weights, None, weights["classifier/bias"]))
    mean = arrays.add(weights["normalize/mean"], "<f4")
    header = {"n": net.n, "shortcut": net.shortcut, "layers": layers, "mean": mean}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(4 + len(text)) % ALIGNMENT)
    return struct.pack("<I", len(text)) + text + bytes(arrays.bytes)


class Arrays:
    """Arrays one after the other, each at a multiple of 8 bytes."""

    def __init__(self) -> None:
        self.bytes = bytearray()

    def add(self, array: np.ndarray, dtype: str) -> int:
        """Append an array, and return its offset in bytes."""
        offset = len(self.bytes)
        self.bytes += np.ascontiguousarray(array, dtype).tobytes()
        self.bytes += bytes(-len(self.bytes) % ALIGNMENT)
        return offset

    def add_layer(
        self,
        name: str,
        weights: dict[str, np.ndarray],
        scale: np.ndarray | None,
        shift: np.ndarray,
    ) -> LayerHeader:
        """Append the arrays of a layer, and return its part of the header."""
        kernel = weights[f"{name}/kernel"]
        return {
            "name": name,
            "shape": list(kernel.shape),
            "kernel": self.add(kernel, "<f2"),
            "scale": None if scale is None else self.add(scale, "<f4"),
            "shift": self.add(shift, "<f4"),
        }


def list_blocks(n: int) -> list[str]:
    """List the blocks of a net with `n` per stage, from the input on."""
    return [f"stage{stage}_block{block}" for stage in (1, 2, 3) for block in range(1, n + 1)]


def list_convolutions(n: int) -> list[str]:
    """List the convolutions of a v1 net with `n` blocks per stage, in order of use."""
    return ["stem_conv", *(f"{block}_{index}_conv" for block in list_blocks(n) for index in (1, 2))]


def fold_batch_norm(weights: dict[str, np.ndarray], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return batch normalisation `name` in inference as `(scale, shift)`, float64."""
    gamma, beta, mean, variance = (
        weights[f"{name}_bn/{part}"].astype("float64")
        for part in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    scale = gamma / np.sqrt(variance + EPSILON)
    return scale, beta - mean * scale


def name_by_content(stem: str, content: bytes) -> str:
    """Return a file's name on the page, which changes with its content."""
    return f"{stem}.{hashlib.sha256(content).hexdigest()[:8]}"
