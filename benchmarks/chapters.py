"""Seconds that all cells of each chapter take on this machine, from the start of their kernel.

    python benchmarks/chapters.py [--only PART,PART] [--instructions avx2]

A chapter's page shows these seconds for a GPU. For a CPU it shows the time of the build. With
TensorFlow on an x86-64 CPU (AVX2 or newer), every chapter runs a second time without oneDNN.
"""

import os
import time
from pathlib import Path

import nbformat
import results
from contestants import LIMITS, add_limit, limited
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

from resnet_lib.processor import ONEDNN_VARIABLE

BOOK = Path(__file__).parents[1] / "book"
LONGEST_CELL = 300  # seconds, as in _config.yml
PROBLEMS = (CellExecutionError, DeadKernelError, TimeoutError)  # of one chapter, which ends it


def main():
    parser = results.parser(__doc__)
    parser.add_argument("--only", type=results.list_of(str), help="parts of chapters' names")
    add_limit(parser)
    options = parser.parse_args()
    notebooks = chosen(options.only)
    machine, measured, backend = results.probe()
    machine = limited(machine, options.instructions)
    os.environ.update(LIMITS.get(options.instructions, {}), KERAS_BACKEND=backend)
    compares = backend == "tensorflow" and not machine["gpu"] and machine["instructions"]
    rows = [row_of(path, compares) for path in notebooks]
    results.save(
        "chapters", machine, measured | {"backend": backend, "rows": rows}, options.results
    )


def chosen(only):
    """The notebooks of the chapters that have one of these parts in their names; all without."""
    notebooks = sorted(BOOK.glob("*.ipynb"))
    found = [path for path in notebooks if not only or any(part in path.stem for part in only)]
    if not found:
        raise SystemExit(f"no chapter in {BOOK} is called like {', '.join(only)}")
    return found


def row_of(path, compares):
    """The row of the notebook at `path`. If `compares`, it includes the seconds without oneDNN."""
    row = {"chapter": path.stem}
    try:
        row["seconds"] = run(path)
        row["seconds_without_onednn"] = run(path, {ONEDNN_VARIABLE: "0"}) if compares else None
    except PROBLEMS as problem:
        row["error"] = results.reason(str(problem), 1)
    print(row, flush=True)
    return row


def run(path, variables=None):
    """Seconds of all cells of the notebook at `path`, which is left as it is."""
    folder = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(nbformat.read(path, 4), timeout=LONGEST_CELL, resources=folder)
    started = time.perf_counter()
    client.execute(env=os.environ | (variables or {}))
    return round(time.perf_counter() - started, 1)


if __name__ == "__main__":
    main()
