"""The article's script in its smallest working port to Keras 3: Adam, images augmented on the host.

A contestant of `throughput.py`. The net is the port that the tests use as an oracle. The generator
is the article's own: `keras.preprocessing.image` has lost it, and TensorFlow still hands out the
old class under `tensorflow.keras`. What happens between two epochs (the test, saving the best
weights, `ReduceLROnPlateau`) is left out: it is not what is timed.
"""

import sys
import time
from pathlib import Path

import keras
import numpy as np
from tensorflow.keras.preprocessing.image import ImageDataGenerator
from turns import load, need_gpu, parser, say, wait_for_turn

from resnet_lib import lr_schedule
from resnet_lib.machine import backend_versions, device_name, has_gpu

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from article_nets import article_v1

WORKERS = 4  # threads that augment: the article's own number


class FirstStep(keras.callbacks.Callback):
    said = False

    def on_train_batch_end(self, batch, logs=None):
        if not self.said:
            float(logs["loss"])  # waits for the device
            say("first step")
            self.said = True


def batches(images, labels, batch_size):
    """The article's generator over uint8 images: subtract the mean, shift by a tenth, mirror."""
    x = images.astype("float32") / 255
    x -= np.mean(x, axis=0)
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


def main():
    options = parser(__doc__).parse_args()
    if options.precision != "float32":
        raise SystemExit("the article knows one precision; leave --precision out")
    need_gpu(options.gpu, has_gpu())
    images = options.batches * options.batch_size
    flow = batches(*load(options.data, images)[0], options.batch_size)
    model = build()
    callbacks = [keras.callbacks.LearningRateScheduler(lr_schedule), FirstStep()]
    for epoch in range(1 + options.rounds):
        if epoch > 0:
            wait_for_turn()
        started = time.perf_counter()
        model.fit(flow, initial_epoch=epoch, epochs=epoch + 1, callbacks=callbacks, verbose=0)
        seconds = time.perf_counter() - started
        if epoch == 0:
            say("ready")
        else:
            say("round", images=images, seconds=seconds)
    versions = backend_versions()
    say("end", parameters=model.count_params(), device=device_name(), versions=versions)


if __name__ == "__main__":
    main()
