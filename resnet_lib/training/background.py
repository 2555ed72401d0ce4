"""Train in a thread, one run at a time per process, and report the progress to listeners.

Listeners are called from that thread with keyword arguments, which are traits of
`TrainingDashboard`:

- `status`: "preparing", "training", "stopping", and at the end "finished", "stopped", "diverged",
  "interrupted" or "failed".
- `message`: `{"kind": "note" or "error", "text": ...}`, or {} without a message.
- `progress`: a `monitor.Progress`, or {} at the end.
- `run`: the result of `curves.run_to_replay`, after each epoch.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from resnet_lib.data.cifar10 import Dataset, is_available, load_cifar10
from resnet_lib.nets.spec import NetSpec
from resnet_lib.runs.checkpoints import newest_epoch
from resnet_lib.runs.curves import run_to_replay
from resnet_lib.runs.recipes import Recipe
from resnet_lib.runs.run import Run, run_name

LOG = logging.getLogger(__name__)
MAX_ERROR_LENGTH = 600  # characters on a page; an error of TensorFlow can contain a whole graph
device_lock = threading.Lock()  # held by a training run or a measurement of speed

Listener = Callable[..., None]
Message = dict[str, str]


class Interrupted(Exception):
    """End a training run within an epoch."""


class AlreadyTraining(RuntimeError):
    """Refuse a second training run; the message names the one that is running."""


class BackgroundTraining:
    """Call `train(spec, recipe, ...)` in a thread, which sets `run` or `error` at its end.

    `data` is None for CIFAR-10, which the thread then reads or fetches. `remark` is appended to the
    last message. `traceback` holds an error's traceback as text, because the frames of a traceback
    would keep the net in the memory of the device.
    """

    current: ClassVar[BackgroundTraining | None] = None  # the newest of this process
    start_lock: ClassVar = threading.Lock()  # a frontend may call from several threads

    def __init__(
        self,
        spec: NetSpec,
        recipe: Recipe,
        *,
        data: Dataset | None,
        seed: int,
        folder: str | Path,
        devices: str,
        remark: str = "",
    ) -> None:
        self.spec, self.recipe, self.data, self.seed = spec, recipe, data, seed
        self.folder, self.devices, self.remark = folder, devices, remark
        self.run: Run | None = None
        self.error: BaseException | None = None
        self.traceback: str | None = None
        self.has_begun = self.is_over = False
        self.traits: dict[str, Any] = {}  # the newest value of each trait that was sent
        self.listeners: list[Listener] = []
        self.lock = threading.RLock()  # around `traits`, `listeners` and `is_over`
        self.stopping, self.interrupting = threading.Event(), threading.Event()
        name = run_name(spec.name, recipe, seed)
        self.thread = threading.Thread(target=self.run_thread, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread. Raises `AlreadyTraining` if another run is not over."""
        with self.start_lock:
            self.check_none_is_running()
            BackgroundTraining.current = self
            self.thread.start()

    @classmethod
    def check_none_is_running(cls) -> None:
        """Raise `AlreadyTraining` if a run of this process is not over."""
        if training := cls.find_running():
            raise AlreadyTraining(
                f"{training.thread.name} is training in this kernel: let it end, or stop it after "
                "its epoch, before another is started"
            )

    @classmethod
    def find_running(cls) -> BackgroundTraining | None:
        """Return the training run of this process that is not over, or None."""
        return cls.current if cls.current and cls.current.is_running() else None

    def is_running(self) -> bool:
        """Return whether the run has been started and is not over."""
        with self.lock:
            return self.thread.is_alive() and not self.is_over

    def add_listener(self, listener: Listener) -> None:
        """Call `listener` with the newest traits, and from now on with each that is sent."""
        with self.lock:
            self.listeners.append(listener)
            listener(**self.traits)

    def send(self, **traits: Any) -> None:
        """Send these traits to all listeners."""
        with self.lock:
            self.traits |= traits
            for listener in self.listeners:
                try:
                    listener(**traits)
                except Exception:  # a faulty listener must not end the run
                    LOG.exception("a listener of %s failed", self.thread.name)

    def stop(self) -> None:
        """End the run after this epoch, which is saved, or at once before the first epoch."""
        self.request_end(self.stopping, "It stops at the end of this epoch.")

    def interrupt(self) -> None:
        """End the run at the next step; the epochs before this one are saved."""
        self.request_end(self.interrupting, "Interrupted: it ends with the step under way.")

    def request_end(self, event: threading.Event, text: str) -> None:
        """Set `event` and send the status "stopping", if the run is not over."""
        with self.lock:
            if self.is_running():
                event.set()
                self.send(message=note(text), status="stopping")

    # ------------------------------------------------------------ in the thread

    def run_thread(self) -> None:
        """Train, and send the last message and status."""
        try:
            self.send_preparing("Waiting for the device to be free.")
            while not device_lock.acquire(timeout=0.2):
                self.check_interrupt()
            try:
                self.run = self.train()
            finally:
                device_lock.release()
            self.send(run=run_to_replay(self.run))  # with its final status
            status, message = self.run.status, self.describe_run(self.run)
        except Interrupted:
            status = "interrupted" if self.interrupting.is_set() else "stopped"
            message = note(f"{status.capitalize()}. {self.describe_saved_epochs()}")
        except BaseException as problem:  # SystemExit too: else a page would wait for ever
            self.traceback = traceback.format_exc()
            self.error = problem.with_traceback(None)
            problem.__cause__ = problem.__context__ = None
            status, message = "failed", error_message(self.describe_error(problem))
        message["text"] = f"{message['text']} {self.remark}".strip()
        with self.lock:
            self.is_over = True  # a listener may start the next run
            self.send(message=message, progress={}, status=status)

    def check_interrupt(self) -> None:
        """Raise `Interrupted` after a request to stop or to interrupt."""
        if self.stopping.is_set() or self.interrupting.is_set():
            raise Interrupted

    def send_preparing(self, text: str) -> None:
        """Send the status "preparing" with a note."""
        self.check_interrupt()
        self.send(message=note(text), status="preparing")

    def train(self) -> Run:
        """Load CIFAR-10 unless the caller gave other data, then call `train`."""
        from resnet_lib.training.monitor import TrainingMonitor  # imports Keras
        from resnet_lib.training.train import train

        if self.data is None:
            self.send_preparing(
                "Reading CIFAR-10." if is_available() else "Fetching CIFAR-10, 170 MB, once."
            )
            self.data = load_cifar10(progress=False)
        self.send_preparing("Building the net, compiling its first step.")
        return train(
            self.spec,
            self.recipe,
            data=self.data,
            seed=self.seed,
            folder=self.folder,
            devices=self.devices,
            callbacks=[TrainingMonitor(self, self.data)],
        )

    def describe_run(self, run: Run) -> Message:
        """Return the last message of a run that `train` returned."""
        if run.status == "finished":
            return note(f"Saved in {self.folder}.")
        if run.status == "diverged":
            return error_message(f"It diverged: {run.note}. Its record is in {self.folder}.")
        return note(f"Stopped. {self.describe_saved_epochs()}")

    def describe_error(self, error: BaseException) -> str:
        """Return a text on an error, not much longer than `MAX_ERROR_LENGTH`."""
        text = f"{type(error).__name__}: {error}".rstrip(": ")
        if len(text) > MAX_ERROR_LENGTH:
            text = f"{text[: MAX_ERROR_LENGTH // 2]} … {text[-MAX_ERROR_LENGTH // 2 :]}"
        return f"{text}\n{self.describe_saved_epochs()}" if self.has_begun else text

    def describe_saved_epochs(self) -> str:
        """Say which epochs of the folder can be resumed."""
        if epoch := newest_epoch(self.folder):
            return f"All up to the end of epoch {epoch} is kept: Resume goes on from there."
        return "No epoch had ended: there is nothing to resume."


def note(text: str) -> Message:
    """Return a `message` that informs."""
    return {"kind": "note", "text": text}


def error_message(text: str) -> Message:
    """Return a `message` that reports an error."""
    return {"kind": "error", "text": text}
