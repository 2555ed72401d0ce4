"""Measure the peak memory of one learner in each chapter.

    python -m benchmarks.memory [--only PART,PART] [--gib 24]

From this peak follows how many learners a machine can hold. All cells of a chapter run in a kernel
of its own, on the sample of CIFAR-10. This needs Linux, but neither a hub nor root.
`benchmarks.room` measures learners who work at the same time.
"""

import os
import re
import threading
from pathlib import Path

from benchmarks.chapters import CHAPTER_ERRORS, create_client, find_notebooks
from benchmarks.child_process import find_failure_reason
from benchmarks.machine import probe_machine
from benchmarks.options import create_parser, make_list_parser, parse_positive_int
from benchmarks.result_files import save_section

SAMPLING_SECONDS = 0.05
SERVER_MIB = 100  # of a learner's Jupyter server, beside the kernel: JupyterLab starts with 88


def main():
    parser = create_parser(__doc__)
    parser.add_argument("--only", type=make_list_parser(str), help="parts of chapters' names")
    parser.add_argument("--gib", type=parse_positive_int, default=24, help="of the machine")
    options = parser.parse_args()
    notebooks = find_notebooks(options.only)
    machine, header, backend = probe_machine()
    os.environ["KERAS_BACKEND"] = backend
    header["busy_before"] = None  # other work costs time, but no memory of a learner
    content = {"backend": backend, "gib": options.gib, "server_mib": SERVER_MIB}
    rows = [measure_chapter(path) for path in notebooks]
    save_section("memory", machine, header | content | {"rows": rows}, options.results)


def measure_chapter(path):
    """Return the row of the notebook at `path`."""
    row = {"chapter": path.stem}
    try:
        row |= measure_kernel(path)
    except CHAPTER_ERRORS as error:
        row["error"] = find_failure_reason(str(error), 1)
    print(row, flush=True)
    return row


def measure_kernel(path):
    """Run the notebook at `path` and return the sizes in MiB; see `result_files.ROW_FIELDS`."""
    client = create_client(path)
    with client.setup_kernel(env=dict(os.environ)):
        pid = client.km.provisioner.pid
        with MemoryPeak(pid) as peak:
            for number, cell in enumerate(client.nb.cells):
                client.execute_cell(cell, number)
        kernel, shared = (round(read_status(pid)[name]) for name in ("VmHWM", "RssFile"))
        # Between two samples the kernel alone may have had more.
        return {"kernel_mib": kernel, "peak_mib": max(kernel, peak.mib), "shared_mib": shared}


class MemoryPeak:
    """Samples the memory of a process and its descendants until the block ends; `mib` is the peak.

    Pages of files, such as libraries, are counted once, because the processes share them.
    """

    def __init__(self, pid):
        self.pid, self.mib = pid, 0
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.sample, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exception):
        self.stopped.set()
        self.thread.join()

    def sample(self):
        while not self.stopped.wait(SAMPLING_SECONDS):
            statuses = [read_status(pid) for pid in find_descendants(self.pid)]
            own = sum(status.get("RssAnon", 0) for status in statuses)
            files = max(status.get("RssFile", 0) for status in statuses)
            self.mib = max(self.mib, round(own + files))


def find_descendants(pid):
    """Return the process and all processes that it has started, directly or not."""
    try:
        lists = [task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:  # the process has ended
        lists = []
    children = [child for words in lists for child in words.split()]
    return [pid, *(one for child in children for one in find_descendants(child))]


def read_status(pid):
    """Read the sizes of a process in MiB by their names in Linux; empty after its end."""
    try:
        words = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return {}
    sizes = re.findall(r"^(\w+):\s+(\d+) kB", words, re.MULTILINE)
    return {name: int(size) / 1024 for name, size in sizes}


if __name__ == "__main__":
    main()
