"""A training in a thread of its own, one at a time in a process: watched, stopped, interrupted.

Who listens is called from that thread. What is said are traits of `TrainingDashboard`, by name:

- `status`: "preparing", "training", "stopping", and at the end "finished", "stopped", "diverged",
  "interrupted" or "failed".
- `message`: `{"kind": "note" or "error", "text": ...}`, or {} where there is nothing to say.
- `progress`: `phase` ("training", "testing", "finishing"), `epoch` and `step` (both from 1),
  `epochs` and `steps` (how many in all, and in an epoch), `learning_rate`, `error` (per cent of the
  images of this epoch so far), `images_per_second` and `seconds_left` (None: not known yet).
- `run`: what `curves.replay_of` gives, after each epoch.
"""

import threading

from resnet_lib.checkpoints import newest_epoch
from resnet_lib.curves import replay_of
from resnet_lib.data import is_at_hand, load_cifar10
from resnet_lib.runs import run_name

device = threading.Lock()  # held by what computes: a training, or a measurement of speed


class Interrupted(Exception):
    """Ends a training within an epoch."""


class AlreadyTraining(RuntimeError):
    """A second training was asked for; the message says which one goes on."""


class BackgroundTraining:
    """`train(spec, recipe, ...)` in a thread, from `start` on; `run` or `error` is what came of it.

    `data` is None for CIFAR-10, which is then read, or fetched, in that thread too.
    """

    current = None  # the newest in this process
    door = threading.Lock()  # one comes in at a time: a frontend may call from several threads

    def __init__(self, spec, recipe, *, data, seed, folder, devices):
        self.spec, self.recipe, self.data, self.seed = spec, recipe, data, seed
        self.folder, self.devices = folder, devices
        self.run = self.error = None
        self.is_over = False
        self.said, self.listeners = {}, []
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
        return self.thread.is_alive() and not self.is_over

    def listen(self, hear):
        """Call `hear` with all that was said so far, and from now on."""
        self.listeners.append(hear)
        hear(**self.said)

    def hear(self, **said):
        self.said |= said
        for hear in self.listeners:
            hear(**said)

    def stop(self):
        """End it after this epoch, which is saved."""
        self.stopping.set()
        self.hear(status="stopping", message=note("It stops at the end of this epoch."))

    def interrupt(self):
        """End it at the next step; the epochs before this one are saved."""
        self.interrupting.set()

    def work(self):
        try:
            self.hear(status="preparing", message=note("Waiting for the device to be free."))
            with device:
                self.run = self.train()
            self.hear(run=replay_of(self.run))  # with how it ended
            status, message = self.run.status, self.said_of_run()
        except Interrupted:
            status, message = "interrupted", note(f"Interrupted. {self.what_is_kept()}")
        except Exception as problem:
            self.error = problem
            what = f"{type(problem).__name__}: {problem}".rstrip(": ")
            status, message = "failed", problem_said(f"{what}\n{self.what_is_kept()}")
        self.is_over = True  # whoever hears of it may start the next
        self.hear(status=status, message=message, progress={})

    def train(self):
        from resnet_lib.progress import Watch  # these bring Keras
        from resnet_lib.training import train

        if self.data is None:
            what = "Reading CIFAR-10." if is_at_hand() else "Fetching CIFAR-10, 170 MB, once."
            self.hear(status="preparing", message=note(what))
            self.data = load_cifar10(progress=False)
        self.hear(status="preparing", message=note("Building the net, compiling its first step."))
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

    def what_is_kept(self):
        if epoch := newest_epoch(self.folder):
            return f"All up to the end of epoch {epoch} is kept: Resume goes on from there."
        return "No epoch had ended: there is nothing to resume."


def note(text):
    return {"kind": "note", "text": text}


def problem_said(text):
    return {"kind": "error", "text": text}
