"""Normalise and augment images in Keras layers, which run on the device in the compiled step.

The layers use only `keras.ops`, so TensorFlow and JAX compute the same. Outside training the two
random layers return their input.
"""

from typing import Any, Self

import keras
import numpy as np
from keras import KerasTensor, ops


@keras.saving.register_keras_serializable("resnet_lib")
class PixelMeanNormalization(keras.layers.Layer):
    """Divide raw images by 255 and subtract the mean image of the training set.

    Input: uint8 or float images in [0, 255], `(batch, height, width, channels)`; output: floats of
    the same shape, around zero. The mean image `(height, width, channels)`, in [0, 1], is a weight:
    it is saved with the model, and a loaded model needs no data. Source: He et al. 2015,
    section 4.2.

    >>> images = PixelMeanNormalization.from_data(x_train)(x_train[:64])
    """

    @classmethod
    def from_data(cls, images: np.ndarray, **options: Any) -> Self:
        """Make the layer for a training set, uint8 `(count, height, width, channels)`."""
        layer = cls(**options)
        layer.build(images.shape)
        layer.mean.assign(np.mean(images, axis=0, dtype="float64") / 255)
        return layer

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.mean = self.add_weight(
            name="mean", shape=input_shape[1:], initializer="zeros", trainable=False
        )

    def call(self, images: KerasTensor) -> KerasTensor:
        return ops.cast(images, self.compute_dtype) / 255 - self.mean


class RandomView(keras.layers.Layer):
    """Move each image of a batch by a random offset of its own, and mirror half of the images.

    A subclass defines the offsets: `draw_positions(size, batch_size)` returns, for an axis of
    `size` pixels, the source position of every output pixel, `(batch, size)`, in pixels.
    """

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.random = keras.random.SeedGenerator(seed)

    def draw_positions(self, size: int, batch_size: int | KerasTensor) -> KerasTensor:
        raise NotImplementedError(f"{type(self).__name__} must define draw_positions")

    def call(self, images: KerasTensor, training: bool = False) -> KerasTensor:
        if not training:
            return images
        batch_size, own_part = locate_in_batch(images)
        height, width = images.shape[1:3]
        rows = self.draw_positions(height, batch_size)  # (batch, height)
        columns = self.draw_positions(width, batch_size)  # (batch, width)
        is_mirrored = keras.random.uniform((batch_size, 1), seed=self.random) < 0.5
        columns = ops.where(is_mirrored, ops.flip(columns, axis=1), columns)
        return resample(images, rows[own_part], columns[own_part])

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"seed": self.seed}


@keras.saving.register_keras_serializable("resnet_lib")
class RandomCropFlip(RandomView):
    """Pad with zeros, crop at random to the old size, and mirror half: the paper's augmentation.

    Float images `(batch, height, width, channels)`, mean subtracted, so that a padded zero is the
    mean colour. `padding` is in pixels on every side. Source: He et al. 2015, section 4.2.

    >>> RandomCropFlip(seed=1)(images, training=True).shape
    TensorShape([64, 32, 32, 3])
    """

    def __init__(self, padding: int = 4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding = padding

    def draw_positions(self, size: int, batch_size: int | KerasTensor) -> KerasTensor:
        offset = keras.random.randint((batch_size, 1), 0, 2 * self.padding + 1, seed=self.random)
        return ops.arange(size, dtype="float32") + ops.cast(offset - self.padding, "float32")

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"padding": self.padding}


@keras.saving.register_keras_serializable("resnet_lib")
class RandomShiftFlip(RandomView):
    """Shift by up to a `fraction` of the size, and mirror half: the article's augmentation.

    Float images `(batch, height, width, channels)`. Shifts have a uniform distribution and are not
    whole numbers of pixels: values between pixels are interpolated, and values beyond the edge
    repeat it, as in `ImageDataGenerator(width_shift_range=0.1, height_shift_range=0.1)`.

    >>> RandomShiftFlip(fraction=0.1, seed=1)(images, training=True).shape
    TensorShape([64, 32, 32, 3])
    """

    def __init__(self, fraction: float = 0.1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.fraction = fraction

    def draw_positions(self, size: int, batch_size: int | KerasTensor) -> KerasTensor:
        max_shift = self.fraction * size  # pixels
        shift = keras.random.uniform((batch_size, 1), -max_shift, max_shift, seed=self.random)
        return ops.clip(ops.arange(size, dtype="float32") + shift, 0, size - 1)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"fraction": self.fraction}


def locate_in_batch(images: KerasTensor) -> tuple[int | KerasTensor, slice]:
    """Return the size of the whole batch, and the slice of it that `images` are.

    On several devices TensorFlow gives each its part. Each draws for the whole batch and uses its
    own part, so that an image is augmented as on one device. JAX has one array over all devices.
    """
    size = ops.shape(images)[0]
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        replica = tf.distribute.get_replica_context()
        if replica is not None and replica.num_replicas_in_sync > 1:
            start = replica.replica_id_in_sync_group * size
            return replica.num_replicas_in_sync * size, slice(start, start + size)
    return size, slice(None)


def resample(images: KerasTensor, rows: KerasTensor, columns: KerasTensor) -> KerasTensor:
    """Read images at source positions `rows` `(batch, height)` and `columns` `(batch, width)`.

    Interpolates linearly between two pixels; beyond the edge is zero. Two small matrix products
    replace a gather, which is slow on accelerators.
    """
    row_weights = interpolation_weights(rows, images.shape[1], images.dtype)
    column_weights = interpolation_weights(columns, images.shape[2], images.dtype)
    # (batch, height out, height), (batch, height, width, channels), (batch, width out, width)
    return ops.einsum("bij,bjkc,blk->bilc", row_weights, images, column_weights)


def interpolation_weights(positions: KerasTensor, size: int, dtype: str) -> KerasTensor:
    """Return the weights `(batch, out, size)` of `size` pixels in the value at each position."""
    distance = ops.abs(ops.expand_dims(positions, -1) - ops.arange(size, dtype="float32"))
    return ops.cast(ops.relu(1 - distance), dtype)
