"""The same script on TensorFlow and on JAX, each in a process that does not have the other."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from resnet_lib.nets.counting import imagenet_cost
from resnet_lib.nets.imagenet import IMAGENET_NETS

pytestmark = pytest.mark.slow  # `make test` trains on JAX in test_training.py

# Goes first: nothing may fall back on the other backend, and the peak of memory counts from here.
ALONE = """
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
said = {}
"""
COUNTS = """
before = peak()
said["counts"] = [imagenet_cost(name)[-2:] for name in IMAGENET_NETS]
layer = keras.layers.Dense(2)
layer(keras.Input((3,)))  # the next chance to initialise what was left
layer.stateless_call([one.value for one in layer.weights], [], np.zeros((1, 3), "float32"))
said["grown"] = peak() - before

def fill(net, seed):
    random = np.random.default_rng(seed)
    for weight in net.weights:
        spread = (2 / np.prod(weight.shape[:-1])) ** 0.5 if len(weight.shape) > 1 else 0.1
        values = random.normal(0, spread, weight.shape)
        if weight.path.endswith(("gamma", "moving_variance")):
            values = 1 + np.abs(values)
        weight.assign(values)
    return net
"""
LOGITS = """
images = np.random.default_rng(7).normal(0, 0.3, (4, 32, 32, 3)).astype("float32")
said["logits"] = []
for build, depth, shortcut in (
    (resnet_v1, 14, "pad"), (resnet_v1, 14, "highway"), (resnet_v2, 11, "projection")
):
    net = fill(build((32, 32, 3), depth, shortcut=shortcut), 3)
    net.get_layer("classifier").activation = keras.activations.linear
    said["logits"].append(np.asarray(compile_inference(net)(images), "float64").tolist())
"""
LESION = """
net = fill(resnet_v1((16, 16, 3), 8, shortcut="none"), 0)
cut = lesion(net, {"stage1_block1": 0, "stage2_block1": 0.5})
said["lesion"] = np.asarray(compile_inference(cut)(images[:, :16, :16])).tolist()
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
found = [list(gradient_norms(net, x, y, of=of).values()) for of in ("weights", "activations")]
activations, sums = signal_statistics(net, x)
found += [[one[1:] for one in activations], [one[1:] for one in sums]]
found += [gradient_correlation(net, x, lags=3).tolist()]
found += [np.asarray(one).tolist() for one in path_gradients(net, x, y, samples=2)]
found += [loss_surface(net, x, y, steps=3, span=0.1).loss.tolist()]
said["diagnostics"] = found
print(json.dumps(said))
"""
SCRIPT = ALONE + COUNTS + LOGITS + LESION + DIAGNOSTICS


@pytest.fixture(scope="module")
def said():
    """What the script says: `(on TensorFlow, on JAX)`."""
    answers = []
    for backend in ("tensorflow", "jax"):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, backend],
            env=os.environ | {"KERAS_BACKEND": backend, "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        answers.append(json.loads(done.stdout.splitlines()[-1]))
    return answers


def test_counting_allocates_no_weights_on_either_backend(said):
    """In MiB; the weights of VGG-19 alone take 548."""
    counts = [list(imagenet_cost(name)[-2:]) for name in IMAGENET_NETS]
    for one in said:
        assert one["counts"] == counts
        assert one["grown"] < 200


@pytest.mark.parametrize(
    ("part", "tolerance"),
    [
        ("logits", {"atol": 1e-4}),
        ("lesion", {"atol": 1e-5, "rtol": 0}),
        ("diagnostics", {"atol": 1e-5, "rtol": 5e-3}),
    ],
)
def test_tensorflow_and_jax_give_the_same_figures(said, part, tolerance):
    for ours, theirs in zip(*(one[part] for one in said), strict=True):
        assert part != "logits" or np.std(ours) > 0.1, "logits near a constant would prove nothing"
        np.testing.assert_allclose(ours, theirs, **tolerance)
