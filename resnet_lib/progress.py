"""What goes on in a training: figures for its history, a bar at the terminal, words for a page."""

import sys
import time

import keras
from tqdm import tqdm

from resnet_lib.background import Interrupted
from resnet_lib.curves import replay_of

OFTEN = 0.25  # seconds between two words on progress: no eye and no socket wants more


class EpochRecorder(keras.callbacks.Callback):
    """After each epoch `figures` holds one number for each of `runs.FIGURES`."""

    def __init__(self, run, steps):
        super().__init__()
        self.run, self.steps = run, steps
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
        self.done = 0
        self.bar.set_description(f"epoch {epoch + 1}/{self.run.recipe.epochs}")

    def on_train_batch_end(self, batch, logs=None):
        if self.bar.disable:
            return
        self.bar.update((batch + 1 - self.done) * self.run.recipe.batch_size)
        self.done = batch + 1
        if batch % 20 == 0:  # reading a figure waits for the device
            self.bar.set_postfix_str(f"training error {100 - 100 * logs['accuracy']:.1f} %")

    def on_test_begin(self, logs=None):
        self.trained = time.perf_counter()

    def on_epoch_end(self, epoch, logs):
        recipe, net = self.run.recipe, self.run.net
        last_step = epoch + 1 - 1 / self.steps
        self.figures = {
            "loss": logs["loss"],
            "error": 100 - 100 * logs["accuracy"],
            "test_loss": logs["val_loss"],
            "test_error": 100 - 100 * logs["val_accuracy"],
            "learning_rate": recipe.learning_rate_at(last_step, net.depth if net else 0),
            "seconds": time.perf_counter() - self.started,
            "images_per_second": self.steps * recipe.batch_size / (self.trained - self.started),
        }
        self.bar.set_postfix_str(f"test error {self.figures['test_error']:.1f} %")
        if epoch + 1 == recipe.epochs:
            self.bar.close()


class Watch(keras.callbacks.Callback):
    """The ear and the hand of a `BackgroundTraining`: says what goes on, ends it where asked to."""

    def __init__(self, training):
        super().__init__()
        self.recipe, self.depth = training.recipe, training.spec.depth
        self.hear, self.stopping = training.hear, training.stopping
        self.interrupting = training.interrupting
        self.heard = self.test_seconds = 0.0
        self.speed = None  # images a second
        self.training = False

    def on_run(self, run):
        self.hear(run=replay_of(run))

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch, self.steps, self.first = epoch, self.params["steps"], None

    def on_train_batch_end(self, batch, logs=None):
        if self.interrupting.is_set():
            raise Interrupted
        now = time.monotonic()
        if not self.training:  # until now it was compiled
            self.training = True
            if not self.stopping.is_set():
                self.hear(status="training", message={})
        if self.first is None:
            self.first = batch, now
        if now - self.heard >= OFTEN or batch + 1 == self.steps:
            self.heard = now
            first, since = self.first
            if batch > first:
                self.speed = (batch - first) * self.recipe.batch_size / (now - since)
            self.tell("training", batch + 1, 100 - 100 * float(logs["accuracy"]))

    def on_test_begin(self, logs=None):
        self.testing_since = time.monotonic()
        self.tell("testing", self.steps)

    def on_test_batch_end(self, batch, logs=None):
        if self.interrupting.is_set():
            raise Interrupted

    def on_test_end(self, logs=None):
        self.test_seconds = time.monotonic() - self.testing_since

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 == self.recipe.epochs:
            self.tell("finishing", self.steps)
        elif self.stopping.is_set():
            self.model.stop_training = True

    def tell(self, phase, step, error=None):
        done = self.epoch + step / self.steps
        left = None
        if self.speed:
            in_training = self.steps * self.recipe.batch_size / self.speed  # seconds, an epoch
            tests = self.recipe.epochs - self.epoch - (phase == "finishing")
            left = (self.recipe.epochs - done) * in_training + tests * self.test_seconds
        self.hear(
            progress={
                "phase": phase,
                "epoch": self.epoch + 1,
                "epochs": self.recipe.epochs,
                "step": step,
                "steps": self.steps,
                "learning_rate": self.recipe.learning_rate_at(done, self.depth),
                "error": error and round(error, 2),
                "images_per_second": self.speed and round(self.speed, 1),
                "seconds_left": left and round(left, 1),
            }
        )
