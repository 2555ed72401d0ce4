"""Two devices take the steps of one: on one machine, and in two processes that talk to each other.

A process sets up virtual devices and clusters when it starts. So these tests run this very file in
processes of its own: `test_devices.py machine tiny FOLDER`, and `worker tiny FOLDER`.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import tiny_net

from resnet_lib import RECIPES, NetSpec, Run, load_sample, saved_model, train
from resnet_lib import __main__ as command_line
from resnet_lib.runs.checkpoints import newest_epoch
from resnet_lib.training import train as training
from resnet_lib.training.devices import (
    DeviceGroup,
    WorkerLost,
    check_keras_version,
    device_group,
    worker_index,
)

NET = NetSpec("v1", 1)
# At higher rates two roundings of one sum grow apart within twenty steps, on one device too.
RECIPE = replace(
    RECIPES["paper"],
    name="slow",
    epochs=2,
    batch_size=32,  # of 320 images: an epoch has ten steps
    learning_rate=5e-4,
    augmentation="none",
)
CROPPED = replace(RECIPE, name="cropped", epochs=1, augmentation="crop-flip")
OTHER_SHAPES = NetSpec("v2", 1, "highway"), replace(CROPPED, augmentation="none")

HELPERS = str(Path(__file__).parents[1] / "helpers")


class Losses(keras.callbacks.Callback):
    """The loss of each batch, and on how many devices of this process a weight is."""

    def __init__(self):
        super().__init__()
        self.losses = []

    def on_epoch_begin(self, epoch, logs=None):
        self.sum = 0.0
        weight = self.model.trainable_variables[0].value
        if keras.backend.backend() == "jax":
            self.copies = len(weight.sharding.device_set)
        else:
            import tensorflow as tf

            strategy = tf.distribute.get_strategy()
            self.copies = len(strategy.experimental_local_results(weight))

    def on_train_batch_end(self, batch, logs=None):
        # Keras reports the mean over the epoch so far.
        before, self.sum = self.sum, float(logs["loss"]) * (batch + 1)
        self.losses.append(self.sum - before)


def trained(folder, recipe=RECIPE, callbacks=(), **options):
    """The result of a training run, as JSON can hold it."""
    losses = Losses()
    options |= {"folder": folder, "callbacks": [losses, *callbacks]}
    run = train(NET, recipe, data=load_sample(), **options)
    return {"losses": losses.losses, "copies": losses.copies, "run": json.loads(run.to_json())}


def refusal(*arguments, **options):
    """The error message of `train`."""
    with pytest.raises((ValueError, WorkerLost)) as refused:
        train(*arguments, data=load_sample(), devices="all", **options)
    return str(refused.value)


def config(index=0, kind="worker", **cluster):
    """A `TF_CONFIG`."""
    return json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})


# ---------------------------------------------------------------- in a process of its own


def machine(folder):
    """A machine of two devices: stopped after an epoch and gone on; augmented; then one alone."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        cpu = tf.config.list_physical_devices("CPU")[0]
        two = 2 * [tf.config.LogicalDeviceConfiguration()]
        tf.config.set_logical_device_configuration(cpu, two)
    other = {"data": load_sample(), "folder": folder / "other", "devices": "all"}
    answer = {
        "refused": refusal(NET, replace(RECIPE, batch_size=15)),
        "refused built": refusal(NET.build(), RECIPE),
        "stopped": trained(folder / "all", devices="all", minutes=0),
        "finished": trained(folder / "all", devices="all"),
        "cropped": trained(folder / "cropped", CROPPED, devices="all"),
        "one": trained(folder / "one"),
        "other shapes": train(*OTHER_SHAPES, **other).status,
    }
    (folder / "answer").write_text(json.dumps(answer))


def worker(folder):
    """One of two processes: a whole run in a folder each; then the second dies, the first tells."""
    number = json.loads(os.environ["TF_CONFIG"])["task"]["index"]
    answer = {
        "apart": refusal(NET, RECIPE, folder=folder / f"apart{number}"),
        "finished": trained(folder / f"own{number}", devices="all"),
    }
    (folder / f"answer{number}").write_text(json.dumps(answer))

    class Dies(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.optimizer.iterations == 15:  # of twenty
                os.kill(os.getpid(), signal.SIGKILL)

    if number == 1:
        trained(folder / "killed", devices="all", callbacks=[Dies()])
    training.load_cifar10 = load_sample
    command_line.recipe_called = lambda name, epochs: RECIPE
    killed = ["--folder", str(folder / "killed")]
    sys.exit(command_line.main(["train", "--n=1", "--devices=all", *killed]))


@pytest.fixture(scope="module", params=["tiny", pytest.param("resnet", marks=pytest.mark.slow)])
def nets(request):
    """The kind of net that a `NetSpec` builds."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "tiny":
            patch.setattr(NetSpec, "build", tiny_net.build)
        yield request.param


@pytest.fixture(scope="module")
def start(nets):
    """`start(what, folder, **environment)`: one of the two functions above as a process."""
    running = []

    def start(what, folder, **environment):
        process = subprocess.Popen(
            [sys.executable, __file__, what, nets, str(folder)],
            env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": HELPERS} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()


# ---------------------------------------------------------------- what they have to do


@pytest.fixture(scope="module")
def alone(nets, tmp_path_factory):
    """The result of training on the one device of this process."""
    return trained(tmp_path_factory.mktemp("alone"))


@pytest.fixture(scope="module", params=["tensorflow", pytest.param("jax", marks=pytest.mark.slow)])
def two_devices(request, start, tmp_path_factory):
    """The answer of `machine`, and its folder."""
    folder = tmp_path_factory.mktemp(request.param)
    virtual = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=2"
    process = start("machine", folder, KERAS_BACKEND=request.param, XLA_FLAGS=virtual)
    said, _ = process.communicate()
    assert process.returncode == 0, said
    return json.loads((folder / "answer").read_text()), folder


@pytest.fixture(scope="module")
def two_workers(start, tmp_path_factory):
    """Their answers, their exit statuses, the output of the survivor, and their folder."""
    folder = tmp_path_factory.mktemp("workers")
    train(NET, RECIPE, data=load_sample(), folder=folder / "apart0", minutes=0)
    sockets = [socket.create_server(("localhost", 0)) for _ in range(2)]
    addresses = [f"localhost:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    first, second = (
        start(
            "worker",
            folder,
            KERAS_BACKEND="tensorflow",
            TF_CONFIG=config(index, worker=addresses),
        )
        for index in range(2)
    )
    died, _ = second.communicate()
    try:
        said, _ = first.communicate(timeout=300)  # from here on it is alone
    except subprocess.TimeoutExpired:
        pytest.fail("five minutes after the other has died, a worker still waits for it")
    assert (folder / "answer0").exists(), said + died
    answers = [json.loads((folder / f"answer{index}").read_text()) for index in range(2)]
    return answers, [first.returncode, second.returncode], said, folder


def assert_same(one, other):
    """The losses of all steps of two runs and the errors of both."""
    np.testing.assert_allclose(one["losses"], other["losses"], rtol=0, atol=1e-4)
    assert one["run"]["training_error"] == other["run"]["training_error"]
    one, other = one["run"]["history"], other["run"]["history"]
    for name in ("test_error", "error", "learning_rate"):
        assert one[name] == other[name], name
    for name in ("loss", "test_loss"):
        np.testing.assert_allclose(one[name], other[name], rtol=0, atol=1e-4)


def test_two_devices_take_the_steps_of_one(two_devices, alone):
    """Also when the run was stopped after the first epoch and gone on."""
    answer, _ = two_devices
    if answer["one"]["run"]["backend"] == "tensorflow":
        assert_same(answer["one"], alone)
    whole = answer["stopped"]["losses"] + answer["finished"]["losses"]
    assert answer["stopped"]["run"]["status"] == "stopped"
    copies = [answer[name]["copies"] for name in ("stopped", "finished", "one")]
    assert copies == [2, 2, 1], "after two devices, one again"
    assert_same({"losses": whole, "run": answer["finished"]["run"]}, answer["one"])
    assert answer["finished"]["run"]["device"] == f"2 × {answer['one']['run']['device']}"
    assert answer["other shapes"] == "finished", "a process trains nets of many shapes"


def test_an_image_is_augmented_as_on_one_device(two_devices, tmp_path):
    answer, _ = two_devices
    assert abs(answer["cropped"]["losses"][0] - answer["one"]["losses"][0]) > 1e-3
    if answer["one"]["run"]["backend"] == "tensorflow":  # JAX draws for one array, which it shares
        assert_same(answer["cropped"], trained(tmp_path, CROPPED))


def test_the_saved_model_of_two_devices_runs_on_one(two_devices):
    answer, folder = two_devices
    with zipfile.ZipFile(folder / "all" / "model.keras") as archive:
        assert '"synchronized": true' not in archive.read("config.json").decode()
    _, (x, y) = load_sample()
    predicted = saved_model(folder / "all" / "model.keras").predict(x, verbose=0)
    error = 100 * np.mean(predicted.argmax(-1) != y)
    assert error == pytest.approx(answer["finished"]["run"]["history"]["test_error"][-1], abs=1e-3)


@pytest.mark.slow
def test_two_workers_take_the_steps_of_one_and_only_the_chief_writes(two_workers, alone):
    answers, _, _, folder = two_workers
    for index, answer in enumerate(answers):
        assert_same(answer["finished"], alone)
        assert answer["finished"]["run"]["device"] == f"2 × {alone['run']['device']}"
        assert f"apart{index} (worker 0: 1, worker 1: 0); give them a folder" in answer["apart"]
    assert answers[0]["finished"]["losses"] == answers[1]["finished"]["losses"]
    names = [{file.name for file in (folder / f"own{index}").iterdir()} for index in range(2)]
    assert names == [{"lock", "model.keras", "run.json"}, set()]


@pytest.mark.slow
def test_a_worker_that_dies_ends_the_run_and_one_device_goes_on(two_workers, alone):
    _, status, said, folder = two_workers
    assert status == [1, -signal.SIGKILL]
    (last,) = [line for line in said.splitlines() if line.startswith("error:")]
    assert "one of the 2 workers has ended or cannot be reached; epoch 1 is" in last
    assert "same command on all of them again, or on one of them alone with devices='one'" in last
    assert newest_epoch(folder / "killed") == 1
    assert_same(trained(folder / "killed"), {**alone, "losses": alone["losses"][10:]})
    assert Run.load(folder / "killed" / "run.json").status == "finished"


# ---------------------------------------------------------------- what has to fit


def test_a_batch_that_does_not_divide_is_refused(two_devices):
    answer, _ = two_devices
    assert answer["refused"] == (
        "a batch of 15 images does not divide among 2 devices; take batch_size=14 or 16 in the "
        "recipe, or 1 of the devices"
    )
    assert "built already lies on one device, and here are 2" in answer["refused built"]


@pytest.mark.parametrize(
    ("count", "batch_size", "says"),
    [
        (3, 128, "batch_size=126 or 129 in the recipe, or 2 of the devices"),
        (8, 12, "batch_size=8 or 16 in the recipe, or 6 of the devices"),
        (8, 5, "batch_size=8 in the recipe, or 5 of the devices"),
    ],
)
def test_the_nearest_batch_sizes_that_divide_are_named(count, batch_size, says):
    with pytest.raises(ValueError, match=f"of {batch_size} images .* {count} devices; take {says}"):
        DeviceGroup(count).check_divisible(batch_size)


def test_each_image_is_tested_once():
    says = r"50,000 images do not divide among 3 devices.* leave 2 ou"
    with pytest.raises(ValueError, match=says):
        DeviceGroup(3).check_divisible(126, 50_000)
    assert DeviceGroup().test_batch_size(160, 500) == 500, (
        "on one device the last batch may be smaller"
    )
    for count in (2, 4, 5, 8, 16):
        for images in (10_000, 50_000, 160 * count, 7 * count):
            DeviceGroup(count).check_divisible(count, images)
            batch = DeviceGroup(count).test_batch_size(images, 500)
            assert images % batch == batch % count == 0
            assert batch <= 500
    batches = [DeviceGroup(count).test_batch_size(10_000, 500) for count in (2, 4, 5, 8)]
    assert batches == [500, 500, 500, 400]


def test_on_one_device_all_is_one():
    with device_group("all") as all_there_are, device_group("one") as one:
        assert all_there_are == one == DeviceGroup()


def test_an_old_keras_is_refused_where_it_counts_wrongly(monkeypatch):
    check_keras_version()
    monkeypatch.setattr(keras, "__version__", "3.9.2")
    with pytest.raises(RuntimeError, match=r"Keras 3\.9\.2 adds up .*keras>=3\.10"):
        check_keras_version()


# ---------------------------------------------------------------- settings that cannot work


@pytest.mark.parametrize(
    ("kind", "index", "found"), [("chief", 0, 0), ("worker", 0, 1), ("worker", "1", 2)]
)
def test_the_place_in_a_cluster(kind, index, found):
    assert worker_index(config(index, kind, chief=["a:1"], worker=["b:1", "c:1"])) == (found, 3)


def assert_refused(folder, says, devices="all", error=ValueError):
    with pytest.raises(error, match=says):
        train(NET, RECIPE, data=load_sample(), folder=folder, devices=devices)
    assert not list(folder.iterdir())


@pytest.mark.parametrize("devices", ["two", 2, None])
def test_unknown_devices_are_refused(tmp_path, devices):
    assert_refused(tmp_path, f"devices must be one of one, all; got {devices!r}", devices)


@pytest.mark.parametrize(
    "text",
    [
        "worker 0 of 2",
        "[]",
        "{}",
        '{"cluster": {"worker": ["a:1"]}}',
        '{"cluster": 2, "task": {"type": "worker", "index": 0}}',
        config(worker=["a:1", "b:1"], index=2),
        config(worker=["a:1", "b:1"], index=-1),
        config(worker=["a:1", "b:1"], index="first"),
        config(0, "chief", worker=["a:1"]),
        config(worker=["a:1"], ps=["b:1"]),
        config(worker="a:1", index=9),
    ],
)
def test_a_config_without_a_place_in_a_cluster_is_refused(tmp_path, monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    assert_refused(tmp_path, r"TF_CONFIG names no place in a cluster: .* such as \{")
    with device_group("one") as group:
        assert group == DeviceGroup(), "one device does not look at it"


def test_a_cluster_is_joined_first_or_not_at_all_and_needs_tensorflow(tmp_path, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", config(worker=["localhost:1", "localhost:2"]))
    keras.ops.convert_to_tensor(1.0)  # this process has computed something
    says = r"devices='all'.* must come first, in a fresh process"
    assert_refused(tmp_path, says, error=RuntimeError)
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert_refused(tmp_path, "set KERAS_BACKEND=tensorflow, or unset TF_CONFIG")


if __name__ == "__main__":
    what, nets, folder = sys.argv[1:]
    if nets == "tiny":
        NetSpec.build = tiny_net.build
    {"machine": machine, "worker": worker}[what](Path(folder))
