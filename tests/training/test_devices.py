"""Test that two devices train like one: in one process, and in two processes of a cluster.

A process can set up virtual devices and clusters only when it starts. So these tests run this file
in child processes: `test_devices.py machine tiny FOLDER` and `test_devices.py worker tiny FOLDER`.
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
# At higher rates, rounding errors grow visibly within twenty steps, on one device too.
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


class LossRecorder(keras.callbacks.Callback):
    """Record the loss of each batch, and the number of devices of this process with a weight."""

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


def train_net(folder, recipe=RECIPE, callbacks=(), **options):
    """Train `NET`; return the result in types that JSON can hold."""
    recorder = LossRecorder()
    options |= {"folder": folder, "callbacks": [recorder, *callbacks]}
    run = train(NET, recipe, data=load_sample(), **options)
    return {"losses": recorder.losses, "copies": recorder.copies, "run": json.loads(run.to_json())}


def error_of_train(*arguments, **options):
    """Return the error message of `train` on all devices."""
    with pytest.raises((ValueError, WorkerLost)) as error:
        train(*arguments, data=load_sample(), devices="all", **options)
    return str(error.value)


def tf_config(index=0, kind="worker", **cluster):
    """Return the text of a `TF_CONFIG`."""
    return json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})


# ---------------------------------------------------------------- in child processes


def run_machine(folder):
    """Train on two devices: stopped and resumed, and with augmentation; then on one device."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        cpu = tf.config.list_physical_devices("CPU")[0]
        two = 2 * [tf.config.LogicalDeviceConfiguration()]
        tf.config.set_logical_device_configuration(cpu, two)
    options = {"data": load_sample(), "folder": folder / "other", "devices": "all"}
    results = {
        "batch size error": error_of_train(NET, replace(RECIPE, batch_size=15)),
        "built model error": error_of_train(NET.build(), RECIPE),
        "stopped": train_net(folder / "all", devices="all", minutes=0),
        "finished": train_net(folder / "all", devices="all"),
        "cropped": train_net(folder / "cropped", CROPPED, devices="all"),
        "one": train_net(folder / "one"),
        "other shapes": train(*OTHER_SHAPES, **options).status,
    }
    (folder / "results").write_text(json.dumps(results))


def run_worker(folder):
    """Train as one of two workers, until worker 1 kills itself during its second run."""
    worker = json.loads(os.environ["TF_CONFIG"])["task"]["index"]
    results = {
        "epoch error": error_of_train(NET, RECIPE, folder=folder / f"epoch{worker}"),
        "finished": train_net(folder / f"own{worker}", devices="all"),
    }
    (folder / f"results{worker}").write_text(json.dumps(results))

    class KillSwitch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.optimizer.iterations == 15:  # of twenty
                os.kill(os.getpid(), signal.SIGKILL)

    if worker == 1:
        train_net(folder / "killed", devices="all", callbacks=[KillSwitch()])
    training.load_cifar10 = load_sample
    command_line.recipe_called = lambda name, epochs: RECIPE
    options = ["--n=1", "--devices=all", "--folder", str(folder / "killed")]
    sys.exit(command_line.main(["train", *options]))


@pytest.fixture(scope="module", params=["tiny", pytest.param("resnet", marks=pytest.mark.slow)])
def nets(request):
    """Replace the nets that a `NetSpec` builds by tiny ones, or keep them."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "tiny":
            patch.setattr(NetSpec, "build", tiny_net.build)
        yield request.param


@pytest.fixture(scope="module")
def start(nets):
    """Return a function that starts `run_machine` or `run_worker` in a child process."""
    processes = []
    fixed = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": os.pathsep.join(sys.path)}

    def start(role, folder, **environment):
        process = subprocess.Popen(
            [sys.executable, __file__, role, nets, str(folder)],
            env=os.environ | fixed | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()


# ---------------------------------------------------------------- training


@pytest.fixture(scope="module")
def one_device(nets, tmp_path_factory):
    """Return the result of training on the one device of this process."""
    return train_net(tmp_path_factory.mktemp("alone"))


@pytest.fixture(scope="module", params=["tensorflow", pytest.param("jax", marks=pytest.mark.slow)])
def two_devices(request, start, tmp_path_factory):
    """Return the results of `run_machine`, and its folder."""
    folder = tmp_path_factory.mktemp(request.param)
    virtual = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=2"
    process = start("machine", folder, KERAS_BACKEND=request.param, XLA_FLAGS=virtual)
    output, _ = process.communicate()
    assert process.returncode == 0, output
    return json.loads((folder / "results").read_text()), folder


@pytest.fixture(scope="module")
def two_workers(start, tmp_path_factory):
    """Return results and exit statuses of both, the output of the survivor, and their folder."""
    folder = tmp_path_factory.mktemp("workers")
    train(NET, RECIPE, data=load_sample(), folder=folder / "epoch0", minutes=0)
    sockets = [socket.create_server(("localhost", 0)) for _ in range(2)]
    addresses = [f"localhost:{server.getsockname()[1]}" for server in sockets]
    for server in sockets:
        server.close()
    survivor, killed = (
        start(
            "worker",
            folder,
            KERAS_BACKEND="tensorflow",
            TF_CONFIG=tf_config(index, worker=addresses),
        )
        for index in range(2)
    )
    killed_output, _ = killed.communicate()
    try:
        output, _ = survivor.communicate(timeout=300)
    except subprocess.TimeoutExpired:
        pytest.fail("a worker still waits five minutes after the other was killed")
    assert (folder / "results0").exists(), output + killed_output
    results = [json.loads((folder / f"results{index}").read_text()) for index in range(2)]
    return results, [survivor.returncode, killed.returncode], output, folder


def assert_same(actual, expected):
    """Compare the losses of all steps of two runs, and the errors of all epochs."""
    np.testing.assert_allclose(actual["losses"], expected["losses"], rtol=0, atol=1e-4)
    assert actual["run"]["training_error"] == expected["run"]["training_error"]
    history, expected_history = actual["run"]["history"], expected["run"]["history"]
    for name in ("test_error", "error", "learning_rate"):
        assert history[name] == expected_history[name], name
    for name in ("loss", "test_loss"):
        np.testing.assert_allclose(history[name], expected_history[name], rtol=0, atol=1e-4)


def test_two_devices_train_like_one(two_devices, one_device):
    """The run on two devices is stopped after the first epoch and resumed."""
    results, _ = two_devices
    if results["one"]["run"]["backend"] == "tensorflow":
        assert_same(results["one"], one_device)
    losses = results["stopped"]["losses"] + results["finished"]["losses"]
    assert results["stopped"]["run"]["status"] == "stopped"
    copies = [results[name]["copies"] for name in ("stopped", "finished", "one")]
    assert copies == [2, 2, 1], "one device after two"
    assert_same({"losses": losses, "run": results["finished"]["run"]}, results["one"])
    assert results["finished"]["run"]["device"] == f"2 × {results['one']['run']['device']}"
    assert results["other shapes"] == "finished", "a process can train nets of several shapes"


def test_two_devices_augment_images_like_one(two_devices, tmp_path):
    results, _ = two_devices
    assert abs(results["cropped"]["losses"][0] - results["one"]["losses"][0]) > 1e-3
    if results["one"]["run"]["backend"] == "tensorflow":  # JAX draws one array for all devices
        assert_same(results["cropped"], train_net(tmp_path, CROPPED))


def test_a_model_trained_on_two_devices_runs_on_one(two_devices):
    results, folder = two_devices
    with zipfile.ZipFile(folder / "all" / "model.keras") as archive:
        assert '"synchronized": true' not in archive.read("config.json").decode()
    _, (x, y) = load_sample()
    predicted = saved_model(folder / "all" / "model.keras").predict(x, verbose=0)
    error = 100 * np.mean(predicted.argmax(-1) != y)
    assert error == pytest.approx(results["finished"]["run"]["history"]["test_error"][-1], abs=1e-3)


@pytest.mark.slow
def test_two_workers_train_like_one_and_only_the_chief_writes(two_workers, one_device):
    all_results, _, _, folder = two_workers
    for index, results in enumerate(all_results):
        assert_same(results["finished"], one_device)
        assert results["finished"]["run"]["device"] == f"2 × {one_device['run']['device']}"
        assert (
            f"epoch{index} (worker 0: 1, worker 1: 0); give them a folder" in results["epoch error"]
        )
    losses = [results["finished"]["losses"] for results in all_results]
    assert losses[0] == losses[1]
    names = [{file.name for file in (folder / f"own{index}").iterdir()} for index in range(2)]
    assert names == [{"lock", "model.keras", "run.json"}, set()]


@pytest.mark.slow
def test_a_killed_worker_ends_the_run_and_one_device_resumes_it(two_workers, one_device):
    _, statuses, output, folder = two_workers
    assert statuses == [1, -signal.SIGKILL]
    (message,) = [line for line in output.splitlines() if line.startswith("error:")]
    assert "one of the 2 workers has ended or cannot be reached; epoch 1 is" in message
    assert (
        "same command on all of them again, or on one of them alone with devices='one'" in message
    )
    assert newest_epoch(folder / "killed") == 1
    assert_same(train_net(folder / "killed"), {**one_device, "losses": one_device["losses"][10:]})
    assert Run.load(folder / "killed" / "run.json").status == "finished"


# ---------------------------------------------------------------- sizes of batches


def test_a_batch_that_does_not_divide_raises_an_error(two_devices):
    results, _ = two_devices
    assert results["batch size error"] == (
        "a batch of 15 images does not divide among 2 devices; take batch_size=14 or 16 in the "
        "recipe, or 1 of the devices"
    )
    assert "built already lies on one device, and here are 2" in results["built model error"]


@pytest.mark.parametrize(
    ("count", "batch_size", "advice"),
    [
        (3, 128, "batch_size=126 or 129 in the recipe, or 2 of the devices"),
        (8, 12, "batch_size=8 or 16 in the recipe, or 6 of the devices"),
        (8, 5, "batch_size=8 in the recipe, or 5 of the devices"),
    ],
)
def test_the_error_names_the_nearest_batch_sizes_that_divide(count, batch_size, advice):
    with pytest.raises(
        ValueError, match=f"of {batch_size} images .* {count} devices; take {advice}"
    ):
        DeviceGroup(count).check_divisible(batch_size)


def test_each_image_is_tested_once():
    message = r"50,000 images do not divide among 3 devices.* leave 2 ou"
    with pytest.raises(ValueError, match=message):
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


def test_all_devices_of_a_machine_with_one_are_one():
    with device_group("all") as group, device_group("one") as one:
        assert group == one == DeviceGroup()


def test_a_keras_that_adds_instead_of_averaging_raises_an_error(monkeypatch):
    check_keras_version()
    monkeypatch.setattr(keras, "__version__", "3.9.2")
    with pytest.raises(RuntimeError, match=r"Keras 3\.9\.2 adds up .*keras>=3\.10"):
        check_keras_version()


# ---------------------------------------------------------------- invalid settings


@pytest.mark.parametrize(
    ("kind", "index", "expected"), [("chief", 0, 0), ("worker", 0, 1), ("worker", "1", 2)]
)
def test_worker_index_counts_the_chief_first(kind, index, expected):
    assert worker_index(tf_config(index, kind, chief=["a:1"], worker=["b:1", "c:1"])) == (
        expected,
        3,
    )


def assert_train_raises(folder, message, devices="all", error=ValueError):
    with pytest.raises(error, match=message):
        train(NET, RECIPE, data=load_sample(), folder=folder, devices=devices)
    assert not list(folder.iterdir())


@pytest.mark.parametrize("devices", ["two", 2, None])
def test_an_unknown_choice_of_devices_raises_an_error(tmp_path, devices):
    assert_train_raises(tmp_path, f"devices must be one of one, all; got {devices!r}", devices)


@pytest.mark.parametrize(
    "text",
    [
        "worker 0 of 2",
        "[]",
        "{}",
        '{"cluster": {"worker": ["a:1"]}}',
        '{"cluster": 2, "task": {"type": "worker", "index": 0}}',
        tf_config(worker=["a:1", "b:1"], index=2),
        tf_config(worker=["a:1", "b:1"], index=-1),
        tf_config(worker=["a:1", "b:1"], index="first"),
        tf_config(0, "chief", worker=["a:1"]),
        tf_config(worker=["a:1"], ps=["b:1"]),
        tf_config(worker="a:1", index=9),
    ],
)
def test_a_config_without_a_task_of_its_cluster_raises_an_error(tmp_path, monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    assert_train_raises(tmp_path, r"TF_CONFIG names no place in a cluster: .* such as \{")
    with device_group("one") as group:
        assert group == DeviceGroup(), "one device ignores TF_CONFIG"


def test_a_cluster_must_be_joined_first_and_needs_tensorflow(tmp_path, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", tf_config(worker=["localhost:1", "localhost:2"]))
    keras.ops.convert_to_tensor(1.0)  # this process has computed something
    message = r"devices='all'.* must come first, in a fresh process"
    assert_train_raises(tmp_path, message, error=RuntimeError)
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert_train_raises(tmp_path, "set KERAS_BACKEND=tensorflow, or unset TF_CONFIG")


if __name__ == "__main__":
    role, nets, folder = sys.argv[1:]
    if nets == "tiny":
        NetSpec.build = tiny_net.build
    {"machine": run_machine, "worker": run_worker}[role](Path(folder))
