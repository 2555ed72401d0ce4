"""Check the images and labels of a training run, and put them in the form that Keras takes."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from resnet_lib.data.cifar10 import Dataset


def check_data(data: Dataset) -> Dataset:
    """Raise a `ValueError` unless `data` are two pairs of uint8 images and integer labels."""
    for part, (x, y) in zip(("training", "test"), data, strict=True):
        x, y = np.asarray(x), np.asarray(y)
        if x.dtype != np.uint8 or x.ndim != 4 or y.shape != x.shape[:1] or y.dtype.kind not in "iu":
            raise ValueError(
                f"{part} data must be uint8 images (count, height, width, channels) and integer "
                f"labels (count,); got {x.dtype} {x.shape} and {y.dtype} {y.shape}"
            )
        if not len(x):
            raise ValueError(f"there are no {part} images; expected one or more")
    (_, y_train), (_, y_test) = data
    if min(np.min(y_train), np.min(y_test)) < 0 or np.max(y_test) > np.max(y_train):
        raise ValueError(
            f"labels must count from 0, and the net gets a class for each up to the highest in "
            f"training, {np.max(y_train)}; got {np.min(y_train)} in training, and {np.min(y_test)} "
            f"to {np.max(y_test)} in the test"
        )
    return data


def as_dataset(x: np.ndarray, y: np.ndarray, batch_size: int) -> tuple[Any, ...]:
    """Return the first arguments of `Model.fit` for these images `(count, …)` and labels.

    TensorFlow gets a `tf.data.Dataset` without autotuning. The data set that Keras builds from
    arrays tunes itself in a thread that sleeps up to a minute, and every epoch waits for this
    thread at its end (TensorFlow 2.21).
    """
    if keras.backend.backend() != "tensorflow":
        return x, y
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    batches = tf.data.Dataset.from_tensor_slices((x, y)).batch(batch_size).prefetch(2)
    return (batches.with_options(options),)
