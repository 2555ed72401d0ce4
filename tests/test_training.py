"""train() and the command line, on the sample of real images."""

import logging
import os
import subprocess
import sys
from dataclasses import replace

import keras
import numpy as np
import pytest

from resnet_lib import RECIPES, NetSpec, Run, load_sample, train, training
from resnet_lib.training import optimizer, with_preprocessing

SHORT = replace(RECIPES["quick"], epochs=2, batch_size=32)


@pytest.mark.parametrize("recipe", RECIPES)
def test_training_writes_a_run_and_a_model_that_eats_raw_images(tmp_path, recipe):
    recipe = replace(RECIPES[recipe], epochs=2, batch_size=64)
    data = _, (x_test, y_test) = load_sample()
    run = train(NetSpec("v1", 1), recipe, data=data, folder=tmp_path)
    assert Run.load(tmp_path / "run.json") == run
    assert run.net == NetSpec("v1", 1)
    assert {len(figures) for figures in run.history.values()} == {2}
    assert (run.status, run.epochs) == ("finished", 2)
    assert {file.name for file in tmp_path.iterdir()} == {"lock", "model.keras", "run.json"}

    model = keras.saving.load_model(tmp_path / "model.keras")
    probabilities = model.predict(x_test, verbose=0)
    error = 100 * np.mean(probabilities.argmax(-1) != y_test)
    assert error == pytest.approx(run.test_error, abs=1e-3)


def test_a_net_learns_the_images_it_is_shown(tmp_path):
    """64 images and no augmentation: a net that is trained at all gets most of them right."""
    (x, y), _ = load_sample()
    x, y = x[:64], y[:64]
    recipe = replace(SHORT, epochs=12, batch_size=16, learning_rate=0.05, augmentation="none")
    run = train(NetSpec("v1", 1), recipe, data=((x, y), (x, y)), folder=tmp_path)
    assert run.history["error"][-1] < 40  # 90 % is chance
    assert run.history["loss"][-1] < run.history["loss"][0]


def test_many_steps_in_one_call_are_the_same_training(tmp_path, monkeypatch):
    """As on a GPU, where Python would keep the card waiting."""
    (x, y), test = load_sample()
    data = ((x[:128], y[:128]), test)
    one_by_one = train(NetSpec("v1", 1), SHORT, data=data, folder=tmp_path / "one")
    monkeypatch.setattr(training, "has_gpu", lambda: True)
    at_once = train(NetSpec("v1", 1), SHORT, data=data, folder=tmp_path / "many")
    for name in ("loss", "test_loss", "learning_rate"):
        np.testing.assert_allclose(at_once.history[name], one_by_one.history[name], rtol=1e-3)
    assert training.largest_divisor(390, training.MOST_STEPS) == 30
    assert training.largest_divisor(7, training.MOST_STEPS) == 7
    assert training.largest_divisor(397, training.MOST_STEPS) == 1


def test_same_seed_same_history(tmp_path):
    data = load_sample()
    runs = [
        train(NetSpec("v1", 1), SHORT, data=data, seed=seed, folder=tmp_path / name)
        for name, seed in (("a", 5), ("b", 5), ("c", 6))
    ]
    losses = [run.history["loss"] for run in runs]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)
    assert abs(losses[0][0] - losses[2][0]) > 1e-4


def test_many_trainings_in_a_process_are_no_cause_for_a_warning(tmp_path, caplog):
    train(NetSpec("v1", 1), replace(SHORT, epochs=1), data=load_sample(), folder=tmp_path)
    tensorflow = logging.getLogger("tensorflow")
    tensorflow.addHandler(caplog.handler)
    tensorflow.warning("5 out of the last 54 calls triggered tf.function retracing.")
    tensorflow.warning("the disk is full")
    tensorflow.removeHandler(caplog.handler)
    assert {record.getMessage() for record in caplog.records} == {"the disk is full"}


@pytest.mark.parametrize("name", ["quick", "paper"])
def test_the_history_holds_the_rate_of_the_last_step_of_each_epoch(tmp_path, name):
    """Three steps are 150 of 160 images, so an epoch is less than a pass."""
    recipe = replace(RECIPES[name], epochs=5, batch_size=50)
    (images, labels), test = load_sample()
    data = (images[:160], labels[:160]), test
    run = train(NetSpec("v1", 1), recipe, data=data, folder=tmp_path)
    sgd = optimizer(recipe, steps=3, num_images=160)
    used = []
    for last in (2, 5, 8, 11, 14):
        sgd.iterations.assign(last)
        used.append(float(sgd.learning_rate))
    assert run.history["learning_rate"] == pytest.approx(used, rel=1e-5)


def test_optimizer_follows_the_recipe_step_by_step():
    recipe = replace(RECIPES["quick"], epochs=3)
    table = [recipe.learning_rate_at(step / 10) for step in range(30)]
    sgd = optimizer(recipe, steps=10, num_images=10 * recipe.batch_size)
    for step in (0, 1, 9, 10, 29):
        sgd.iterations.assign(step)
        assert float(sgd.learning_rate) == pytest.approx(table[step], rel=1e-5)


@pytest.mark.parametrize(
    ("step", "rate"),
    [(0, 0.1), (31_999, 0.1), (32_001, 0.01), (47_999, 0.01), (48_001, 0.001), (63_959, 0.001)],
)
def test_the_paper_s_steps_fall_where_the_paper_has_them(step, rate):
    """An epoch is 390 full batches of 50,000 images, and the paper counts iterations."""
    sgd = optimizer(RECIPES["paper"], steps=390, num_images=50_000, depth=56)
    sgd.iterations.assign(step)
    assert float(sgd.learning_rate) == pytest.approx(rate, rel=1e-5)


@pytest.mark.parametrize(
    ("depth", "step", "rate"),
    [(110, 0, 0.01), (110, 399, 0.01), (110, 401, 0.1), (56, 0, 0.1), (1202, 0, 0.01)],
)
def test_a_net_of_110_layers_and_more_warms_up(depth, step, rate):
    sgd = optimizer(RECIPES["paper"], steps=390, num_images=50_000, depth=depth)
    sgd.iterations.assign(step)
    assert float(sgd.learning_rate) == pytest.approx(rate, rel=1e-5)


@pytest.mark.parametrize("kinds", [1, 2])
def test_the_recipe_s_weight_penalty_replaces_the_net_s(kinds):
    (x_train, _), _ = load_sample()
    net = NetSpec("v1", 1).build()
    penalized = (keras.layers.Conv2D, keras.layers.Dense)[:kinds]
    kernels = [layer.kernel for layer in net.layers if isinstance(layer, penalized)]
    recipe = replace(SHORT, l2=0.25, penalized=("convolutions", "kernels")[kinds - 1])
    model = with_preprocessing(net, recipe, x_train, seed=0)
    expected = 0.25 * sum(float(np.sum(np.square(kernel))) for kernel in kernels)
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-4)


def test_a_run_is_never_written_over(tmp_path):
    data = load_sample()
    train(NetSpec("v1", 1), replace(SHORT, epochs=1), data=data, folder=tmp_path)
    before = (tmp_path / "run.json").read_bytes()
    with pytest.raises(FileExistsError, match="already holds a run"):
        train(NetSpec("v1", 1), SHORT, data=data, folder=tmp_path)
    assert (tmp_path / "run.json").read_bytes() == before


@pytest.mark.parametrize(
    "damage",
    [
        lambda x, y: (x / 255.0, y),
        lambda x, y: (x[..., 0], y),
        lambda x, y: (x, y[:-1]),
        lambda x, y: (x, np.eye(10)[y]),
    ],
)
def test_data_of_another_kind_are_refused(tmp_path, damage):
    train_data, test_data = load_sample()
    for data in ((damage(*train_data), test_data), (train_data, damage(*test_data))):
        with pytest.raises(ValueError, match="data must be uint8 images"):
            train(NetSpec("v1", 1), SHORT, data=data, folder=tmp_path)
    assert not list(tmp_path.iterdir())


IN_A_FRESH_PROCESS = """
import sys
from resnet_lib import load_sample, saved_model
model = saved_model(sys.argv[1])
print(model.predict(load_sample()[1][0][:7], verbose=0).shape)
"""


def test_a_saved_model_is_read_in_a_fresh_process(tmp_path):
    run = train(
        NetSpec("v1", 1, "pad"), replace(SHORT, epochs=1), data=load_sample(), folder=tmp_path
    )
    assert run.status == "finished"
    done = subprocess.run(
        [sys.executable, "-c", IN_A_FRESH_PROCESS, str(tmp_path / "model.keras")],
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "(7, 10)", done.stderr


def command_line(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "resnet_lib", *arguments],
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"} | environment,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--n", "0"), "error: n, the blocks in a stage, must be a whole number from 1; got 0"),
        (("--version", "v3"), 'error: version must be "v1" or "v2"; got \'v3\''),
        (("--epochs", "0"), "error: epochs must be a whole number from 1; got 0"),
    ],
)
def test_the_command_line_tells_a_slip_in_one_line(arguments, says):
    done = command_line("train", *arguments)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == says
    assert "Traceback" not in done.stderr


ON_JAX_ALONE = """
import sys
sys.modules["tensorflow"] = None  # as if it were not installed
from dataclasses import replace
from resnet_lib import RECIPES, NetSpec, load_sample, train
recipe = replace(RECIPES["article"], epochs=1, batch_size=64)
run = train(NetSpec("v2", 1), recipe, data=load_sample(), folder=sys.argv[1])
assert run.backend == "jax", run.backend
print(run.history["loss"])
"""


def test_training_on_jax_without_tensorflow(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", ON_JAX_ALONE, str(tmp_path)],
        env=os.environ | {"KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert Run.load(tmp_path / "run.json").backend == "jax"
