"""Test training runs that are killed, stopped, damaged, out of disk space or diverging."""

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
DIVERGING = replace(RECIPE, schedule="article", learning_rate=1e30)

tiny_nets = pytest.fixture(scope="module", autouse=True)(tiny_net.replace_resnets)


def small_data():
    (x, y), (x_test, y_test) = load_sample()
    return (x[:96], y[:96]), (x_test[:32], y_test[:32])


def train_net(folder, recipe=RECIPE, net=NET, **options):
    return train(net, recipe, data=small_data(), folder=folder, **options)


def checkpoints(folder):
    return sorted(folder.glob("checkpoint-*.npz"))


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    return train_net(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def stopped_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stopped")
    for epochs in (1, 2):
        run = train_net(folder, minutes=0)
        assert (run.status, run.epochs) == ("stopped", epochs)
        assert len(checkpoints(folder)) == epochs
        assert not (folder / "run.json").exists()
    return folder


@pytest.fixture
def stopped(stopped_once, tmp_path):
    """Return the folder of a run that was stopped after one epoch, and again after two."""
    return shutil.copytree(stopped_once, tmp_path / "stopped")


def assert_same(run, expected, rtol=1e-4):
    """Compare the histories of two runs, except for times."""
    assert (run.status, run.epochs) == (expected.status, expected.epochs)
    for name in set(run.history) - {"seconds", "images_per_second"}:
        np.testing.assert_allclose(run.history[name], expected.history[name], rtol, err_msg=name)
    assert run.training_error == pytest.approx(expected.training_error, abs=rtol * 100)


# ---------------------------------------------------------------- killed and stopped


def train_in_a_child(folder, epochs, last_event=None, seconds=0.0):
    """Train on one core, because several threads add in an order that varies.

    The process kills itself at the event with the number `last_event`, or `seconds` later. Events
    are training steps, and files that are opened, renamed or removed in `folder`.
    """
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, [cores[os.getpid() % len(cores)]])
    events = itertools.count(1)

    def count_event(*_, **__):
        if next(events) == last_event:
            kill = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL))
            kill.start() if seconds else kill.run()

    def audit(name, arguments):
        if name in ("open", "os.rename", "os.remove") and str(folder) in str(arguments[0]):
            count_event()

    sys.addaudithook(audit)
    steps = keras.callbacks.LambdaCallback(on_train_batch_end=count_event)
    train_net(folder, replace(RECIPE, epochs=epochs), callbacks=[steps])


def start_child(*arguments):
    """Start a process that runs `train_in_a_child`, forked from one that has imported Keras."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["resnet_lib.training.train", __name__])
    process = processes.Process(target=train_in_a_child, args=arguments)
    process.start()
    return process


def wait_for_exit(process):
    """Wait for the end of a process; return its exit code."""
    process.join()
    return process.exitcode


RANDOM = np.random.default_rng(0)
TEN_KILLS = [(int(RANDOM.integers(1, 20)), RANDOM.uniform(0, 0.05)) for _ in range(10)]


@pytest.mark.parametrize(
    ("epochs", "kills"),
    [
        pytest.param(4, [(13, 0.0)], id="in the third epoch"),
        pytest.param(60, TEN_KILLS, id="ten times", marks=pytest.mark.slow),
    ],
)
def test_a_killed_and_resumed_run_ends_bit_for_bit_like_an_uninterrupted_one(
    tmp_path, epochs, kills
):
    whole = start_child(tmp_path / "whole", epochs)
    killed_at = []
    for event, seconds in kills:
        killed = start_child(tmp_path / "killed", epochs, event, seconds)
        assert wait_for_exit(killed) == -signal.SIGKILL, f"not killed after epochs {killed_at}"
        killed_at.append(newest_epoch(tmp_path / "killed"))
    assert killed_at == [2] or len(set(killed_at)) > 5, "each process must complete epochs"
    assert wait_for_exit(start_child(tmp_path / "killed", epochs)) == wait_for_exit(whole) == 0

    folders = tmp_path / "killed", tmp_path / "whole"
    runs = [Run.load(folder / "run.json") for folder in folders]
    assert (runs[0].status, runs[0].epochs) == ("finished", epochs)
    assert_same(*runs, rtol=0)
    weights = [saved_model(folder / "model.keras").weights for folder in folders]
    for weight, expected in zip(*weights, strict=True):
        np.testing.assert_array_equal(weight, expected, err_msg=weight.path)
    assert {file.name for file in folders[0].iterdir()} == {"lock", "model.keras", "run.json"}


def test_a_run_stopped_after_every_epoch_ends_like_an_uninterrupted_one(stopped, uninterrupted):
    assert train_net(stopped, minutes=0).epochs == 3
    run = train_net(stopped, minutes=0)
    assert run.status == "finished"
    assert_same(run, uninterrupted)


def callback_at_epoch(number, action):
    """Return a callback that calls `action(model)` when an epoch begins, counted from 0."""
    callback = keras.callbacks.LambdaCallback()
    callback.on_epoch_begin = lambda epoch, logs=None: epoch == number and action(callback.model)
    return callback


def test_a_run_resumes_after_an_exception_in_a_callback(tmp_path, uninterrupted):
    def interrupt(model):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_net(tmp_path, callbacks=[callback_at_epoch(2, interrupt)])
    assert newest_epoch(tmp_path) == 2
    assert_same(train_net(tmp_path), uninterrupted)


# ---------------------------------------------------------------- damaged files, a full disk


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_byte(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def swap_names(path):
    """Swap two names in the zip file, whose own checksums cover only the contents."""
    first, second, other = b"00000.npy", b"00001.npy", b"0000x.npy"
    content = path.read_bytes().replace(first, other).replace(second, first)
    path.write_bytes(content.replace(other, second))


@pytest.mark.parametrize(
    "damage", [truncate, flip_byte, swap_names, lambda path: path.write_bytes(b"")]
)
def test_a_run_resumes_from_the_checkpoint_before_a_damaged_one(stopped, uninterrupted, damage):
    last = checkpoints(stopped)[-1]
    damage(last)
    with pytest.warns(UserWarning, match=rf"{last.name} is damaged .* going on from the checkpoin"):
        run = train_net(stopped)
    assert_same(run, uninterrupted)


def test_damaged_checkpoints_raise_an_error_and_are_kept(stopped):
    for path in checkpoints(stopped):
        truncate(path)
    with (
        pytest.warns(UserWarning, match="is damaged"),
        pytest.raises(CheckpointError, match=r"no checkpoint in .* can be read\. Move the folder"),
    ):
        train_net(stopped)
    assert len(checkpoints(stopped)) == 2


@contextmanager
def file_size_limit(size):
    """Limit files to `size` bytes, so that a write fails halfway as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_the_last_checkpoints_intact(stopped, uninterrupted):
    before = {path: path.read_bytes() for path in checkpoints(stopped)}
    message = r"after epoch 3 cannot be written to .*too large.*mak"
    with file_size_limit(5_000), pytest.raises(CheckpointError, match=message):
        train_net(stopped)
    assert {path: path.read_bytes() for path in checkpoints(stopped)} == before
    assert {path.name for path in stopped.iterdir()} == {"lock", *(path.name for path in before)}
    assert_same(train_net(stopped), uninterrupted)


def test_checkpoints_read_back_equal_and_the_newest_two_are_kept(tmp_path):
    arrays = [np.arange(6.0).reshape(2, 3), np.float32(3), np.zeros((0, 4), "uint32")]
    for epoch in (9, 10, 11):
        save_checkpoint(tmp_path, epoch, arrays, {"epoch": epoch, "word": "é"})
    names = [path.name for path in checkpoints(tmp_path)]
    assert names == ["checkpoint-00010.npz", "checkpoint-00011.npz"]
    read, meta = load_checkpoint(tmp_path)
    assert meta == {"epoch": 11, "word": "é"}
    for array, expected in zip(read, arrays, strict=True):
        assert array.dtype == expected.dtype
        np.testing.assert_array_equal(array, expected)
    assert load_checkpoint(tmp_path / "elsewhere") is None


# ---------------------------------------------------------------- conflicting runs


def test_a_second_run_in_the_same_folder_raises_an_error(tmp_path):
    attempts = []

    def train_again(model):
        with pytest.raises(RuntimeError, match=r"another process is training in .*; wait for"):
            train_net(tmp_path)
        attempts.append(True)

    run = train_net(
        tmp_path, replace(RECIPE, epochs=1), callbacks=[callback_at_epoch(0, train_again)]
    )
    assert (attempts, run.status) == ([True], "finished")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 1}, "begun with seed 0, and this one has 1"),
        ({"recipe": replace(RECIPE, epochs=9)}, "begun with recipe .*epochs=4"),
        ({"net": NetSpec("v1", 1, "none")}, "begun with model 'resnet8_v1'"),
    ],
)
def test_a_run_with_other_settings_does_not_resume_this_one(stopped, changes, message):
    with pytest.raises(ValueError, match=rf"{message}.*name another folder, or move that one away"):
        train_net(stopped, **changes)
    assert newest_epoch(stopped) == 2


# ---------------------------------------------------------------- divergence


def test_a_loss_of_nan_ends_the_run_as_diverged(tmp_path):
    with pytest.warns(RuntimeWarning, match="resnet8_v1-quick-seed0 diverged: the loss was nan"):
        run = train_net(tmp_path, DIVERGING)
    assert run.status == "diverged"
    assert run.note.endswith("in epoch 1, at a learning rate of 1e+30")
    assert Run.load(tmp_path / "run.json") == run
    assert run.epochs == 0, "an epoch without a finite loss is not in the history"
    with pytest.raises(FileExistsError, match="already holds a run"):
        train_net(tmp_path, DIVERGING)


def test_a_run_that_diverges_late_keeps_the_epochs_before(tmp_path):
    def set_nan(model):
        weight = model.trainable_variables[0]
        weight.assign(np.full(weight.shape, np.nan))

    with pytest.warns(RuntimeWarning, match="diverged: the loss was nan .* in epoch 3"):
        run = train_net(tmp_path, callbacks=[callback_at_epoch(2, set_nan)])
    assert (run.status, run.epochs) == ("diverged", 2)
    assert np.isfinite(run.history["loss"]).all()
    arrays, _ = load_checkpoint(tmp_path)
    assert all(np.isfinite(array).all() for array in arrays), "the last finite state must be kept"


@pytest.mark.parametrize(("gpu", "calls"), [(False, 21), (True, 1)])
def test_a_loss_of_nan_ends_the_epoch_early(tmp_path, monkeypatch, gpu, calls):
    """An epoch here has 48 steps, or 2 calls on a GPU. One of a deep net can take 15 minutes."""
    monkeypatch.setattr(compilation, "has_gpu", lambda: gpu)  # a GPU takes 24 steps in one call
    batches = []
    count = keras.callbacks.LambdaCallback(on_train_batch_end=lambda *_, **__: batches.append(1))
    with pytest.warns(RuntimeWarning, match="diverged"):
        train_net(tmp_path, replace(DIVERGING, batch_size=2), callbacks=[count])
    assert len(batches) == calls


# ---------------------------------------------------------------- precision, progress


def test_a_recipe_in_mixed_precision_trains_and_resumes(tmp_path):
    recipe = replace(RECIPE, epochs=2, precision="mixed_bfloat16")
    train_net(tmp_path, recipe, minutes=0)
    run = train_net(tmp_path, recipe)
    assert run.epochs == 2
    assert np.isfinite(run.history["loss"]).all()
    assert keras.config.dtype_policy().name == "float32", (
        "the policy must be restored after the run"
    )
    with compilation.dtype_policy(recipe.precision):
        resnet = tiny_net.RESNET(NET)
    for net in (resnet, saved_model(tmp_path / "model.keras").get_layer("resnet8_v1")):
        assert net.get_layer("stem_conv").compute_dtype == "bfloat16"
        assert net.get_layer("stem_conv").variable_dtype == "float32"
        assert net.get_layer("classifier").compute_dtype == "float32"


def test_a_built_model_in_another_precision_raises_an_error():
    with pytest.raises(ValueError, match="a model that is built already keeps its precision"):
        train(NET.build(), replace(RECIPE, precision="mixed_bfloat16"), data=small_data())


def test_progress_is_printed_at_a_terminal_only(tmp_path, capfd, monkeypatch):
    recipe = replace(RECIPE, epochs=2)
    train_net(tmp_path / "elsewhere", recipe)
    assert capfd.readouterr() == ("", "")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    train_net(tmp_path / "terminal", recipe)
    output = capfd.readouterr().err
    for text in ("epoch 2/2", "images/s", "training error", "test error", "<00:0"):
        assert text in output, "<00:0 is the time left"
