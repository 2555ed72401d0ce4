"""Send the progress of a background training run to its listeners, and end the run on request."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypedDict

import keras

from resnet_lib.data.cifar10 import Dataset
from resnet_lib.runs.curves import run_to_replay
from resnet_lib.runs.run import Run
from resnet_lib.training.datasets import steps_per_epoch
from resnet_lib.training.progress import Logs

if TYPE_CHECKING:
    from resnet_lib.training.background import BackgroundTraining

PROGRESS_INTERVAL_S = 0.25  # between two messages; a reader cannot follow more


class Progress(TypedDict):
    """Describe how far a training run has come. None stands for what is not known yet."""

    phase: str  # "training", "testing" or "finishing"
    epoch: int  # from 1
    epochs: int  # in all
    step: int  # from 1
    steps: int  # in an epoch
    learning_rate: float
    error: float | None  # per cent of the images of this epoch so far
    images_per_second: float | None
    seconds_left: float | None


class TrainingMonitor(keras.callbacks.Callback):
    """Report the progress of a `BackgroundTraining`, and end it on request."""

    def __init__(self, training: BackgroundTraining, data: Dataset) -> None:
        super().__init__()
        self.training, self.recipe = training, training.recipe
        (x_train, _), (x_test, _) = data
        self.num_train, self.num_test = len(x_train), len(x_test)
        self.sent_at = 0.0  # time of the last message, s
        self.speed: float | None = None  # images/s of training
        self.test_seconds: float | None = None  # of one test
        self.is_finishing = False  # while the training error is measured

    def on_run(self, run: Run) -> None:
        if not self.training.has_begun:
            self.training.check_interrupt()
        self.training.has_begun = True
        self.training.send(run=run_to_replay(run))
        if run.epochs == self.recipe.epochs:
            self.epoch, self.steps, self.is_finishing = run.epochs - 1, 1, True
            self.send_progress("finishing", 1)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch, self.steps = epoch, self.params["steps"]
        self.first_batch: tuple[int, float] | None = None  # the batch and its time

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        self.end_if_interrupted()
        now = time.monotonic()
        if self.first_batch is None:
            self.first_batch = batch, now
            self.send_training_status()  # until now the step was compiled
        if now - self.sent_at >= PROGRESS_INTERVAL_S or batch + 1 == self.steps:
            self.sent_at = now
            first, since = self.first_batch
            if batch > first:
                self.speed = (batch - first) * self.recipe.batch_size / (now - since)
            self.send_progress("training", batch + 1, 100 - 100 * float(logs["accuracy"]))

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self.test_started = time.monotonic()
        if not self.is_finishing:
            self.send_progress("testing", self.steps)

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.end_if_interrupted()

    def on_test_end(self, logs: Logs | None = None) -> None:
        if not self.is_finishing:
            self.test_seconds = time.monotonic() - self.test_started

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.training.stopping.is_set():
            self.model.stop_training = True

    def end_if_interrupted(self) -> None:
        """Raise `Interrupted` after a request to interrupt; a request to stop waits."""
        if self.training.interrupting.is_set():
            self.training.check_interrupt()

    def send_training_status(self) -> None:
        """Send the status "training", unless the run is already stopping."""
        with self.training.lock:
            if self.training.traits.get("status") == "preparing":
                self.training.send(message={}, status="training")

    def seconds_left(self, phase: str, step: int) -> float | None:
        """Estimate the time of all remaining work; None before the speed is known."""
        if not self.speed:
            return None
        # A test has no backward pass: until one was timed, it takes a third of the training time.
        test = self.test_seconds or self.num_test / (3 * self.speed)
        training_error = test * self.num_train / max(1, self.num_test)
        if phase == "finishing":
            return training_error
        epochs = self.recipe.epochs - self.epoch - step / self.steps
        epoch_seconds = self.steps * self.recipe.batch_size / self.speed
        return epochs * epoch_seconds + (self.recipe.epochs - self.epoch) * test + training_error

    def send_progress(self, phase: str, step: int, error: float | None = None) -> None:
        """Send the trait `progress` after `step` steps of this epoch; `error` in per cent."""
        epoch_share = 1 if self.is_finishing else step / self.steps
        steps = steps_per_epoch(self.num_train, self.recipe.batch_size)
        last_step = max(0, round((self.epoch + epoch_share) * steps) - 1)
        seconds_left = self.seconds_left(phase, step)
        progress = Progress(
            phase=phase,
            epoch=self.epoch + 1,
            epochs=self.recipe.epochs,
            step=step,
            steps=self.steps,
            learning_rate=self.recipe.learning_rate_at_step(
                last_step, self.num_train, self.training.spec.depth
            ),
            error=error and round(error, 2),
            images_per_second=self.speed and round(self.speed, 2),
            seconds_left=seconds_left and round(seconds_left, 2),
        )
        self.training.send(progress=progress)
