"""Start the processes of a contestant, send them tasks and collect their rates."""

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

from benchmarks import ROOT
from benchmarks.child_process import MAX_REASON_LENGTH, find_failure_reason
from benchmarks.throughput.contestants import BATCH_SIZE, make_environment
from benchmarks.throughput.protocol import INFERENCE_BATCH_SIZE, parse_event
from resnet_lib.processor import read_memory, usable_cores

PYTORCH_PYTHON = ROOT / ".venv-bench/bin/python"
ANSWER_TIMEOUT = 600  # seconds
BYTES_PER_PROCESS = 1e9
MIN_BATCHES = 5  # of training for one of many processes; fewer would time the start of an epoch

# Binds its process to a core, then starts the contestant in it. TensorFlow, JAX and PyTorch count
# the cores when they are imported, so the process must be bound before.
BIND_TO_CORE = (
    "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])}); "
    "os.execv(sys.executable, [sys.executable, *sys.argv[2:]])"
)


class ContestantError(Exception):
    """Says why a contestant ended early or was ended."""


@dataclass(frozen=True)
class Settings:
    """The settings that all contestants of one measurement share."""

    folder: Path  # for the data, logs and caches
    batches: int  # of 128 images in a round of training, for one process on all cores
    inference_batches: int = 6  # of 500 images in a round
    rounds: int = 3
    gpu: bool = False
    instructions: str | None = None  # one of `INSTRUCTION_LIMITS`
    pytorch_python: Path = PYTORCH_PYTHON

    def make_arguments(self, batch_size, num_processes):
        """Return the arguments of a contestant's program.

        Several processes share the batches of a round equally.
        """
        batches = self.batches
        if num_processes > 1:
            batches = max(MIN_BATCHES, batches // num_processes)
        images = INFERENCE_BATCH_SIZE * max(1, self.inference_batches // num_processes)
        words = ["--data", self.folder, "--batch-size", batch_size, "--rounds", self.rounds]
        words += ["--batches", batches * BATCH_SIZE // batch_size, "--inference-images", images]
        return [*words, *(["--gpu"] if self.gpu else [])]


class ContestantProcess:
    """One process of a contestant, which is bound to `core` unless that is None."""

    def __init__(self, contestant, settings, core=None, num_processes=1):
        python = Path(sys.executable if contestant.backend else settings.pytorch_python)
        if not python.exists():
            raise ContestantError(
                f"there is no {python.parents[1].name} here; make bench installs it"
            )
        command = [python, *([] if core is None else ["-c", BIND_TO_CORE, core])]
        command += ["-m", contestant.program, *contestant.arguments]
        command += settings.make_arguments(contestant.batch_size, num_processes)
        cache = Path(settings.folder) / f"{contestant.name}-{'all' if core is None else core}"
        self.errors = tempfile.TemporaryFile(mode="w+", dir=settings.folder)  # noqa: SIM115  close()
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            cwd=ROOT,
            env=make_environment(contestant, cache, settings.instructions),
        )

    def send(self, task):
        """Send a task or "end". Raises `ContestantError` if the process has ended."""
        try:
            self.process.stdin.write(f"{task}\n")
            self.process.stdin.flush()
        except OSError as error:
            raise ContestantError(self.find_reason()) from error

    def wait_for(self, event):
        """Return the next message, which must be `event`. If not, end the process and raise."""
        timed_out = threading.Event()

        def end_process():
            timed_out.set()
            self.process.kill()

        timer = threading.Timer(ANSWER_TIMEOUT, end_process)
        timer.start()
        try:
            while line := self.process.stdout.readline():
                message = parse_event(line)
                if message is not None:
                    if message.pop("event", None) != event:
                        raise ContestantError(f"expected {event!r}; got {line.strip()}")
                    return message
        except (json.JSONDecodeError, ContestantError) as error:
            self.process.kill()
            text = f"{error}; it said: {line.strip()}"
            raise ContestantError(text[:MAX_REASON_LENGTH]) from error
        finally:
            timer.cancel()
        if timed_out.is_set():
            raise ContestantError(f"no answer in {ANSWER_TIMEOUT} seconds")
        raise ContestantError(self.find_reason())

    def find_reason(self):
        """Wait for the end of the process, and return why it ended."""
        status = self.process.wait()
        self.errors.seek(0)
        return find_failure_reason(self.errors.read(), status)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.errors.close()
        with suppress(OSError):  # text that the process has not read
            self.process.stdin.close()


class ProcessGroup:
    """All processes of one contestant, which run their rounds at the same time."""

    def __init__(self, contestant, settings, cores=(None,)):
        self.contestant, self.processes = contestant, []
        self.started = time.perf_counter()
        for core in cores:
            self.processes.append(ContestantProcess(contestant, settings, core, len(cores)))

    def wait_until_ready(self):
        """Wait for the round that warms up; return the seconds until the end of the first step."""
        self.wait_for("first step")
        seconds = time.perf_counter() - self.started
        self.wait_for("ready")
        return seconds

    def measure_rate(self, task):
        """Run one round and return images per second, summed over the processes."""
        self.send(task)
        return sum(one["images"] / one["seconds"] for one in self.wait_for("round"))

    def end(self):
        """End all processes, and return what the first says about itself.

        Raises `ContestantError` if TensorFlow has ignored the setting for oneDNN.
        """
        self.send("end")
        message = self.wait_for("end")[0]
        expected, found = self.contestant.onednn, message.get("onednn")
        if found not in (None, expected):  # None: not TensorFlow, or a version that does not say
            words = {True: "with oneDNN", False: "without oneDNN"}
            raise ContestantError(
                f"TensorFlow computed {words[found]}; expected {words[expected]}; "
                "install a TensorFlow that obeys TF_ENABLE_ONEDNN_OPTS"
            )
        return message

    def send(self, task):
        for process in self.processes:
            process.send(task)

    def wait_for(self, event):
        return [process.wait_for(event) for process in self.processes]

    def close(self):
        for process in self.processes:
            process.close()


def choose_cores(layout, num_contestants):
    """Return a core for each process of a layout; None stands for a process on all cores.

    Raises `ContestantError` if the memory is too small for all contestants on all cores.
    """
    if layout == "one process":
        return (None,)
    if not hasattr(os, "sched_setaffinity"):
        raise ContestantError("this system cannot bind a process to a core; expected Linux")
    cores, sizes = tuple(usable_cores()), read_memory()
    needed = BYTES_PER_PROCESS * len(cores) * num_contestants
    if sizes is not None and needed > sizes[1]:
        raise ContestantError(
            f"{num_contestants} contestants on {len(cores)} cores need about "
            f"{needed / 1e9:.0f} GB; this machine has {sizes[1] / 1e9:.0f} GB; "
            "name fewer --contestants, or lend fewer cores: taskset --cpu-list 0-3 make bench"
        )
    return cores
