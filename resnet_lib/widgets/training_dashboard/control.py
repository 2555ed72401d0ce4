"""The kernel's half of `TrainingDashboard`: what its buttons do, and what it is told.

Keras is brought in by the first of them, in a thread, so that a page can be built without it.

The page sends `{"do": ..., "settings": ...}`: "look" (what is there of these settings, how long
would they take?), "start", "stop", "resume", or "download" with `what`, "run" or "weights". It is
answered through traits. Besides those of `background`:

- `found`: of these settings, on disk: {} or `name`, `epochs` (done), `of` (in all), `finished`.
- `forecast`: `name` (of the run that is meant) and `state`: "measuring", "later" (a training goes
  on), "failed" with `words`, or "known" with `minutes` (all), `epoch_seconds` and `device`.
- `saved`: {} or `folder`, and for "run" and "weights" the `bytes` that can be downloaded.
"""

import asyncio
import logging
import signal
import sys
import threading
from functools import cache
from pathlib import Path

from filelock import FileLock, Timeout
from traitlets import TraitError

from resnet_lib.chapters.paper import REPORTED
from resnet_lib.data.cifar10 import TEST_IMAGES, TRAINING_IMAGES
from resnet_lib.nets.spec import NetSpec
from resnet_lib.runs.checkpoints import newest_epoch
from resnet_lib.runs.curves import run_to_replay
from resnet_lib.runs.recipes import RECIPES, recipe_called
from resnet_lib.runs.run import Run, run_name
from resnet_lib.training.background import BackgroundTraining, device, problem_said

SETTINGS = ("version", "n", "shortcut", "recipe", "epochs", "seed")
LOG = logging.getLogger(__name__)
FILES = {"run": "run.json", "weights": "model.keras"}
OVER = ("finished", "stopped", "diverged", "interrupted", "failed")


class Control:
    """Does what a `TrainingDashboard`'s buttons ask for, and sets its traits."""

    def __init__(self, widget, data, folder, devices):
        self.widget, self.data, self.devices = widget, data, devices
        self.folder = Path(folder).absolute()  # a cell may change the working folder meanwhile
        self.training = self.looked_at = None
        widget.on_msg(self.on_message)
        stop_when_the_kernel_is_interrupted()

    # ------------------------------------------------------------ the buttons

    def on_message(self, widget, content, buffers):
        action = content.get("do")
        if action not in ("look", "start", "stop", "resume", "download"):
            return
        try:
            # A kernel that is busy may get what the page has synced after this message.
            for name, value in content.get("settings", {}).items():
                if name in SETTINGS:
                    setattr(widget, name, value)
            if action != "look":
                self.hear(message={})  # so that the same refusal twice is heard twice
            if action != "download":
                getattr(self, action)()
            elif content.get("what") in FILES:
                self.download(content["what"])
        except (OSError, ValueError, RuntimeError, TraitError) as problem:
            self.hear(message=problem_said(str(problem)))

    def start(self):
        """Train by the present settings from the beginning; what lay there is set aside."""
        BackgroundTraining.refuse_a_second()
        moved = set_aside(self.place())
        self.begin(remark=f"What lay there before is in {moved}." if moved else "")

    def resume(self):
        """Go on after the last whole epoch of the present settings."""
        BackgroundTraining.refuse_a_second()
        if not newest_epoch(self.place()):
            raise ValueError(f"there is nothing to resume in {self.place()}; press Start")
        self.begin()

    def stop(self):
        """End the training after this epoch."""
        if not (self.training and self.training.is_going()):
            raise RuntimeError("nothing is training here that could be stopped")
        self.training.stop()

    def download(self, what):
        path = self.place() / FILES[what]
        kind = "application/json" if what == "run" else "application/octet-stream"
        name = f"{self.name()}.{'run.json' if what == 'run' else 'keras'}"
        self.widget.send({"download": name, "type": kind}, buffers=[path.read_bytes()])

    def look(self):
        """Say what is there of the present settings, and how long they would take."""
        going = BackgroundTraining.going()
        if going and going is not self.training:  # begun by a widget that was there before this one
            self.follow(going)
        settings = self.settings()
        found, run = self.find()
        self.hear(found=found)
        if not going and settings != self.looked_at:
            self.hear(message={}, progress={}, run=run, saved=self.files(), status="ready")
        self.looked_at = settings
        threading.Thread(target=self.forecast, args=settings, daemon=True).start()

    # ------------------------------------------------------------ behind them

    def hear(self, **said):
        """Set traits; called from the training's thread as well."""
        for name, value in said.items():
            try:
                setattr(self.widget, name, value)
            except Exception:  # of whoever observes it; the others are set all the same
                LOG.exception("what observes %s failed", name)

    def begin(self, remark=""):
        settings = spec, recipe, seed = self.settings()
        training = BackgroundTraining(
            spec,
            recipe,
            data=self.data,
            seed=seed,
            folder=self.place(),
            devices=self.devices,
            remark=remark,
        )
        training.start()
        self.looked_at = settings
        self.hear(run={}, saved={}, progress={})
        self.follow(training)

    def follow(self, training):
        """Say what `training` says, until another is followed."""

        def hear(**said):
            if training is self.training:
                over = said.get("status") in OVER
                self.hear(**(self.on_disk() if over else {}), **said)

        self.training = training
        training.listen(hear)

    def on_disk(self):
        """What lies there of the present settings; nothing where that cannot be read."""
        try:
            return {"found": self.find()[0], "saved": self.files()}
        except (OSError, ValueError):
            return {"found": {}, "saved": {}}

    def settings(self):
        """The `NetSpec`, `Recipe` and seed that the controls stand at."""
        at = self.widget
        epochs = None if at.epochs in (0, RECIPES[at.recipe].epochs) else at.epochs
        spec = NetSpec(at.version, at.n, at.shortcut)
        return spec, recipe_called(at.recipe, epochs), at.seed

    def name(self):
        spec, recipe, seed = self.settings()
        return run_name(spec.name, recipe, seed)

    def place(self):
        """The folder of the present settings."""
        return self.folder / self.name()

    def find(self):
        """What is on disk of the present settings: `found`, and the run as it is shown, or {}."""
        _, recipe, _ = self.settings()
        place = self.place()
        said = {"name": self.name(), "of": recipe.epochs}
        if (place / "run.json").exists():
            run = Run.load(place / "run.json")
            return said | {"epochs": run.epochs, "finished": True}, run_to_replay(run)
        epochs = newest_epoch(place)
        return said | {"epochs": epochs, "finished": False} if epochs else {}, {}

    def files(self):
        sizes = {
            what: path.stat().st_size
            for what, name in FILES.items()
            if (path := self.place() / name).exists()
        }
        return {"folder": str(self.place())} | sizes if sizes else {}

    def forecast(self, spec, recipe, seed):
        """Say how long these settings would take; measured where nothing else is computing."""

        def is_wanted():
            return (spec, recipe, seed) == self.settings()

        def say(state, **more):
            if is_wanted():
                self.hear(forecast={"state": state, "name": self.name()} | more)

        try:
            from resnet_lib.runs.machine import device_name
            from resnet_lib.training.calibration import cost_of, is_known  # these bring Keras

            if not is_known(spec, recipe, self.devices) and not BackgroundTraining.going():
                say("measuring")
                with device:
                    cost_of(
                        spec,
                        recipe,
                        self.devices,
                        give_up=lambda: BackgroundTraining.going() or not is_wanted(),
                    )
            if not is_known(spec, recipe, self.devices):
                say("later")  # the page asks again when the training has ended
                return
            train, test = self.data or ((range(TRAINING_IMAGES),), (range(TEST_IMAGES),))
            cost, counts = cost_of(spec, recipe, self.devices), (len(train[0]), len(test[0]))
            say(
                "known",
                minutes=round(cost.of_training(recipe, *counts) / 60, 2),
                epoch_seconds=round(cost.of_epoch(recipe, *counts), 2),
                device=device_name(),
            )
        except Exception as problem:  # a net too large for the device, for one
            say("failed", words=f"{type(problem).__name__}: {problem}")


def set_aside(place):
    """Move a folder that holds a run, whole or begun, out of the way; returns where to, or None."""
    if not (place / "run.json").exists() and not newest_epoch(place):
        return None
    numbers = (f"{place.name}.before-{number}" for number in range(1, sys.maxsize))
    target = next(path for name in numbers if not (path := place.with_name(name)).exists())
    try:
        with FileLock(place / "lock", timeout=0):
            place.rename(target)
    except Timeout as problem:
        raise RuntimeError(f"another process is training in {place}; wait for it") from problem
    return target


@cache
def stop_when_the_kernel_is_interrupted():
    """Hand the notebook's interrupt on to the training, whether a cell is running or none."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return

    def interrupt(*_):
        if going := BackgroundTraining.going():
            going.interrupt()

    # The kernel replaces the handler before each message, and again while a cell awaits something.
    # `interrupt` takes a lock that a message may hold, so it waits until the message is over.
    in_message = threading.Event()

    def interrupt_message(*arguments):
        in_message.set()
        signal.default_int_handler(*arguments)

    def after_cell(result):  # one that awaited something is cancelled
        if isinstance(result.error_in_exec, (KeyboardInterrupt, asyncio.CancelledError)):
            in_message.set()

    before, after = kernel.pre_handler_hook, kernel.post_handler_hook

    def before_message():
        before()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, interrupt_message)

    def after_message():
        after()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, interrupt)
            if in_message.is_set():
                in_message.clear()
                interrupt()

    shell.events.register("post_run_cell", after_cell)
    kernel.pre_handler_hook, kernel.post_handler_hook = before_message, after_message


# ---------------------------------------------------------------- what does not change


def recipe_facts():
    """The recipes by name, as the page shows them."""
    shown = ("epochs", "batch_size", "optimizer", "schedule", "learning_rate", "augmentation")
    return {
        name: {field: getattr(recipe, field) for field in shown} for name, recipe in RECIPES.items()
    }


def paper_figures():
    """What He et al. 2015 report of nets in this library: one dict each."""
    return [
        {
            "version": one.net.version,
            "n": one.net.n,
            "shortcut": one.net.shortcut,
            "test_error": one.test_error,
            "at_least": one.at_least,
            "text": str(one),
            "source": one.source,
        }
        for one in REPORTED
        if one.net
    ]
