"""The files that the page's nets are read from, against the recorded weights and Keras."""

import hashlib
import io
import json
import struct
import subprocess
import sys

import numpy as np
import pytest
from made_up_runs import make_run
from PIL import Image
from wasm import compiled, shipped

from resnet_lib.data import is_at_hand, load_cifar10, load_sample
from resnet_lib.nets import NetSpec
from resnet_lib.normalization import BatchNormalization
from resnet_lib.page_nets import (
    EPSILON,
    conv_names,
    file_name,
    folded,
    image_arrays,
    packed_images,
    packed_net,
)
from resnet_lib.runs import headline_runs
from resnet_lib.weights import trained_model, weights_path

RUNS = {run.model: run for run in headline_runs()}
TEST_IMAGES_SHA256 = "362bdd53aab78cd236479a252444a4016d2f6c42193fbfcf36e731388896d756"
# Trainable, for 10 classes: He et al. 2015's nets, and the plain ones have as many.
PARAMETERS = {20: 269_722, 56: 853_018}


def read(file):
    """A net file's header, and `array(offset, shape, dtype)`."""
    (length,) = struct.unpack_from("<I", file)
    start = 4 + length

    def array(offset, shape, dtype):
        assert offset % 8 == 0
        return np.frombuffer(file, dtype, int(np.prod(shape)), start + offset).reshape(shape)

    assert start % 8 == 0
    return json.loads(file[4:start]), array


@pytest.fixture(params=RUNS)
def run(request):
    return RUNS[request.param]


@pytest.fixture(params=["resnet20_v1_pad", "plain20_v1"])
def model(request):
    """A trained net with the weights it is packed from."""
    run = RUNS[request.param]
    with np.load(weights_path(run)) as stored:
        weights = dict(stored)
    return trained_model(run).get_layer(run.model), weights


def test_a_file_holds_the_recorded_weights(run):
    file = packed_net(run)
    header, array = read(file)
    with np.load(weights_path(run)) as stored:
        weights = dict(stored)
    assert (header["n"], header["shortcut"]) == (run.net.n, run.net.shortcut)
    parameters = 0
    for layer in header["layers"]:
        shape, filters = layer["shape"], layer["shape"][-1:]
        kernel = array(layer["kernel"], shape, "<f2")
        np.testing.assert_array_equal(kernel, weights.pop(f"{layer['name']}/kernel"))
        shift = array(layer["shift"], filters, "<f4")
        parameters += kernel.size + shift.size
        if layer["scale"] is None:
            np.testing.assert_array_equal(shift, weights.pop(f"{layer['name']}/bias"))
            continue
        norm = layer["name"].removesuffix("_conv")
        scale = array(layer["scale"], filters, "<f4")
        parameters += scale.size
        np.testing.assert_allclose((scale, shift), folded(weights, norm), rtol=1e-7)
        for part in ("gamma", "beta", "moving_mean", "moving_variance"):
            del weights[f"{norm}_bn/{part}"]
    np.testing.assert_array_equal(
        array(header["mean"], (32, 32, 3), "<f4"), weights.pop("normalize/mean")
    )
    assert not weights, "all of them are in the file"
    assert parameters == PARAMETERS[run.net.depth]


def test_layers_stand_in_order_of_use(model):
    net, _ = model
    names = [layer.name for layer in net.layers if layer.name.endswith("_conv")]
    assert conv_names(3) == names


def test_batch_normalisation_is_folded(model):
    net, weights = model
    norms = [layer for layer in net.layers if isinstance(layer, BatchNormalization)]
    assert len(norms) == 19
    for norm in norms:
        assert norm.epsilon == EPSILON
        x = np.random.default_rng(0).normal(size=(4, 8, 8, norm.gamma.shape[0]), scale=3)
        scale, shift = folded(weights, norm.name.removesuffix("_bn"))
        expected = np.asarray(norm(x.astype("float32"), training=False))
        np.testing.assert_allclose(scale * x + shift, expected, atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize(
    "net", [NetSpec("v2", 2, "pad"), NetSpec("v1", 3), NetSpec("v1", 3, "highway"), None]
)
def test_a_net_that_the_page_cannot_compute_is_refused(net):
    with pytest.raises(ValueError, match='v1 nets with the shortcut "pad" or "none" alone; the'):
        packed_net(make_run(net=net))


def test_a_run_whose_weights_are_not_kept_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"weights\.npz"):
        packed_net(make_run(), tmp_path)


def test_a_name_changes_with_the_content():
    assert file_name("net", b"one").startswith("net.")
    assert file_name("net", b"one") != file_name("net", b"two")


def test_files_are_written_without_keras():
    """Or a page that shows a net would wait for TensorFlow."""
    script = (
        "import sys; sys.modules['keras'] = None\n"
        "from resnet_lib import page_nets, runs\n"
        "print(len(page_nets.packed_net(runs.headline_runs()[0])))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(packed_net(headline_runs()[0]))


# ---------------------------------------------------------------- the images


def test_the_images_are_those_of_the_test_set():
    images, labels = image_arrays()
    assert images.shape == (200, 32, 32, 3)
    assert hashlib.sha256(images.tobytes()).hexdigest() == TEST_IMAGES_SHA256
    sample, classes = load_sample()[1]  # the first 16 of each class
    for one in range(10):
        np.testing.assert_array_equal(images[labels == one][:16], sample[classes == one])
    if not is_at_hand():
        pytest.skip("CIFAR-10 is not on this machine: the last 4 of each class by their hash alone")
    x_test, y_test = load_cifar10()[1]
    for one in range(10):
        np.testing.assert_array_equal(images[labels == one], x_test[y_test == one][:20])


def test_the_sprite_says_which_image_is_which():
    png, labels, gallery = packed_images()
    with Image.open(io.BytesIO(png)) as sprite:
        assert (sprite.format, sprite.mode, sprite.size) == ("PNG", "RGB", (320, 640))
        cut = sprite.crop((32 * 7, 32 * 3, 32 * 8, 32 * 4))  # column 7, row 3
    images, _ = image_arrays()
    np.testing.assert_array_equal(np.asarray(cut), images[37])
    assert labels[37] == 7
    assert np.bincount(labels).tolist() == [20] * 10
    assert len(set(gallery)) == 40
    assert np.bincount([labels[one] for one in gallery]).tolist() == [4] * 10


# ---------------------------------------------------------------- the convolution


def test_the_compiled_convolution_is_that_of_its_source():
    assert shipped() == compiled(), "after an edit of convolve.wat:  make wasm"
