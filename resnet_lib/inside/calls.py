"""Call a model without changing it, and differentiate what it computes, on TensorFlow and JAX."""

from contextlib import contextmanager
from itertools import pairwise
from weakref import WeakKeyDictionary

import keras
from keras import layers, ops

from resnet_lib.inside import dense

_PARTS: WeakKeyDictionary = WeakKeyDictionary()  # by model, for `in_parts`


def value_and_gradients(function, arrays):
    """`function(arrays)`, a scalar, and its gradient with respect to each array of the list."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.value_and_grad(function)(arrays)
    import tensorflow as tf

    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(arrays)
        value = function(arrays)
    return value, tape.gradient(value, arrays, unconnected_gradients="zero")


def call(model, x, training=False, given=None):
    """Outputs of `model`, and its running averages after them, `{id: value}`; it stays unchanged.

    `given` maps ids of its variables to values that take their place.
    """
    given, after = given or {}, {}

    def values(variables):
        return [given.get(id(one), one.value) for one in variables]

    for part in in_parts(model):
        x, averages = part.stateless_call(
            values(part.trainable_variables),
            values(part.non_trainable_variables),
            x,
            training=training,
        )
        after |= dict(zip(map(id, part.non_trainable_variables), averages, strict=True))
    return x, after


def values_along(model, tensors, x, training=False):
    """Yield each of the symbolic `tensors` of a model with its value, part of the model by part."""
    start, left = model.input, {id(one): one for one in tensors}
    found_in = parts(model, least=7)  # a block
    if not left.keys() <= {id(one) for part in found_in for one in part}:
        found_in = [list(tensors)]
    for part in found_in:
        if not left:
            return
        wanted, end = [left.pop(id(one)) for one in part if id(one) in left], part[-1]
        outputs = wanted if wanted and wanted[-1] is end else [*wanted, end]  # each once
        values, _ = call(keras.Model(start, outputs), x, training)
        start, x = end, values[-1]
        while wanted:
            yield wanted.pop(0), values.pop(0)


# ---------------------------------------------------------------- part by part


def in_parts(model):
    """Models that compute in turn what `model` does: itself, or its parts where it has several.

    Keras keeps all that a model computes until the model is done, for 128 images in ResNet-56 a
    gigabyte. So it keeps what a part computes.
    """
    if model not in _PARTS:
        _PARTS[model] = None
        if ends := [part[-1] for part in parts(model, least=10)[:-1]]:
            chain = pairwise([model.input, *ends, model.output])
            _PARTS[model] = [keras.Model(start, end) for start, end in chain]
    return _PARTS[model] or [model]


def parts(model, least):
    """The tensors of a functional model in parts of `least` layers or more, each a list.

    All that follows a part is computed from its last tensor alone. Of another model: no part.
    """
    # Keras has no public way to see which layer takes what.
    by_depth = getattr(model, "_nodes_by_depth", {})
    nodes = [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]]
    last_use = {id(one): place for place, node in enumerate(nodes) for one in node.input_tensors}
    last_use |= {id(one): len(nodes) for one in model.outputs}
    waiting = {id(one) for one in model.inputs}  # for a layer that takes them
    found, layers_in_part = [[]], 0
    for place, node in enumerate(nodes):
        made = [id(one) for one in node.outputs]
        waiting = {one for one in waiting.union(made) if last_use.get(one, 0) > place}
        found[-1] += node.outputs
        layers_in_part += 1
        if layers_in_part >= least and waiting == set(made) and len(made) == 1:
            found, layers_in_part = [*found, []], 0
    return [part for part in found if part]


def compiled(model):
    """`model` in inference as one compiled function of its input, for calling it many times."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(lambda x: single(call(model, x)[0]))
    import tensorflow as tf

    return tf.function(lambda x: single(model(x, training=False)))


def logits(model, x, training=False, given=None):
    """The classes' scores before the softmax, `(batch, classes)`.

    The softmax's own rounding would make the log of a probability -inf from e**-104 down.
    """
    last = next(one for one in reversed(model.layers) if not isinstance(one, Tap))
    activation = getattr(last, "activation", None)
    if activation is keras.activations.softmax:
        last.activation = keras.activations.linear
    try:
        return single(call(model, x, training, given)[0])
    finally:
        if activation is not None:
            last.activation = activation


def cross_entropy(scores, y):
    """Mean cross-entropy in nats of `scores` `(batch, classes)`."""
    y = ops.convert_to_tensor(y, dtype="int32")
    return ops.mean(ops.sparse_categorical_crossentropy(y, scores, from_logits=True))


def batch_statistics(model, x):
    """Running averages that would make inference normalise as training does on this batch."""
    _, after = call(model, x, training=True)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            for average in (layer.moving_mean, layer.moving_variance):
                # What training leaves is old * momentum + batch * (1 - momentum).
                kept = average.value * layer.momentum
                after[id(average)] = (after[id(average)] - kept) / (1 - layer.momentum)
    return after


def norm(array):
    """Euclidean norm of a backend's array, in float64."""
    return float(dense.norm(ops.convert_to_numpy(array).astype("float64")))


def single(outputs):
    """A model's only output: Keras gives it bare, or in a list where it was built from a list."""
    return outputs[0] if isinstance(outputs, list | tuple) else outputs


class Tap(layers.Layer):
    """Hands on what comes, plus an offset by which the loss can be differentiated."""

    offset = None

    def call(self, x):
        return x if self.offset is None else x + self.offset


def tapped(model, names):
    """The same model, sharing its layers, with a `Tap` behind each layer that `names` holds."""
    taps = []

    def with_tap(layer, *arguments, **options):
        output = layer(*arguments, **options)
        if layer.name in names:
            taps.append(Tap())
            output = taps[-1](output)
        return output

    model = keras.models.clone_model(
        model, clone_function=lambda layer: layer, call_function=with_tap
    )
    return model, taps


@contextmanager
def offset_by(taps, offsets):
    for tap, offset in zip(taps, offsets, strict=True):
        tap.offset = offset
    try:
        yield
    finally:
        for tap in taps:
            tap.offset = None
