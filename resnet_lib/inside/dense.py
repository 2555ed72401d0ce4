"""A fully connected net in NumPy, forwards and backwards: what `GradientLab` computes in the page.

It is here to be read, and to hold the page to. The net has `depth` weight layers: from the input to
32 units, from 32 to 32, and from 32 to one logit. A hidden layer and its skip:

    z = h @ W;   a = z + b,  or with batch normalisation  gamma * (z - mean) / deviation + b;
    h = f(a)     without a skip, and in the first layer, where the widths differ;
    h = h + s * f(a)     with one: s = 1 ("identity") or 1/sqrt(depth) ("scaled").

Initial standard deviations of a layer with n inputs and m outputs:

    "small"    sqrt(1 / 3n)        the usual one before 2010    Glorot and Bengio 2010, equation 1
    "glorot"   sqrt(2 / (n + m))   for units that are linear around 0          same, equation 16
    "he"       sqrt(2 / n)         for units that pass half of what comes      He et al. 2015, ICCV
"""

from dataclasses import dataclass, replace

import numpy as np

WIDTH = 32
POINTS = 64  # of the task, half of them in each class
LINE = 256  # points on which the net of one input is looked at
EPSILON = 1e-5  # in batch normalisation
LEARNING_RATE, MOMENTUM = 0.02, 0.9

ACTIVATIONS = {  # each with its derivative, as a function of what goes in
    "sigmoid": (
        lambda a: 0.5 + 0.5 * np.tanh(a / 2),
        lambda a: 0.25 * (1 - np.tanh(a / 2) ** 2),
    ),
    "tanh": (np.tanh, lambda a: 1 - np.tanh(a) ** 2),
    "relu": (lambda a: np.maximum(a, 0), lambda a: np.where(a > 0, 1.0, 0.0)),
}
INITIALIZATIONS = {
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

    def __post_init__(self):
        choices = {
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
    def scale(self):
        """What a branch is multiplied by before it is added."""
        return self.depth**-0.5 if self.skip == "scaled" else 1.0


# One click each in the lab; the depth stays where the reader has it.
PRESETS = {
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


def preset(name, depth=20):
    """The `DenseSpec` of one of `PRESETS`.

    >>> preset("He", depth=56).activation
    'relu'
    """
    return replace(DenseSpec(depth), **PRESETS[name])


# ---------------------------------------------------------------- numbers from a seed


def normals(seed, layer, count):
    """`count` draws from the standard normal distribution, `(count,)`: the page's own, bit by bit.

    Every layer has a place of its own in one sequence, so that a change of depth leaves the weights
    of the other layers as they are. The bits are those of Tommy Ettinger's mulberry32, which fits
    a page because it needs no more than 32-bit multiplication; Box and Muller make them normal.
    """
    index = np.arange(1, 2 * count + 1, dtype=np.uint64) + np.uint64(4096 * layer)
    bits = (np.uint64(seed) * np.uint64(0x9E3779B1) + index * np.uint64(0x6D2B79F5)).astype("u4")
    bits = (bits ^ (bits >> 15)) * (bits | np.uint32(1))
    bits ^= bits + (bits ^ (bits >> 7)) * (bits | np.uint32(61))
    uniform = ((bits ^ (bits >> 14)) + 0.5) / 2**32
    return np.sqrt(-2 * np.log(uniform[::2])) * np.cos(2 * np.pi * uniform[1::2])


LAST, NOISE, BIASES = 0, 101, 102  # places: hidden layer l has place l, its bias on a line 102 + l


def two_moons():
    """The task: points `(64, 2)` on two half-circles that interlock, and classes `(64,)`.

    The same points whatever a net's seed: new weights change the weights alone.
    """
    angle = np.pi * np.arange(POINTS // 2) / (POINTS // 2 - 1)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.concatenate([upper, [1, 0.5] - upper])
    points += 0.1 * normals(0, NOISE, 2 * POINTS).reshape(points.shape)
    points = (points - points.mean(axis=0)) / points.std(axis=0)
    return points, np.repeat([0.0, 1.0], POINTS // 2)


def initial_weights(spec, inputs=2):
    """A dict for each layer, input to output: kernel "W" `(n, m)`, bias "b" and scale "gamma"."""
    layers = []
    for layer in range(1, spec.depth + 1):
        last = layer == spec.depth
        n, m = inputs if layer == 1 else WIDTH, 1 if last else WIDTH
        draws = normals(spec.seed, LAST if last else layer, n * m).reshape(n, m)
        kernel = INITIALIZATIONS[spec.initialization](n, m) * draws
        layers.append({"W": kernel, "b": np.zeros(m), "gamma": np.ones(m)})
    return layers


# ---------------------------------------------------------------- forwards, backwards


def forward(spec, layers, x):
    """Logits `(batch,)`, and for each hidden layer what going back needs; "h" is its output."""
    f, _ = ACTIVATIONS[spec.activation]
    h, trace = x, []
    for index, layer in enumerate(layers[:-1]):
        z, step = h @ layer["W"], {"input": h}  # (batch, 32)
        if spec.normalization == "batch":
            step["deviation"] = np.sqrt(z.var(axis=0) + EPSILON)
            z = step["normal"] = (z - z.mean(axis=0)) / step["deviation"]
            z = layer["gamma"] * z
        step["a"] = z + layer["b"]
        branch = f(step["a"])
        skipped = index > 0 and spec.skip != "none"
        h = step["h"] = h + spec.scale * branch if skipped else branch
        trace.append(step)
    trace.append({"input": h})
    return (h @ layers[-1]["W"] + layers[-1]["b"])[:, 0], trace


def backward(spec, layers, trace, logit_gradient):
    """The chain rule, output to input. `logit_gradient` `(batch,)` is d loss / d logits.

    Returns a dict of gradients for each layer, input to output, of the shapes of its weights.
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
            slope = (slope - slope.mean(axis=0) - along) / step["deviation"]
        gradient["W"] = step["input"].T @ slope
        gradients.insert(0, gradient)
        through = slope @ layer["W"].T
        delta = delta + through if skipped else through
    return gradients


def loss_and_gradients(spec, layers, x, y):
    """Mean cross-entropy in nats of `y` `(batch,)`, 0 or 1, its gradients, and the trace."""
    logits, trace = forward(spec, layers, x)
    loss = np.logaddexp(0, np.where(y > 0, -logits, logits)).mean()
    probability = 0.5 + 0.5 * np.tanh(logits / 2)
    return loss, backward(spec, layers, trace, (probability - y) / len(y)), trace


def norm(array):
    """Euclidean norm; scaled first, as the square of 1e-200 is 0."""
    largest = np.abs(array).max()
    return largest if largest in (0, np.inf) else largest * np.linalg.norm(array / largest)


def first_look(spec):
    """What the lab draws of an untrained net: gradient norms `(depth,)`, spreads `(depth - 1,)`.

    The first are the Euclidean norms of d loss / d W, the second the standard deviations over units
    and points of each hidden layer's output, both from input to output.
    """
    _, gradients, trace = loss_and_gradients(spec, initial_weights(spec), *two_moons())
    norms = np.array([norm(gradient["W"]) for gradient in gradients])
    return norms, np.array([step["h"].std() for step in trace[:-1]])


def training(spec, steps=200):
    """Losses before each of `steps` steps of gradient descent, and after the last: `(steps + 1,)`.

    All points at every step, momentum 0.9. From where a loss is no longer finite, all are nan.
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
            for layer, speed, gradient in zip(layers, velocity, gradients, strict=True):
                for name, value in gradient.items():
                    speed[name] = MOMENTUM * speed[name] - LEARNING_RATE * value
                    layer[name] = layer[name] + speed[name]
    return losses


def slopes_on_a_line(spec):
    """d logit / d x of a net with one input, at 256 points of [-2, 2]: `(256,)`.

    Biases are drawn with the deviation of their layer's weights, as without them a ReLU net has a
    bend at 0 alone. Batch normalisation takes mean and deviation over the points, and its slope
    with these held still. Source: Balduzzi et al. 2017, figure 1.
    """
    x = np.linspace(-2, 2, LINE)[:, None]
    layers = initial_weights(spec, inputs=1)
    for place, layer in enumerate(layers[:-1], BIASES + 1):
        n, m = layer["W"].shape
        layer["b"] = INITIALIZATIONS[spec.initialization](n, m) * normals(spec.seed, place, m)
    _, trace = forward(spec, layers, x)
    _, derivative = ACTIVATIONS[spec.activation]
    slope = np.ones_like(x)
    for index, (layer, step) in enumerate(zip(layers[:-1], trace, strict=False)):
        through = slope @ layer["W"]
        if spec.normalization == "batch":
            through = through * layer["gamma"] / step["deviation"]
        through = derivative(step["a"]) * through
        slope = slope + spec.scale * through if index and spec.skip != "none" else through
    return (slope @ layers[-1]["W"])[:, 0]


def pair_of(spec):
    """The two nets that the lab compares: without a skip, and with `spec`'s own or the identity."""
    skip = "identity" if spec.skip == "none" else spec.skip
    return replace(spec, skip="none"), replace(spec, skip=skip)


def neighbours_alike(slopes):
    """How alike slopes at neighbouring points are: 1 where they are the same, 0 for white noise.

    The mean over neighbours a and b of 2ab / (a² + b²), which is -1 where they are opposite. Every
    pair counts the same, however large its slopes: in a sum of products the few largest would
    decide, and one steep place would make noise look smooth. Two zeros are the same, so they count
    1. nan where a slope is not finite.
    """
    if not np.isfinite(slopes).all():
        return float("nan")
    a, b = slopes[:-1], slopes[1:]
    larger = np.maximum(np.abs(a), np.abs(b))
    larger[larger == 0] = 1
    a, b = a / larger, b / larger  # as the square of 1e-200 is 0
    squares = a**2 + b**2
    alike = np.divide(2 * a * b, squares, out=np.ones_like(squares), where=squares > 0)
    return float(alike.mean())
