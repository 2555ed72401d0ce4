"""Starts the processes of a contestant of `throughput.py`, and gives them their turns."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from contestants import BATCH, environment
from results import LONGEST_REASON, reason
from turns import INFERENCE_BATCH, heard

from resnet_lib.processor import read_memory, usable_cores

HERE = Path(__file__).parent
TORCH = HERE.parent / ".venv-bench/bin/python"
PATIENCE = 600  # seconds without an answer before a contestant is given up
MEMORY_OF_A_PROCESS = 1e9  # bytes
LEAST_BATCHES = 5  # of training for one of many processes; fewer would time the start of an epoch

# Binds itself to a core, then becomes the contestant. TensorFlow, JAX and PyTorch count the cores
# when they are imported, so the binding must come first.
BIND = (
    "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])}); "
    "os.execv(sys.executable, [sys.executable, *sys.argv[2:]])"
)


class Failed(Exception):
    """A contestant that ended, or said nothing for too long; the message is the reason."""


@dataclass(frozen=True)
class Setting:
    """What all contestants of one run share."""

    folder: Path  # of the data, and of what the contestants leave behind
    batches: int  # of training in a round, 128 images each, for one process that uses all cores
    inference_batches: int = 6  # in a round, 500 images each
    rounds: int = 3
    gpu: bool = False
    instructions: str | None = None  # a limit of `contestants.LIMITS`
    torch: Path = TORCH  # a Python that has PyTorch

    def arguments(self, batch_size, processes):
        """The arguments of a contestant's script.

        Side by side, each process computes an equal part of the batches of a round.
        """
        batches = self.batches if processes == 1 else max(LEAST_BATCHES, self.batches // processes)
        images = INFERENCE_BATCH * max(1, self.inference_batches // processes)
        words = ["--data", self.folder, "--batch-size", batch_size, "--rounds", self.rounds]
        words += ["--batches", batches * BATCH // batch_size, "--inference-images", images]
        return [*words, *(["--gpu"] if self.gpu else [])]


class Process:
    """One process of a contestant, bound to `core`, or free to use all cores where it is None."""

    def __init__(self, contestant, setting, core=None, processes=1):
        python = Path(sys.executable if contestant.backend else setting.torch)
        if not python.exists():
            raise Failed(f"there is no {python.parents[1].name} here; make bench installs it")
        command = [python, *([] if core is None else ["-c", BIND, core])]
        command += [HERE / contestant.script, *contestant.arguments]
        command += setting.arguments(contestant.batch_size, processes)
        cache = Path(setting.folder) / f"{contestant.name}-{'all' if core is None else core}"
        self.errors = tempfile.TemporaryFile(mode="w+", dir=setting.folder)  # noqa: SIM115  close()
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            env=environment(contestant, cache, setting.instructions),
        )

    def tell(self, word):
        """Send a task, or "end". Raises `Failed` where the process is gone."""
        try:
            self.process.stdin.write(f"{word}\n")
            self.process.stdin.flush()
        except OSError as problem:
            raise Failed(self.reason()) from problem

    def expect(self, event):
        """The next message, which must be `event`. Raises `Failed`, and ends the process."""
        late = threading.Event()

        def give_up():
            late.set()
            self.process.kill()

        clock = threading.Timer(PATIENCE, give_up)
        clock.start()
        try:
            while line := self.process.stdout.readline():
                message = heard(line)
                if message is not None:
                    if message.pop("event", None) != event:
                        raise Failed(f"expected {event!r}; got {line.strip()}")
                    return message
        except (json.JSONDecodeError, Failed) as problem:
            self.process.kill()
            raise Failed(f"{problem}; it said: {line.strip()}"[:LONGEST_REASON]) from problem
        finally:
            clock.cancel()
        if late.is_set():
            raise Failed(f"no answer in {PATIENCE} seconds")
        raise Failed(self.reason())

    def reason(self):
        status = self.process.wait()
        self.errors.seek(0)
        return reason(self.errors.read(), status)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.errors.close()
        with suppress(OSError):  # what could not be written to a process that is gone
            self.process.stdin.close()


class Team:
    """All processes of one contestant, which take their turns together."""

    def __init__(self, contestant, setting, cores=(None,)):
        self.contestant, self.members = contestant, []
        self.started = time.perf_counter()
        for core in cores:
            self.members.append(Process(contestant, setting, core, len(cores)))

    def start(self):
        """Wait until all are warm; returns the seconds from the start to the end of one step."""
        self.expect("first step")
        seconds = time.perf_counter() - self.started
        self.expect("ready")
        return seconds

    def turn(self, task):
        """Images a second in one round: the sum over the processes."""
        self.tell(task)
        return sum(one["images"] / one["seconds"] for one in self.expect("round"))

    def end(self):
        """What the contestant says of itself. Raises `Failed` where oneDNN is not as it was set."""
        self.tell("end")
        message = self.expect("end")[0]
        wished, found = self.contestant.onednn, message.get("onednn")
        if found not in (None, wished):  # None: not TensorFlow, or a version that does not say
            words = {True: "with oneDNN", False: "without oneDNN"}
            raise Failed(
                f"TensorFlow computed {words[found]}; expected {words[wished]}; "
                "install a TensorFlow that obeys TF_ENABLE_ONEDNN_OPTS"
            )
        return message

    def tell(self, word):
        for member in self.members:
            member.tell(word)

    def expect(self, event):
        return [member.expect(event) for member in self.members]

    def close(self):
        for member in self.members:
            member.close()


def cores_of(layout, contestants):
    """The cores to which the processes of a layout are bound; None is a process on all cores.

    Raises `Failed` where the memory is too small for so many contestants on all cores at once.
    """
    if layout == "one process":
        return (None,)
    if not hasattr(os, "sched_setaffinity"):
        raise Failed("this system cannot bind a process to a core; expected Linux")
    cores, sizes = tuple(usable_cores()), read_memory()
    needed = MEMORY_OF_A_PROCESS * len(cores) * contestants
    if sizes is not None and needed > sizes[1]:
        raise Failed(
            f"{contestants} contestants on {len(cores)} cores need about {needed / 1e9:.0f} GB; "
            f"this machine has {sizes[1] / 1e9:.0f} GB; name fewer --contestants, or lend fewer "
            "cores: taskset --cpu-list 0-3 make bench"
        )
    return cores
