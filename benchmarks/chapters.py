"""Seconds that all cells of each chapter take on this machine, from the start of their kernel.

    python benchmarks/chapters.py [--only PART,PART]

The chapters' pages say them where the machine has a GPU; of a CPU they say what the build took.
"""

import os
import time
from pathlib import Path

import nbformat
import results
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

BOOK = Path(__file__).parents[1] / "book"
LONGEST_CELL = 300  # seconds, as in _config.yml


def main():
    parser = results.parser(__doc__)
    parser.add_argument("--only", type=results.list_of(str), help="parts of chapters' names")
    options = parser.parse_args()
    notebooks = [
        path
        for path in sorted(BOOK.glob("*.ipynb"))
        if not options.only or any(part in path.stem for part in options.only)
    ]
    if not notebooks:
        raise SystemExit(f"no chapter in {BOOK} is called like {', '.join(options.only)}")
    machine, measured, backend = results.probe()
    os.environ["KERAS_BACKEND"] = backend
    rows = [run(path) for path in notebooks]
    results.save(
        "chapters", machine, measured | {"backend": backend, "rows": rows}, options.results
    )


def run(path):
    """A row for the notebook at `path`, which is left as it is."""
    folder = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(nbformat.read(path, 4), timeout=LONGEST_CELL, resources=folder)
    started = time.perf_counter()
    try:
        client.execute()
        row = {"seconds": round(time.perf_counter() - started, 1)}
    except (CellExecutionError, DeadKernelError, TimeoutError) as problem:
        row = {"error": results.reason(str(problem), 1)}
    row = {"chapter": path.stem} | row
    print(row, flush=True)
    return row


if __name__ == "__main__":
    main()
