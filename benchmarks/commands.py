"""Minutes that each command of the README takes, in a fresh clone with a fresh environment.

    python benchmarks/commands.py [--only PART,PART] [--once PART,PART] [--runs 2] [--all]

Clones this repository's last commit, installs with empty caches, and types the commands one after
another. Every run begins with a new clone. With `--all`, the first run ends with `make test-all`.
What `--once` names is part of the first run alone. A command that fails is a row with an error.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import results

ROOT = Path(__file__).parents[1]
INSTALL = "make book, installation alone"
BUILD = "make book, after the installation"
AGAIN = "make book, after an edit of one chapter's text"
ONCE = "make test-all"
COMMANDS = {  # what the table calls it: what is typed; in this order, as each needs the ones before
    INSTALL: "make .venv/installed",
    BUILD: "make book",
    AGAIN: "make book",
    "make test": "make test",
    "make slides": "make slides",
    "make pdf": "make pdf",
    "make offline": "make offline",
    ONCE: ONCE,
}
EDITED = "book/04_the_curves_that_made_resnet.ipynb"


def main():
    parser = results.parser(__doc__)
    parser.add_argument("--only", type=results.list_of(str), help="parts of commands")
    parser.add_argument("--once", type=results.list_of(str), default=[], help="in the first run")
    parser.add_argument("--runs", type=results.whole_number, default=2)
    parser.add_argument("--all", action="store_true", help=f"measure {ONCE} too")
    options = parser.parse_args()
    wished = [
        name
        for name in COMMANDS
        if name in (INSTALL, BUILD) or not options.only or any(one in name for one in options.only)
        if name != ONCE or options.all
    ]
    machine, measured, _ = results.probe()
    often = [name for name in wished if not any(one in name for one in (ONCE, *options.once))]
    runs = [run_all(often if number else wished) for number in range(options.runs)]
    rows = [row_of(name, [run[name] for run in runs if name in run]) for name in wished]
    results.save("commands", machine, measured | {"rows": rows}, options.results)
    sys.exit(any("error" in row for row in rows))


def run_all(names):
    """`{name: (seconds, MiB, status)}` of these commands in a clone that is removed afterwards."""
    place = Path(tempfile.mkdtemp(prefix="resnet-book-"))
    place.chmod(0o755)  # `make room` asks for it
    clone = place / "clone"
    caches = {"UV_CACHE_DIR": str(place / "uv"), "PIP_NO_CACHE_DIR": "1"}
    try:
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        found = {}
        for name in names:
            if name == AGAIN:
                edit(clone / EDITED)
            found[name] = run(COMMANDS[name].split(), clone, os.environ | caches)
            print(f"{name}: {found[name][0]:.0f} s, status {found[name][2]}", flush=True)
            if name == AGAIN:
                subprocess.run(["git", "checkout", "--quiet", EDITED], cwd=clone, check=True)
        return found
    finally:
        shutil.rmtree(place)


def run(command, folder, environment):
    """`(seconds, MiB, status)`: the second of the largest process, as `/usr/bin/time -v` counts."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=environment)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
    return time.perf_counter() - began, round(used.ru_maxrss * unit / 2**20), process.returncode


def edit(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cell = next(cell for cell in notebook["cells"][1:] if cell["cell_type"] == "markdown")
    cell["source"] = ["".join(cell["source"]), "\n\nA sentence more.\n"]
    path.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def row_of(name, runs):
    failed = [status for *_, status in runs if status]
    if failed:
        return {"command": name, "error": f"ended with status {failed[0]}"}
    return {
        "command": name,
        "seconds": [round(seconds) for seconds, *_ in runs],
        "peak_mib": max(mib for _, mib, _ in runs),
    }


if __name__ == "__main__":
    main()
