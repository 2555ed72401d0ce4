"""Take the measurements of the book, by kind. `record` calls this for items of the plan."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from resnet_lib.data import cifar10
from resnet_lib.data.augmentation import PixelMeanNormalization
from resnet_lib.data.cifar10 import load_sample
from resnet_lib.inside import diagnostics
from resnet_lib.inside.evaluation import evaluate
from resnet_lib.inside.lesions import measure_lesions
from resnet_lib.nets.normalization import BatchNormalization
from resnet_lib.nets.resnet import resnet_v1
from resnet_lib.runs.machine import backend_versions, device_name, source_commit
from resnet_lib.runs.measurements import Measurement
from resnet_lib.runs.run import RECORDED, Run
from resnet_lib.runs.weights import (
    NORMALIZATION_LAYER,
    build_with_weights,
    find_saved_weights,
    trained_model,
    weights_path,
)

BuildNet = Callable[[], keras.Model]

# Untrained nets that are measured. One property changes from each to the next.
UNTRAINED_KINDS: dict[str, dict[str, Any]] = {
    "sigmoid": {"activation": "sigmoid", "initializer": "glorot_normal", "normalized": False},
    "glorot": {"activation": "relu", "initializer": "glorot_normal", "normalized": False},
    "he": {"activation": "relu", "initializer": "he_normal", "normalized": False},
    "plain": {},  # with batch normalisation, as in training
    "residual": {"shortcut": "pad"},
}
SEEDS = (0, 1, 2)
NUM_IMAGES = 128  # the first training images of the sample
NUM_PATH_IMAGES = 8  # for paths, whose cost grows with the number of blocks
NUM_POINTS, LAGS = 128, 16  # on a line from one image to another
SURFACE_SETTINGS: dict[str, Any] = {"steps": 25, "span": 1.0, "seed": 0}


def untrained_net(kind: str, depth: int, seed: int = 0) -> keras.Model:
    """Build a net of version 1, a kind of `UNTRAINED_KINDS`, with weights drawn from `seed`.

    Its input are float images `(batch, 32, 32, 3)`.

    >>> untrained_net("sigmoid", 20).count_params()
    """
    if kind not in UNTRAINED_KINDS:
        raise ValueError(f"kind must be one of {', '.join(UNTRAINED_KINDS)}; got {kind!r}")
    keras.utils.set_random_seed(seed)
    return build_variant(**({"shortcut": "none"} | UNTRAINED_KINDS[kind]), depth=depth)


def build_variant(
    shortcut: str,
    depth: int,
    activation: str = "relu",
    initializer: str = "he_normal",
    normalized: bool = True,
) -> keras.Model:
    """Build `resnet_v1` with another activation or initializer, or without normalisation.

    The classifier stays unchanged.
    """
    net = resnet_v1((32, 32, 3), depth, shortcut=shortcut)

    def clone_layer(layer: keras.Layer) -> keras.Layer:
        config = layer.get_config()
        if isinstance(layer, keras.layers.Activation):
            config["activation"] = activation
        if isinstance(layer, keras.layers.Conv2D):
            config["kernel_initializer"] = initializer
        return type(layer).from_config(config)

    def call_layer(layer: keras.Layer, inputs: Any, **options: Any) -> Any:
        is_omitted = isinstance(layer, BatchNormalization) and not normalized
        return inputs if is_omitted else layer(inputs, **options)

    return keras.models.clone_model(net, clone_function=clone_layer, call_function=call_layer)


def measure(
    what: str,
    subject: str,
    *,
    after: Sequence[int] = (),
    recorded: str | Path = RECORDED,
    runs: str | Path = Path("runs"),
) -> Measurement:
    """Take one `Measurement`, of an untrained net of a kind and depth, or of a run.

    `what` is one of `MEASUREMENT_KINDS`. The subject is a net such as "plain-56", or a run's name.
    A run is measured at its start, after the epochs `after`, whose weights are below `runs`, and at
    its end, whose weights are in `recorded`. Raises `FileNotFoundError` if a run or weights are
    missing.
    """
    if what in TEST_SET_KINDS:
        return create_measurement(
            what, subject, *measure_on_test_set(what, subject, Path(recorded))
        )
    measure_net, kind_settings = SAMPLE_KINDS[what]
    if untrained := re.fullmatch(rf"({'|'.join(UNTRAINED_KINDS)})-(\d+)", subject):
        kind, depth = untrained[1], int(untrained[2])
        (photographs, classes), _ = load_sample()
        images = PixelMeanNormalization.from_data(photographs)(photographs)
        nets: list[BuildNet] = [partial(untrained_net, kind, depth, seed) for seed in SEEDS]
        settings: dict[str, Any] = {"kind": kind, "depth": depth, "seeds": list(SEEDS)}
    else:
        epochs = after if what == "training" else ()
        settings, nets, images, classes = run_nets(subject, epochs, Path(recorded), Path(runs))
    if what == "surface":  # of the last weights only
        settings["epochs"], nets = settings["epochs"][-1:], nets[-1:]
    values = [measure_net(net(), images, classes) for net in nets]
    return create_measurement(what, subject, settings | kind_settings, collect_values(values))


def create_measurement(
    what: str, subject: str, settings: dict[str, Any], values: dict[str, Any]
) -> Measurement:
    """Make a `Measurement` that was taken on this machine by this commit."""
    return Measurement(
        what=what,
        subject=subject,
        settings=settings,
        values=values,
        backend=keras.backend.backend(),
        versions=backend_versions(),
        device=device_name(),
        commit=source_commit(),
    )


def run_nets(
    name: str, after: Sequence[int], recorded: Path, runs: Path
) -> tuple[dict[str, Any], list[BuildNet], np.ndarray, np.ndarray]:
    """Return the settings of a recorded run, functions that build its nets, images and classes.

    The nets are ordered from the run's start to its end. The initial weights are drawn again from
    the run's seed.
    """
    run = Run.load(recorded / f"{name}.run.json")
    assert run.net, "a planned run has a NetSpec"
    spec = run.net
    (photographs, classes), _ = load_sample()
    last_path = weights_path(run, recorded)
    saved_paths = find_saved_weights(runs / name)
    after = [epoch for epoch in after if epoch < run.epochs]
    if missing := [epoch for epoch in after if epoch not in saved_paths]:
        raise FileNotFoundError(
            f"the weights of {name} after epoch {', '.join(map(str, missing))} are not in "
            f"{runs / name}. Only the training run itself saves them: to measure along it, move "
            f"{recorded / name}.run.json away and record the run again"
        )
    images = build_with_weights(spec, last_path).get_layer(NORMALIZATION_LAYER)(photographs)

    def build_initial() -> keras.Model:
        keras.utils.set_random_seed(run.seed)
        return spec.build()

    def build_trained(path: Path) -> keras.Model:
        return build_with_weights(spec, path).get_layer(run.model)

    paths = [*(saved_paths[epoch] for epoch in after), last_path]
    nets: list[BuildNet] = [build_initial, *(partial(build_trained, path) for path in paths)]
    return {"run": name, "epochs": [0, *after, run.epochs]}, nets, images, classes


def measure_on_test_set(
    what: str, name: str, recorded: Path
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return settings and values of a recorded run's last weights on all test images."""
    run = Run.load(recorded / f"{name}.run.json")
    images, labels = cifar10.load_cifar10()[1]
    settings, values = TEST_SET_KINDS[what](trained_model(run, recorded), images, labels)
    run_settings = {"run": name, "epochs": [run.epochs], "images": len(images)}
    lists = {key: value if key in NAME_KEYS else [value] for key, value in values.items()}
    return run_settings | settings, lists


def measure_errors(
    model: keras.Model, images: np.ndarray, labels: np.ndarray
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Evaluate a trained model; return settings and values."""
    return {}, evaluate(model, images, labels).values()


TEST_SET_KINDS = {"evaluation": measure_errors, "lesions": measure_lesions}


# ---------------------------------------------------------------- measurements of one net


def measure_signals(net: keras.Model, images: np.ndarray, classes: np.ndarray) -> dict[str, Any]:
    """Measure gradient norms by weight layer, and standard deviations by activation."""
    norms = diagnostics.gradient_norms(net, images[:NUM_IMAGES], classes[:NUM_IMAGES])
    activations, _ = diagnostics.signal_statistics(net, images[:NUM_IMAGES])
    return {
        "layers": list(norms),
        "gradients": list(norms.values()),
        "activations": [signal.name for signal in activations],
        "spreads": [signal.variance**0.5 for signal in activations],
    }


def measure_correlation(
    net: keras.Model, images: np.ndarray, classes: np.ndarray
) -> dict[str, Any]:
    """Measure the correlation of gradients along a line from the first image to the second."""
    share = np.linspace(0, 1, NUM_POINTS)[:, None, None, None]
    line = (1 - share) * np.asarray(images[0]) + share * np.asarray(images[1])
    return {"alike": diagnostics.gradient_correlation(net, line, lags=LAGS)}


def measure_paths(net: keras.Model, images: np.ndarray, classes: np.ndarray) -> dict[str, Any]:
    """Measure gradients by path length."""
    few = slice(NUM_PATH_IMAGES)
    return diagnostics.path_gradients(net, images[few], classes[few])._asdict()


def measure_surface(net: keras.Model, images: np.ndarray, classes: np.ndarray) -> dict[str, Any]:
    """Compute the loss around the weights."""
    batch = slice(NUM_IMAGES)
    surface = diagnostics.loss_surface(net, images[batch], classes[batch], **SURFACE_SETTINGS)
    return surface._asdict()


NAME_KEYS = ("layers", "activations", "blocks")  # values that are lists of names
# Kinds that need only the sample of CIFAR-10, with their settings.
SAMPLE_KINDS: dict[str, tuple[Callable[..., dict[str, Any]], dict[str, Any]]] = {
    "untrained": (measure_signals, {"images": NUM_IMAGES}),
    "training": (measure_signals, {"images": NUM_IMAGES}),
    "correlation": (measure_correlation, {"points": NUM_POINTS}),
    "paths": (measure_paths, {"images": NUM_PATH_IMAGES}),
    "surface": (measure_surface, {"images": NUM_IMAGES} | SURFACE_SETTINGS),
}


def collect_values(values: list[dict[str, Any]]) -> dict[str, Any]:
    """Collect dicts with the same keys into one dict of lists. Lists of names appear once."""
    return {
        key: first if key in NAME_KEYS else [to_json(one[key]) for one in values]
        for key, first in values[0].items()
    }


def to_json(values: Any) -> Any:
    """Convert to nested lists with five digits, and None for a value that is not finite."""
    values = np.asarray(values, dtype="float64")
    if values.ndim:
        return [to_json(row) for row in values]
    return float(f"{values:.5g}") if np.isfinite(values) else None
