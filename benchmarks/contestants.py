"""Who takes part in `throughput.py`, and how one is started, heard and given a turn."""

import json
import os
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

from results import LONGEST_REASON, reason
from turns import heard

HERE = Path(__file__).parent
PATIENCE = 600  # seconds without an answer before a contestant is given up


@dataclass(frozen=True)
class Contestant:
    """One row of the table."""

    name: str
    label: str
    script: str
    arguments: tuple = ()
    batch_size: int = 128
    backend: str = ""  # of Keras; empty for PyTorch
    gpu_only: bool = False


HALF = ("--precision", "bfloat16")
CONTESTANTS = {
    contestant.name: contestant
    for contestant in (
        Contestant("engine-tensorflow", "this library, TensorFlow", "engine.py",
                   backend="tensorflow"),
        Contestant("engine-jax", "this library, JAX", "engine.py", backend="jax"),
        Contestant("torch-eager", "PyTorch, eager", "torch_resnet20.py"),
        Contestant("torch-channels-last", "PyTorch, eager, channels_last", "torch_resnet20.py",
                   ("--form", "channels_last")),
        Contestant("torch-compile", "PyTorch, torch.compile", "torch_resnet20.py",
                   ("--form", "compile")),
        Contestant("article-128", "the article's script", "article_port.py", backend="tensorflow"),
        Contestant("article-32", "the article's script", "article_port.py",
                   batch_size=32, backend="tensorflow"),
        Contestant("engine-tensorflow-32", "this library, TensorFlow", "engine.py",
                   batch_size=32, backend="tensorflow"),
        # Half precision pays on a GPU alone; here too each has its counterpart.
        Contestant("engine-tensorflow-half", "this library, TensorFlow, bfloat16", "engine.py",
                   HALF, backend="tensorflow", gpu_only=True),
        Contestant("engine-jax-half", "this library, JAX, bfloat16", "engine.py",
                   HALF, backend="jax", gpu_only=True),
        Contestant("torch-compile-half", "PyTorch, torch.compile, bfloat16", "torch_resnet20.py",
                   ("--form", "compile", *HALF), gpu_only=True),
    )
}  # fmt: skip


class Failed(Exception):
    """A contestant that ended, or said nothing for too long; the message is the reason."""


class Running:
    """A contestant in a process of its own; `folder` holds the data, and what it leaves behind."""

    def __init__(self, contestant, python, folder, images, rounds, gpu=False):
        if not Path(python).exists():
            raise Failed(f"there is no {Path(python).parents[1].name} here; make bench installs it")
        environment = os.environ | {
            "KERAS_BACKEND": contestant.backend or "tensorflow",
            "TF_CPP_MIN_LOG_LEVEL": "2",
            # All wait in memory for their turns: none may take the whole GPU.
            "TF_FORCE_GPU_ALLOW_GROWTH": "true",
            "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
            # Nothing compiled before counts: the first step is that of a fresh machine.
            "TORCHINDUCTOR_CACHE_DIR": f"{folder}/{contestant.name}",
        }
        command = [python, HERE / contestant.script, *contestant.arguments, "--data", folder]
        command += ["--batch-size", contestant.batch_size, "--rounds", rounds]
        command += ["--batches", images // contestant.batch_size, *(["--gpu"] if gpu else [])]
        self.errors = tempfile.TemporaryFile(mode="w+", dir=folder)  # noqa: SIM115  see close()
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            env=environment,
        )

    def expect(self, event):
        """The next message, which must be `event`. Raises `Failed`, and ends the process."""
        clock = Timer(PATIENCE, self.process.kill)
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
            late = not clock.is_alive()
            clock.cancel()
        if late:
            raise Failed(f"no answer in {PATIENCE} seconds")
        raise Failed(self.reason())

    def start(self):
        """Wait until it is warm; returns the seconds from its start to the end of one step."""
        self.expect("first step")
        seconds = time.perf_counter() - self.started
        self.expect("ready")
        return seconds

    def turn(self):
        """Images a second in one round."""
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        except OSError as problem:
            raise Failed(self.reason()) from problem
        message = self.expect("round")
        return message["images"] / message["seconds"]

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
