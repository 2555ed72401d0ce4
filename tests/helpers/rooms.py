"""Open a room with real system users, for tests that need one.

The accounts are removed at the end. Making them needs root; a hub also needs node and .venv-room,
which `make test-all` installs. `tests/deploy/conftest.py` puts deploy/ on the path.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import accounts
import processes
import psutil
import pytest
import settings
from tiny_cifar import TinyCifar
from waiting import wait_until

from benchmarks.room.learner_client import LearnerClient

ROOT = settings.ROOT
ROOM_PYTHON = settings.VENV / "bin" / "python"
TINY = TinyCifar()
CHAPTER = "01_more_layers_more_error.ipynb"
RUNNING = "JupyterHub is now running"


def find_room_obstacle():
    """Return why this machine can have no room, or None."""
    if os.geteuid() != 0:
        return "a room needs root"
    if not shutil.which("node"):
        return "a room needs node"
    try:
        return settings.check_ports()
    except settings.RoomError as problem:
        return f"{problem}"


def find_hub_obstacle():
    """Return why no hub can be started here, or None."""
    if not (ROOM_PYTHON.exists() and processes.PROXY.exists()):
        return "JupyterHub is not installed: make test-all does, or deploy/install.py says why not"
    if closed := settings.find_closed_folder(ROOT):
        return f"{closed} is closed to other users, who would read the book from below it"
    return find_room_obstacle()


def skip_because(reason):
    return pytest.mark.skipif(reason is not None, reason=f"{reason}")


needs_root = skip_because(None if os.geteuid() == 0 else "system users need root")
needs_a_room = skip_because(find_room_obstacle())


def needs_a_hub(test):
    return pytest.mark.slow(skip_because(find_hub_obstacle())(test))


def run_room(*words, python=sys.executable, **options):
    """Run a command of deploy/room.py, which needs no package until it starts the hub."""
    command = [python, ROOT / "deploy" / "room.py", *words]
    return subprocess.run([*map(str, command)], capture_output=True, text=True, **options)


def read_slips(room):
    """Read the name and pass phrase of each account from the sheet, in order."""
    sheet = (room.private / accounts.SHEET).read_text()
    return re.findall(r"name +(\S+)\npass phrase +(\S+)", sheet)


def list_archive(archive):
    return subprocess.check_output(["tar", "tf", archive], text=True).splitlines()


@contextmanager
def open_folder():
    """Make a folder that learners can enter, unlike tmp_path, for their homes."""
    with tempfile.TemporaryDirectory(prefix="room-", dir="/tmp") as parent:
        Path(parent).chmod(0o755)
        yield Path(parent)


class OpenRoom:
    """A room with a running hub, a teacher and two learners."""

    def __init__(self, folder):
        self.folder, port = folder, settings.find_free_port()
        options = ("--folder", folder, "--prefix", f"rt{os.getpid()}-", "--learners", 2)
        command = [ROOM_PYTHON, ROOT / "deploy/room.py", "open", *options, "--port", port]
        self.command = [*map(str, command), "--without-data"]
        self.start_hub()
        self.room = settings.load_room(folder)
        self.phrases = dict(read_slips(self.room))
        self.teacher, self.first, self.second = self.phrases

    def start_hub(self):
        log = Path(self.folder, "hub.log")
        with log.open("ab") as output:
            before = log.read_text().count(RUNNING)
            self.hub = subprocess.Popen(self.command, stdout=output, stderr=output)

        def is_up():
            assert self.hub.poll() is None, log.read_text()[-2000:]
            return log.read_text().count(RUNNING) > before

        wait_until(is_up, seconds=600)

    def create_client(self, name):
        return LearnerClient(self.room.url, name)

    def log_in(self, name):
        """Return the client of a learner who has logged in."""
        client = self.create_client(name)
        assert client.log_in(self.phrases[name])
        return client

    def close(self):
        done = run_room("remove", "--folder", self.folder, "--yes", python=ROOM_PYTHON)
        assert done.returncode == 0, done.stderr
        self.hub.wait(timeout=600)
        there = f"{self.room.folder}/"
        assert not [
            one for one in psutil.process_iter(["cwd"]) if (one.info["cwd"] or "").startswith(there)
        ]
