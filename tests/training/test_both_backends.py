"""Test that TensorFlow and JAX give the same results, each in a process without the other."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from resnet_lib.nets.counting import imagenet_cost
from resnet_lib.nets.imagenet import IMAGENET_NETS

pytestmark = pytest.mark.slow  # `make test` trains on JAX in test_train.py

# The other backend cannot be imported, so nothing can fall back on it.
IMPORTS = """
import json, resource, sys
sys.modules["tensorflow" if sys.argv[1] == "jax" else "jax"] = None  # as if not installed
import keras
import numpy as np
from resnet_lib import (
    gradient_correlation, gradient_norms, lesion, loss_surface, path_gradients, resnet_layer,
    resnet_v1, resnet_v2, signal_statistics,
)
from resnet_lib.inside.calls import compile_inference
from resnet_lib.nets.counting import imagenet_cost
from resnet_lib.nets.imagenet import IMAGENET_NETS
assert keras.backend.backend() == sys.argv[1]
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # MiB
results = {}
"""
COUNTS = """
before = peak()
results["counts"] = [imagenet_cost(name)[-2:] for name in IMAGENET_NETS]
layer = keras.layers.Dense(2)
layer(keras.Input((3,)))  # would also initialise variables that Keras had deferred
layer.stateless_call([weight.value for weight in layer.weights], [], np.zeros((1, 3), "float32"))
results["memory_growth"] = peak() - before

def fill(net, seed):
    random = np.random.default_rng(seed)
    for weight in net.weights:
        std = (2 / np.prod(weight.shape[:-1])) ** 0.5 if len(weight.shape) > 1 else 0.1
        values = random.normal(0, std, weight.shape)
        if weight.path.endswith(("gamma", "moving_variance")):
            values = 1 + np.abs(values)
        weight.assign(values)
    return net
"""
LOGITS = """
images = np.random.default_rng(7).normal(0, 0.3, (4, 32, 32, 3)).astype("float32")
results["logits"] = []
for build, depth, shortcut in (
    (resnet_v1, 14, "pad"), (resnet_v1, 14, "highway"), (resnet_v2, 11, "projection")
):
    net = fill(build((32, 32, 3), depth, shortcut=shortcut), 3)
    net.get_layer("classifier").activation = keras.activations.linear
    results["logits"].append(np.asarray(compile_inference(net)(images), "float64").tolist())
"""
LESION = """
net = fill(resnet_v1((16, 16, 3), 8, shortcut="none"), 0)
cut = lesion(net, {"stage1_block1": 0, "stage2_block1": 0.5})
results["lesion"] = np.asarray(compile_inference(cut)(images[:, :16, :16])).tolist()
"""
DIAGNOSTICS = """
inputs = keras.Input((8, 8, 3))
net = resnet_layer(inputs, 4, name="stem")
for block in "123":  # all of one shape, of which JAX then compiles each operation once
    branch = resnet_layer(net, 4, name=f"block{block}_1")
    branch = resnet_layer(branch, 4, activation=None, name=f"block{block}_2")
    net = keras.layers.Add(name=f"block{block}_add")([net, branch])
    net = keras.layers.Activation("relu")(net)
pooled = keras.layers.GlobalAveragePooling2D()(net)
net = fill(keras.Model(inputs, keras.layers.Dense(3, "softmax")(pooled)), 3)
x, y = np.random.default_rng(4).normal(size=(6, 8, 8, 3)).astype("float32"), np.arange(6) % 3
values = [list(gradient_norms(net, x, y, of=of).values()) for of in ("weights", "activations")]
activations, sums = signal_statistics(net, x)
values += [[row[1:] for row in activations], [row[1:] for row in sums]]
values += [gradient_correlation(net, x, lags=3).tolist()]
values += [np.asarray(array).tolist() for array in path_gradients(net, x, y, samples=2)]
values += [loss_surface(net, x, y, steps=3, span=0.1).loss.tolist()]
results["diagnostics"] = values
print(json.dumps(results))
"""
SCRIPT = IMPORTS + COUNTS + LOGITS + LESION + DIAGNOSTICS


@pytest.fixture(scope="module")
def both_results():
    """Run the script on both backends; return its results `[on TensorFlow, on JAX]`."""
    both = []
    for backend in ("tensorflow", "jax"):
        process = subprocess.run(
            [sys.executable, "-c", SCRIPT, backend],
            env=os.environ | {"KERAS_BACKEND": backend, "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"},
            capture_output=True,
            text=True,
        )
        assert process.returncode == 0, process.stderr
        both.append(json.loads(process.stdout.splitlines()[-1]))
    return both


def test_counting_allocates_no_weights_on_either_backend(both_results):
    """The weights of VGG-19 alone would take 548 MiB."""
    counts = [list(imagenet_cost(name)[-2:]) for name in IMAGENET_NETS]
    for results in both_results:
        assert results["counts"] == counts
        assert results["memory_growth"] < 200


@pytest.mark.parametrize(
    ("part", "tolerance"),
    [
        ("logits", {"atol": 1e-4}),
        ("lesion", {"atol": 1e-5, "rtol": 0}),
        ("diagnostics", {"atol": 1e-5, "rtol": 5e-3}),
    ],
)
def test_tensorflow_and_jax_give_the_same_results(both_results, part, tolerance):
    for on_tensorflow, on_jax in zip(*(results[part] for results in both_results), strict=True):
        if part == "logits":
            assert np.std(on_tensorflow) > 0.1, "constant logits would agree on any backend"
        np.testing.assert_allclose(on_tensorflow, on_jax, **tolerance)
