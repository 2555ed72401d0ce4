"""Callbacks that report a training run: its history, a progress bar, messages for a page."""

import math
import sys
import time

import keras
from tqdm import tqdm

from resnet_lib.runs.curves import run_to_replay

OFTEN_IN_STEPS = 20  # of training between two looks at a figure, which wait for the device
REPORT_INTERVAL = 1.0  # seconds
OFTEN = 0.25  # seconds between two messages on progress; more would not help the reader


class EpochRecorder(keras.callbacks.Callback):
    """After each epoch `figures` holds one number for each of `runs.HISTORY_KEYS`."""

    def __init__(self, run, steps, num_images):
        super().__init__()
        self.run, self.steps, self.num_images = run, steps, num_images
        self.figures = {}
        self.bar = tqdm(  # over the whole training, so that the time left is that of all of it
            total=run.recipe.epochs * steps * run.recipe.batch_size,
            initial=run.epochs * steps * run.recipe.batch_size,
            unit=" images",
            unit_scale=True,
            disable=not sys.stderr.isatty(),
        )

    def on_epoch_begin(self, epoch, logs=None):
        self.started = time.perf_counter()
        self.done = 0  # batches, on the bar
        self.looked = -OFTEN_IN_STEPS  # batches, at the last look at a figure
        self.bar.set_description(f"epoch {epoch + 1}/{self.run.recipe.epochs}")

    def on_train_batch_end(self, batch, logs=None):
        # With several steps in one call, as on a GPU, Keras names only the last batch of each call.
        looks = batch + 1 - self.looked >= OFTEN_IN_STEPS
        if looks:
            self.looked = batch + 1
            if not math.isfinite(float(logs["loss"])):
                self.model.stop_training = True  # `train` then ends the run as diverged
        if self.bar.disable:
            return
        self.bar.update((batch + 1 - self.done) * self.run.recipe.batch_size)
        self.done = batch + 1
        if looks:
            self.bar.set_postfix_str(f"training error {100 - 100 * logs['accuracy']:.1f} %")

    def on_test_begin(self, logs=None):
        self.trained = time.perf_counter()

    def on_epoch_end(self, epoch, logs):
        recipe, net = self.run.recipe, self.run.net
        depth = net.depth if net else 0
        last = (epoch + 1) * self.steps - 1
        self.figures = {
            "loss": logs["loss"],
            "error": 100 - 100 * logs["accuracy"],
            "test_loss": logs["val_loss"],
            "test_error": 100 - 100 * logs["val_accuracy"],
            "learning_rate": recipe.learning_rate_at_step(last, self.num_images, depth),
            "seconds": time.perf_counter() - self.started,
            "images_per_second": self.steps * recipe.batch_size / (self.trained - self.started),
        }
        self.bar.set_postfix_str(f"test error {self.figures['test_error']:.1f} %")
        if epoch + 1 == recipe.epochs:
            self.bar.close()


class Reports(keras.callbacks.Callback):
    """Calls `report` with the progress of a run, at most once a second and after each epoch.

    `images` counts the images trained on so far, out of `total`. `epoch` counts from 1, up to
    `epochs`. `error` is the training error of this epoch so far, in per cent. `test_error` (per
    cent) and `speed` (images/s) are None until the epoch ends.
    """

    def __init__(self, report, recipe):
        super().__init__()
        self.report, self.recipe = report, recipe
        self.last = 0.0  # when it was called

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch, self.began = epoch, time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        if time.perf_counter() - self.last >= REPORT_INTERVAL:  # reading `logs` waits for a GPU
            self.tell(batch + 1, logs)

    def on_test_begin(self, logs=None):
        self.trained = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        images = self.params["steps"] * self.recipe.batch_size
        test_error = 100 - 100 * float(logs["val_accuracy"])
        self.tell(self.params["steps"], logs, test_error, images / (self.trained - self.began))

    def tell(self, batches, logs, test_error=None, speed=None):
        self.last = time.perf_counter()
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


class Watch(keras.callbacks.Callback):
    """Reports the progress of a `BackgroundTraining`, and ends it on request."""

    def __init__(self, training):
        super().__init__()
        self.training, self.recipe = training, training.recipe
        self.num_train, self.num_test = (len(images) for images, _ in training.data)
        self.heard = 0.0
        self.speed = self.test_seconds = None  # images a second of training; of one test
        self.finishing = False  # the last look at all training images

    def on_run(self, run):
        if not self.training.has_begun:
            self.training.check()
        self.training.has_begun = True
        self.training.hear(run=run_to_replay(run))
        if run.epochs == self.recipe.epochs:
            self.epoch, self.steps, self.finishing = run.epochs - 1, 1, True
            self.tell("finishing", 1)

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch, self.steps, self.first = epoch, self.params["steps"], None

    def on_train_batch_end(self, batch, logs=None):
        self.end_if_interrupted()
        now = time.monotonic()
        if self.first is None:
            self.first = batch, now
            self.say_that_it_trains()  # until now it was compiled
        if now - self.heard >= OFTEN or batch + 1 == self.steps:
            self.heard = now
            first, since = self.first
            if batch > first:
                self.speed = (batch - first) * self.recipe.batch_size / (now - since)
            self.tell("training", batch + 1, 100 - 100 * float(logs["accuracy"]))

    def on_test_begin(self, logs=None):
        self.testing_since = time.monotonic()
        if not self.finishing:
            self.tell("testing", self.steps)

    def on_test_batch_end(self, batch, logs=None):
        self.end_if_interrupted()

    def on_test_end(self, logs=None):
        if not self.finishing:
            self.test_seconds = time.monotonic() - self.testing_since

    def on_epoch_end(self, epoch, logs=None):
        if self.training.stopping.is_set():
            self.model.stop_training = True

    def end_if_interrupted(self):
        if self.training.interrupting.is_set():
            self.training.check()

    def say_that_it_trains(self):
        with self.training.lock:
            if self.training.said.get("status") == "preparing":
                self.training.hear(message={}, status="training")

    def seconds_left(self, phase, step):
        """Of all epochs, their tests and the last look; None before the speed is known."""
        if not self.speed:
            return None
        # A test goes forward only: until one was timed, a third of the work.
        test = self.test_seconds or self.num_test / (3 * self.speed)
        last_look = test * self.num_train / max(1, self.num_test)
        if phase == "finishing":
            return last_look
        epochs = self.recipe.epochs - self.epoch - step / self.steps
        in_training = self.steps * self.recipe.batch_size / self.speed
        return epochs * in_training + (self.recipe.epochs - self.epoch) * test + last_look

    def tell(self, phase, step, error=None):
        rounded = {
            name: value and round(value, 2)
            for name, value in (
                ("error", error),
                ("images_per_second", self.speed),
                ("seconds_left", self.seconds_left(phase, step)),
            )
        }
        done = 1 if self.finishing else step / self.steps  # of this epoch
        steps = max(1, self.num_train // self.recipe.batch_size)
        last = max(0, round((self.epoch + done) * steps) - 1)
        self.training.hear(
            progress={
                "phase": phase,
                "epoch": self.epoch + 1,
                "epochs": self.recipe.epochs,
                "step": step,
                "steps": self.steps,
                "learning_rate": self.recipe.learning_rate_at_step(
                    last, self.num_train, self.training.spec.depth
                ),
            }
            | rounded
        )
