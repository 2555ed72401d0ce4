"""Test train() and its command line on the sample of CIFAR-10."""

import logging
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import tiny_net

from resnet_lib import RECIPES, NetSpec, Run, load_sample, saved_model, train
from resnet_lib.__main__ import main
from resnet_lib.training import compilation
from resnet_lib.training.compilation import (
    MAX_STEPS_PER_CALL,
    add_preprocessing,
    largest_divisor,
    make_optimizer,
)

NET = NetSpec("v1", 1)
SHORT = replace(RECIPES["quick"], epochs=2, batch_size=32)

tiny_nets = pytest.fixture(scope="module", autouse=True)(tiny_net.replace_resnets)


@pytest.fixture(scope="module", params=RECIPES)
def trained(request, tmp_path_factory):
    """Train for two epochs; return the run and its folder. The net of "quick" is a real ResNet."""
    folder = tmp_path_factory.mktemp("trained")
    recipe = replace(RECIPES[request.param], epochs=2, batch_size=64)
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "quick":
            tiny_net.restore_resnets(patch)
        return train(NET, recipe, data=load_sample(), folder=folder), folder


def test_training_writes_a_run_and_a_model_that_takes_raw_images(trained):
    run, folder = trained
    assert Run.load(folder / "run.json") == run
    assert run.net == NET
    assert {len(figures) for figures in run.history.values()} == {2}
    assert (run.status, run.epochs) == ("finished", 2)
    assert {file.name for file in folder.iterdir()} == {"lock", "model.keras", "run.json"}
    x_test, y_test = load_sample()[1]
    probabilities = saved_model(folder / "model.keras").predict(x_test, verbose=0)
    error = 100 * np.mean(probabilities.argmax(-1) != y_test)
    assert error == pytest.approx(run.test_error, abs=1e-3)


def test_a_run_is_never_overwritten(trained):
    _, folder = trained
    before = (folder / "run.json").read_bytes()
    with pytest.raises(FileExistsError, match="already holds a run"):
        train(NET, SHORT, data=load_sample(), folder=folder)
    assert (folder / "run.json").read_bytes() == before


ON_JAX_ALONE = f"""
import sys
sys.modules["tensorflow"] = None  # as if it were not installed
sys.path.append({str(Path(__file__).parents[1] / "helpers")!r})
from dataclasses import replace
import numpy as np
import tiny_net
from resnet_lib import RECIPES, NetSpec, load_sample, saved_model, train
folder, saved, nets = sys.argv[1:]
if nets == "tiny":
    NetSpec.build = tiny_net.build
recipe = replace(RECIPES["article"], epochs=1, batch_size=64)
train(NetSpec("v2", 1), recipe, data=load_sample(), folder=folder)
np.save(folder + "/predictions", saved_model(saved).predict(load_sample()[1][0][:7], verbose=0))
"""


@pytest.mark.parametrize(
    ("trained", "nets"),
    [("paper", "tiny"), pytest.param("quick", "resnet", marks=pytest.mark.slow)],
    indirect=["trained"],
)
def test_jax_trains_and_reads_tensorflow_s_model_without_tensorflow(trained, nets, tmp_path):
    model = trained[1] / "model.keras"
    process = subprocess.run(
        [sys.executable, "-c", ON_JAX_ALONE, tmp_path, model, nets],
        env=os.environ | {"KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    assert Run.load(tmp_path / "run.json").backend == "jax"
    expected = saved_model(model).predict(load_sample()[1][0][:7], verbose=0)
    np.testing.assert_allclose(np.load(tmp_path / "predictions.npy"), expected, atol=1e-4)


def test_a_net_learns_its_training_images(tmp_path, monkeypatch):
    """With 64 images and no augmentation, a trained net classifies most images correctly."""
    tiny_net.restore_resnets(monkeypatch)
    (x, y), _ = load_sample()
    x, y = x[:64], y[:64]
    recipe = replace(SHORT, epochs=12, batch_size=16, learning_rate=0.05, augmentation="none")
    run = train(NET, recipe, data=((x, y), (x, y)), folder=tmp_path)
    assert run.history["error"][-1] < 40  # 90 % is chance
    assert run.history["loss"][-1] < run.history["loss"][0]


def test_the_seed_determines_the_history_also_with_many_steps_per_call(tmp_path, monkeypatch):
    """A GPU takes many steps per call, because it would wait for Python between two calls."""
    (x, y), test = load_sample()

    def history(name, seed):
        data = (x[:128], y[:128]), test
        history = train(NET, SHORT, data=data, seed=seed, folder=tmp_path / name).history
        return np.array([history[key] for key in ("loss", "test_loss", "learning_rate")])

    first, repeated, other_seed = history("first", 5), history("repeated", 5), history("other", 6)
    monkeypatch.setattr(compilation, "has_gpu", lambda: True)
    many_steps = history("many steps", 5)
    np.testing.assert_allclose(first, repeated, rtol=1e-4)
    np.testing.assert_allclose(first, many_steps, rtol=1e-3)
    assert abs(first[0, 0] - other_seed[0, 0]) > 1e-4


@pytest.mark.parametrize(("steps", "divisor"), [(390, 30), (7, 7), (397, 1)])
def test_the_steps_of_an_epoch_divide_into_calls_of_equal_length(steps, divisor):
    assert largest_divisor(steps, MAX_STEPS_PER_CALL) == divisor


def test_the_warning_of_many_compilations_is_dropped(trained, caplog):
    tensorflow = logging.getLogger("tensorflow")
    tensorflow.addHandler(caplog.handler)
    tensorflow.warning("5 out of the last 54 calls triggered tf.function retracing.")
    tensorflow.warning("the disk is full")
    tensorflow.removeHandler(caplog.handler)
    assert {record.getMessage() for record in caplog.records} == {"the disk is full"}


# ---------------------------------------------------------------- the learning rate


def learning_rates(recipe, at, **options):
    """Return the learning rates of the recipe's optimizer at some steps."""
    optimizer = make_optimizer(recipe, **options)
    rates = []
    for step in at:
        optimizer.iterations.assign(step)
        rates.append(float(optimizer.learning_rate))
    return rates


@pytest.mark.parametrize("name", ["quick", "paper"])
def test_the_history_holds_the_rate_of_the_last_step_of_each_epoch(tmp_path, name):
    """The three steps of an epoch use 150 of 160 images."""
    recipe = replace(RECIPES[name], epochs=5, batch_size=50)
    (images, labels), test = load_sample()
    run = train(NET, recipe, data=((images[:160], labels[:160]), test), folder=tmp_path)
    rates = learning_rates(recipe, (2, 5, 8, 11, 14), steps=3, num_images=160)
    assert run.history["learning_rate"] == pytest.approx(rates, rel=1e-5)


def test_the_optimizer_follows_the_recipe_step_by_step():
    recipe, steps = replace(RECIPES["quick"], epochs=3), (0, 1, 9, 10, 29)
    rates = learning_rates(recipe, steps, steps=10, num_images=10 * recipe.batch_size)
    expected = [recipe.learning_rate_at_epoch(step / 10) for step in steps]
    assert rates == pytest.approx(expected, rel=1e-5)


WARM_UP = {0: 0.01, 399: 0.01, 401: 0.1}
DECAY = {31_999: 0.1, 32_001: 0.01, 47_999: 0.01, 48_001: 0.001, 63_959: 0.001}


@pytest.mark.parametrize(
    ("depth", "expected"), [(56, {0: 0.1} | DECAY), (110, WARM_UP | DECAY), (1202, WARM_UP)]
)
def test_the_recipe_paper_changes_its_rate_at_the_paper_s_iterations(depth, expected):
    """An epoch is 390 full batches of 50,000 images. Source: He et al. 2015, section 4.2."""
    rates = learning_rates(RECIPES["paper"], expected, steps=390, num_images=50_000, depth=depth)
    assert rates == pytest.approx(list(expected.values()), rel=1e-5)


@pytest.mark.parametrize(("penalized", "kinds"), [("convolutions", 1), ("kernels", 2)])
def test_the_recipe_s_weight_penalty_replaces_the_net_s(monkeypatch, penalized, kinds):
    tiny_net.restore_resnets(monkeypatch)
    net = NET.build()
    layers = (keras.layers.Conv2D, keras.layers.Dense)[:kinds]
    kernels = [layer.kernel for layer in net.layers if isinstance(layer, layers)]
    recipe = replace(SHORT, l2=0.25, penalized=penalized)
    model = add_preprocessing(net, recipe, load_sample()[0][0], seed=0)
    expected = 0.25 * sum(float(np.sum(np.square(kernel))) for kernel in kernels)
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-4)


# ---------------------------------------------------------------- invalid input


@pytest.mark.parametrize(
    "convert",
    [
        lambda x, y: (x / 255.0, y),
        lambda x, y: (x[..., 0], y),
        lambda x, y: (x, y[:-1]),
        lambda x, y: (x, np.eye(10)[y]),
    ],
)
def test_data_of_a_wrong_type_or_shape_raise_an_error(tmp_path, convert):
    train_data, test_data = load_sample()
    for data in ((convert(*train_data), test_data), (train_data, convert(*test_data))):
        with pytest.raises(ValueError, match="data must be uint8 images"):
            train(NET, SHORT, data=data, folder=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--n", "0"), "error: n, the blocks in a stage, must be a whole number from 1; got 0"),
        (("--version", "v3"), 'error: version must be "v1" or "v2"; got \'v3\''),
        (("--epochs", "0"), "error: epochs must be a whole number from 1; got 0"),
        (("--devices", "two"), "error: devices must be one of one, all; got 'two'"),
        (("--devices", "all"), "error: TF_CONFIG names no place in a cluster"),
    ],
)
def test_the_command_line_reports_invalid_input_in_one_line(capfd, monkeypatch, arguments, message):
    monkeypatch.setenv("TF_CONFIG", "{}")
    assert main(["train", *arguments]) == 1
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(message)
