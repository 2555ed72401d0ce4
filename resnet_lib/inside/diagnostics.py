"""What happens inside a net, in numbers: gradients, signals, paths, the loss around the weights.

For the nets of this library and other functional Keras classifiers, on TensorFlow and JAX. `x` is
what the model takes, `y` integer classes `(batch,)`, and the loss the mean cross-entropy in nats,
without the weight penalty. A model may end in a softmax or in logits, and must not hold another
model: that is a `ValueError`. No call changes its weights, nor the running averages of its batch
normalisation.
"""

from math import comb
from typing import NamedTuple

import keras
import numpy as np
from keras import layers, ops
from tqdm.auto import tqdm  # drawn as a widget in a notebook

from resnet_lib.inside.blocks import residual_blocks
from resnet_lib.inside.calls import (
    batch_statistics,
    call,
    cross_entropy,
    logits,
    norm,
    offset_by,
    single,
    tapped,
    value_and_gradients,
    values_along,
)
from resnet_lib.inside.lesions import lesion as lesion  # a diagnostic too, in a file of its own
from resnet_lib.nets.structure import check_inspectable, residual_sums

WITH_KERNEL = (layers.Conv2D, layers.Dense)
NORMALIZED = "filter-normalised"
POINTS = 16  # of a line that are differentiated at a time


def gradient_norms(model, x, y, *, of="weights", training=True):
    """Norm of the loss's gradient at each weight layer, input to output: a dict by layer name.

    `of="weights"`: the Euclidean norm of d loss / d kernel, in nats per unit of weight.
    `of="activations"`: that of d loss / d output of the layer (of the last: its logits), over the
    whole batch. With `training`, batch normalisation uses the batch, as it does while a net learns.
    What float32 cannot hold comes back as 0 or inf. Raises `ValueError` for another `of`.
    Source: the measurement that He et al. 2015, section 4.1, speak of.

    >>> norms = gradient_norms(resnet_v1((32, 32, 3), 20), images, classes)
    >>> list(norms)[0], list(norms)[-1]
    ('stem_conv', 'classifier')
    """
    check_inspectable(model)
    weighted = [layer for layer in model.layers if isinstance(layer, WITH_KERNEL)]
    if of == "weights":
        kernels = [layer.kernel for layer in weighted]

        def loss(values):
            given = dict(zip(map(id, kernels), values, strict=True))
            return cross_entropy(logits(model, x, training, given), y)

        _, gradients = value_and_gradients(loss, [kernel.value for kernel in kernels])
    elif of == "activations":
        model, taps = tapped(model, [layer.name for layer in weighted])
        shapes = ops.shape(x)[:1]
        zeros = [ops.zeros(shapes + tap.output.shape[1:], tap.compute_dtype) for tap in taps]

        def loss(offsets):
            with offset_by(taps, offsets):
                return cross_entropy(logits(model, x, training), y)

        _, gradients = value_and_gradients(loss, zeros)
    else:
        raise ValueError(f'of must be "weights" or "activations"; got {of!r}')
    return {layer.name: norm(one) for layer, one in zip(weighted, gradients, strict=True)}


class LayerSignal(NamedTuple):
    """What one activation hands on: over the batch, all places and all channels."""

    name: str
    mean: float
    variance: float
    dead: float  #: share of the channels that are 0 for every image at every place


class BlockSignal(NamedTuple):
    """The two terms of one residual sum."""

    name: str
    skip_variance: float
    branch_variance: float


def signal_statistics(model, x, *, training=True):
    """Every activation's `LayerSignal` and every sum's `BlockSignal`, input to output: two lists.

    In a normalised residual net at the start each branch has about the same variance while the sum
    grows, so that branches weigh less the deeper they lie; over a net with nothing behind its sums,
    as if each were scaled by 1/sqrt(depth). With `training`, batch normalisation uses the batch.
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
    found = {}
    for tensor, value in values_along(model, wanted, x, training):
        value = ops.convert_to_numpy(value).astype("float64")
        dead = (value == 0).reshape(-1, value.shape[-1]).all(axis=0).mean()
        found[id(tensor)] = float(value.mean()), float(value.var()), float(dead)

    def variances(terms):
        return [found[id(one)][1] for one in terms]

    return (
        [LayerSignal(layer.name, *found[id(layer.output)]) for layer in activations],
        [BlockSignal(layer.name, *variances(layer.input)) for layer in sums],
    )


def gradient_correlation(model, line, *, lags=16, output=0):
    """How alike the gradients at neighbouring points of the input are: `(lags + 1,)`, from 1 down.

    `line` holds points in order, `(points, …)`: most telling is an input of one dimension. Taken is
    the gradient g of the logit `output` with respect to each point. At a lag k the figure is the
    mean over the pairs of points k apart of 2 g[i] · g[i + k] / (|g[i]|² + |g[i + k]|²): 1 where
    the two are the same, 0 where they have nothing to do with each other, as in white noise. Every
    pair counts the same: in the quotient of two sums, as an autocorrelation has it, a single point
    with a huge gradient would decide. Batch normalisation uses mean and variance of the whole line,
    held still. Raises `ValueError` for a line too short.
    Source: after Balduzzi et al. 2017, arXiv 1702.08591.

    >>> gradient_correlation(model, np.linspace(-2, 2, 256)[:, None], lags=1)[1]
    """
    check_inspectable(model)
    if not 1 <= lags < len(line):
        raise ValueError(f"lags must be from 1 to points - 1 = {len(line) - 1}; got {lags}")
    line = ops.convert_to_tensor(line, dtype=model.compute_dtype)
    statistics = batch_statistics(model, line)

    def total(points):
        return ops.sum(logits(model, points[0], False, statistics)[:, output])

    gradients = []
    for start in range(0, len(line), POINTS):  # to save memory: no point knows of another
        _, (found,) = value_and_gradients(total, [line[start : start + POINTS]])
        gradients.append(ops.convert_to_numpy(found))
    gradients = np.concatenate(gradients).reshape(len(line), -1).astype("float64")
    gradients /= np.abs(gradients).max() or 1.0
    squares = (gradients**2).sum(axis=1)
    alike = [1.0]
    for lag in range(1, lags + 1):
        products = 2 * (gradients[lag:] * gradients[:-lag]).sum(axis=1)
        sums = squares[lag:] + squares[:-lag]
        # Two gradients of nothing are the same.
        alike.append(np.where(sums > 0, products / np.where(sums > 0, sums, 1), 1).mean())
    return np.array(alike)


class PathGradients(NamedTuple):
    """By number of branches that a path goes through, 0 to all: arrays `(blocks + 1,)`."""

    paths: np.ndarray  #: how many there are: binomial coefficients
    arriving: np.ndarray  #: norm of the gradient that comes by all of them together
    one_path: np.ndarray  #: mean norm of what comes by a single one, over those that were drawn
    whole: float  #: norm of the gradient itself, the sum over paths of every length


def path_gradients(model, x, y, *, samples=8, seed=0):
    """How much gradient reaches the first block by paths of each length: `PathGradients`.

    Backwards, every block of a residual net offers two ways, through its branch and past it: 2**n
    paths. `arriving` is exact: the sum over all paths of a length, carried back as a polynomial in
    the number of branches; added up, these sums are the gradient itself, `whole`. `one_path` is
    drawn, as in the source: `samples` paths of each length. There, it is multiplied by the number
    of paths; where these cancel, `arriving` is less. A ReLU after the sum, and a convolution
    in a shortcut, belong to both ways. Norms are over the batch, batch normalisation uses the
    batch's mean and variance, held still.
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
    inputs = [single(call(stem, x, False, statistics)[0])]  # of each block, then of the head
    for block in blocks:
        inputs.append(block.forward(inputs[-1], statistics))

    def loss(hidden):
        return cross_entropy(logits(head, hidden[0], False, statistics), y)

    _, (last,) = value_and_gradients(loss, [inputs[-1]])
    # Row k of `exact`, `(length, batch, …)`: all paths that went through k branches so far.
    exact = last[None]
    random = np.random.default_rng(seed)
    lengths = np.repeat(np.arange(number + 1), samples)
    # Which of the drawn paths goes through which branch, `(paths, blocks)`.
    through = random.random((len(lengths), number)).argsort(axis=1) < lengths[:, None]
    drawn = ops.repeat(last[None], len(lengths), axis=0)
    for place in reversed(range(number)):
        past, branch = blocks[place].backward(inputs[place], exact, statistics)
        none = ops.zeros_like(past[:1])
        exact = ops.concatenate([past, none]) + ops.concatenate([none, branch])
        past, branch = blocks[place].backward(inputs[place], drawn, statistics)
        chosen = through[:, place].reshape((-1,) + (1,) * (len(past.shape) - 1))
        drawn = ops.where(chosen, branch, past)
    one_path = np.array([norm(one) for one in drawn]).reshape(number + 1, samples)
    return PathGradients(
        np.array([comb(number, length) for length in range(number + 1)], dtype="float64"),
        np.array([norm(one) for one in exact]),
        one_path.mean(axis=1),
        norm(ops.sum(exact, axis=0)),
    )


class LossSurface(NamedTuple):
    """The loss on a plane through the weights."""

    at: np.ndarray  #: (steps,), where along either direction; the weights themselves are at 0
    loss: np.ndarray  #: (steps, steps), nats; rows follow the second direction


def loss_surface(model, x, y, directions=NORMALIZED, steps=25, *, span=1.0, seed=0):
    """The loss on a square of `steps` x `steps` around the weights: a `LossSurface`, with a bar.

    The square has half-width `span` along two random directions. "filter-normalised": each filter
    of a direction is as long as the filter of the net that it is added to, so that nets whose
    weights have different sizes can be compared; at 1 a direction is as long as the weights.
    "random": plain normal draws. Biases and batch normalisation stay as they are in both, and the
    latter uses its running averages. Raises `ValueError` for other directions or steps.
    Source: Li et al. 2018, arXiv 1712.09913.

    >>> surface = loss_surface(net, images, classes, steps=11)
    >>> surface.loss.shape
    (11, 11)
    """
    check_inspectable(model)
    if directions not in (NORMALIZED, "random"):
        raise ValueError(f'directions must be "{NORMALIZED}" or "random"; got {directions!r}')
    if steps < 3 or steps % 2 == 0:
        raise ValueError(f"steps must be an odd number from 3, so that one is at 0; got {steps!r}")
    kernels = [layer.kernel for layer in model.layers if isinstance(layer, WITH_KERNEL)]
    start = [ops.convert_to_numpy(kernel) for kernel in kernels]
    random = np.random.default_rng(seed)
    plane = [[random.standard_normal(kernel.shape) for kernel in start] for _ in range(2)]
    if directions == NORMALIZED:
        plane = [
            [one * lengths(kernel) / lengths(one) for one, kernel in zip(way, start, strict=True)]
            for way in plane
        ]
    at = np.linspace(-span, span, steps)
    loss = np.zeros((steps, steps))
    points = {"total": steps**2, "unit": " points", "desc": "loss surface"}
    with tqdm(**points, leave=False, mininterval=0.5) as bar:
        for row, column in np.ndindex(loss.shape):
            moved = [
                (kernel + at[column] * one + at[row] * other).astype(kernel.dtype)
                for kernel, one, other in zip(start, *plane, strict=True)
            ]
            given = dict(zip(map(id, kernels), moved, strict=True))
            loss[row, column] = float(cross_entropy(logits(model, x, False, given), y))
            bar.update()
    return LossSurface(at, loss)


def lengths(kernel):
    """Norm of each filter, the kernel's last axis, ready to be multiplied with it."""
    return np.sqrt((kernel**2).sum(axis=tuple(range(kernel.ndim - 1)), keepdims=True))
