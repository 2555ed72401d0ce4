"""Batch normalisation that reads the feature maps once, not five times, and remembers ten steps.

Keras writes the layer out as moments, subtraction, scaling and sum. XLA fuses these again; plain
TensorFlow on a CPU runs them one by one, and a training step of ResNet-20 takes a third longer.
"""

import keras
from keras import ops

# Keras's own 0.99 averages over a hundred steps. At a high learning rate the net has moved on by
# then: plain-20 after its first epoch of "quick" errs on 86 % of the test images with 0.99, and on
# 56 % with 0.9, though its weights are the same. Test curves are to show the net, not the lag.
MOMENTUM = 0.9


@keras.saving.register_keras_serializable("resnet_lib")
class BatchNormalization(keras.layers.BatchNormalization):
    """`keras.layers.BatchNormalization` over the last axis, by TensorFlow's one fused operation.

    Weights, arguments and results are those of the Keras layer, except that `momentum` is 0.9. The
    Keras layer does the work itself on other backends, on several devices, and for anything but
    `(batch, height, width, channels)`.
    """

    def __init__(self, axis=-1, momentum=MOMENTUM, **options):
        super().__init__(axis=axis, momentum=momentum, **options)

    def call(self, inputs, training=None, mask=None):
        if keras.backend.backend() != "tensorflow":
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        # Of several devices each has a part of the batch: then Keras gathers the statistics.
        self.synchronized = tf.distribute.get_strategy().num_replicas_in_sync > 1
        fusible = len(inputs.shape) == 4 and self.axis in (-1, 3) and self.dtype == "float32"
        plain = mask is None and not getattr(self, "renorm", False)  # an option of newer Keras
        if self.synchronized or not (fusible and plain):
            return super().call(inputs, training=training, mask=mask)
        x = ops.cast(inputs, "float32")
        how = {"scale": self.gamma, "offset": self.beta, "epsilon": self.epsilon}
        if not (training and self.trainable):
            how |= {"mean": self.moving_mean, "variance": self.moving_variance}
            outputs, _, _ = tf.compat.v1.nn.fused_batch_norm(x, **how, is_training=False)
            return ops.cast(outputs, self.compute_dtype)
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(x, **how)
        count = ops.cast(ops.size(inputs) / inputs.shape[-1], "float32")
        variance = variance * (count - 1) / count  # TensorFlow's is unbiased, Keras's is not
        for average, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
            average.assign(average * self.momentum + now * (1 - self.momentum))
        return ops.cast(outputs, self.compute_dtype)

    def get_config(self):
        return super().get_config() | {"synchronized": False}  # where it trains is no part of it
