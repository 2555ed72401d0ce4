"""This library, through its public path: `resnet_lib.train`, ResNet-20 as in the paper.

A contestant of `throughput.py`; `KERAS_BACKEND` chooses TensorFlow or JAX.
"""

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import keras
from turns import load, need_gpu, parser, say, wait_for_turn

from resnet_lib import RECIPES, NetSpec, train
from resnet_lib.machine import backend_versions, device_name, has_gpu

NET = NetSpec("v1", 3, "pad")


class Turns(keras.callbacks.Callback):
    """Holds the training between two epochs until it is this contestant's turn, and times it.

    An epoch begins where the last one's test ended: the checkpoint, the new order of the images and
    what `fit` does before its first step are counted. The test is not.
    """

    def __init__(self, images, rounds):
        super().__init__()
        self.images, self.rounds, self.done = images, rounds, 0
        self.started, self.stepped = time.perf_counter(), False

    def on_train_batch_end(self, batch, logs=None):
        if not self.stepped:
            float(logs["loss"])  # waits for the device
            say("first step")
            self.stepped = True
        self.last_logs = logs

    def on_test_begin(self, logs=None):
        if self.done <= self.rounds:  # else `train` takes the error of the finished net
            float(self.last_logs["loss"])
            self.seconds = time.perf_counter() - self.started

    def on_train_end(self, logs=None):
        """The end of one call of `fit`, which in `train` is one epoch and its test."""
        if self.done == 0:
            say("ready")
        else:
            say("round", images=self.images, seconds=self.seconds)
        self.done += 1
        if self.done <= self.rounds:
            wait_for_turn()
            self.started = time.perf_counter()


def main():
    options = parser(__doc__).parse_args()
    need_gpu(options.gpu, has_gpu())
    images = options.batches * options.batch_size
    recipe = replace(
        RECIPES["paper"],
        epochs=1 + options.rounds,
        batch_size=options.batch_size,
        precision="mixed_bfloat16" if options.precision == "bfloat16" else "float32",
    )
    turns = Turns(images, options.rounds)
    with tempfile.TemporaryDirectory() as folder:
        data = load(options.data, images)
        run = train(NET, recipe, data=data, folder=Path(folder) / "run", callbacks=[turns])
    versions = backend_versions()
    say("end", parameters=run.parameters, device=device_name(), versions=versions)


if __name__ == "__main__":
    main()
