"""Check the images and labels of a training run, and batch them for `Model.fit`."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from resnet_lib.data.cifar10 import Dataset


def as_arrays(data: Dataset) -> Dataset:
    """Return the data as NumPy arrays: a pair of images and labels to train on, and one to test.

    Raises `ValueError` unless the images are uint8 `(count, height, width, channels)` and the
    labels are integers `(count,)` from 0, without a class in the test that training lacks.
    """
    train_pair, test_pair = ((np.asarray(x), np.asarray(y)) for x, y in data)
    for part, (x, y) in (("training", train_pair), ("test", test_pair)):
        if x.dtype != np.uint8 or x.ndim != 4 or y.shape != x.shape[:1] or y.dtype.kind not in "iu":
            raise ValueError(
                f"{part} data must be uint8 images (count, height, width, channels) and integer "
                f"labels (count,); got {x.dtype} {x.shape} and {y.dtype} {y.shape}"
            )
        if not len(x):
            raise ValueError(f"there are no {part} images; expected one or more")
    y_train, y_test = train_pair[1], test_pair[1]
    if min(y_train.min(), y_test.min()) < 0 or y_test.max() > y_train.max():
        raise ValueError(
            f"labels must count from 0, and the net gets a class for each up to the highest in "
            f"training, {y_train.max()}; got {y_train.min()} in training, and {y_test.min()} to "
            f"{y_test.max()} in the test"
        )
    return train_pair, test_pair


def steps_per_epoch(num_images: int, batch_size: int) -> int:
    """Return the number of full batches, or 1 for fewer images than a batch.

    Batches of one shape need one compilation.
    """
    return max(1, num_images // batch_size)


def as_dataset(x: np.ndarray, y: np.ndarray, batch_size: int) -> tuple[Any, ...]:
    """Return the first arguments of `Model.fit` for these images `(count, …)` and labels.

    TensorFlow gets a `tf.data.Dataset` without autotuning. The data set that Keras builds from
    arrays tunes itself in a thread that sleeps up to a minute. Every epoch waits for this thread at
    its end (TensorFlow 2.21).
    """
    if keras.backend.backend() != "tensorflow":
        return x, y
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    batches = tf.data.Dataset.from_tensor_slices((x, y)).batch(batch_size).prefetch(2)
    return (batches.with_options(options),)
