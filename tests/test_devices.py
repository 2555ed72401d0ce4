"""Two devices take the steps of one: on one machine, and in two processes that talk to each other.

Virtual devices and clusters are set up when a process starts, so those trainings run in processes
of their own, which are this very file: `test_devices.py machine FOLDER`, and `worker FOLDER`.
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

from resnet_lib import RECIPES, NetSpec, Run, load_sample, train, training
from resnet_lib import __main__ as command_line
from resnet_lib.checkpoints import newest_epoch
from resnet_lib.devices import Devices, WorkerLost, check_keras, over, place

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


class Losses(keras.callbacks.Callback):
    """The loss of each batch, out of the mean over the epoch so far that Keras tells.

    And on how many devices of this process a weight lies.
    """

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
        before, self.sum = self.sum, float(logs["loss"]) * (batch + 1)
        self.losses.append(self.sum - before)


def told(folder, recipe=RECIPE, callbacks=(), **options):
    """What became of a training, as JSON can hold it."""
    losses = Losses()
    options |= {"folder": folder, "callbacks": [losses, *callbacks]}
    run = train(NET, recipe, data=load_sample(), **options)
    return {
        "losses": losses.losses,
        "copies": losses.copies,
        "run": json.loads(run.to_json()),
    }


def refusal(*arguments, **options):
    """What `train` says where it refuses."""
    with pytest.raises((ValueError, WorkerLost)) as refused:
        train(*arguments, data=load_sample(), **options)
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
        tf.config.set_logical_device_configuration(
            cpu, 2 * [tf.config.LogicalDeviceConfiguration()]
        )
    built = NET.build()
    return {
        "refused": refusal(NET, replace(RECIPE, batch_size=15), devices="all"),
        "refused built": refusal(built, RECIPE, devices="all"),
        "stopped": told(folder / "all", devices="all", minutes=0),
        "finished": told(folder / "all", devices="all"),
        "cropped": told(folder / "cropped", CROPPED, devices="all"),
        "one": told(folder / "one"),
        "another": another_net(folder / "another"),
    }


def another_net(folder):
    """Other shapes in the same process, which TensorFlow's collectives have to bear."""
    spec, recipe = NetSpec("v2", 1, "highway"), replace(CROPPED, augmentation="none")
    run = train(spec, recipe, data=load_sample(), folder=folder, devices="all")
    return run.status


def worker(folder):
    """One of two processes: whole in a folder each; then the second dies, and the first tells."""
    number = json.loads(os.environ["TF_CONFIG"])["task"]["index"]
    answer = {
        "apart": refusal(NET, RECIPE, folder=folder / f"apart{number}", devices="all"),
        "finished": told(folder / f"own{number}", devices="all"),
    }
    (folder / f"answer{number}").write_text(json.dumps(answer))

    class Dies(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.optimizer.iterations == 15:  # of twenty
                os.kill(os.getpid(), signal.SIGKILL)

    if number == 1:
        told(folder / "killed", devices="all", callbacks=[Dies()])
    training.load_cifar10 = load_sample
    command_line.recipe_called = lambda name, epochs: RECIPE
    sys.exit(
        command_line.main(["train", "--n=1", "--devices=all", "--folder", str(folder / "killed")])
    )


def started(what, folder, **environment):
    return subprocess.Popen(
        [sys.executable, __file__, what, str(folder)],
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def processes(tmp_path_factory):
    """All of them, by name, side by side: each waits for much. And the folder of each kind."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ("tensorflow", "jax", "workers")}
    virtual = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=2"
    running = {
        backend: started("machine", folders[backend], KERAS_BACKEND=backend, XLA_FLAGS=virtual)
        for backend in ("tensorflow", "jax")
    }
    train(NET, RECIPE, data=load_sample(), folder=folders["workers"] / "apart0", minutes=0)
    sockets = [socket.create_server(("localhost", 0)) for _ in range(2)]
    addresses = [f"localhost:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    for index in range(2):
        environment = {"KERAS_BACKEND": "tensorflow", "TF_CONFIG": config(index, worker=addresses)}
        running[f"worker{index}"] = started("worker", folders["workers"], **environment)
    yield running, folders
    for process in running.values():
        process.kill()


# ---------------------------------------------------------------- what they are held to


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The training on this process's one device."""
    return told(tmp_path_factory.mktemp("alone"))


@pytest.fixture(scope="module", params=["tensorflow", "jax"])
def two_devices(request, processes):
    """What `machine` answers, and its folder."""
    running, folders = processes
    out, err = running[request.param].communicate()
    assert running[request.param].returncode == 0, err
    return json.loads(out.splitlines()[-1]), folders[request.param]


@pytest.fixture(scope="module")
def two_workers(processes):
    """Their answers, how they ended, what the one that survives said, and their folder."""
    running, folders = processes
    folder, (first, second) = folders["workers"], (running["worker0"], running["worker1"])
    _, died = second.communicate()
    try:
        _, said = first.communicate(timeout=60)  # from here on it is alone
    except subprocess.TimeoutExpired:
        pytest.fail("a minute after the other has died, a worker still waits for it")
    assert (folder / "answer0").exists(), said + died
    answers = [json.loads((folder / f"answer{index}").read_text()) for index in range(2)]
    return answers, [first.returncode, second.returncode], said, folder


def assert_same(one, other):
    """The losses of all steps of two trainings, twenty in two epochs, and the errors of both."""
    np.testing.assert_allclose(one["losses"], other["losses"], rtol=0, atol=1e-4)
    assert one["run"]["training_error"] == other["run"]["training_error"]
    for name in ("test_error", "error", "learning_rate"):
        assert one["run"]["history"][name] == other["run"]["history"][name], name
    for name in ("loss", "test_loss"):
        both = one["run"]["history"][name], other["run"]["history"][name]
        np.testing.assert_allclose(*both, rtol=0, atol=1e-4)


# ---------------------------------------------------------------- the same result


def test_a_process_trains_nets_of_many_shapes_on_two_devices(two_devices):
    answer, _ = two_devices
    assert answer["another"] == "finished"


def test_two_devices_take_the_steps_of_one(two_devices, alone):
    """Stopped after the first epoch and gone on, which two devices have to bear as well."""
    answer, _ = two_devices
    if answer["one"]["run"]["backend"] == "tensorflow":
        assert_same(answer["one"], alone)
    whole = answer["stopped"]["losses"] + answer["finished"]["losses"]
    assert answer["stopped"]["run"]["status"] == "stopped"
    assert (answer["stopped"]["copies"], answer["finished"]["copies"]) == (2, 2)
    assert answer["one"]["copies"] == 1, "after two devices, one again"
    assert_same({"losses": whole, "run": answer["finished"]["run"]}, answer["one"])
    assert answer["finished"]["run"]["device"] == f"2 × {answer['one']['run']['device']}"


def test_an_image_is_augmented_as_on_one_device(two_devices, tmp_path):
    answer, _ = two_devices
    assert abs(answer["cropped"]["losses"][0] - answer["one"]["losses"][0]) > 1e-2
    if answer["one"]["run"]["backend"] == "tensorflow":  # JAX draws for one array, which it shares
        assert_same(answer["cropped"], told(tmp_path, CROPPED))


def test_the_model_of_two_devices_is_that_of_any(two_devices):
    answer, folder = two_devices
    with zipfile.ZipFile(folder / "all" / "model.keras") as archive:
        assert '"synchronized": true' not in archive.read("config.json").decode()
    model = keras.saving.load_model(folder / "all" / "model.keras")
    _, (x, y) = load_sample()
    error = 100 * np.mean(model.predict(x, verbose=0).argmax(-1) != y)
    assert error == pytest.approx(answer["finished"]["run"]["history"]["test_error"][-1], abs=1e-3)


def test_two_workers_take_the_steps_of_one(two_workers, alone):
    answers, *_ = two_workers
    for answer in answers:
        assert_same(answer["finished"], alone)
        assert answer["finished"]["run"]["device"] == f"2 × {alone['run']['device']}"
    assert answers[0]["finished"]["losses"] == answers[1]["finished"]["losses"]


# ---------------------------------------------------------------- several processes


def test_only_the_chief_writes(two_workers):
    *_, folder = two_workers
    names = [{file.name for file in (folder / f"own{index}").iterdir()} for index in range(2)]
    assert names == [{"lock", "model.keras", "run.json"}, set()]


def test_workers_that_do_not_see_the_same_checkpoints_are_told(two_workers):
    answers, *_ = two_workers
    for index, answer in enumerate(answers):
        assert f"apart{index} (worker 0: 1, worker 1: 0); give them a folder" in answer["apart"]


def test_a_worker_that_dies_ends_the_run_and_one_device_goes_on(two_workers, alone):
    _, status, said, folder = two_workers
    assert status == [1, -signal.SIGKILL]
    last = said.strip().splitlines()[-1]
    assert last.startswith("error: one of the 2 workers has ended or cannot be reached; epoch 1 is")
    assert "same command on all of them again, or on one of them alone with devices='one'" in last
    assert newest_epoch(folder / "killed") == 1
    assert_same(told(folder / "killed"), {**alone, "losses": alone["losses"][10:]})
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
def test_the_nearest_that_divide_are_named(count, batch_size, says):
    with pytest.raises(ValueError, match=f"of {batch_size} images .* {count} devices; take {says}"):
        Devices(count).check(batch_size)


def test_all_images_are_tested_each_once():
    with pytest.raises(
        ValueError, match=r"50,000 images do not divide among 3 devices.* leave 2 ou"
    ):
        Devices(3).check(126, 50_000)
    assert Devices().test_batch(160, 500) == 500, "as ever on one device"
    for count in (2, 4, 5, 8, 16):
        for images in (10_000, 50_000, 160 * count, 7 * count):
            Devices(count).check(count, images)
            batch = Devices(count).test_batch(images, 500)
            assert images % batch == batch % count == 0
            assert batch <= 500
    assert [Devices(count).test_batch(10_000, 500) for count in (2, 4, 5, 8)] == [
        500,
        500,
        500,
        400,
    ]


def test_all_of_one_device_is_that_device():
    with over("all") as all_there_are, over("one") as one:
        assert all_there_are == one == Devices()


def test_an_old_keras_is_refused_where_it_counts_wrongly(monkeypatch):
    check_keras()
    monkeypatch.setattr(keras, "__version__", "3.9.2")
    with pytest.raises(RuntimeError, match=r"Keras 3\.9\.2 adds up .*keras>=3\.10"):
        check_keras()


@pytest.mark.parametrize("devices", ["two", 2, None])
def test_devices_that_are_none(tmp_path, devices):
    with pytest.raises(ValueError, match=f"devices must be one of one, all; got {devices!r}"):
        train(NET, RECIPE, data=load_sample(), folder=tmp_path, devices=devices)
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------- TF_CONFIG


@pytest.mark.parametrize(
    ("kind", "index", "found"), [("chief", 0, 0), ("worker", 0, 1), ("worker", "1", 2)]
)
def test_the_place_in_a_cluster(kind, index, found):
    assert place(config(index, kind, chief=["a:1"], worker=["b:1", "c:1"])) == (found, 3)


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
def test_a_config_that_is_none_is_told(tmp_path, monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ValueError, match=r"TF_CONFIG names no place in a cluster: .* such as \{"):
        train(NET, RECIPE, data=load_sample(), folder=tmp_path, devices="all")
    assert not list(tmp_path.iterdir())
    with over("one") as group:
        assert group == Devices(), "one device does not look at it"


def test_a_cluster_is_joined_first_or_not_at_all(monkeypatch):
    """This process has long computed something."""
    monkeypatch.setenv("TF_CONFIG", config(worker=["localhost:1", "localhost:2"]))
    keras.ops.convert_to_tensor(1.0)
    with pytest.raises(RuntimeError, match=r"devices='all'.* must come first, in a fresh process"):
        train(NET, RECIPE, data=load_sample(), devices="all")


def test_a_cluster_needs_tensorflow(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", config(worker=["a:1", "b:1"]))
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ValueError, match="set KERAS_BACKEND=tensorflow, or unset TF_CONFIG"):
        train(NET, RECIPE, data=load_sample(), devices="all")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--devices", "two"], "devices must be one of one, all; got 'two'"),
        (["--devices", "all"], "TF_CONFIG names no place in a cluster"),
    ],
)
def test_the_command_line_tells_it_in_one_line(monkeypatch, capfd, arguments, says):
    monkeypatch.setenv("TF_CONFIG", "{}")
    assert command_line.main(["train", *arguments]) == 1
    assert capfd.readouterr().err.startswith(f"error: {says}")


if __name__ == "__main__":
    print(json.dumps({"machine": machine, "worker": worker}[sys.argv[1]](Path(sys.argv[2]))))
