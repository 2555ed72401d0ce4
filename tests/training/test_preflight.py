"""preflight(): which images it takes where, and that it says what there is to do."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from resnet_lib import load_sample, preflight, processor
from resnet_lib.data import cifar10
from resnet_lib.training import preflight as preflight_module

WHOLE = tuple(
    (np.zeros((count, 1, 1, 3), "uint8"), np.zeros(count, "uint8")) for count in (50_000, 10_000)
)


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """One without GPU, without data, outside Colab; each can be switched on."""
    asked = []

    def load():
        asked.append("whole")
        return WHOLE

    monkeypatch.setenv("RESNET_LIB_CACHE", str(tmp_path))
    monkeypatch.setattr(cifar10, "load_cifar10", load)
    monkeypatch.setattr(cifar10, "is_available", lambda: False)
    monkeypatch.setattr(preflight_module, "has_gpu", lambda: False)
    monkeypatch.delitem(sys.modules, "google.colab", raising=False)

    def switch(*, gpu=False, colab=False, at_hand=False):
        if gpu:
            monkeypatch.setattr(preflight_module, "has_gpu", lambda: True)
            monkeypatch.setattr(preflight_module, "device_name", lambda: "Tesla T4")
        if colab:
            monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
        if at_hand:
            monkeypatch.setattr(cifar10, "is_available", lambda: True)

    return SimpleNamespace(switch=switch, asked=asked, monkeypatch=monkeypatch)


@pytest.mark.parametrize(
    ("there", "fetch", "whole"),
    [
        ({}, None, False),
        ({"at_hand": True}, None, False),  # a build shows the same with the data and without
        ({"colab": True}, None, False),  # a GPU comes first: switching it on forgets the disk
        ({"gpu": True}, None, False),
        ({"gpu": True, "colab": True}, None, True),
        ({"gpu": True, "at_hand": True}, None, True),
        ({}, True, True),
        ({"at_hand": True}, True, True),
        ({"at_hand": True}, False, True),
        ({"gpu": True, "colab": True}, False, False),
    ],
)
def test_which_images_it_takes(machine, there, fetch, whole):
    machine.switch(**there)
    here = preflight(fetch)
    assert here.whole == whole
    assert bool(machine.asked) == whole
    (x_train, y_train), (x_test, y_test) = here.data
    assert len(x_train) == len(y_train) == (50_000 if whole else 320)
    assert len(x_test) == len(y_test) == (10_000 if whole else 160)
    assert ("sample" in repr(here)) != whole


def test_what_a_page_shows_does_not_tell_whether_the_data_are_there(machine):
    def rows(here):
        return [row for row in here.rows if row[0] not in ("images", "memory")], here.advice

    before = rows(preflight())
    machine.switch(at_hand=True)
    assert rows(preflight()) == before


def test_without_a_gpu_it_says_what_to_do_at_once(machine):
    here = preflight()
    assert not here.gpu
    assert here.rows[0][1].startswith("no GPU; CPU, ")
    assert here.advice[0].startswith("No GPU here. In Colab, switch one on: Runtime → Change runti")
    assert "quick" in here.advice[1]
    assert "ErrorCurves()" in here.advice[1]
    assert "minutes for 8 epochs, on CPU, 2 cores" in here.advice[1]  # of the recorded run
    assert "preflight(fetch=True)" in here.advice[2]
    assert dict(here.rows)["oneDNN"] == "on"
    html = here._repr_html_()
    assert html.count('class="rl-table"') == 1
    assert html.count('class="rl-said"') == 3


def test_without_onednn_it_says_so_and_what_to_do(machine):
    machine.monkeypatch.setattr(preflight_module, "is_onednn_used", lambda: False)
    here = preflight()
    assert dict(here.rows)["oneDNN"] == "off"
    assert "Set TF_ENABLE_ONEDNN_OPTS=1 in the environment" in here.advice[2]
    machine.monkeypatch.setattr(preflight_module, "is_onednn_used", lambda: None)  # JAX
    assert "oneDNN" not in dict(preflight().rows)


def test_with_a_gpu_it_names_it_and_its_memory(machine):
    machine.switch(gpu=True, colab=True)
    said = SimpleNamespace(stdout="14913, 15360\n")
    machine.monkeypatch.setattr(preflight_module.subprocess, "run", lambda *_, **__: said)
    here = preflight()
    rows = dict(here.rows)
    assert rows["device"] == "Tesla T4"
    assert rows["GPU memory"] == "free: 15.6 of 16.1 GB"
    assert rows["images"].startswith(
        "all of CIFAR-10, 50,000 training and 10,000 test images; fetched in "
    )
    assert here.advice == ()


@pytest.mark.parametrize("said", ["", "No devices were found\n", "[N/A], [N/A]\n"])
def test_a_tool_that_tells_nothing_is_no_trouble(machine, said):
    machine.switch(gpu=True)
    answer = SimpleNamespace(stdout=said)
    machine.monkeypatch.setattr(preflight_module.subprocess, "run", lambda *_, **__: answer)
    assert dict(preflight().rows)["GPU memory"] == "not told"


def test_a_fetch_that_fails_leaves_the_sample_and_says_why(machine):
    def fail():
        raise cifar10.DataError("CIFAR-10 is not available from any source:\nhttps://x: no network")

    machine.monkeypatch.setattr(cifar10, "load_cifar10", fail)
    here = preflight(fetch=True)
    assert not here.whole
    assert np.array_equal(here.data[0][0], load_sample()[0][0])
    assert "is not available" in here.advice[-1]
    assert "https://x: no network" in here.advice[-1]
    assert "here.data is the sample" in here.advice[-1]


def test_memory_is_that_of_the_container(machine):
    files = {
        "/proc/meminfo": "MemTotal: 16000000 kB\nMemFree: 1 kB\nMemAvailable: 12000000 kB\n",
        "/sys/fs/cgroup/memory.max": "4000000000\n",
        "/sys/fs/cgroup/memory.current": "1000000000\n",
    }

    def read(path):
        if str(path) not in files:
            raise FileNotFoundError(path)
        return files[str(path)]

    machine.monkeypatch.setattr(processor.Path, "read_text", read)
    assert preflight_module.describe_memory() == "free: 3.0 of 4.0 GB"
    files["/sys/fs/cgroup/memory.max"] = "max\n"
    assert preflight_module.describe_memory() == "free: 12.3 of 16.4 GB"
    files.clear()
    assert preflight_module.describe_memory() == "not told"
