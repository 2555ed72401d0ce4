"""This library, through its public path: `resnet_lib.train`, ResNet-20 as in the paper.

A contestant of `throughput.py`; `KERAS_BACKEND` chooses TensorFlow or JAX.

Inference is `predict` of the compiled model on the data set that `train` makes for its own test.
The model subtracts the mean from uint8 images and outputs probabilities, which are copied to NumPy.
"""

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import keras
from turns import INFERENCE_BATCH, load, need_gpu, parser, say, timed_round, wait_for_turn

from resnet_lib import RECIPES, NetSpec, train
from resnet_lib.runs.machine import backend_versions, device_name, has_gpu, is_onednn_used
from resnet_lib.training.datasets import as_dataset

NET = NetSpec("v1", 3, "pad")


class Turns(keras.callbacks.Callback):
    """Holds the training between two epochs until it is this contestant's turn, and times it.

    An epoch begins where the last one's test ended: the checkpoint, the new order of the images and
    what `fit` does before its first step are counted. The test is not.
    """

    def __init__(self, images, x_test, y_test):
        super().__init__()
        self.images, self.x_test = images, x_test
        self.data = as_dataset(x_test, y_test, INFERENCE_BATCH)[0]
        self.started, self.stepped, self.warm = time.perf_counter(), False, False

    def on_train_batch_end(self, batch, logs=None):
        if not self.stepped:
            float(logs["loss"])  # waits for the device
            say("first step")
            self.stepped = True
        self.last_logs = logs

    def on_test_begin(self, logs=None):
        float(self.last_logs["loss"])  # waits for the device
        self.seconds = time.perf_counter() - self.started

    def on_train_end(self, logs=None):
        """The end of one call of `fit`, which in `train` is one epoch and its test."""
        if self.warm:
            say("round", images=self.images, seconds=self.seconds)
        else:
            say("ready")
            self.warm = True
        while wait_for_turn() == "inference":
            timed_round(self.infer)
        self.started = time.perf_counter()

    def infer(self):
        return len(self.model.predict(self.data, batch_size=INFERENCE_BATCH, verbose=0))


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
    training, (x_test, y_test) = load(options.data, images, options.inference_images)
    # One batch is enough for the test after every epoch, which is not timed.
    data = training, (x_test[:INFERENCE_BATCH], y_test[:INFERENCE_BATCH])
    turns = Turns(images, x_test, y_test)
    with tempfile.TemporaryDirectory() as folder:
        run = train(NET, recipe, data=data, folder=Path(folder) / "run", callbacks=[turns])
    say(
        "end",
        parameters=run.parameters,
        device=device_name(),
        versions=backend_versions(),
        onednn=is_onednn_used(),
    )


if __name__ == "__main__":
    main()
