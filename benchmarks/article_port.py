"""The article's script in its smallest working port to Keras 3: Adam, images augmented on the host.

A contestant of `throughput.py`. The net is the port that the tests use as an oracle. The generator
is the article's own: `keras.preprocessing.image` has lost it, and TensorFlow still hands out the
old class under `tensorflow.keras`. What happens between two epochs (the test, saving the best
weights, `ReduceLROnPlateau`) is left out: it is not what is timed.

Inference is the script's `model.predict` on NumPy arrays of float images with the mean subtracted.
Keras waits for its own pipeline at the end of each such call (TensorFlow 2.21), which is counted.
"""

import sys
from pathlib import Path

import keras
import numpy as np
from tensorflow.keras.preprocessing.image import ImageDataGenerator
from turns import INFERENCE_BATCH, load, need_gpu, parser, say, take_turns

from resnet_lib import lr_schedule
from resnet_lib.runs.machine import backend_versions, device_name, has_gpu, is_onednn_used

sys.path.append(str(Path(__file__).parents[1] / "tests" / "helpers"))

from article_nets import article_v1

WORKERS = 4  # threads that augment: the article's own number


class FirstStep(keras.callbacks.Callback):
    said = False

    def on_train_batch_end(self, batch, logs=None):
        if not self.said:
            float(logs["loss"])  # waits for the device
            say("first step")
            self.said = True


def batches(x, labels, batch_size):
    """The article's generator over float images: shift by a tenth, mirror."""
    y = keras.utils.to_categorical(labels, 10)
    generator = ImageDataGenerator(
        width_shift_range=0.1, height_shift_range=0.1, horizontal_flip=True
    )
    generator.fit(x)
    flow = generator.flow(x, y, batch_size=batch_size)
    flow.workers = WORKERS  # an argument of `fit_generator` in the article
    return flow


def build():
    model = article_v1((32, 32, 3), 20)
    model.compile(
        loss="categorical_crossentropy",
        optimizer=keras.optimizers.Adam(learning_rate=lr_schedule(0)),
        metrics=["accuracy"],
    )
    return model


class Script:
    """The article's model, with one method a task."""

    def __init__(self, flow, x_test, images):
        self.model, self.flow, self.x_test, self.images = build(), flow, x_test, images
        self.callbacks = [keras.callbacks.LearningRateScheduler(lr_schedule), FirstStep()]
        self.epoch = 0

    def train(self):
        epoch, self.epoch = self.epoch, self.epoch + 1
        epochs = {"initial_epoch": epoch, "epochs": self.epoch}
        self.model.fit(self.flow, **epochs, callbacks=self.callbacks, verbose=0)
        return self.images

    def infer(self):
        return len(self.model.predict(self.x_test, batch_size=INFERENCE_BATCH, verbose=0))


def main():
    options = parser(__doc__).parse_args()
    if options.precision != "float32":
        raise SystemExit("the article knows one precision; leave --precision out")
    need_gpu(options.gpu, has_gpu())
    images = options.batches * options.batch_size
    (x_train, y_train), (x_test, _) = load(options.data, images, options.inference_images)
    x_train, x_test = (x.astype("float32") / 255 for x in (x_train, x_test))
    mean = np.mean(x_train, axis=0)
    flow = batches(x_train - mean, y_train, options.batch_size)
    script = Script(flow, x_test - mean, images)
    script.train()
    say("ready")
    take_turns(training=script.train, inference=script.infer)
    say(
        "end",
        parameters=script.model.count_params(),
        device=device_name(),
        versions=backend_versions(),
        onednn=is_onednn_used(),
    )


if __name__ == "__main__":
    main()
