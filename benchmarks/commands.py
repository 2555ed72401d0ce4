"""Measure the minutes of each command of the README, in a fresh clone with a fresh environment.

    python -m benchmarks.commands [--only PART,PART] [--once PART,PART] [--runs 2] [--all]

Every run clones this repository's last commit, installs with empty caches, and starts one command
after the other. With `--all`, the first run ends with `make test-all`. The commands that `--once`
names are part of the first run only. A command that fails becomes a row with an error.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks import ROOT
from benchmarks.machine import probe_machine
from benchmarks.options import create_parser, make_list_parser, parse_positive_int
from benchmarks.result_files import save_section

INSTALLATION = "make book, installation alone"
BUILD = "make book, after the installation"
REBUILD = "make book, after an edit of one chapter's text"
ALL_TESTS = "make test-all"
COMMANDS = {  # name in the table: command; each needs the commands before it
    INSTALLATION: "make .venv/installed",
    BUILD: "make book",
    REBUILD: "make book",
    "make test": "make test",
    "make slides": "make slides",
    "make pdf": "make pdf",
    "make offline": "make offline",
    ALL_TESTS: ALL_TESTS,
}
EDITED_CHAPTER = "book/04_the_curves_that_made_resnet.ipynb"


class CommandRun(NamedTuple):
    """The result of one command."""

    seconds: float
    peak_mib: int  # of the largest process, as `/usr/bin/time -v` counts
    status: int


def main():
    parser = create_parser(__doc__)
    parser.add_argument("--only", type=make_list_parser(str), help="parts of commands")
    parser.add_argument("--once", type=make_list_parser(str), default=[], help="in the first run")
    parser.add_argument("--runs", type=parse_positive_int, default=2)
    parser.add_argument("--all", action="store_true", help=f"measure {ALL_TESTS} too")
    options = parser.parse_args()
    names = choose_commands(options.only, options.all)
    machine, header, _ = probe_machine()
    once = (ALL_TESTS, *options.once)
    repeated = [name for name in names if not any(part in name for part in once)]
    runs = [run_in_clone(repeated if number else names) for number in range(options.runs)]
    rows = [make_row(name, [run[name] for run in runs if name in run]) for name in names]
    save_section("commands", machine, header | {"rows": rows}, options.results)
    sys.exit(any("error" in row for row in rows))


def choose_commands(parts, with_all_tests):
    """Choose the commands with one of `parts` in their names, or all; always build the book."""
    return [
        name
        for name in COMMANDS
        if name in (INSTALLATION, BUILD) or not parts or any(part in name for part in parts)
        if name != ALL_TESTS or with_all_tests
    ]


def run_in_clone(names):
    """Run these commands in a new clone, and return the `CommandRun` of each name."""
    folder = Path(tempfile.mkdtemp(prefix="resnet-book-"))
    folder.chmod(0o755)  # `make room` needs it
    clone = folder / "clone"
    caches = {"UV_CACHE_DIR": str(folder / "uv"), "PIP_NO_CACHE_DIR": "1"}
    try:
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        runs = {}
        for name in names:
            if name == REBUILD:
                append_sentence(clone / EDITED_CHAPTER)
            runs[name] = run_command(COMMANDS[name].split(), clone, os.environ | caches)
            print(f"{name}: {runs[name].seconds:.0f} s, status {runs[name].status}", flush=True)
            if name == REBUILD:
                subprocess.run(
                    ["git", "checkout", "--quiet", EDITED_CHAPTER], cwd=clone, check=True
                )
        return runs
    finally:
        shutil.rmtree(folder)


def run_command(command, folder, environment):
    """Run a command and return its `CommandRun`."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=environment)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
    seconds = time.perf_counter() - began
    return CommandRun(seconds, round(used.ru_maxrss * unit / 2**20), process.returncode)


def append_sentence(path):
    """Append a sentence to the first text cell after the title."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cell = next(cell for cell in notebook["cells"][1:] if cell["cell_type"] == "markdown")
    cell["source"] = ["".join(cell["source"]), "\n\nA sentence more.\n"]
    path.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def make_row(name, runs):
    failed = [run.status for run in runs if run.status]
    if failed:
        return {"command": name, "error": f"ended with status {failed[0]}"}
    return {"command": name, "error": f"ended with status {failed[0]}"}
    return {
        "command": name,
        "seconds": [round(run.seconds) for run in runs],
        "peak_mib": max(run.peak_mib for run in runs),
    }


if __name__ == "__main__":
    main()
