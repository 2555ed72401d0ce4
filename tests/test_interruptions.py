"""A training that is killed, stopped, robbed of its disk or led astray: nothing is lost."""

import multiprocessing
import resource
import time
from contextlib import contextmanager
from dataclasses import replace

import keras
import numpy as np
import pytest

from resnet_lib import RECIPES, NetSpec, Run, load_sample, train, training
from resnet_lib.checkpoints import KEPT, CheckpointError, load_checkpoint, save_checkpoint

NET = NetSpec("v1", 1)
RECIPE = replace(RECIPES["quick"], epochs=4, batch_size=32)


def data():
    (x, y), (x_test, y_test) = load_sample()
    return (x[:96], y[:96]), (x_test[:32], y_test[:32])


def checkpoints(folder):
    return sorted(folder.glob("checkpoint-*.npz"))


def stopped_run(folder, epochs=2):
    """A training of `RECIPE` that has come to a stop after `epochs` epochs."""
    for _ in range(epochs):
        run = train(NET, RECIPE, data=data(), folder=folder, minutes=0)
    assert run.status == "stopped"
    return run


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    return train(NET, RECIPE, data=data(), folder=tmp_path_factory.mktemp("whole"))


def assert_same(run, other):
    """One and the same training, whatever happened to it and however long it took."""
    for name in set(run.history) - {"seconds", "images_per_second"}:
        np.testing.assert_allclose(run.history[name], other.history[name], rtol=1e-4, err_msg=name)
    assert run.training_error == pytest.approx(other.training_error, abs=0.01)


# ---------------------------------------------------------------- killed

LONG = replace(RECIPE, epochs=40)


def train_long(folder):
    train(NET, LONG, data=data(), folder=folder)


def test_killed_ten_times_at_random_it_ends_as_if_nothing_had_been(tmp_path):
    """`kill -9` from the first moment of a process to well within its epochs, ten times."""
    processes = multiprocessing.get_context("forkserver")  # they need not import Keras anew
    processes.set_forkserver_preload(["resnet_lib.training", __name__])
    random = np.random.default_rng(0)
    killed_at = [0]
    for attempt in range(10):
        process = processes.Process(target=train_long, args=(tmp_path / "killed",))
        process.start()
        if attempt % 3:  # two of three get as far as two epochs of their own first
            wait_for_epoch(tmp_path / "killed", killed_at[-1] + 1)
            first = time.monotonic()
            wait_for_epoch(tmp_path / "killed", killed_at[-1] + 2)
            # Reckoned in epochs: a second is one of them here, and a whole training elsewhere.
            time.sleep(random.uniform(0, 1.5 * (time.monotonic() - first)))
        else:
            time.sleep(random.uniform(0, 0.5))
        process.kill()
        process.join()
        killed_at.append(newest(tmp_path / "killed"))
        assert process.exitcode == -9, f"it ended before it was killed: {killed_at}"
    assert len(set(killed_at)) > 5, f"it hardly got on between the kills: {killed_at}"
    process = processes.Process(target=train_long, args=(tmp_path / "killed",))
    process.start()
    process.join()
    assert process.exitcode == 0

    run = Run.load(tmp_path / "killed" / "run.json")
    assert (run.status, run.epochs) == ("finished", 40), "each epoch is there once"
    assert {file.name for file in (tmp_path / "killed").iterdir()} >= {"model.keras", "run.json"}
    assert checkpoints(tmp_path / "killed") == []
    assert_same(run, train(NET, LONG, data=data(), folder=tmp_path / "whole"))


def newest(folder):
    paths = checkpoints(folder)
    return int(paths[-1].stem[-5:]) if paths else 0


def wait_for_epoch(folder, epoch, seconds=120):
    deadline = time.monotonic() + seconds
    while newest(folder) < epoch:
        assert time.monotonic() < deadline, f"no checkpoint of epoch {epoch} in {seconds} s"
        time.sleep(0.005)


def test_stopped_after_every_epoch_it_ends_as_if_nothing_had_been(tmp_path, uninterrupted):
    for epochs in (1, 2, 3):
        run = train(NET, RECIPE, data=data(), folder=tmp_path, minutes=0)
        assert (run.status, run.epochs) == ("stopped", epochs)
        assert len(checkpoints(tmp_path)) == min(epochs, KEPT)
        assert not (tmp_path / "run.json").exists()
    run = train(NET, RECIPE, data=data(), folder=tmp_path, minutes=0)
    assert run.status == "finished"
    assert_same(run, uninterrupted)


def test_an_exception_inside_leaves_the_last_epoch(tmp_path, uninterrupted):
    class Broken(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(NET, RECIPE, data=data(), folder=tmp_path, callbacks=[Broken()])
    assert newest(tmp_path) == 2
    assert_same(train(NET, RECIPE, data=data(), folder=tmp_path), uninterrupted)


# ---------------------------------------------------------------- damaged


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def exchange(path):
    """The names of two parts of the zip file, whose own sums cover the contents alone."""
    first, second, other = b"00000.npy", b"00001.npy", b"0000x.npy"
    content = path.read_bytes().replace(first, other).replace(second, first)
    path.write_bytes(content.replace(other, second))


@pytest.mark.parametrize("damage", [truncate, flip, exchange, lambda path: path.write_bytes(b"")])
def test_a_damaged_checkpoint_is_passed_over(tmp_path, uninterrupted, damage):
    stopped_run(tmp_path)
    last = checkpoints(tmp_path)[-1]
    damage(last)
    with pytest.warns(UserWarning, match=rf"{last.name} is damaged .* going on from the checkpoin"):
        run = train(NET, RECIPE, data=data(), folder=tmp_path)
    assert_same(run, uninterrupted)


def test_with_every_checkpoint_damaged_nothing_is_thrown_away(tmp_path):
    stopped_run(tmp_path)
    for path in checkpoints(tmp_path):
        truncate(path)
    with (
        pytest.warns(UserWarning, match="is damaged"),
        pytest.raises(CheckpointError, match=r"no checkpoint in .* can be read\. Move the folder"),
    ):
        train(NET, RECIPE, data=data(), folder=tmp_path)
    assert len(checkpoints(tmp_path)) == 2


# ---------------------------------------------------------------- a full disk


@contextmanager
def no_file_above(size):
    """As on a full disk, a write ends in an `OSError` part of the way."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_told_and_the_last_checkpoint_is_whole(tmp_path, uninterrupted):
    stopped_run(tmp_path)
    before = {path: path.read_bytes() for path in checkpoints(tmp_path)}
    with (
        no_file_above(100_000),
        pytest.raises(
            CheckpointError, match=r"after epoch 3 cannot be written to .*too large.*mak"
        ),
    ):
        train(NET, RECIPE, data=data(), folder=tmp_path)
    assert {path: path.read_bytes() for path in checkpoints(tmp_path)} == before
    assert {path.name for path in tmp_path.iterdir()} == {"lock", *(path.name for path in before)}
    assert_same(train(NET, RECIPE, data=data(), folder=tmp_path), uninterrupted)


def test_a_checkpoint_reads_back_equal_and_two_are_kept(tmp_path):
    arrays = [np.arange(6.0).reshape(2, 3), np.float32(3), np.zeros((0, 4), "uint32")]
    for epoch in (9, 10, 11):
        save_checkpoint(tmp_path, epoch, arrays, {"epoch": epoch, "word": "é"})
    assert [path.name for path in checkpoints(tmp_path)] == [
        "checkpoint-00010.npz",
        "checkpoint-00011.npz",
    ]
    read, meta = load_checkpoint(tmp_path)
    assert meta == {"epoch": 11, "word": "é"}
    for one, other in zip(read, arrays, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    assert load_checkpoint(tmp_path / "elsewhere") is None


# ---------------------------------------------------------------- two at once, and another training


def test_a_second_process_is_refused(tmp_path):
    class Second(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            with pytest.raises(RuntimeError, match=r"another process is training in .*; wait for"):
                train(NET, RECIPE, data=data(), folder=tmp_path)
            self.tried = True

    second = Second()
    run = train(NET, replace(RECIPE, epochs=1), data=data(), folder=tmp_path, callbacks=[second])
    assert second.tried
    assert run.status == "finished"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"seed": 1}, "begun with seed 0, and this one has 1"),
        ({"recipe": replace(RECIPE, epochs=9)}, "begun with recipe .*epochs=4"),
        ({"model_or_spec": NetSpec("v1", 1, "none")}, "begun with model 'resnet8_v1'"),
    ],
)
def test_another_training_does_not_go_on_from_this_one(tmp_path, changes, says):
    stopped_run(tmp_path, epochs=1)
    fields = {"model_or_spec": NET, "recipe": RECIPE, "seed": 0} | changes
    with pytest.raises(ValueError, match=rf"{says}.*name another folder, or move that one away"):
        train(**fields, data=data(), folder=tmp_path)
    assert newest(tmp_path) == 1


# ---------------------------------------------------------------- divergence


def test_a_loss_that_is_no_number_ends_the_run_and_is_recorded(tmp_path):
    wild = replace(RECIPE, schedule="article", learning_rate=1e30)
    with pytest.warns(RuntimeWarning, match="resnet8_v1-quick-seed0 diverged: the loss was nan"):
        run = train(NET, wild, data=data(), folder=tmp_path)
    assert run.status == "diverged"
    assert run.note.endswith("in epoch 1, at a learning rate of 1e+30")
    assert Run.load(tmp_path / "run.json") == run
    assert run.epochs == 0, "what is no number is no result"
    with pytest.raises(FileExistsError, match="already holds a run"):
        train(NET, wild, data=data(), folder=tmp_path)


def test_a_run_that_diverges_late_keeps_what_came_before(tmp_path):
    class Spoil(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                weight = self.model.trainable_variables[0]
                weight.assign(np.full(weight.shape, np.nan))

    with pytest.warns(RuntimeWarning, match="diverged: the loss was nan .* in epoch 3"):
        run = train(NET, RECIPE, data=data(), folder=tmp_path, callbacks=[Spoil()])
    assert (run.status, run.epochs) == ("diverged", 2)
    assert np.isfinite(run.history["loss"]).all()
    arrays, _ = load_checkpoint(tmp_path)
    assert all(np.isfinite(array).all() for array in arrays), "the last good state is still there"


@pytest.mark.parametrize("gpu", [False, True])
def test_a_loss_that_is_no_number_ends_the_epoch_at_once(tmp_path, monkeypatch, gpu):
    """An epoch of a deep net takes a quarter of an hour on a CPU."""
    monkeypatch.setattr(training, "has_gpu", lambda: gpu)  # a GPU takes 24 steps in one call

    class Count(keras.callbacks.Callback):
        batches = 0

        def on_train_batch_end(self, batch, logs=None):
            self.batches += 1

    wild = replace(RECIPE, schedule="article", learning_rate=1e30, batch_size=2)
    count = Count()
    with pytest.warns(RuntimeWarning, match="diverged"):
        train(NET, wild, data=data(), folder=tmp_path, callbacks=[count])
    assert count.batches == (1 if gpu else 21), "of the 2 calls or 48 steps of an epoch"


# ---------------------------------------------------------------- precision, progress


def test_mixed_precision_is_a_field_of_the_recipe(tmp_path):
    recipe = replace(RECIPE, epochs=2, precision="mixed_bfloat16")
    run = train(NET, recipe, data=data(), folder=tmp_path, minutes=0)
    run = train(NET, recipe, data=data(), folder=tmp_path)
    assert run.epochs == 2
    assert np.isfinite(run.history["loss"]).all()
    assert keras.config.dtype_policy().name == "float32", "the policy stays in the training"
    model = keras.saving.load_model(tmp_path / "model.keras")
    net = model.get_layer("resnet8_v1")
    assert net.get_layer("stem_conv").compute_dtype == "bfloat16"
    assert net.get_layer("stem_conv").variable_dtype == "float32"
    assert net.get_layer("classifier").compute_dtype == "float32"


def test_a_model_that_is_built_keeps_its_precision(tmp_path):
    with pytest.raises(ValueError, match="a model that is built already keeps its precision"):
        train(NET.build(), replace(RECIPE, precision="mixed_bfloat16"), data=data())


def test_it_is_quiet_where_nobody_looks(tmp_path, capfd):
    train(NET, replace(RECIPE, epochs=1), data=data(), folder=tmp_path)
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")


def test_at_a_terminal_it_says_epoch_error_speed_and_time_left(tmp_path, capfd, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    train(NET, replace(RECIPE, epochs=2), data=data(), folder=tmp_path)
    said = capfd.readouterr().err
    assert "epoch 2/2" in said
    assert "images/s" in said
    assert "training error" in said
    assert "test error" in said
    assert "<00:0" in said, "the time that is left"
