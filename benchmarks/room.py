"""How many learners a room holds: log in, start a server, run a chapter, all at the same time.

    python benchmarks/room.py [--learners 1,5,10,20,30] [--chapters NAME,NAME]

Opens a room of its own with system users of its own, and removes both. Its learners speak HTTP and
websockets as a browser does. At the end, with all kernels of a chapter alive, the hub is killed and
started again, and every kernel is asked for a variable, and every file for what was saved.
Runs as root, on Linux, after `make book`.
"""

import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import results
from visitor import PATIENCE, VisitError, Visitor

sys.path.append(str(Path(__file__).parents[1] / "deploy"))

import accounts
import processes
import settings

ROOT = settings.ROOT
PYTHON = ROOT / ".venv-room" / "bin" / "python"
PREFIX = "resnet-load-"
# One that imports no TensorFlow, and the heaviest of those that do and train nothing. The section
# `memory` measures every chapter, with one learner and without a hub.
CHAPTERS = ["04_the_curves_that_made_resnet", "09_inside_a_trained_resnet"]
SPARE_MIB = 1024  # that a machine keeps for itself
GUESS_MIB = 1024  # for a learner, until one has been measured


def main():
    parser = results.parser(__doc__)
    parser.add_argument("--learners", type=results.list_of(int), default=[1, 5, 10, 20, 30])
    parser.add_argument("--chapters", type=results.list_of(str), default=CHAPTERS)
    options = parser.parse_args()
    if os.geteuid() != 0:
        raise SystemExit("a room makes system users, which root alone may: start this as root")
    machine, measured, _ = results.probe()
    with tempfile.TemporaryDirectory(prefix="resnet-room-") as folder:
        Path(folder).chmod(0o755)
        room = LoadedRoom(folder, max(options.learners))
        try:
            room.open()
            rows = list(room.climb(options.chapters, sorted(options.learners)))
            restart = room.restart()
        finally:
            room.remove()
    versions = measured["versions"] | room.versions()
    figures = {"memory_mib": total_memory(), "versions": versions, "rows": rows, "restart": restart}
    results.save("room", machine, measured | figures, options.results)


class LoadedRoom:
    """A room with `count` accounts, and the visitors that are in it."""

    def __init__(self, folder, count):
        self.folder, self.count = folder, count
        self.visitors, self.arrived, self.hub = [], [], None

    def open(self):
        port = settings.find_free_port()
        command = [
            *(PYTHON, ROOT / "deploy" / "room.py", "open", "--folder", self.folder),
            *("--prefix", PREFIX, "--learners", self.count, "--port", port, "--without-data"),
        ]
        self.command, self.url = [*map(str, command)], f"http://127.0.0.1:{port}"
        self.start_hub()
        self.room = settings.load_room(self.folder)
        sheet = (self.room.private / accounts.SHEET).read_text()
        self.phrases = dict(re.findall(r"name +(\S+)\npass phrase +(\S+)", sheet))
        self.learners = sorted(set(self.phrases) - {self.room.teacher})

    def start_hub(self):
        with (Path(self.folder) / "hub.log").open("ab") as log:
            self.hub = subprocess.Popen(self.command, stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.hub.poll() is None:
            try:
                httpx.get(f"{self.url}/hub/login").raise_for_status()
                return
            except httpx.HTTPError:
                time.sleep(0.1)
        raise SystemExit((Path(self.folder) / "hub.log").read_text()[-3000:])

    def climb(self, chapters, ladder):
        """A row for each chapter and number of learners; the last who came stay for `restart`."""
        free = free_memory() - SPARE_MIB
        for chapter in chapters:
            each = GUESS_MIB
            for count in ladder:
                row = {"chapter": chapter, "learners": count}
                if count * each > free:
                    row |= {"error": f"{count * each:,} MiB are needed, {free:,} are free"}
                else:
                    self.leave()
                    row |= self.visit(chapter, count)
                    each = row.get("memory_mib", each)
                print(row, flush=True)
                yield row

    def visit(self, chapter, count):
        names = self.learners[:count]
        self.visitors = [Visitor(self.url, name) for name in names]
        users = [user for user in accounts.list_users(self.room) if user.pw_name in names]
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            visits = [pool.submit(self.one_visit, one, chapter) for one in self.visitors]
            peak = peak_memory(users, visits)
        visits = [visit.result() for visit in visits]
        self.arrived = [
            one for one, (_, problem) in zip(self.visitors, visits, strict=True) if not problem
        ]
        done = [seconds for seconds, problem in visits if not problem]
        problems = [problem for _, problem in visits if problem]
        if not done:
            return {"error": problems[0]}
        row = {"errors": len(problems), "problems": sorted(set(problems))}
        row["memory_mib"] = round(peak / len(done))
        for step, *seconds in zip(("log_in", "server", "run"), *done, strict=True):
            row[step] = [round(spread(seconds, share), 1) for share in (0.5, 0.95)]
        return row

    def one_visit(self, visitor, chapter):
        """`(seconds of each step, None)`, or what went wrong in place of the None."""
        seconds = []
        try:
            for step in (
                lambda: self.log_in(visitor),
                visitor.start_server,
                lambda: visitor.run_chapter(f"book/{chapter}.ipynb"),
            ):
                started = time.monotonic()
                step()
                seconds.append(time.monotonic() - started)
        except (VisitError, httpx.HTTPError, OSError) as problem:
            return seconds, f"{type(problem).__name__}: {problem}"[: results.LONGEST_REASON]
        return seconds, None

    def log_in(self, visitor):
        if not visitor.log_in(self.phrases[visitor.name]):
            raise VisitError("the room does not let a learner in")

    def restart(self):
        """Kill the hub while kernels hold variables, start it, and count what is still there."""
        for number, visitor in enumerate(self.arrived):
            visitor.run(f"kept = {number}")
            note = {"type": "file", "format": "text", "content": f"note {number}"}
            visitor.ask("PUT", "contents/note.txt", note)
        self.hub.kill()
        self.hub.wait()
        killed = time.monotonic()
        during = sum(self.is_kept(*one) for one in enumerate(self.arrived))
        self.start_hub()
        seconds = round(time.monotonic() - killed, 1)
        found = {"learners": len(self.arrived), "while_down": during, "seconds": seconds}
        found |= {"connections": 0, "variables": 0, "files": 0}
        for number, visitor in enumerate(self.arrived):
            found["connections"] += self.is_kept(number, visitor)
            again = Visitor(self.url, visitor.name)  # another browser, which logs in anew
            self.log_in(again)
            again.start_server()
            again.kernel = visitor.kernel
            again.connect()
            found["variables"] += self.is_kept(number, again)
            note = again.ask("GET", "contents/note.txt")["content"]
            found["files"] += note == f"note {number}"
            again.leave()
        print(found, flush=True)
        return found

    def is_kept(self, number, visitor):
        try:
            return visitor.run("print(kept)").strip() == str(number)
        except (VisitError, OSError):
            return False

    def leave(self):
        """End all servers, so that the next number of learners starts from none."""
        for visitor in self.visitors:
            visitor.stop_server()
            visitor.leave()
        self.visitors, self.arrived = [], []

    def versions(self):
        code = "import jupyterhub; print(jupyterhub.__version__)"
        answer = subprocess.run([PYTHON, "-c", code], capture_output=True, text=True, check=True)
        proxy = json.loads((processes.PROXY.parents[1] / "package.json").read_text())["version"]
        return {"jupyterhub": answer.stdout.strip(), "configurable-http-proxy": proxy}

    def remove(self):
        if self.hub:
            command = [*self.command[:2], "remove", "--folder", self.folder, "--yes"]
            subprocess.run(command, check=False)  # what went wrong before is what to tell
            self.hub.wait()


def spread(values, share):
    """The value below which `share` of `values` lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def peak_memory(users, visits):
    """The most MiB that these users' processes have together, until all `visits` are over."""
    most = memory(users)
    while concurrent.futures.wait(visits, timeout=1).not_done:
        most = max(most, memory(users))
    return most


def memory(users):
    """MiB of all these users' processes; pages that several share are divided among them."""
    total = 0
    for pid in accounts.list_processes({user.pw_uid for user in users}):
        try:
            words = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:  # it ended meanwhile
            continue
        total += int(re.search(r"^Pss:\s+(\d+) kB", words, re.MULTILINE)[1])
    return total / 1024


def free_memory():
    return meminfo("MemAvailable")


def total_memory():
    return meminfo("MemTotal")


def meminfo(name):
    """MiB"""
    words = Path("/proc/meminfo").read_text()
    return int(re.search(rf"^{name}:\s+(\d+) kB", words, re.MULTILINE)[1]) // 1024


if __name__ == "__main__":
    main()
