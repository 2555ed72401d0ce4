"""Check which contestants run where, and in which environment."""

import importlib.util

from benchmarks.throughput.contestants import CONTESTANTS, make_environment


def test_every_tensorflow_contestant_has_a_setting_for_onednn(monkeypatch):
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "of the user")
    settings = {
        name: make_environment(one, "cache")["TF_ENABLE_ONEDNN_OPTS"]
        for name, one in CONTESTANTS.items()
        if one.backend == "tensorflow"
    }
    off = {"engine-tensorflow-no-onednn", "article-128-no-onednn"}
    assert {name for name, value in settings.items() if value == "0"} == off
    assert {value for name, value in settings.items() if name not in off} == {"1"}


def test_a_gpu_and_a_cpu_have_their_own_contestants_and_each_has_its_program():
    on_gpu, on_cpu = (
        {name for name, one in CONTESTANTS.items() if one.runs_on(gpu)} for gpu in (True, False)
    )
    assert not any("onednn" in name for name in on_gpu)
    assert not any("half" in name for name in on_cpu)
    assert on_gpu | on_cpu == CONTESTANTS.keys()
    assert all(importlib.util.find_spec(one.program) for one in CONTESTANTS.values())
