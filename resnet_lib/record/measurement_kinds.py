"""Take the measurements of the book: each is what `record` makes of one line of the plan."""

import re
from functools import partial
from pathlib import Path

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

# The kinds of net that are measured before any training: one thing changes from each to the next.
KINDS = {
    "sigmoid": {"activation": "sigmoid", "initializer": "glorot_normal", "normalized": False},
    "glorot": {"activation": "relu", "initializer": "glorot_normal", "normalized": False},
    "he": {"activation": "relu", "initializer": "he_normal", "normalized": False},
    "plain": {},  # with batch normalisation, as it is trained
    "residual": {"shortcut": "pad"},
}
SEEDS = (0, 1, 2)
BATCH = 128  # images: the first of the sample's training images
FEW = 8  # images, where the work grows with the number of blocks
POINTS, LAGS = 128, 16  # on a line from one image to another
SURFACE = {"steps": 25, "span": 1.0, "seed": 0}


def untrained_net(kind, depth, seed=0):
    """A net of version 1 as `KINDS` says, freshly drawn from `seed`; float images go in.

    >>> untrained_net("sigmoid", 20).count_params()
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}; got {kind!r}")
    keras.utils.set_random_seed(seed)
    return variant(**({"shortcut": "none"} | KINDS[kind]), depth=depth)


def variant(shortcut, depth, activation="relu", initializer="he_normal", normalized=True):
    """`resnet_v1` with another activation or initial distribution, or its normalisation left out.

    The classifier stays as it is.
    """
    net = resnet_v1((32, 32, 3), depth, shortcut=shortcut)

    def changed(layer):
        config = layer.get_config()
        if isinstance(layer, keras.layers.Activation):
            config["activation"] = activation
        if isinstance(layer, keras.layers.Conv2D):
            config["kernel_initializer"] = initializer
        return type(layer).from_config(config)

    def applied(layer, inputs, **options):
        left_out = isinstance(layer, BatchNormalization) and not normalized
        return inputs if left_out else layer(inputs, **options)

    return keras.models.clone_model(net, clone_function=changed, call_function=applied)


def measure(what, subject, *, after=(), recorded=RECORDED, runs=Path("runs")):
    """Take one `Measurement`: of an untrained net of a kind and depth, or of a run.

    `what` is one of `MEASUREMENT_KINDS`. The subject is "plain-56", or a run's name. A run is
    measured at its start and its end, and `after` those of its epochs, whose weights then lie
    below `runs`; its last ones are in `recorded`. Raises `FileNotFoundError` where a run or
    weights are not there.
    """
    if what in ON_TEST_IMAGES:
        return measurement(what, subject, *on_test_images(what, subject, Path(recorded)))
    taken, taken_on = TAKEN[what]
    if untrained := re.fullmatch(rf"({'|'.join(KINDS)})-(\d+)", subject):
        kind, depth = untrained[1], int(untrained[2])
        (photographs, classes), _ = load_sample()
        images = PixelMeanNormalization.from_data(photographs)(photographs)
        nets = [partial(untrained_net, kind, depth, seed) for seed in SEEDS]
        settings = {"kind": kind, "depth": depth, "seeds": list(SEEDS)}
    else:
        along = after if what == "training" else ()
        settings, nets, images, classes = run_nets(subject, along, Path(recorded), Path(runs))
    if what == "surface":  # of the last weights alone
        settings["epochs"], nets = settings["epochs"][-1:], nets[-1:]
    found = [taken(net(), images, classes) for net in nets]
    return measurement(what, subject, settings | taken_on, in_lists(found))


def measurement(what, subject, settings, values):
    """A `Measurement` taken here and now."""
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


def run_nets(name, after, recorded, runs):
    """A recorded run's settings, its nets from start to end, each to be built, and images for them.

    The start is drawn again from the run's seed.
    """
    run = Run.load(recorded / f"{name}.run.json")
    (photographs, classes), _ = load_sample()
    last = weights_path(run, recorded)
    kept = find_saved_weights(runs / name)
    after = [epoch for epoch in after if epoch < run.epochs]
    if missing := [epoch for epoch in after if epoch not in kept]:
        raise FileNotFoundError(
            f"the weights of {name} after epoch {', '.join(map(str, missing))} are not in "
            f"{runs / name}. They are kept by the training itself: to measure along it, move "
            f"{recorded / name}.run.json away and record the run again"
        )
    images = build_with_weights(run.net, last).get_layer(NORMALIZATION_LAYER)(photographs)

    def start():
        keras.utils.set_random_seed(run.seed)
        return run.net.build()

    def loaded(path):
        return build_with_weights(run.net, path).get_layer(run.model)

    nets = [start, *(partial(loaded, kept[epoch]) for epoch in after), partial(loaded, last)]
    return {"run": name, "epochs": [0, *after, run.epochs]}, nets, images, classes


def on_test_images(what, name, recorded):
    """Settings and values of the last weights of a recorded run, on all test images."""
    run = Run.load(recorded / f"{name}.run.json")
    images, labels = cifar10.load_cifar10()[1]
    settings, values = ON_TEST_IMAGES[what](trained_model(run, recorded), images, labels)
    of_run = {"run": name, "epochs": [run.epochs], "images": len(images)}
    in_lists = {key: value if key in NAMES else [value] for key, value in values.items()}
    return of_run | settings, in_lists


def evaluation(model, images, labels):
    return {}, evaluate(model, images, labels).values()


ON_TEST_IMAGES = {"evaluation": evaluation, "lesions": measure_lesions}


# ---------------------------------------------------------------- what is taken of one net


def norms_and_spreads(net, images, classes):
    """Gradient norms by weight layer, and standard deviations by activation."""
    norms = diagnostics.gradient_norms(net, images[:BATCH], classes[:BATCH])
    activations, _ = diagnostics.signal_statistics(net, images[:BATCH])
    return {
        "layers": list(norms),
        "gradients": list(norms.values()),
        "activations": [one.name for one in activations],
        "spreads": [one.variance**0.5 for one in activations],
    }


def correlation(net, images, classes):
    """Of the gradients at points on a line from the first image to the second."""
    share = np.linspace(0, 1, POINTS)[:, None, None, None]
    line = (1 - share) * np.asarray(images[0]) + share * np.asarray(images[1])
    return {"alike": diagnostics.gradient_correlation(net, line, lags=LAGS)}


def paths(net, images, classes):
    return diagnostics.path_gradients(net, images[:FEW], classes[:FEW])._asdict()


def surface(net, images, classes):
    return diagnostics.loss_surface(net, images[:BATCH], classes[:BATCH], **SURFACE)._asdict()


NAMES = ("layers", "activations", "blocks")
TAKEN = {  # by kind, all that need no more than the sample; with their settings
    "untrained": (norms_and_spreads, {"images": BATCH}),
    "training": (norms_and_spreads, {"images": BATCH}),
    "correlation": (correlation, {"points": POINTS}),
    "paths": (paths, {"images": FEW}),
    "surface": (surface, {"images": BATCH} | SURFACE),
}


def in_lists(found):
    """Dicts of figures to one dict of lists, an entry each; names, which are the same, once."""
    return {
        key: value if key in NAMES else [as_json(one[key]) for one in found]
        for key, value in found[0].items()
    }


def as_json(values):
    """Nested lists with five digits, and None for what is not finite."""
    values = np.asarray(values, dtype="float64")
    if values.ndim:
        return [as_json(one) for one in values]
    return float(f"{values:.5g}") if np.isfinite(values) else None
