"""What an epoch was: its figures for the history, and a bar for whoever sits at the terminal."""

import sys
import time

import keras
from tqdm import tqdm


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
