"""Compute a fully connected net in NumPy, forward and backward, as `GradientLab` does in the page.

Readers can follow the algorithm here, and tests compare the page with it. The net has `depth`
weight layers: from the input to 32 units, from 32 to 32, and from 32 to one logit. A hidden layer
and its skip:

    z = h @ W;   a = z + b,  or with batch normalisation  gamma * (z - mean) / deviation + b;
    h = f(a)     without a skip, and in the first layer, where the widths differ;
    h = h + s * f(a)     with one: s = 1 ("identity") or 1/sqrt(depth) ("scaled").

Initial standard deviations of a layer with n inputs and m outputs:

    "small"    sqrt(1 / 3n)        the usual one before 2010    Glorot and Bengio 2010, equation 1
    "glorot"   sqrt(2 / (n + m))   for units that are linear around 0          same, equation 16
    "he"       sqrt(2 / n)         for units that pass half of what comes      He et al. 2015, ICCV
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

Function = Callable[[np.ndarray], np.ndarray]
Layers = list[dict[str, np.ndarray]]  # by layer: kernel "W", bias "b", scale "gamma"; or gradients
Trace = list[dict[str, np.ndarray]]  # by layer: what the backward pass needs

WIDTH = 32
POINTS = 64  # of the task, half of them in each class
LINE_POINTS = 256  # inputs at which slopes of a net with one input are computed
EPSILON = 1e-5  # in batch normalisation
LEARNING_RATE, MOMENTUM = 0.02, 0.9

# Each with its derivative; both are functions of the input.
ACTIVATIONS: dict[str, tuple[Function, Function]] = {
    "sigmoid": (
        lambda a: 0.5 + 0.5 * np.tanh(a / 2),
        lambda a: 0.25 * (1 - np.tanh(a / 2) ** 2),
    ),
    "tanh": (np.tanh, lambda a: 1 - np.tanh(a) ** 2),
    "relu": (lambda a: np.maximum(a, 0), lambda a: np.where(a > 0, 1.0, 0.0)),
}
INITIALIZATIONS: dict[str, Callable[[int, int], float]] = {
    "small": lambda n, m: np.sqrt(1 / (3 * n)),
    "glorot": lambda n, m: np.sqrt(2 / (n + m)),
    "he": lambda n, m: np.sqrt(2 / n),
}
NORMALIZATIONS = ("none", "batch")
SKIPS = ("none", "identity", "scaled")


@dataclass(frozen=True)
class DenseSpec:
    """Which net: the five controls of the lab, and the seed of its weights."""

    depth: int = 20  # weight layers, 1 to 100
    activation: str = "sigmoid"
    initialization: str = "small"
    normalization: str = "none"
    skip: str = "none"
    seed: int = 0

    def __post_init__(self) -> None:
        choices: dict[str, range | tuple[str, ...]] = {
            "depth": range(1, 101),
            "activation": tuple(ACTIVATIONS),
            "initialization": tuple(INITIALIZATIONS),
            "normalization": NORMALIZATIONS,
            "skip": SKIPS,
            "seed": range(1000),
        }
        for name, allowed in choices.items():
            value = getattr(self, name)
            if value not in allowed or isinstance(value, bool):
                listed = (
                    f"a whole number from {allowed[0]} to {allowed[-1]}"
                    if isinstance(allowed, range)
                    else f"one of {', '.join(allowed)}"
                )
                raise ValueError(f"{name} must be {listed}; got {value!r}")

    @property
    def scale(self) -> float:
        """The factor of a branch in its sum."""
        return self.depth**-0.5 if self.skip == "scaled" else 1.0


# Buttons of the lab. They leave the depth unchanged.
PRESETS: dict[str, dict[str, Any]] = {
    "1991": {"activation": "sigmoid", "initialization": "small"},
    "Glorot": {"activation": "tanh", "initialization": "glorot"},
    "He": {"activation": "relu", "initialization": "he"},
    "batch norm": {"activation": "relu", "initialization": "he", "normalization": "batch"},
    "residual": {
        "activation": "relu",
        "initialization": "he",
        "normalization": "batch",
        "skip": "identity",
    },
}


def preset(name: str, depth: int = 20) -> DenseSpec:
    """Return the `DenseSpec` of one of `PRESETS`.

    >>> preset("He", depth=56).activation
    'relu'
    """
    return DenseSpec(depth, **PRESETS[name])


# ---------------------------------------------------------------- numbers from a seed


def normals(seed: int, stream: int, count: int) -> np.ndarray:
    """Draw `count` standard normal numbers, `(count,)`, bit by bit equal to those of the page.

    Every layer reads its own stream of numbers, so a change of depth keeps the weights of the other
    layers. The bits come from Tommy Ettinger's mulberry32, which needs only 32-bit multiplication
    and so runs in a page. The Box-Muller transform makes them normal.
    """
    index = np.arange(1, 2 * count + 1, dtype=np.uint64) + np.uint64(4096 * stream)
    bits = (np.uint64(seed) * np.uint64(0x9E3779B1) + index * np.uint64(0x6D2B79F5)).astype("u4")
    bits = (bits ^ (bits >> 15)) * (bits | np.uint32(1))
    bits ^= bits + (bits ^ (bits >> 7)) * (bits | np.uint32(61))
    uniform = ((bits ^ (bits >> 14)) + 0.5) / 2**32
    return np.sqrt(-2 * np.log(uniform[::2])) * np.cos(2 * np.pi * uniform[1::2])


# Streams. Hidden layer l reads stream l, and its bias on a line stream 102 + l.
OUTPUT_STREAM, NOISE_STREAM, BIAS_STREAM = 0, 101, 102


def two_moons() -> tuple[np.ndarray, np.ndarray]:
    """Return the task: points `(64, 2)` on two interlocking half-circles, and classes `(64,)`.

    The points do not depend on the seed of a net.
    """
    angle = np.pi * np.arange(POINTS // 2) / (POINTS // 2 - 1)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.concatenate([upper, [1, 0.5] - upper])
    points += 0.1 * normals(0, NOISE_STREAM, 2 * POINTS).reshape(points.shape)
    points = (points - points.mean(axis=0)) / points.std(axis=0)
    return points, np.repeat([0.0, 1.0], POINTS // 2)


def initial_weights(spec: DenseSpec, inputs: int = 2) -> Layers:
    """Draw each layer's kernel "W" `(n, m)`; set bias "b" to 0 and scale "gamma" to 1, `(m,)`."""
    layers: Layers = []
    for layer in range(1, spec.depth + 1):
        last = layer == spec.depth
        n, m = inputs if layer == 1 else WIDTH, 1 if last else WIDTH
        draws = normals(spec.seed, OUTPUT_STREAM if last else layer, n * m).reshape(n, m)
        kernel = INITIALIZATIONS[spec.initialization](n, m) * draws
        layers.append({"W": kernel, "b": np.zeros(m), "gamma": np.ones(m)})
    return layers


# ---------------------------------------------------------------- forwards, backwards


def forward(spec: DenseSpec, layers: Layers, x: np.ndarray) -> tuple[np.ndarray, Trace]:
    """Compute logits `(batch,)`, and what the backward pass needs; "h" is a layer's output.

    `x` is `(batch, inputs)`.
    """
    f, _ = ACTIVATIONS[spec.activation]
    h = x
    trace: Trace = []
    for index, layer in enumerate(layers[:-1]):
        z, step = h @ layer["W"], {"input": h}  # (batch, 32)
        if spec.normalization == "batch":
            step["std"] = np.sqrt(z.var(axis=0) + EPSILON)
            z = step["normal"] = (z - z.mean(axis=0)) / step["std"]
            z = layer["gamma"] * z
        step["a"] = z + layer["b"]
        branch = f(step["a"])
        skipped = index > 0 and spec.skip != "none"
        h = step["h"] = h + spec.scale * branch if skipped else branch
        trace.append(step)
    trace.append({"input": h})
    return (h @ layers[-1]["W"] + layers[-1]["b"])[:, 0], trace


def backward(spec: DenseSpec, layers: Layers, trace: Trace, logit_gradient: np.ndarray) -> Layers:
    """Apply the chain rule, output to input. `logit_gradient` `(batch,)` is d loss / d logits.

    Returns the gradients of each layer, input to output, with the shapes of its weights.
    """
    _, derivative = ACTIVATIONS[spec.activation]
    delta = logit_gradient[:, None]
    gradients = [{"W": trace[-1]["input"].T @ delta, "b": delta.sum(axis=0)}]
    delta = delta @ layers[-1]["W"].T  # d loss / d h of the last hidden layer
    for index in range(len(layers) - 2, -1, -1):
        layer, step = layers[index], trace[index]
        skipped = index > 0 and spec.skip != "none"
        slope = (spec.scale if skipped else 1.0) * delta * derivative(step["a"])
        gradient = {"b": slope.sum(axis=0)}
        if spec.normalization == "batch":
            gradient["gamma"] = (slope * step["normal"]).sum(axis=0)
            slope = slope * layer["gamma"]
            along = step["normal"] * (slope * step["normal"]).mean(axis=0)
            slope = (slope - slope.mean(axis=0) - along) / step["std"]
        gradient["W"] = step["input"].T @ slope
        gradients.insert(0, gradient)
        input_gradient = slope @ layer["W"].T
        delta = delta + input_gradient if skipped else input_gradient
    return gradients


def loss_and_gradients(
    spec: DenseSpec, layers: Layers, x: np.ndarray, y: np.ndarray
) -> tuple[float, Layers, Trace]:
    """Compute mean cross-entropy in nats, its gradients and the trace; `y` `(batch,)` is 0 or 1."""
    logits, trace = forward(spec, layers, x)
    loss = np.logaddexp(0, np.where(y > 0, -logits, logits)).mean()
    probability = 0.5 + 0.5 * np.tanh(logits / 2)
    return loss, backward(spec, layers, trace, (probability - y) / len(y)), trace


def norm(array: np.ndarray) -> float:
    """Compute the Euclidean norm. It scales the array first, as the square of 1e-200 is 0."""
    largest = np.abs(array).max()
    return largest if largest in (0, np.inf) else largest * np.linalg.norm(array / largest)


def untrained_signals(spec: DenseSpec) -> tuple[np.ndarray, np.ndarray]:
    """Compute gradient norms `(depth,)` and signals `(depth - 1,)` of an untrained net.

    The first are the Euclidean norms of d loss / d W, the second the standard deviations of each
    hidden layer's output over units and points. Both are ordered from input to output.
    """
    _, gradients, trace = loss_and_gradients(spec, initial_weights(spec), *two_moons())
    norms = np.array([norm(gradient["W"]) for gradient in gradients])
    return norms, np.array([step["h"].std() for step in trace[:-1]])


def training_losses(spec: DenseSpec, steps: int = 200) -> np.ndarray:
    """Train by gradient descent; return the loss before each step and at the end, `(steps + 1,)`.

    Every step uses all points, with momentum 0.9. After the first loss that is not finite, all
    losses are nan.
    """
    x, y = two_moons()
    layers, losses = initial_weights(spec), np.full(steps + 1, np.nan)
    velocity = [{name: 0 * value for name, value in layer.items()} for layer in layers]
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(steps + 1):
            loss, gradients, _ = loss_and_gradients(spec, layers, x, y)
            if not np.isfinite(loss):
                break
            losses[step] = loss
            for layer, step_sizes, gradient in zip(layers, velocity, gradients, strict=True):
                for name, value in gradient.items():
                    step_sizes[name] = MOMENTUM * step_sizes[name] - LEARNING_RATE * value
                    layer[name] = layer[name] + step_sizes[name]
    return losses


def slopes_on_line(spec: DenseSpec) -> np.ndarray:
    """Compute d logit / d x of a net with one input, at 256 points of [-2, 2]: `(256,)`.

    Biases have the standard deviation of their layer's weights; without biases a ReLU net changes
    its slope only at 0. Batch normalisation uses mean and standard deviation over the points, and
    treats them as constants in the slope. Source: Balduzzi et al. 2017, figure 1.
    """
    x = np.linspace(-2, 2, LINE_POINTS)[:, None]
    layers = initial_weights(spec, inputs=1)
    for stream, layer in enumerate(layers[:-1], BIAS_STREAM + 1):
        n, m = layer["W"].shape
        layer["b"] = INITIALIZATIONS[spec.initialization](n, m) * normals(spec.seed, stream, m)
    _, trace = forward(spec, layers, x)
    _, derivative = ACTIVATIONS[spec.activation]
    slope = np.ones_like(x)
    for index, (layer, step) in enumerate(zip(layers[:-1], trace, strict=False)):
        through = slope @ layer["W"]
        if spec.normalization == "batch":
            through = through * layer["gamma"] / step["std"]
        through = derivative(step["a"]) * through
        slope = slope + spec.scale * through if index and spec.skip != "none" else through
    return (slope @ layers[-1]["W"])[:, 0]


def plain_and_skip(spec: DenseSpec) -> tuple[DenseSpec, DenseSpec]:
    """Return the two nets that the lab compares: without a skip, and with one.

    The second has the skip of `spec`, or the identity if `spec` has none.
    """
    skip = "identity" if spec.skip == "none" else spec.skip
    return replace(spec, skip="none"), replace(spec, skip=skip)


def neighbour_correlation(slopes: np.ndarray) -> float:
    """Compute the correlation of slopes at neighbouring points: 1 if equal, 0 for white noise.

    It is the mean of 2ab / (a² + b²) over neighbours a and b, which is -1 for opposite slopes. All
    pairs have equal weight: a sum of products would depend on the few largest slopes, and one steep
    position would make noise look smooth. Two zeros are equal, so they count 1. The result is nan
    if a slope is not finite.
    """
    if not np.isfinite(slopes).all():
        return float("nan")
    a, b = slopes[:-1], slopes[1:]
    larger = np.maximum(np.abs(a), np.abs(b))
    larger[larger == 0] = 1
    a, b = a / larger, b / larger  # as the square of 1e-200 is 0
    squares = a**2 + b**2
    correlation = np.divide(2 * a * b, squares, out=np.ones_like(squares), where=squares > 0)
    return float(correlation.mean())
