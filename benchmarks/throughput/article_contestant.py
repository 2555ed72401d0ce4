"""Train the article's script, in its smallest port to Keras 3, as a contestant.

The net is the port that the tests use as an oracle, trained with Adam. The images are augmented on
the host by the article's own generator. `keras.preprocessing.image` no longer has it, but
TensorFlow still has the old class under `tensorflow.keras`. The work between two epochs is left
out (the test, saving the best weights, `ReduceLROnPlateau`), because it is not timed.

Inference is the script's `model.predict` on NumPy arrays of float images with the mean subtracted.
Keras waits for its own pipeline at the end of each such call (TensorFlow 2.21), which is counted.
"""

import sys

import keras
import numpy as np
from tensorflow.keras.preprocessing.image import ImageDataGenerator

from benchmarks import ROOT
from benchmarks.throughput.protocol import (
    INFERENCE_BATCH_SIZE,
    create_contestant_parser,
    load_arrays,
    require_gpu,
    run_tasks,
    send_event,
)
from resnet_lib import lr_schedule
from resnet_lib.runs.machine import backend_versions, device_name, has_gpu, is_onednn_used

sys.path.append(str(ROOT / "tests" / "helpers"))

from article_nets import article_v1

NUM_WORKERS = 4  # threads that augment, as in the article


class FirstStep(keras.callbacks.Callback):
    """Reports the end of the first step."""

    has_stepped = False

    def on_train_batch_end(self, batch, logs=None):
        if not self.has_stepped:
            float(logs["loss"])  # waits for the device
            send_event("first step")
            self.has_stepped = True


def create_generator(x, labels, batch_size):
    """Create the article's generator of float images: shift by a tenth, mirror."""
    y = keras.utils.to_categorical(labels, 10)
    augmentation = ImageDataGenerator(
        width_shift_range=0.1, height_shift_range=0.1, horizontal_flip=True
    )
    augmentation.fit(x)
    generator = augmentation.flow(x, y, batch_size=batch_size)
    generator.workers = NUM_WORKERS  # an argument of `fit_generator` in the article
    return generator


def build_model():
    model = article_v1((32, 32, 3), 20)
    model.compile(
        loss="categorical_crossentropy",
        optimizer=keras.optimizers.Adam(learning_rate=lr_schedule(0)),
        metrics=["accuracy"],
    )
    return model


class ArticleScript:
    """The article's model, with one method for each task."""

    def __init__(self, generator, x_test, images):
        self.model, self.generator = build_model(), generator
        self.x_test, self.images = x_test, images
        self.callbacks = [keras.callbacks.LearningRateScheduler(lr_schedule), FirstStep()]
        self.epoch = 0

    def train(self):
        epoch, self.epoch = self.epoch, self.epoch + 1
        epochs = {"initial_epoch": epoch, "epochs": self.epoch}
        self.model.fit(self.generator, **epochs, callbacks=self.callbacks, verbose=0)
        return self.images

    def run_inference(self):
        return len(self.model.predict(self.x_test, batch_size=INFERENCE_BATCH_SIZE, verbose=0))


def main():
    options = create_contestant_parser(__doc__).parse_args()
    if options.precision != "float32":
        raise SystemExit("the article has one precision; leave --precision out")
    require_gpu(options.gpu, has_gpu())
    images = options.batches * options.batch_size
    (x_train, y_train), (x_test, _) = load_arrays(options.data, images, options.inference_images)
    x_train, x_test = (x.astype("float32") / 255 for x in (x_train, x_test))
    mean = np.mean(x_train, axis=0)
    generator = create_generator(x_train - mean, y_train, options.batch_size)
    script = ArticleScript(generator, x_test - mean, images)
    script.train()
    send_event("ready")
    run_tasks(training=script.train, inference=script.run_inference)
    send_event(
        "end",
        parameters=script.model.count_params(),
        device=device_name(),
        versions=backend_versions(),
        onednn=is_onednn_used(),
    )


if __name__ == "__main__":
    main()
