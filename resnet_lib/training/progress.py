"""Report the progress of a training run: epoch values, a progress bar, and calls to a function."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable

import keras
from tqdm import tqdm

from resnet_lib.runs.recipes import Recipe
from resnet_lib.runs.run import Run

STEPS_PER_READ = 20  # of training; reading a loss waits for the device
REPORT_INTERVAL_S = 1.0

Logs = dict[str, float]  # Keras's values by name, such as "loss" and "val_accuracy"


class EpochRecorder(keras.callbacks.Callback):
    """Record the last epoch in `values`, one number for each of `runs.run.HISTORY_KEYS`.

    Shows a progress bar at a terminal, and ends training if the loss is no longer finite.
    """

    def __init__(self, run: Run, steps: int, num_images: int) -> None:
        super().__init__()
        self.run, self.steps, self.num_images = run, steps, num_images
        self.values: dict[str, float] = {}
        self.bar = tqdm(  # of the whole run, to show how much time the whole run still needs
            total=run.recipe.epochs * steps * run.recipe.batch_size,
            initial=run.epochs * steps * run.recipe.batch_size,
            unit=" images",
            unit_scale=True,
            disable=not sys.stderr.isatty(),
        )

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.started = time.perf_counter()
        self.shown_steps = 0  # on the bar
        self.last_read = -STEPS_PER_READ  # step at which the loss was read
        self.bar.set_description(f"epoch {epoch + 1}/{self.run.recipe.epochs}")

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        # With several steps in one call, as on a GPU, Keras names only the last batch of each call.
        reads = batch + 1 - self.last_read >= STEPS_PER_READ
        if reads:
            self.last_read = batch + 1
            if not math.isfinite(float(logs["loss"])):
                self.model.stop_training = True  # `train` then ends the run as diverged
        if self.bar.disable:
            return
        self.bar.update((batch + 1 - self.shown_steps) * self.run.recipe.batch_size)
        self.shown_steps = batch + 1
        if reads:
            self.bar.set_postfix_str(f"training error {100 - 100 * logs['accuracy']:.1f} %")

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self.trained = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        recipe, net = self.run.recipe, self.run.net
        depth = net.depth if net else 0
        last_step = (epoch + 1) * self.steps - 1
        self.values = {
            "loss": logs["loss"],
            "error": 100 - 100 * logs["accuracy"],
            "test_loss": logs["val_loss"],
            "test_error": 100 - 100 * logs["val_accuracy"],
            "learning_rate": recipe.learning_rate_at_step(last_step, self.num_images, depth),
            "seconds": time.perf_counter() - self.started,
            "images_per_second": self.steps * recipe.batch_size / (self.trained - self.started),
        }
        self.bar.set_postfix_str(f"test error {self.values['test_error']:.1f} %")
        if epoch + 1 == recipe.epochs:
            self.bar.close()


class ProgressReporter(keras.callbacks.Callback):
    """Call `report` with the progress of a run, at most once a second and after each epoch.

    `images` counts the images trained on so far, out of `total`. `epoch` counts from 1, up to
    `epochs`. `error` is the training error of this epoch so far, in per cent. `test_error` (per
    cent) and `speed` (images/s) are None until the epoch ends.
    """

    def __init__(self, report: Callable[..., None], recipe: Recipe) -> None:
        super().__init__()
        self.report, self.recipe = report, recipe
        self.reported_at = 0.0  # time of the last call, s

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch, self.started = epoch, time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        if time.perf_counter() - self.reported_at >= REPORT_INTERVAL_S:  # reading waits for a GPU
            self.send(batch + 1, logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self.trained = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        images = self.params["steps"] * self.recipe.batch_size
        test_error = 100 - 100 * float(logs["val_accuracy"])
        self.send(self.params["steps"], logs, test_error, images / (self.trained - self.started))

    def send(
        self, batches: int, logs: Logs, test_error: float | None = None, speed: float | None = None
    ) -> None:
        """Call `report` with the state after `batches` batches of this epoch."""
        self.reported_at = time.perf_counter()
        steps = self.params["steps"]
        self.report(
            images=(self.epoch * steps + batches) * self.recipe.batch_size,
            total=self.recipe.epochs * steps * self.recipe.batch_size,
            epoch=self.epoch + 1,
            epochs=self.recipe.epochs,
            error=100 - 100 * float(logs["accuracy"]),
            test_error=test_error,
            speed=speed,
        )
