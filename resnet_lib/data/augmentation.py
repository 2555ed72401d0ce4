"""Normalisation and augmentation as Keras layers: they run inside the compiled step, on the device.

Built on `keras.ops` alone, so TensorFlow and JAX give the same. Outside training the two random
layers pass their input on untouched.
"""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("resnet_lib")
class PixelMeanNormalization(keras.layers.Layer):
    """Raw images to small numbers around zero: x / 255 minus the mean image of the training set.

    uint8 or float images in [0, 255], `(batch, height, width, channels)`, to floats of the same
    shape. The mean image `(height, width, channels)`, in [0, 1], is a weight: it is saved with the
    model, and a model that is loaded needs no data. Source: He et al. 2015, section 4.2.

    >>> images = PixelMeanNormalization.from_data(x_train)(x_train[:64])
    """

    @classmethod
    def from_data(cls, images, **options):
        """The layer for this training set, uint8 `(count, height, width, channels)`."""
        layer = cls(**options)
        layer.build(images.shape)
        layer.mean.assign(np.mean(images, axis=0, dtype="float64") / 255)
        return layer

    def build(self, input_shape):
        self.mean = self.add_weight(
            name="mean", shape=input_shape[1:], initializer="zeros", trainable=False
        )

    def call(self, images):
        return ops.cast(images, self.compute_dtype) / 255 - self.mean


class RandomView(keras.layers.Layer):
    """Each image of a batch seen from a place of its own, and every second one mirrored.

    A subclass says where to look: `draw_positions(size, batch_size)` gives, for an axis of `size`
    pixels, the source position of every output pixel, `(batch, size)`, in pixels.
    """

    def __init__(self, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.seed = seed
        self.random = keras.random.SeedGenerator(seed)

    def call(self, images, training=False):
        if not training:
            return images
        (batch_size, here), (height, width) = locate_in_batch(images), images.shape[1:3]
        rows, columns = (
            self.draw_positions(height, batch_size),
            self.draw_positions(width, batch_size),
        )
        mirrored = keras.random.uniform((batch_size, 1), seed=self.random) < 0.5
        columns = ops.where(mirrored, ops.flip(columns, axis=1), columns)
        return resample(images, rows[here], columns[here])

    def get_config(self):
        return super().get_config() | {"seed": self.seed}


@keras.saving.register_keras_serializable("resnet_lib")
class RandomCropFlip(RandomView):
    """The paper's augmentation: pad with zeros, crop at random to the old size, mirror half.

    Float images `(batch, height, width, channels)`, mean subtracted, so that a padded zero is the
    mean colour. `padding` is in pixels on every side. Source: He et al. 2015, section 4.2.

    >>> RandomCropFlip(seed=1)(images, training=True).shape
    TensorShape([64, 32, 32, 3])
    """

    def __init__(self, padding=4, **kwargs):
        super().__init__(**kwargs)
        self.padding = padding

    def draw_positions(self, size, batch_size):
        offset = keras.random.randint((batch_size, 1), 0, 2 * self.padding + 1, seed=self.random)
        return ops.arange(size, dtype="float32") + ops.cast(offset - self.padding, "float32")

    def get_config(self):
        return super().get_config() | {"padding": self.padding}


@keras.saving.register_keras_serializable("resnet_lib")
class RandomShiftFlip(RandomView):
    """The article's augmentation: shift by up to a `fraction` of the size each way, mirror half.

    Float images `(batch, height, width, channels)`. Shifts are drawn evenly and are no whole
    numbers of pixels: values between pixels are interpolated, those beyond the edge repeat it, as
    `ImageDataGenerator(width_shift_range=0.1, height_shift_range=0.1)` did.

    >>> RandomShiftFlip(fraction=0.1, seed=1)(images, training=True).shape
    TensorShape([64, 32, 32, 3])
    """

    def __init__(self, fraction=0.1, **kwargs):
        super().__init__(**kwargs)
        self.fraction = fraction

    def draw_positions(self, size, batch_size):
        reach = self.fraction * size
        shift = keras.random.uniform((batch_size, 1), -reach, reach, seed=self.random)
        return ops.clip(ops.arange(size, dtype="float32") + shift, 0, size - 1)

    def get_config(self):
        return super().get_config() | {"fraction": self.fraction}


def locate_in_batch(images):
    """`(batch_size, here)`: of the whole batch, and the slice of it that `images` are.

    On several devices TensorFlow gives each its part. Each draws for all and takes its own share,
    so that an image is seen as it would be on one device. JAX has one array over all devices.
    """
    here = ops.shape(images)[0]
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        replica = tf.distribute.get_replica_context()
        if replica is not None and replica.num_replicas_in_sync > 1:
            first = replica.replica_id_in_sync_group * here
            return replica.num_replicas_in_sync * here, slice(first, first + here)
    return here, slice(None)


def resample(images, rows, columns):
    """Images read at source positions `rows` `(batch, height)` and `columns` `(batch, width)`.

    Linear between two pixels, zero beyond the edge. Two small matrix products, which every
    device does well, in place of a gather, which accelerators do badly.
    """
    down = interpolation_weights(rows, images.shape[1], images.dtype)  # (batch, height out, height)
    across = interpolation_weights(
        columns, images.shape[2], images.dtype
    )  # (batch, width out, width)
    return ops.einsum("bij,bjkc,blk->bilc", down, images, across)


def interpolation_weights(positions, size, dtype):
    """Weights `(batch, out, size)` with which `size` pixels make up each position."""
    distance = ops.abs(ops.expand_dims(positions, -1) - ops.arange(size, dtype="float32"))
    return ops.cast(ops.relu(1 - distance), dtype)
