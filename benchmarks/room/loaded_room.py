"""Fill a room with learners, and measure their waiting times and a restart of the hub."""

import concurrent.futures
import json
import re
import subprocess
import time
from pathlib import Path

import accounts
import httpx
import processes
import settings

from benchmarks import ROOT
from benchmarks.child_process import MAX_REASON_LENGTH
from benchmarks.room.learner_client import TIMEOUT, LearnerClient, LearnerError
from benchmarks.room.memory_use import measure_peak_memory, read_free_memory

PYTHON = ROOT / ".venv-room" / "bin" / "python"
PREFIX = "resnet-load-"  # of the names of the system users
RESERVED_MIB = 1024  # for the system
INITIAL_MIB_PER_LEARNER = 1024  # until it has been measured
STEPS = ("log_in", "server", "run")


class LoadedRoom:
    """A room with `count` accounts, and the learners that are in it."""

    def __init__(self, folder, count):
        self.folder, self.count = folder, count
        self.clients, self.working, self.hub = [], [], None

    def open(self):
        """Create the accounts, start the hub and read the pass phrases."""
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
        """Start the hub and wait until it answers."""
        with (Path(self.folder) / "hub.log").open("ab") as log:
            self.hub = subprocess.Popen(self.command, stdout=log, stderr=log)
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline and self.hub.poll() is None:
            try:
                httpx.get(f"{self.url}/hub/login").raise_for_status()
                return
            except httpx.HTTPError:
                time.sleep(0.1)
        raise SystemExit((Path(self.folder) / "hub.log").read_text()[-3000:])

    def measure_loads(self, chapters, counts):
        """Yield a row for each chapter and number of learners.

        The learners of the last row stay in the room for `measure_restart`. A number of learners
        that does not fit into the memory is not tried.
        """
        free = read_free_memory() - RESERVED_MIB
        for chapter in chapters:
            mib_per_learner = INITIAL_MIB_PER_LEARNER
            for count in counts:
                row = {"chapter": chapter, "learners": count}
                needed = count * mib_per_learner
                if needed > free:
                    row |= {"error": f"{needed:,} MiB are needed, {free:,} are free"}
                else:
                    self.empty()
                    row |= self.measure_load(chapter, count)
                    mib_per_learner = row.get("memory_mib", mib_per_learner)
                print(row, flush=True)
                yield row

    def measure_load(self, chapter, count):
        """Let `count` learners run a chapter at the same time, and return the fields of the row."""
        names = self.learners[:count]
        self.clients = [LearnerClient(self.url, name) for name in names]
        users = [user for user in accounts.list_users(self.room) if user.pw_name in names]
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            jobs = [pool.submit(self.run_steps, client, chapter) for client in self.clients]
            peak = measure_peak_memory(users, jobs)
        results = [job.result() for job in jobs]
        self.working = [
            client for client, (_, error) in zip(self.clients, results, strict=True) if not error
        ]
        finished = [seconds for seconds, error in results if not error]
        errors = [error for _, error in results if error]
        if not finished:
            return {"error": errors[0]}
        row = {"errors": len(errors), "problems": sorted(set(errors))}
        row["memory_mib"] = round(peak / len(finished))
        for step, *seconds in zip(STEPS, *finished, strict=True):
            row[step] = [round(compute_quantile(seconds, share), 1) for share in (0.5, 0.95)]
        return row

    def run_steps(self, client, chapter):
        """Return `(seconds of each step, None)`, or an error in place of the None."""
        seconds = []
        try:
            for step in (
                lambda: self.log_in(client),
                client.start_server,
                lambda: client.run_chapter(f"book/{chapter}.ipynb"),
            ):
                started = time.monotonic()
                step()
                seconds.append(time.monotonic() - started)
        except (LearnerError, httpx.HTTPError, OSError) as error:
            return seconds, f"{type(error).__name__}: {error}"[:MAX_REASON_LENGTH]
        return seconds, None

    def log_in(self, client):
        if not client.log_in(self.phrases[client.name]):
            raise LearnerError("the room does not let a learner in")

    def measure_restart(self):
        """Kill the hub while kernels hold variables, start it, and count what is still there."""
        for number, client in enumerate(self.working):
            client.run_code(f"kept = {number}")
            note = {"type": "file", "format": "text", "content": f"note {number}"}
            client.call_server("PUT", "contents/note.txt", note)
        self.hub.kill()
        self.hub.wait()
        killed = time.monotonic()
        while_down = sum(has_kept_variable(*one) for one in enumerate(self.working))
        self.start_hub()
        seconds = round(time.monotonic() - killed, 1)
        counts = {"learners": len(self.working), "while_down": while_down, "seconds": seconds}
        counts |= {"connections": 0, "variables": 0, "files": 0}
        for number, client in enumerate(self.working):
            counts["connections"] += has_kept_variable(number, client)
            second = LearnerClient(self.url, client.name)  # another browser, which logs in again
            self.log_in(second)
            second.start_server()
            second.kernel = client.kernel
            second.connect_kernel()
            counts["variables"] += has_kept_variable(number, second)
            note = second.call_server("GET", "contents/note.txt")["content"]
            counts["files"] += note == f"note {number}"
            second.close()
        print(counts, flush=True)
        return counts

    def empty(self):
        """End all servers, so that the next number of learners starts without any."""
        for client in self.clients:
            client.stop_server()
            client.close()
        self.clients, self.working = [], []

    def find_versions(self):
        code = "import jupyterhub; print(jupyterhub.__version__)"
        child = subprocess.run([PYTHON, "-c", code], capture_output=True, text=True, check=True)
        proxy = json.loads((processes.PROXY.parents[1] / "package.json").read_text())["version"]
        return {"jupyterhub": child.stdout.strip(), "configurable-http-proxy": proxy}

    def remove(self):
        """Remove the accounts and end the hub."""
        if self.hub:
            command = [*self.command[:2], "remove", "--folder", self.folder, "--yes"]
            subprocess.run(command, check=False)  # an earlier error is the one to show
            self.hub.wait()


def has_kept_variable(number, client):
    """Return whether the kernel of `client` still has the variable of `measure_restart`."""
    try:
        return client.run_code("print(kept)").strip() == str(number)
    except (LearnerError, OSError):
        return False


def compute_quantile(values, share):
    """Return the value below which `share` of `values` are."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]
