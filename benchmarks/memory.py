"""Peak memory of one learner in each chapter, which says how many learners a machine holds.

    python benchmarks/memory.py [--only PART,PART] [--gib 24]

All cells of a chapter run in a kernel of its own, on the sample of CIFAR-10. Needs neither a hub
nor root. Runs on Linux. `room.py` measures learners who work at the same time.
"""

import os
import re
import threading
from pathlib import Path

import nbformat
import results
from chapters import LONGEST_CELL, PROBLEMS, chosen
from nbclient import NotebookClient

EVERY = 0.05  # seconds between two looks
SPARE_MIB = 1024  # that a machine keeps for itself
SERVER_MIB = 100  # of a learner's Jupyter server, beside the kernel: JupyterLab starts with 88


def main():
    parser = results.parser(__doc__)
    parser.add_argument("--only", type=results.list_of(str), help="parts of chapters' names")
    parser.add_argument("--gib", type=results.whole_number, default=24, help="of the machine")
    options = parser.parse_args()
    notebooks = chosen(options.only)
    machine, measured, backend = results.probe()
    os.environ["KERAS_BACKEND"] = backend
    measured["busy_before"] = None  # other work takes time, and none of a learner's memory
    figures = {"backend": backend, "gib": options.gib, "server_mib": SERVER_MIB}
    rows = [row_of(path) for path in notebooks]
    results.save("memory", machine, measured | figures | {"rows": rows}, options.results)


def row_of(path):
    row = {"chapter": path.stem}
    try:
        row |= run(path)
    except PROBLEMS as problem:
        row["error"] = results.reason(str(problem), 1)
    print(row, flush=True)
    return row


def run(path):
    """The figures of the notebook at `path`, in MiB: see `results.ROWS`."""
    folder = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(nbformat.read(path, 4), timeout=LONGEST_CELL, resources=folder)
    with client.setup_kernel(env=dict(os.environ)):
        pid = client.km.provisioner.pid
        with Peak(pid) as peak:
            for number, cell in enumerate(client.nb.cells):
                client.execute_cell(cell, number)
        kernel, shared = (round(status(pid)[name]) for name in ("VmHWM", "RssFile"))
        # Between two looks the kernel alone may have had more.
        return {"kernel_mib": kernel, "peak_mib": max(kernel, peak.most), "shared_mib": shared}


class Peak:
    """Looks at a process and its descendants until the block ends; `most` is in MiB.

    Pages of files, such as libraries, are counted once: the processes share them.
    """

    def __init__(self, pid):
        self.pid, self.most = pid, 0
        self.over, self.thread = threading.Event(), threading.Thread(target=self.look, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *problem):
        self.over.set()
        self.thread.join()

    def look(self):
        while not self.over.wait(EVERY):
            found = [status(pid) for pid in family(self.pid)]
            own = sum(one.get("RssAnon", 0) for one in found)
            files = max(one.get("RssFile", 0) for one in found)
            self.most = max(self.most, round(own + files))


def family(pid):
    """A process and all that it has started, directly or not."""
    try:
        lists = [task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:  # it ended meanwhile
        lists = []
    return [pid, *(one for words in lists for child in words.split() for one in family(child))]


def status(pid):
    """MiB of a process by the kernel's names for them; nothing for one that has ended."""
    try:
        words = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return {}
    found = re.findall(r"^(\w+):\s+(\d+) kB", words, re.MULTILINE)
    return {name: int(size) / 1024 for name, size in found}


def learners(row, gib, server=SERVER_MIB):
    """How many learners fit in `gib` GiB if all of them are at the peak of the chapter at once."""
    own = row["peak_mib"] - row["shared_mib"] + server
    return int((1024 * gib - SPARE_MIB - row["shared_mib"]) // own)


if __name__ == "__main__":
    main()
