"""A training in a thread of its own, one at a time in a process: watched, stopped, interrupted.

Who listens is called from that thread. What is said are traits of `TrainingDashboard`, by name:

- `status`: "preparing", "training", "stopping", and at the end "finished", "stopped", "diverged",
  "interrupted" or "failed".
- `message`: `{"kind": "note" or "error", "text": ...}`, or {} where there is nothing to say.
- `progress`: `phase` ("training", "testing", "finishing"), `epoch` and `step` (both from 1),
  `epochs` and `steps` (how many in all, and in an epoch), `learning_rate`, `error` (per cent of the
  images of this epoch so far), `images_per_second` and `seconds_left` (None: not known yet).
- `run`: what `curves.run_to_replay` gives, after each epoch.
"""

import logging
import threading
import traceback

from resnet_lib.data.cifar10 import is_available, load_cifar10
from resnet_lib.runs.checkpoints import newest_epoch
from resnet_lib.runs.curves import run_to_replay
from resnet_lib.runs.run import run_name

LOG = logging.getLogger(__name__)
LONGEST = 600  # characters of an error that a page shows; TensorFlow's bring a whole graph along
device = threading.Lock()  # held by what computes: a training, or a measurement of speed


class Interrupted(Exception):
    """Ends a training within an epoch."""


class AlreadyTraining(RuntimeError):
    """A second training was asked for; the message says which one goes on."""


class BackgroundTraining:
    """`train(spec, recipe, ...)` in a thread, from `start` on; `run` or `error` is what came of it.

    `data` is None for CIFAR-10, which is then read, or fetched, in that thread too. `remark` is
    said with the last words. Of an error `traceback` is the text: the frames themselves would keep
    the net on its device.
    """

    current = None  # the newest in this process
    door = threading.Lock()  # one comes in at a time: a frontend may call from several threads

    def __init__(self, spec, recipe, *, data, seed, folder, devices, remark=""):
        self.spec, self.recipe, self.data, self.seed = spec, recipe, data, seed
        self.folder, self.devices, self.remark = folder, devices, remark
        self.run = self.error = self.traceback = None
        self.has_begun = self.is_over = False
        self.said, self.listeners = {}, []
        self.lock = threading.RLock()  # around what was said, and whether it is over
        self.stopping, self.interrupting = threading.Event(), threading.Event()
        name = run_name(spec.name, recipe, seed)
        self.thread = threading.Thread(target=self.work, name=name, daemon=True)

    def start(self):
        """Begin, or raise `AlreadyTraining`."""
        with self.door:
            self.refuse_a_second()
            BackgroundTraining.current = self
            self.thread.start()

    @classmethod
    def refuse_a_second(cls):
        if going := cls.going():
            raise AlreadyTraining(
                f"{going.thread.name} is training in this kernel: let it end, or stop it after its "
                "epoch, before another is started"
            )

    @classmethod
    def going(cls):
        """The training that goes on in this process, or None."""
        return cls.current if cls.current and cls.current.is_going() else None

    def is_going(self):
        with self.lock:
            return self.thread.is_alive() and not self.is_over

    def listen(self, hear):
        """Call `hear` with all that was said so far, and from now on."""
        with self.lock:
            self.listeners.append(hear)
            hear(**self.said)

    def hear(self, **said):
        with self.lock:
            self.said |= said
            for hear in self.listeners:
                try:
                    hear(**said)
                except Exception:  # whoever listens badly must not end the training
                    LOG.exception("a listener of %s failed", self.thread.name)

    def stop(self):
        """End it after this epoch, which is saved; at once where none has begun."""
        self.end_soon(self.stopping, "It stops at the end of this epoch.")

    def interrupt(self):
        """End it at the next step; the epochs before this one are saved."""
        self.end_soon(self.interrupting, "Interrupted: it ends with the step under way.")

    def end_soon(self, how, text):
        with self.lock:
            if self.is_going():
                how.set()
                self.hear(message=note(text), status="stopping")

    # ------------------------------------------------------------ in the thread

    def work(self):
        try:
            self.prepare("Waiting for the device to be free.")
            while not device.acquire(timeout=0.2):
                self.check()
            try:
                self.run = self.train()
            finally:
                device.release()
            self.hear(run=run_to_replay(self.run))  # with how it ended
            status, message = self.run.status, self.said_of_run()
        except Interrupted:
            status = "interrupted" if self.interrupting.is_set() else "stopped"
            message = note(f"{status.capitalize()}. {self.what_is_kept()}")
        except BaseException as problem:  # SystemExit too: else a page would wait for ever
            self.traceback = traceback.format_exc()
            self.error = problem.with_traceback(None)
            problem.__cause__ = problem.__context__ = None
            status, message = "failed", problem_said(self.said_of_error())
        message["text"] = f"{message['text']} {self.remark}".strip()
        with self.lock:
            self.is_over = True  # whoever hears of it may start the next
            self.hear(message=message, progress={}, status=status)

    def check(self):
        """Raise `Interrupted` where it is to end, before anything has begun."""
        if self.stopping.is_set() or self.interrupting.is_set():
            raise Interrupted

    def prepare(self, text):
        self.check()
        self.hear(message=note(text), status="preparing")

    def train(self):
        from resnet_lib.training.progress import Watch  # these bring Keras
        from resnet_lib.training.train import train

        if self.data is None:
            self.prepare(
                "Reading CIFAR-10." if is_available() else "Fetching CIFAR-10, 170 MB, once."
            )
            self.data = load_cifar10(progress=False)
        self.prepare("Building the net, compiling its first step.")
        return train(
            self.spec,
            self.recipe,
            data=self.data,
            seed=self.seed,
            folder=self.folder,
            devices=self.devices,
            callbacks=[Watch(self)],
        )

    def said_of_run(self):
        if self.run.status == "finished":
            return note(f"Saved in {self.folder}.")
        if self.run.status == "diverged":
            return problem_said(f"It diverged: {self.run.note}. Its record is in {self.folder}.")
        return note(f"Stopped. {self.what_is_kept()}")

    def said_of_error(self):
        text = f"{type(self.error).__name__}: {self.error}".rstrip(": ")
        if len(text) > LONGEST:
            text = f"{text[: LONGEST // 2]} … {text[-LONGEST // 2 :]}"
        return f"{text}\n{self.what_is_kept()}" if self.has_begun else text

    def what_is_kept(self):
        if epoch := newest_epoch(self.folder):
            return f"All up to the end of epoch {epoch} is kept: Resume goes on from there."
        return "No epoch had ended: there is nothing to resume."


def note(text):
    return {"kind": "note", "text": text}


def problem_said(text):
    return {"kind": "error", "text": text}
