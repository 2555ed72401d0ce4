"""Do what the buttons of `TrainingDashboard` ask for, in the kernel, and set its traits.

The first button that needs Keras imports it, in a thread, so a page can be built without Keras.

The page sends `{"do": ..., "settings": ...}`. The actions are "look" (which files of these settings
exist, and how long would training take?), "start", "stop", "resume", and "download" with `what`,
"run" or "weights". The answers are traits. Besides the traits of `training.background` they are:

- `found`: the run of these settings on disk: {} or `name`, `epochs` (done), `of` (in all),
  `finished`.
- `forecast`: `name` (of the run) and `state`: "measuring", "later" (another run is training),
  "failed" with `words`, or "known" with `minutes` (all), `epoch_seconds` and `device`.
- `saved`: {} or `folder`, and for "run" and "weights" the `bytes` that can be downloaded.
"""

from __future__ import annotations

import logging
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout
from traitlets import TraitError

from resnet_lib.data.cifar10 import TEST_IMAGES, TRAINING_IMAGES, Dataset
from resnet_lib.nets.spec import NetSpec
from resnet_lib.runs.checkpoints import newest_epoch
from resnet_lib.runs.curves import run_to_replay
from resnet_lib.runs.recipes import RECIPES, Recipe, recipe_called
from resnet_lib.runs.run import Run, run_name
from resnet_lib.training.background import BackgroundTraining, device_lock, error_message
from resnet_lib.widgets.training_dashboard.interrupts import forward_interrupts

if TYPE_CHECKING:
    from resnet_lib.widgets.training_dashboard.widget import TrainingDashboard

SETTINGS = ("version", "n", "shortcut", "recipe", "epochs", "seed")
ACTIONS = ("look", "start", "stop", "resume", "download")
FILES = {"run": "run.json", "weights": "model.keras"}
FINAL_STATUSES = ("finished", "stopped", "diverged", "interrupted", "failed")
LOG = logging.getLogger(__name__)

Settings = tuple[NetSpec, Recipe, int]  # the last is the seed


class Control:
    """Does what the buttons of a `TrainingDashboard` ask for, and sets its traits."""

    def __init__(
        self, widget: TrainingDashboard, data: Dataset | None, folder: str | Path, devices: str
    ) -> None:
        self.widget, self.data, self.devices = widget, data, devices
        self.folder = Path(folder).absolute()  # a cell may change the working folder meanwhile
        self.training: BackgroundTraining | None = None  # whose traits are shown
        self.shown_settings: Settings | None = None
        widget.on_msg(self.on_message)
        forward_interrupts()

    # ------------------------------------------------------------ the buttons

    def on_message(self, widget: TrainingDashboard, content: dict[str, Any], buffers: Any) -> None:
        """Take the settings of a message and do its action; show an error as a message."""
        action = content.get("do")
        if action not in ACTIONS:
            return
        try:
            # A busy kernel may get the page's synced traits after this message.
            for name, value in content.get("settings", {}).items():
                if name in SETTINGS:
                    setattr(widget, name, value)
            if action != "look":
                self.set_traits(message={})  # so that the page hears a repeated error again
            if action != "download":
                getattr(self, action)()
            elif content.get("what") in FILES:
                self.download(content["what"])
        except (OSError, ValueError, RuntimeError, TraitError) as problem:
            self.set_traits(message=error_message(str(problem)))

    def start(self) -> None:
        """Train with the present settings from the beginning; move an earlier run aside."""
        BackgroundTraining.check_none_is_running()
        moved = move_aside(self.run_folder())
        self.start_training(remark=f"What lay there before is in {moved}." if moved else "")

    def resume(self) -> None:
        """Continue after the last complete epoch of the present settings."""
        BackgroundTraining.check_none_is_running()
        if not newest_epoch(self.run_folder()):
            raise ValueError(f"there is nothing to resume in {self.run_folder()}; press Start")
        self.start_training()

    def stop(self) -> None:
        """End the training run after this epoch."""
        if not (self.training and self.training.is_running()):
            raise RuntimeError("nothing is training here that could be stopped")
        self.training.stop()

    def download(self, what: str) -> None:
        """Send the file "run" or "weights" of the present settings to the page."""
        path = self.run_folder() / FILES[what]
        media_type = "application/json" if what == "run" else "application/octet-stream"
        name = f"{self.run_name()}.{'run.json' if what == 'run' else 'keras'}"
        self.widget.send({"download": name, "type": media_type}, buffers=[path.read_bytes()])

    def look(self) -> None:
        """Show the run of the present settings, and how long training it would take."""
        running = BackgroundTraining.find_running()
        if running and running is not self.training:  # started by an earlier widget
            self.follow(running)
        settings = self.settings()
        found, run = self.find_run()
        self.set_traits(found=found)
        if not running and settings != self.shown_settings:
            self.set_traits(
                message={}, progress={}, run=run, saved=self.saved_files(), status="ready"
            )
        self.shown_settings = settings
        threading.Thread(target=self.send_forecast, args=settings, daemon=True).start()

    # ------------------------------------------------------------ behind the buttons

    def set_traits(self, **traits: Any) -> None:
        """Set traits of the widget; the training thread calls this too."""
        for name, value in traits.items():
            try:
                setattr(self.widget, name, value)
            except Exception:  # a faulty observer must not keep the other traits from being set
                LOG.exception("what observes %s failed", name)

    def start_training(self, remark: str = "") -> None:
        """Start a training run with the present settings and follow it."""
        settings = spec, recipe, seed = self.settings()
        training = BackgroundTraining(
            spec,
            recipe,
            data=self.data,
            seed=seed,
            folder=self.run_folder(),
            devices=self.devices,
            remark=remark,
        )
        training.start()
        self.shown_settings = settings
        self.set_traits(run={}, saved={}, progress={})
        self.follow(training)

    def follow(self, training: BackgroundTraining) -> None:
        """Show the traits that `training` sends, until another run is followed."""

        def show(**traits: Any) -> None:
            if training is self.training:
                is_over = traits.get("status") in FINAL_STATUSES
                self.set_traits(**(self.disk_traits() if is_over else {}), **traits)

        self.training = training
        training.add_listener(show)

    def disk_traits(self) -> dict[str, Any]:
        """Return `found` and `saved` of the present settings; empty where reading fails."""
        try:
            return {"found": self.find_run()[0], "saved": self.saved_files()}
        except (OSError, ValueError):
            return {"found": {}, "saved": {}}

    def settings(self) -> Settings:
        """Return the `NetSpec`, `Recipe` and seed of the present controls."""
        widget = self.widget
        epochs = None if widget.epochs in (0, RECIPES[widget.recipe].epochs) else widget.epochs
        spec = NetSpec(widget.version, widget.n, widget.shortcut)
        return spec, recipe_called(widget.recipe, epochs), widget.seed

    def run_name(self) -> str:
        spec, recipe, seed = self.settings()
        return run_name(spec.name, recipe, seed)

    def run_folder(self) -> Path:
        return self.folder / self.run_name()

    def find_run(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return `found` of the present settings, and the finished run for a replay or {}."""
        _, recipe, _ = self.settings()
        folder = self.run_folder()
        found = {"name": self.run_name(), "of": recipe.epochs}
        if (folder / "run.json").exists():
            run = Run.load(folder / "run.json")
            return found | {"epochs": run.epochs, "finished": True}, run_to_replay(run)
        epochs = newest_epoch(folder)
        return found | {"epochs": epochs, "finished": False} if epochs else {}, {}

    def saved_files(self) -> dict[str, Any]:
        """Return the folder of the present settings and the bytes of its files, or {}."""
        sizes = {
            what: path.stat().st_size
            for what, name in FILES.items()
            if (path := self.run_folder() / name).exists()
        }
        return {"folder": str(self.run_folder())} | sizes if sizes else {}

    def send_forecast(self, spec: NetSpec, recipe: Recipe, seed: int) -> None:
        """Send how long these settings would take. Measures it unless a run is training."""

        def is_wanted() -> bool:
            return (spec, recipe, seed) == self.settings()

        def send(state: str, **more: Any) -> None:
            if is_wanted():
                self.set_traits(forecast={"state": state, "name": self.run_name()} | more)

        try:
            from resnet_lib.runs.machine import device_name  # these import Keras
            from resnet_lib.training.calibration import estimate_cost, is_measured

            running = BackgroundTraining.find_running
            if not is_measured(spec, recipe, self.devices) and not running():
                send("measuring")
                with device_lock:
                    estimate_cost(
                        spec,
                        recipe,
                        self.devices,
                        is_cancelled=lambda: running() is not None or not is_wanted(),
                    )
            if not is_measured(spec, recipe, self.devices):
                send("later")  # the page asks again when the other run has ended
                return
            cost = estimate_cost(spec, recipe, self.devices)
            assert cost is not None, "what is measured is not cancelled"
            counts = TRAINING_IMAGES, TEST_IMAGES
            if self.data:
                (x_train, _), (x_test, _) = self.data
                counts = len(x_train), len(x_test)
            send(
                "known",
                minutes=round(cost.training_seconds(recipe, *counts) / 60, 2),
                epoch_seconds=round(cost.epoch_seconds(recipe, *counts), 2),
                device=device_name(),
            )
        except Exception as problem:  # for example, a net that is too large for the device
            send("failed", words=f"{type(problem).__name__}: {problem}")


def move_aside(folder: Path) -> Path | None:
    """Rename a folder with a run, finished or not; return its new path, or None without a run."""
    if not (folder / "run.json").exists() and not newest_epoch(folder):
        return None
    numbers = (f"{folder.name}.before-{number}" for number in range(1, sys.maxsize))
    target = next(path for name in numbers if not (path := folder.with_name(name)).exists())
    try:
        with FileLock(folder / "lock", timeout=0):
            folder.rename(target)
    except Timeout as problem:
        raise RuntimeError(f"another process is training in {folder}; wait for it") from problem
    return target
