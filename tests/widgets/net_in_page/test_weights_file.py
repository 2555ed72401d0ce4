"""Test the weights files of the page, against the recorded weights and Keras."""

import json
import struct
import subprocess
import sys

import numpy as np
import pytest
from made_up_runs import make_run
from wasm import compile_source, read_embedded

from resnet_lib.nets.normalization import BatchNormalization
from resnet_lib.nets.spec import NetSpec
from resnet_lib.runs.run import headline_runs
from resnet_lib.runs.weights import trained_model, weights_path
from resnet_lib.widgets.net_in_page import weights_file

RUNS = {run.model: run for run in headline_runs()}
# Trainable, for 10 classes: He et al. 2015's nets, and the plain ones have as many.
PARAMETERS = {20: 269_722, 56: 853_018}


def read(file):
    """A net file's header, and `array(offset, shape, dtype)`."""
    (length,) = struct.unpack_from("<I", file)
    start = 4 + length
    assert start % 8 == 0

    def array(offset, shape, dtype):
        assert offset % 8 == 0
        return np.frombuffer(file, dtype, int(np.prod(shape)), start + offset).reshape(shape)

    return json.loads(file[4:start]), array


def recorded_weights(run):
    with np.load(weights_path(run)) as stored:
        return dict(stored)


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_a_file_holds_the_recorded_weights(run):
    header, array = read(weights_file.pack_weights(run))
    weights, parameters = recorded_weights(run), 0
    assert (header["n"], header["shortcut"]) == (run.net.n, run.net.shortcut)
    for layer in header["layers"]:
        name, shape, filters = layer["name"], layer["shape"], layer["shape"][-1:]
        kernel = array(layer["kernel"], shape, "<f2")
        np.testing.assert_array_equal(kernel, weights.pop(f"{name}/kernel"))
        shift = array(layer["shift"], filters, "<f4")
        parameters += kernel.size + shift.size
        if layer["scale"] is None:
            np.testing.assert_array_equal(shift, weights.pop(f"{name}/bias"))
            continue
        norm = name.removesuffix("_conv")
        scale = array(layer["scale"], filters, "<f4")
        parameters += scale.size
        np.testing.assert_allclose(
            (scale, shift), weights_file.fold_batch_norm(weights, norm), rtol=1e-7
        )
        for part in ("gamma", "beta", "moving_mean", "moving_variance"):
            del weights[f"{norm}_bn/{part}"]
    mean = array(header["mean"], (32, 32, 3), "<f4")
    np.testing.assert_array_equal(mean, weights.pop("normalize/mean"))
    assert not weights, "all of them are in the file"
    assert parameters == PARAMETERS[run.net.depth]


@pytest.mark.parametrize("name", ["resnet20_v1_pad", "plain20_v1"])
def test_layers_are_in_order_of_use_and_batch_normalisation_is_folded(name):
    net, weights = trained_model(RUNS[name]).get_layer(name), recorded_weights(RUNS[name])
    assert weights_file.list_convolutions(3) == [
        one.name for one in net.layers if one.name.endswith("_conv")
    ]
    norms = [layer for layer in net.layers if isinstance(layer, BatchNormalization)]
    assert len(norms) == 19
    for norm in norms:
        assert norm.epsilon == weights_file.EPSILON
        x = np.random.default_rng(0).normal(size=(4, 8, 8, norm.gamma.shape[0]), scale=3)
        scale, shift = weights_file.fold_batch_norm(weights, norm.name.removesuffix("_bn"))
        expected = np.asarray(norm(x.astype("float32"), training=False))
        np.testing.assert_allclose(scale * x + shift, expected, atol=2e-5, rtol=1e-5)


def test_errors(tmp_path):
    for net in (NetSpec("v2", 2, "pad"), NetSpec("v1", 3), NetSpec("v1", 3, "highway"), None):
        with pytest.raises(ValueError, match='v1 nets with the shortcut "pad" or "none" alone; th'):
            weights_file.pack_weights(make_run(net=net))
    with pytest.raises(FileNotFoundError, match=r"weights\.npz"):
        weights_file.pack_weights(make_run(), tmp_path)


def test_a_name_changes_with_the_content():
    assert weights_file.name_by_content("net", b"one").startswith("net.")
    assert weights_file.name_by_content("net", b"one") != weights_file.name_by_content(
        "net", b"two"
    )


def test_files_are_written_without_keras():
    """Or a page that shows a net would wait for TensorFlow."""
    script = (
        "import sys; sys.modules['keras'] = None\n"
        "from resnet_lib.runs import run\nfrom resnet_lib.widgets.net_in_page import weights_file\n"
        "print(len(weights_file.pack_weights(run.headline_runs()[0])))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(weights_file.pack_weights(headline_runs()[0]))


def test_the_compiled_convolution_is_that_of_its_source():
    assert read_embedded() == compile_source(), "after an edit of convolve.wat:  make wasm"
