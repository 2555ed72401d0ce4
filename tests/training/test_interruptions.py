"""A training run that is killed, stopped, damaged, short of disk space or diverging."""

import itertools
import multiprocessing
import os
import resource
import shutil
import signal
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace

import keras
import numpy as np
import pytest
import tiny_net

from resnet_lib import RECIPES, NetSpec, Run, load_sample, saved_model, train
from resnet_lib.runs.checkpoints import (
    CheckpointError,
    load_checkpoint,
    newest_epoch,
    save_checkpoint,
)
from resnet_lib.training import compilation

NET = NetSpec("v1", 1)
RECIPE = replace(RECIPES["quick"], epochs=4, batch_size=32)
WILD = replace(RECIPE, schedule="article", learning_rate=1e30)

tiny_nets = pytest.fixture(scope="module", autouse=True)(tiny_net.replace_resnets)


def data():
    (x, y), (x_test, y_test) = load_sample()
    return (x[:96], y[:96]), (x_test[:32], y_test[:32])


def go_on(folder, recipe=RECIPE, net=NET, **options):
    return train(net, recipe, data=data(), folder=folder, **options)


def checkpoints(folder):
    return sorted(folder.glob("checkpoint-*.npz"))


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    return go_on(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def stopped_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stopped")
    for epochs in (1, 2):
        run = go_on(folder, minutes=0)
        assert (run.status, run.epochs) == ("stopped", epochs)
        assert len(checkpoints(folder)) == epochs
        assert not (folder / "run.json").exists()
    return folder


@pytest.fixture
def stopped(stopped_once, tmp_path):
    """The folder of a run of `RECIPE` that was stopped after one epoch, and again after two."""
    return shutil.copytree(stopped_once, tmp_path / "stopped")


def assert_same(run, other, rtol=1e-4):
    """The same figures in every epoch, except for times."""
    assert (run.status, run.epochs) == (other.status, other.epochs)
    for name in set(run.history) - {"seconds", "images_per_second"}:
        np.testing.assert_allclose(run.history[name], other.history[name], rtol, err_msg=name)
    assert run.training_error == pytest.approx(other.training_error, abs=rtol * 100)


# ---------------------------------------------------------------- killed


def train_in_a_child(folder, epochs, last_event=None, seconds=0.0):
    """Train a ResNet on one core, because the order in which several threads add is not fixed.

    The process kills itself at the event with the number `last_event`, or some seconds later.
    Events are training steps, and files that are opened, renamed or removed in `folder`.
    """
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, [cores[os.getpid() % len(cores)]])
    events = itertools.count(1)

    def event(*_, **__):
        if next(events) == last_event:
            kill = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL))
            kill.start() if seconds else kill.run()

    def hear(name, arguments):
        if name in ("open", "os.rename", "os.remove") and str(folder) in str(arguments[0]):
            event()

    sys.addaudithook(hear)
    steps = keras.callbacks.LambdaCallback(on_train_batch_end=event)
    go_on(folder, replace(RECIPE, epochs=epochs), callbacks=[steps])


def child(*arguments):
    """A process that runs `train_in_a_child`, forked from one that has imported Keras."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["resnet_lib.training.train", __name__])
    process = processes.Process(target=train_in_a_child, args=arguments)
    process.start()
    return process


def ended(process):
    process.join()
    return process.exitcode


AT_RANDOM = np.random.default_rng(0)
TEN_TIMES = [(int(AT_RANDOM.integers(1, 20)), AT_RANDOM.uniform(0, 0.05)) for _ in range(10)]


@pytest.mark.parametrize(
    ("epochs", "kills"),
    [
        pytest.param(4, [(13, 0.0)], id="in the third epoch"),
        pytest.param(60, TEN_TIMES, id="ten times", marks=pytest.mark.slow),
    ],
)
def test_a_killed_run_ends_bit_for_bit_as_if_it_had_not_been_killed(tmp_path, epochs, kills):
    whole = child(tmp_path / "whole", epochs)
    killed_at = []
    for event, seconds in kills:
        killed = child(tmp_path / "killed", epochs, event, seconds)
        assert ended(killed) == -signal.SIGKILL, f"not killed after epochs {killed_at}"
        killed_at.append(newest_epoch(tmp_path / "killed"))
    assert killed_at == [2] or len(set(killed_at)) > 5, "each process gets on"
    assert ended(child(tmp_path / "killed", epochs)) == ended(whole) == 0

    folders = tmp_path / "killed", tmp_path / "whole"
    runs = [Run.load(folder / "run.json") for folder in folders]
    assert (runs[0].status, runs[0].epochs) == ("finished", epochs)
    assert_same(*runs, rtol=0)
    weights = [saved_model(folder / "model.keras").weights for folder in folders]
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=one.path)
    assert {file.name for file in folders[0].iterdir()} == {"lock", "model.keras", "run.json"}


def test_a_run_stopped_after_every_epoch_ends_like_an_uninterrupted_one(stopped, uninterrupted):
    assert go_on(stopped, minutes=0).epochs == 3
    run = go_on(stopped, minutes=0)
    assert run.status == "finished"
    assert_same(run, uninterrupted)


def at_epoch(number, act):
    """A callback that calls `act(model)` at the beginning of an epoch; they count from 0."""
    callback = keras.callbacks.LambdaCallback()
    callback.on_epoch_begin = lambda epoch, logs=None: epoch == number and act(callback.model)
    return callback


def test_an_exception_in_a_callback_leaves_the_last_epoch(tmp_path, uninterrupted):
    def interrupt(model):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go_on(tmp_path, callbacks=[at_epoch(2, interrupt)])
    assert newest_epoch(tmp_path) == 2
    assert_same(go_on(tmp_path), uninterrupted)


# ---------------------------------------------------------------- damaged files, a full disk


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def exchange(path):
    """The names of two parts of the zip file, whose own checksums cover the contents alone."""
    first, second, other = b"00000.npy", b"00001.npy", b"0000x.npy"
    content = path.read_bytes().replace(first, other).replace(second, first)
    path.write_bytes(content.replace(other, second))


@pytest.mark.parametrize("damage", [truncate, flip, exchange, lambda path: path.write_bytes(b"")])
def test_a_damaged_checkpoint_is_passed_over(stopped, uninterrupted, damage):
    last = checkpoints(stopped)[-1]
    damage(last)
    with pytest.warns(UserWarning, match=rf"{last.name} is damaged .* going on from the checkpoin"):
        run = go_on(stopped)
    assert_same(run, uninterrupted)


def test_if_every_checkpoint_is_damaged_nothing_is_thrown_away(stopped):
    for path in checkpoints(stopped):
        truncate(path)
    with (
        pytest.warns(UserWarning, match="is damaged"),
        pytest.raises(CheckpointError, match=r"no checkpoint in .* can be read\. Move the folder"),
    ):
        go_on(stopped)
    assert len(checkpoints(stopped)) == 2


@contextmanager
def no_file_above(size):
    """As on a full disk, a write ends in an `OSError` part of the way."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_the_last_checkpoints_whole(stopped, uninterrupted):
    before = {path: path.read_bytes() for path in checkpoints(stopped)}
    says = r"after epoch 3 cannot be written to .*too large.*mak"
    with no_file_above(5_000), pytest.raises(CheckpointError, match=says):
        go_on(stopped)
    assert {path: path.read_bytes() for path in checkpoints(stopped)} == before
    assert {path.name for path in stopped.iterdir()} == {"lock", *(path.name for path in before)}
    assert_same(go_on(stopped), uninterrupted)


def test_a_checkpoint_reads_back_equal_and_two_are_kept(tmp_path):
    arrays = [np.arange(6.0).reshape(2, 3), np.float32(3), np.zeros((0, 4), "uint32")]
    for epoch in (9, 10, 11):
        save_checkpoint(tmp_path, epoch, arrays, {"epoch": epoch, "word": "é"})
    names = [path.name for path in checkpoints(tmp_path)]
    assert names == ["checkpoint-00010.npz", "checkpoint-00011.npz"]
    read, meta = load_checkpoint(tmp_path)
    assert meta == {"epoch": 11, "word": "é"}
    for one, other in zip(read, arrays, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    assert load_checkpoint(tmp_path / "elsewhere") is None


# ---------------------------------------------------------------- two at once, and another run


def test_a_second_process_is_refused(tmp_path):
    tried = []

    def train_again(model):
        with pytest.raises(RuntimeError, match=r"another process is training in .*; wait for"):
            go_on(tmp_path)
        tried.append(True)

    run = go_on(tmp_path, replace(RECIPE, epochs=1), callbacks=[at_epoch(0, train_again)])
    assert (tried, run.status) == ([True], "finished")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"seed": 1}, "begun with seed 0, and this one has 1"),
        ({"recipe": replace(RECIPE, epochs=9)}, "begun with recipe .*epochs=4"),
        ({"net": NetSpec("v1", 1, "none")}, "begun with model 'resnet8_v1'"),
    ],
)
def test_another_run_does_not_go_on_from_this_one(stopped, changes, says):
    with pytest.raises(ValueError, match=rf"{says}.*name another folder, or move that one away"):
        go_on(stopped, **changes)
    assert newest_epoch(stopped) == 2


# ---------------------------------------------------------------- divergence


def test_a_loss_that_is_not_a_number_ends_the_run_and_is_recorded(tmp_path):
    with pytest.warns(RuntimeWarning, match="resnet8_v1-quick-seed0 diverged: the loss was nan"):
        run = go_on(tmp_path, WILD)
    assert run.status == "diverged"
    assert run.note.endswith("in epoch 1, at a learning rate of 1e+30")
    assert Run.load(tmp_path / "run.json") == run
    assert run.epochs == 0, "an epoch without a finite loss is not in the history"
    with pytest.raises(FileExistsError, match="already holds a run"):
        go_on(tmp_path, WILD)


def test_a_run_that_diverges_late_keeps_what_came_before(tmp_path):
    def spoil(model):
        weight = model.trainable_variables[0]
        weight.assign(np.full(weight.shape, np.nan))

    with pytest.warns(RuntimeWarning, match="diverged: the loss was nan .* in epoch 3"):
        run = go_on(tmp_path, callbacks=[at_epoch(2, spoil)])
    assert (run.status, run.epochs) == ("diverged", 2)
    assert np.isfinite(run.history["loss"]).all()
    arrays, _ = load_checkpoint(tmp_path)
    assert all(np.isfinite(array).all() for array in arrays), "the last good state is still there"


@pytest.mark.parametrize(("gpu", "calls"), [(False, 21), (True, 1)])
def test_a_loss_that_is_not_a_number_ends_the_epoch_at_once(tmp_path, monkeypatch, gpu, calls):
    """An epoch of a deep net takes a quarter of an hour on a CPU. It has 48 steps, or 2 calls."""
    monkeypatch.setattr(compilation, "has_gpu", lambda: gpu)  # a GPU takes 24 steps in one call
    batches = []
    count = keras.callbacks.LambdaCallback(on_train_batch_end=lambda *_, **__: batches.append(1))
    with pytest.warns(RuntimeWarning, match="diverged"):
        go_on(tmp_path, replace(WILD, batch_size=2), callbacks=[count])
    assert len(batches) == calls


# ---------------------------------------------------------------- precision, progress


def test_mixed_precision_is_a_field_of_the_recipe(tmp_path):
    recipe = replace(RECIPE, epochs=2, precision="mixed_bfloat16")
    go_on(tmp_path, recipe, minutes=0)
    run = go_on(tmp_path, recipe)
    assert run.epochs == 2
    assert np.isfinite(run.history["loss"]).all()
    assert keras.config.dtype_policy().name == "float32", "the policy ends with the run"
    with compilation.dtype_policy(recipe.precision):
        resnet = tiny_net.RESNET(NET)
    for net in (resnet, saved_model(tmp_path / "model.keras").get_layer("resnet8_v1")):
        assert net.get_layer("stem_conv").compute_dtype == "bfloat16"
        assert net.get_layer("stem_conv").variable_dtype == "float32"
        assert net.get_layer("classifier").compute_dtype == "float32"


def test_a_model_that_is_built_keeps_its_precision():
    with pytest.raises(ValueError, match="a model that is built already keeps its precision"):
        train(NET.build(), replace(RECIPE, precision="mixed_bfloat16"), data=data())


def test_it_prints_progress_at_a_terminal_and_nothing_elsewhere(tmp_path, capfd, monkeypatch):
    recipe = replace(RECIPE, epochs=2)
    go_on(tmp_path / "elsewhere", recipe)
    assert capfd.readouterr() == ("", "")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    go_on(tmp_path / "terminal", recipe)
    said = capfd.readouterr().err
    for words in ("epoch 2/2", "images/s", "training error", "test error", "<00:0"):
        assert words in said, "<00:0 is the time that is left"
