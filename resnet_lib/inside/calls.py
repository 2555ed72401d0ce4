"""Call a model without changing it, and differentiate what it computes, on TensorFlow and JAX."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any
from weakref import WeakKeyDictionary

import keras
from keras import layers, ops

from resnet_lib.inside import dense

_MODEL_PARTS: WeakKeyDictionary = WeakKeyDictionary()  # by model, for `model_parts`

Tensor = Any  # of the backend: tf.Tensor or jax.Array
Tensors = dict[int, Tensor]  # by id of a variable


def value_and_gradients(
    function: Callable[[list[Tensor]], Tensor], arrays: list[Tensor]
) -> tuple[Tensor, list[Tensor]]:
    """Return `function(arrays)`, a scalar, and its gradient with respect to each array."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.value_and_grad(function)(arrays)
    import tensorflow as tf

    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(arrays)
        value = function(arrays)
    return value, tape.gradient(value, arrays, unconnected_gradients="zero")


def call(
    model: keras.Model, x: Tensor, training: bool = False, given: Tensors | None = None
) -> tuple[Any, Tensors]:
    """Return the outputs of `model`, and its running averages after the call, `{id: value}`.

    The model stays unchanged. `given` maps ids of its variables to values that replace them.
    """
    replacements = given or {}
    after: Tensors = {}

    def values(variables: list[keras.Variable]) -> list[Tensor]:
        return [replacements.get(id(variable), variable.value) for variable in variables]

    for part in model_parts(model):
        x, averages = part.stateless_call(
            values(part.trainable_variables),
            values(part.non_trainable_variables),
            x,
            training=training,
        )
        after |= dict(zip(map(id, part.non_trainable_variables), averages, strict=True))
    return x, after


def values_along(
    model: keras.Model, tensors: Sequence[Tensor], x: Tensor, training: bool = False
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield each of the symbolic `tensors` of a model with its value, part by part of the model."""
    start, left = model.input, {id(tensor): tensor for tensor in tensors}
    parts = split_tensors(model, min_layers=7)  # a block
    if not left.keys() <= {id(tensor) for part in parts for tensor in part}:
        parts = [list(tensors)]
    for part in parts:
        if not left:
            return
        wanted = [left.pop(id(tensor)) for tensor in part if id(tensor) in left]
        end = part[-1]
        outputs = wanted if wanted and wanted[-1] is end else [*wanted, end]  # each once
        values, _ = call(keras.Model(start, outputs), x, training)
        start, x = end, values[-1]
        while wanted:
            yield wanted.pop(0), values.pop(0)


# ---------------------------------------------------------------- part by part


def model_parts(model: keras.Model) -> list[keras.Model]:
    """Return models that compute, one after the other, what `model` computes.

    Keras keeps all tensors of a model until the model has ended: one gigabyte for 128 images in
    ResNet-56. With parts it keeps the tensors of one part. A model without parts is its only part.
    """
    if model not in _MODEL_PARTS:
        _MODEL_PARTS[model] = None
        if ends := [part[-1] for part in split_tensors(model, min_layers=10)[:-1]]:
            chain = pairwise([model.input, *ends, model.output])
            _MODEL_PARTS[model] = [keras.Model(start, end) for start, end in chain]
    return _MODEL_PARTS[model] or [model]


def split_tensors(model: keras.Model, min_layers: int) -> list[list[Tensor]]:
    """Split the tensors of a functional model into parts of `min_layers` layers or more.

    All tensors after a part depend on its last tensor alone. Returns [] for another kind of model.
    """
    # Keras has no public way to see which layer takes what.
    by_depth = getattr(model, "_nodes_by_depth", {})
    nodes = [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]]
    last_use = {id(tensor): i for i, node in enumerate(nodes) for tensor in node.input_tensors}
    last_use |= {id(tensor): len(nodes) for tensor in model.outputs}
    pending = {id(tensor) for tensor in model.inputs}  # that a later layer reads
    parts: list[list[Tensor]] = [[]]
    layers_in_part = 0
    for i, node in enumerate(nodes):
        outputs = [id(tensor) for tensor in node.outputs]
        pending = {tensor for tensor in pending.union(outputs) if last_use.get(tensor, 0) > i}
        parts[-1] += node.outputs
        layers_in_part += 1
        if layers_in_part >= min_layers and pending == set(outputs) and len(outputs) == 1:
            parts, layers_in_part = [*parts, []], 0
    return [part for part in parts if part]


def compile_inference(model: keras.Model) -> Callable[[Tensor], Tensor]:
    """Compile `model` in inference into one function of its input, for many calls."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(lambda x: single_output(call(model, x)[0]))
    import tensorflow as tf

    return tf.function(lambda x: single_output(model(x, training=False)))


def logits(
    model: keras.Model, x: Tensor, training: bool = False, given: Tensors | None = None
) -> Tensor:
    """Compute the scores before the softmax, `(batch, classes)`.

    The rounding of the softmax would make the log of a probability -inf from e**-104 down.
    """
    last = next(layer for layer in reversed(model.layers) if not isinstance(layer, Tap))
    activation = getattr(last, "activation", None)
    if activation is keras.activations.softmax:
        last.activation = keras.activations.linear
    try:
        return single_output(call(model, x, training, given)[0])
    finally:
        if activation is not None:
            last.activation = activation


def cross_entropy(scores: Tensor, y: Any) -> Tensor:
    """Compute the mean cross-entropy in nats of `scores`, logits `(batch, classes)`."""
    y = ops.convert_to_tensor(y, dtype="int32")
    return ops.mean(ops.sparse_categorical_crossentropy(y, scores, from_logits=True))


def batch_statistics(model: keras.Model, x: Tensor) -> Tensors:
    """Return running averages with which inference normalises as training does on this batch."""
    _, after = call(model, x, training=True)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            for average in (layer.moving_mean, layer.moving_variance):
                # What training leaves is old * momentum + batch * (1 - momentum).
                kept = average.value * layer.momentum
                after[id(average)] = (after[id(average)] - kept) / (1 - layer.momentum)
    return after


def norm(array: Tensor) -> float:
    """Compute the Euclidean norm of a backend's array, in float64."""
    return float(dense.norm(ops.convert_to_numpy(array).astype("float64")))


def single_output(outputs: Any) -> Tensor:
    """Return the only output of a model that may have been built from a list of one output."""
    return outputs[0] if isinstance(outputs, list | tuple) else outputs


class Tap(layers.Layer):
    """The identity plus an offset, which is 0 and by which the loss can be differentiated."""

    offset: Tensor | None = None

    def call(self, x: Tensor) -> Tensor:
        return x if self.offset is None else x + self.offset


def add_taps(model: keras.Model, names: Sequence[str]) -> tuple[keras.Model, list[Tap]]:
    """Return a model that shares all layers, with a `Tap` after each layer in `names`."""
    taps: list[Tap] = []

    def call_and_tap(layer: layers.Layer, *arguments: Any, **options: Any) -> Tensor:
        output = layer(*arguments, **options)
        if layer.name in names:
            taps.append(Tap())
            output = taps[-1](output)
        return output

    model = keras.models.clone_model(
        model, clone_function=lambda layer: layer, call_function=call_and_tap
    )
    return model, taps


@contextmanager
def tap_offsets(taps: Sequence[Tap], offsets: Sequence[Tensor]) -> Iterator[None]:
    """Add `offsets` to the outputs of the taps inside this context."""
    for tap, offset in zip(taps, offsets, strict=True):
        tap.offset = offset
    try:
        yield
    finally:
        for tap in taps:
            tap.offset = None
