"""Measure what happens inside a net: gradients, signals, paths, the loss around the weights.

For the nets of this library and other functional Keras classifiers, on TensorFlow and JAX. `x` is
the input of the model, `y` integer classes `(batch,)`, and the loss the mean cross-entropy in nats,
without the weight penalty. A model may end in a softmax or in logits. A model that contains another
model raises a `ValueError`. No call changes weights or the running averages of batch normalisation.
"""

from __future__ import annotations

from math import comb
from typing import NamedTuple

import keras
import numpy as np
from keras import layers, ops
from tqdm.auto import tqdm  # drawn as a widget in a notebook

from resnet_lib.inside.blocks import Block, residual_blocks
from resnet_lib.inside.calls import (
    Tensor,
    Tensors,
    add_taps,
    batch_statistics,
    call,
    cross_entropy,
    logits,
    norm,
    single_output,
    tap_offsets,
    value_and_gradients,
    values_along,
)
from resnet_lib.nets.structure import check_inspectable, residual_sums

KERNEL_LAYERS = (layers.Conv2D, layers.Dense)
FILTER_NORMALIZED = "filter-normalised"
POINTS_PER_CALL = 16  # of a line, that are differentiated together


def gradient_norms(
    model: keras.Model, x: Tensor, y: np.ndarray, *, of: str = "weights", training: bool = True
) -> dict[str, float]:
    """Measure the norm of the loss's gradient at each weight layer, input to output.

    Returns a dict by layer name.

    `of="weights"`: the Euclidean norm of d loss / d kernel, in nats per unit of weight.
    `of="activations"`: the norm of d loss / d output of the layer (of the last: its logits), over
    the whole batch. With `training`, batch normalisation uses the batch, as in training. A norm
    outside the range of float32 is returned as 0 or inf. Raises `ValueError` for another `of`.
    Source: the measurement that He et al. 2015 mention in section 4.1.

    >>> norms = gradient_norms(resnet_v1((32, 32, 3), 20), images, classes)
    >>> list(norms)[0], list(norms)[-1]
    ('stem_conv', 'classifier')
    """
    check_inspectable(model)
    weighted = [layer for layer in model.layers if isinstance(layer, KERNEL_LAYERS)]
    if of == "weights":
        kernels = [layer.kernel for layer in weighted]

        def loss(values: list[Tensor]) -> Tensor:
            given = dict(zip(map(id, kernels), values, strict=True))
            return cross_entropy(logits(model, x, training, given), y)

        _, gradients = value_and_gradients(loss, [kernel.value for kernel in kernels])
    elif of == "activations":
        model, taps = add_taps(model, [layer.name for layer in weighted])
        shapes = ops.shape(x)[:1]
        zeros = [ops.zeros(shapes + tap.output.shape[1:], tap.compute_dtype) for tap in taps]

        def tapped_loss(offsets: list[Tensor]) -> Tensor:
            with tap_offsets(taps, offsets):
                return cross_entropy(logits(model, x, training), y)

        _, gradients = value_and_gradients(tapped_loss, zeros)
    else:
        raise ValueError(f'of must be "weights" or "activations"; got {of!r}')
    return {layer.name: norm(gradient) for layer, gradient in zip(weighted, gradients, strict=True)}


class LayerSignal(NamedTuple):
    """Statistics of the output of one activation, over batch, spatial positions and channels."""

    name: str
    mean: float
    variance: float
    dead: float  #: share of the channels that are 0 for every image at every spatial position


class BlockSignal(NamedTuple):
    """The two terms of one residual sum."""

    name: str
    skip_variance: float
    branch_variance: float


def signal_statistics(
    model: keras.Model, x: Tensor, *, training: bool = True
) -> tuple[list[LayerSignal], list[BlockSignal]]:
    """Measure a `LayerSignal` per activation and a `BlockSignal` per sum, input to output.

    In an untrained residual net with batch normalisation all branches have about the same variance,
    and the variance of the sum grows with depth. So deeper branches have less weight. In a net with
    nothing after its sums the effect is that of a factor 1/sqrt(depth) on each branch. With
    `training`, batch normalisation uses the batch.
    Source: De and Smith 2020, arXiv 2002.10444.

    >>> activations, sums = signal_statistics(resnet_v1((32, 32, 3), 20), images)
    >>> activations[0].name, sums[0].name
    ('stem_relu', 'stage1_block1_add')
    """
    check_inspectable(model)
    activations = [layer for layer in model.layers if isinstance(layer, layers.Activation)]
    sums = residual_sums(model)
    wanted = [layer.output for layer in activations]
    wanted += [term for layer in sums for term in layer.input]
    statistics = {}
    for tensor, value in values_along(model, wanted, x, training):
        value = ops.convert_to_numpy(value).astype("float64")
        dead = (value == 0).reshape(-1, value.shape[-1]).all(axis=0).mean()
        statistics[id(tensor)] = float(value.mean()), float(value.var()), float(dead)

    def variances(terms: list[Tensor]) -> list[float]:
        return [statistics[id(term)][1] for term in terms]

    return (
        [LayerSignal(layer.name, *statistics[id(layer.output)]) for layer in activations],
        [BlockSignal(layer.name, *variances(layer.input)) for layer in sums],
    )


def gradient_correlation(
    model: keras.Model, line: np.ndarray, *, lags: int = 16, output: int = 0
) -> np.ndarray:
    """Measure the correlation of gradients at neighbouring inputs: `(lags + 1,)`, starting at 1.

    `line` holds points in order, `(points, …)`; an input of one dimension shows most. Let g[i] be
    the gradient of the logit `output` with respect to point i. The correlation at lag k is the mean
    of 2 g[i] · g[i + k] / (|g[i]|² + |g[i + k]|²) over all i. It is 1 for equal gradients and 0
    for independent ones, as in white noise. All pairs have equal weight. An autocorrelation, the
    quotient of two sums, would depend on the single point with the largest gradient. Batch
    normalisation uses mean and variance of the whole line as constants. Raises `ValueError` for a
    line that is too short.
    Source: after Balduzzi et al. 2017, arXiv 1702.08591.

    >>> gradient_correlation(model, np.linspace(-2, 2, 256)[:, None], lags=1)[1]
    """
    check_inspectable(model)
    if not 1 <= lags < len(line):
        raise ValueError(f"lags must be from 1 to points - 1 = {len(line) - 1}; got {lags}")
    line = ops.convert_to_tensor(line, dtype=model.compute_dtype)
    statistics = batch_statistics(model, line)

    def total(points: list[Tensor]) -> Tensor:
        return ops.sum(logits(model, points[0], False, statistics)[:, output])

    parts = []
    for start in range(0, len(line), POINTS_PER_CALL):  # to save memory: points are independent
        _, (part,) = value_and_gradients(total, [line[start : start + POINTS_PER_CALL]])
        parts.append(ops.convert_to_numpy(part))
    gradients = np.concatenate(parts).reshape(len(line), -1).astype("float64")
    gradients /= np.abs(gradients).max() or 1.0
    squares = (gradients**2).sum(axis=1)
    correlation = [1.0]
    for lag in range(1, lags + 1):
        products = 2 * (gradients[lag:] * gradients[:-lag]).sum(axis=1)
        sums = squares[lag:] + squares[:-lag]
        # Two zero gradients are equal.
        correlation.append(np.where(sums > 0, products / np.where(sums > 0, sums, 1), 1).mean())
    return np.array(correlation)


class PathGradients(NamedTuple):
    """Gradients by path length, the number of branches in a path: arrays `(blocks + 1,)`."""

    paths: np.ndarray  #: number of paths of this length, a binomial coefficient
    arriving: np.ndarray  #: norm of the gradient through all paths of this length together
    one_path: np.ndarray  #: mean norm of the gradient through one path, over the sampled paths
    whole: float  #: norm of the gradient itself, the sum over paths of every length


def path_gradients(
    model: keras.Model, x: Tensor, y: np.ndarray, *, samples: int = 8, seed: int = 0
) -> PathGradients:
    """Measure how much gradient reaches the first block through paths of each length.

    Backwards, every block of a residual net has two paths, its branch and its skip: 2**n paths in
    all. `arriving` is exact: the sum over all paths of a length, carried back as a polynomial in
    the number of branches. The sum over all lengths is the gradient itself, `whole`. `one_path` is
    sampled, as in the source: `samples` paths of each length. The source multiplies it by the
    number of paths; where gradients of paths cancel, `arriving` is less. A ReLU after the sum, and
    a convolution in a shortcut, belong to both paths. Norms are over the batch; batch normalisation
    uses the batch's mean and variance as constants.
    Raises `ValueError` for a net without residual sums. Source: Veit et al. 2016, arXiv 1605.06431.

    >>> found = path_gradients(resnet_v1((32, 32, 3), 20), images, classes)
    >>> found.paths[:3]
    array([ 1.,  9., 36.])
    """
    blocks = residual_blocks(model)
    number = len(blocks)
    statistics = batch_statistics(model, x)
    stem = keras.Model(model.input, model.get_layer("stem_relu").output)
    head = keras.Model(blocks[-1].end, model.output)
    inputs = [single_output(call(stem, x, False, statistics)[0])]  # of each block, then of the head
    for block in blocks:
        inputs.append(block.forward(inputs[-1], statistics))

    def loss(hidden: list[Tensor]) -> Tensor:
        return cross_entropy(logits(head, hidden[0], False, statistics), y)

    _, (last,) = value_and_gradients(loss, [inputs[-1]])
    exact = gradients_by_length(blocks, inputs, last, statistics)
    lengths = np.repeat(np.arange(number + 1), samples)
    sampled = sampled_path_gradients(blocks, inputs, last, statistics, lengths, seed)
    one_path = np.array([norm(gradient) for gradient in sampled]).reshape(number + 1, samples)
    return PathGradients(
        np.array([comb(number, length) for length in range(number + 1)], dtype="float64"),
        np.array([norm(gradient) for gradient in exact]),
        one_path.mean(axis=1),
        norm(ops.sum(exact, axis=0)),
    )


def gradients_by_length(
    blocks: list[Block], inputs: list[Tensor], last: Tensor, statistics: Tensors
) -> Tensor:
    """Carry the gradient `last` back to the first block, by path length: `(blocks + 1, batch, …)`.

    `inputs` are the inputs of the blocks. Row k is the sum over all paths through k branches.
    """
    rows = last[None]
    for block, x in zip(reversed(blocks), reversed(inputs[: len(blocks)]), strict=True):
        skip, branch = block.backward(x, rows, statistics)
        none = ops.zeros_like(skip[:1])
        rows = ops.concatenate([skip, none]) + ops.concatenate([none, branch])
    return rows


def sampled_path_gradients(
    blocks: list[Block],
    inputs: list[Tensor],
    last: Tensor,
    statistics: Tensors,
    lengths: np.ndarray,
    seed: int,
) -> Tensor:
    """Carry `last` back through one random path of each of `lengths`: `(paths, batch, …)`."""
    random = np.random.default_rng(seed)
    # Whether a path goes through the branch of a block, `(paths, blocks)`.
    is_through = random.random((len(lengths), len(blocks))).argsort(axis=1) < lengths[:, None]
    rows = ops.repeat(last[None], len(lengths), axis=0)
    for i in reversed(range(len(blocks))):
        skip, branch = blocks[i].backward(inputs[i], rows, statistics)
        chosen = is_through[:, i].reshape((-1,) + (1,) * (len(skip.shape) - 1))
        rows = ops.where(chosen, branch, skip)
    return rows


class LossSurface(NamedTuple):
    """The loss on a plane through the weights."""

    at: np.ndarray  #: (steps,), where along either direction; the weights themselves are at 0
    loss: np.ndarray  #: (steps, steps), nats; rows follow the second direction


def loss_surface(
    model: keras.Model,
    x: Tensor,
    y: np.ndarray,
    directions: str = FILTER_NORMALIZED,
    steps: int = 25,
    *,
    span: float = 1.0,
    seed: int = 0,
) -> LossSurface:
    """Compute the loss on a square of `steps` x `steps` points around the weights.

    Shows a progress bar. The square has half-width `span` along two random directions.
    "filter-normalised": each filter of a direction has the norm of the net's filter, so that nets
    with weights of different size can be compared; at 1 a direction has the norm of the weights.
    "random": plain normal draws. Biases and batch normalisation stay unchanged in both, and batch
    normalisation uses its running averages. Raises `ValueError` for other directions or steps.
    Source: Li et al. 2018, arXiv 1712.09913.

    >>> surface = loss_surface(net, images, classes, steps=11)
    >>> surface.loss.shape
    (11, 11)
    """
    check_inspectable(model)
    if directions not in (FILTER_NORMALIZED, "random"):
        raise ValueError(
            f'directions must be "{FILTER_NORMALIZED}" or "random"; got {directions!r}'
        )
    if steps < 3 or steps % 2 == 0:
        raise ValueError(f"steps must be an odd number from 3, so that one is at 0; got {steps!r}")
    kernels = [layer.kernel for layer in model.layers if isinstance(layer, KERNEL_LAYERS)]
    start = [ops.convert_to_numpy(kernel) for kernel in kernels]
    first, second = random_directions(start, directions == FILTER_NORMALIZED, seed)
    at = np.linspace(-span, span, steps)
    loss = np.zeros((steps, steps))
    bar = tqdm(total=steps**2, unit=" points", desc="loss surface", leave=False, mininterval=0.5)
    with bar:
        for row, column in np.ndindex(loss.shape):
            moved = [
                (kernel + at[column] * one + at[row] * other).astype(kernel.dtype)
                for kernel, one, other in zip(start, first, second, strict=True)
            ]
            given = dict(zip(map(id, kernels), moved, strict=True))
            loss[row, column] = float(cross_entropy(logits(model, x, False, given), y))
            bar.update()
    return LossSurface(at, loss)


def random_directions(
    kernels: list[np.ndarray], is_filter_normalized: bool, seed: int
) -> list[list[np.ndarray]]:
    """Draw two directions in the space of the kernels: an array per kernel each."""
    random = np.random.default_rng(seed)
    plane = [[random.standard_normal(kernel.shape) for kernel in kernels] for _ in range(2)]
    if not is_filter_normalized:
        return plane
    return [
        [
            draw * filter_norms(kernel) / filter_norms(draw)
            for draw, kernel in zip(direction, kernels, strict=True)
        ]
        for direction in plane
    ]


def filter_norms(kernel: np.ndarray) -> np.ndarray:
    """Return the norm of each filter, which is a slice of the kernel's last axis: `(1, …, n)`."""
    return np.sqrt((kernel**2).sum(axis=tuple(range(kernel.ndim - 1)), keepdims=True))
