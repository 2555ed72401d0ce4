"""Compile `convolve.wat` into the module that uses it: `python tools/wasm.py`."""

import base64
import re
from pathlib import Path

import wasmtime

FOLDER = Path(__file__).parents[1] / "resnet_lib" / "widgets" / "net_in_page"
MODULE = FOLDER / "convolution.mjs"
COMPILED = re.compile(r'(?<=const COMPILED =\n  ")[^"]*')


def compile_source():
    """Compile `convolve.wat` and return the binary in base64."""
    source = (FOLDER / "convolve.wat").read_text(encoding="utf-8")
    return base64.b64encode(wasmtime.wat2wasm(source)).decode()


def read_embedded():
    """Read the binary in base64 that the module holds."""
    return COMPILED.search(MODULE.read_text(encoding="utf-8"))[0]


if __name__ == "__main__":
    module = MODULE.read_text(encoding="utf-8")
    MODULE.write_text(COMPILED.sub(compile_source(), module, count=1), encoding="utf-8")
