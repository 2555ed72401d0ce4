"""Train ResNet-20 with this library, by `resnet_lib.train`, as a contestant.

The variable `KERAS_BACKEND` chooses TensorFlow or JAX.

Inference is `predict` of the compiled model on the data set that `train` makes for its own test.
The model subtracts the mean from uint8 images and outputs probabilities, which are copied to NumPy.
"""

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import keras

from benchmarks.throughput.protocol import (
    INFERENCE_BATCH_SIZE,
    create_contestant_parser,
    load_arrays,
    require_gpu,
    run_round,
    send_event,
    wait_for_task,
)
from resnet_lib import RECIPES, NetSpec, train
from resnet_lib.runs.machine import backend_versions, device_name, has_gpu, is_onednn_used
from resnet_lib.training.datasets import as_dataset

NET = NetSpec("v1", 3, "pad")


class EpochTimer(keras.callbacks.Callback):
    """Pauses the training after each epoch until the next task, and times it.

    The time of an epoch begins at the end of the test before. So it contains the checkpoint, the
    new order of the images and the work of `fit` before its first step, but not the test.
    """

    def __init__(self, images, x_test, y_test):
        super().__init__()
        self.images, self.x_test = images, x_test
        self.data = as_dataset(x_test, y_test, INFERENCE_BATCH_SIZE)[0]
        self.started, self.has_stepped, self.is_warm = time.perf_counter(), False, False

    def on_train_batch_end(self, batch, logs=None):
        if not self.has_stepped:
            float(logs["loss"])  # waits for the device
            send_event("first step")
            self.has_stepped = True
        self.last_logs = logs

    def on_test_begin(self, logs=None):
        float(self.last_logs["loss"])  # waits for the device
        self.seconds = time.perf_counter() - self.started

    def on_train_end(self, logs=None):
        """Report the epoch. In `resnet_lib.train` each call of `fit` is one epoch and its test."""
        if self.is_warm:
            send_event("round", images=self.images, seconds=self.seconds)
        else:
            send_event("ready")
            self.is_warm = True
        while wait_for_task() == "inference":
            run_round(self.run_inference)
        self.started = time.perf_counter()

    def run_inference(self):
        return len(self.model.predict(self.data, batch_size=INFERENCE_BATCH_SIZE, verbose=0))


def main():
    options = create_contestant_parser(__doc__).parse_args()
    require_gpu(options.gpu, has_gpu())
    images = options.batches * options.batch_size
    recipe = replace(
        RECIPES["paper"],
        epochs=1 + options.rounds,
        batch_size=options.batch_size,
        precision="mixed_bfloat16" if options.precision == "bfloat16" else "float32",
    )
    training, (x_test, y_test) = load_arrays(options.data, images, options.inference_images)
    # One batch is enough for the test after every epoch, which is not timed.
    data = training, (x_test[:INFERENCE_BATCH_SIZE], y_test[:INFERENCE_BATCH_SIZE])
    timer = EpochTimer(images, x_test, y_test)
    with tempfile.TemporaryDirectory() as folder:
        run = train(NET, recipe, data=data, folder=Path(folder) / "run", callbacks=[timer])
    send_event(
        "end",
        parameters=run.parameters,
        device=device_name(),
        versions=backend_versions(),
        onednn=is_onednn_used(),
    )


if __name__ == "__main__":
    main()
