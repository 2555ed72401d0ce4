"""Measure the seconds that all cells of each chapter take, from the start of their kernel.

    python -m benchmarks.chapters [--only PART,PART] [--instructions avx2]

A chapter's page shows these seconds for a GPU. For a CPU it shows the time of the build. With
TensorFlow on an x86-64 CPU (AVX2 or newer), every chapter runs a second time without oneDNN.
"""

import os
import time

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

from benchmarks import ROOT
from benchmarks.child_process import find_failure_reason
from benchmarks.instruction_limits import (
    add_instructions_option,
    limit_environment,
    rename_limited_machine,
)
from benchmarks.machine import probe_machine
from benchmarks.options import create_parser, make_list_parser
from benchmarks.result_files import save_section
from resnet_lib.processor import ONEDNN_VARIABLE

BOOK = ROOT / "book"
CELL_TIMEOUT = 300  # seconds, as in _config.yml
CHAPTER_ERRORS = (CellExecutionError, DeadKernelError, TimeoutError)  # one of them ends a chapter


def main():
    parser = create_parser(__doc__)
    parser.add_argument("--only", type=make_list_parser(str), help="parts of chapters' names")
    add_instructions_option(parser)
    options = parser.parse_args()
    notebooks = find_notebooks(options.only)
    machine, header, backend = probe_machine()
    machine = rename_limited_machine(machine, options.instructions)
    os.environ.update(limit_environment(options.instructions), KERAS_BACKEND=backend)
    with_comparison = backend == "tensorflow" and not machine["gpu"] and machine["instructions"]
    rows = [measure_chapter(path, with_comparison) for path in notebooks]
    content = {"backend": backend, "rows": rows}
    save_section("chapters", machine, header | content, options.results)


def find_notebooks(parts):
    """Find the chapters with one of `parts` in their names, or all chapters if `parts` is None."""
    notebooks = sorted(BOOK.glob("*.ipynb"))
    found = [path for path in notebooks if not parts or any(part in path.stem for part in parts)]
    if not found:
        raise SystemExit(f"no chapter in {BOOK} is called like {', '.join(parts)}")
    return found


def measure_chapter(path, with_comparison):
    """Return the row of the notebook at `path`, if wished with the seconds without oneDNN."""
    row = {"chapter": path.stem}
    try:
        row["seconds"] = measure_seconds(path)
        row["seconds_without_onednn"] = (
            measure_seconds(path, {ONEDNN_VARIABLE: "0"}) if with_comparison else None
        )
    except CHAPTER_ERRORS as error:
        row["error"] = find_failure_reason(str(error), 1)
    print(row, flush=True)
    return row


def create_client(path):
    """Create a client that can run the notebook at `path` and leaves the file unchanged."""
    folder = {"metadata": {"path": str(path.parent)}}
    return NotebookClient(nbformat.read(path, 4), timeout=CELL_TIMEOUT, resources=folder)


def measure_seconds(path, variables=None):
    """Run all cells of the notebook at `path`, and return the seconds."""
    client = create_client(path)
    started = time.perf_counter()
    client.execute(env=os.environ | (variables or {}))
    return round(time.perf_counter() - started, 1)


if __name__ == "__main__":
    main()
