"""Check how contestants run their rounds in turn, without PyTorch."""

import os
import textwrap
from dataclasses import replace

import numpy as np
import pytest
from benchmark_records import make_record, make_throughput_row
from waiting import wait_until

from benchmarks.result_files import check_record
from benchmarks.throughput import process_groups
from benchmarks.throughput.contestants import CONTESTANTS, Contestant
from benchmarks.throughput.process_groups import Settings
from benchmarks.throughput.rates import compute_ratio
from benchmarks.throughput.rounds import measure_contestants
from resnet_lib import load_sample
from resnet_lib.processor import usable_cores

FAKE_CONTESTANT = """
import os, time
from benchmarks.throughput.protocol import (
    create_contestant_parser, require_gpu, send_event, wait_for_task
)

options = create_contestant_parser("Train nothing.").parse_args()
print("a library greets")
{first}
send_event("first step")
send_event("ready")
number = 0
while (task := wait_for_task()) != "end":
    number += task == "training"
    with open(f"{{options.data}}/tasks", "a") as tasks:
        tasks.write({name!r} + f"-{{task}}{{number}} ")
    {each}
    images = options.inference_images
    if task == "training":
        images = options.batches * options.batch_size
    send_event("round", images=images, seconds={seconds})
send_event("end", parameters=7, device="none", versions={{}}, **{end})
"""
CORE = usable_cores()[0]
needs_binding = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="Linux binds processes"
)


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Return a function that makes a contestant whose program trains nothing."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)

    def make(name, first="", each="", seconds=2.0, end="{}"):
        program = f"fake_{name.replace('-', '_')}"
        text = FAKE_CONTESTANT.format(name=name, first=first, each=each, seconds=seconds, end=end)
        (tmp_path / f"{program}.py").write_text(textwrap.dedent(text))
        return Contestant(name, f"label of {name}", program, backend="tensorflow")

    return make


def rows_by_task(rows):
    return {(row["name"], row["task"]): row for row in rows}


@pytest.fixture
def mute_contestant_times_out(monkeypatch, tmp_path):
    """End the contestant `mute` at once, as soon as it has begun to train."""
    send = process_groups.ContestantProcess.send

    def send_and_wait(process, task):
        send(process, task)
        is_mute = task == "training" and any("mute" in part for part in process.process.args)
        if is_mute:
            wait_until(lambda: "mute-training1" in (tmp_path / "tasks").read_text())
        monkeypatch.setattr(process_groups, "ANSWER_TIMEOUT", 0.1 if is_mute else 600)

    monkeypatch.setattr(process_groups.ContestantProcess, "send", send_and_wait)


def test_a_ratio_is_computed_within_each_round():
    rows = [
        make_throughput_row("slowing", 100.0, 50.0, 10.0),
        make_throughput_row("peer", 50.0, 25.0, 5.0),
    ]
    assert compute_ratio(rows, "slowing", "peer") == 2.0
    assert compute_ratio(rows, "slowing", "absent") is None
    assert compute_ratio([*rows[:1], rows[1] | {"error": "it fell"}], "slowing", "peer") is None


def test_contestants_alternate_and_a_failure_does_not_stop_the_others(
    fake, tmp_path, mute_contestant_times_out
):
    missing_python = tmp_path / ".venv-absent/bin/python"
    no_gpu = "require_gpu(options.gpu, False)"
    options = {"batches": 2, "inference_batches": 1, "rounds": 2, "gpu": True}
    rows = measure_contestants(
        [
            fake("one", seconds=1.0),
            fake("unborn", first="raise ValueError('no memory\\nno hope')"),
            fake("torch-eager"),
            fake("mortal", each="if number == 2: raise RuntimeError('the end')"),
            fake("mute", each="if number: time.sleep(3600)"),
            fake("liar", each="if number: print('@ {never', flush=True)"),
            fake("hasty", first="send_event('end')"),
            fake("needy", first=no_gpu),
            replace(fake("alien"), backend=""),
            replace(fake("small"), batch_size=32),
            replace(fake("deaf", end="{'onednn': True}"), onednn=False),
            fake("silent", end="{'onednn': None}"),
        ],
        "one process",
        Settings(tmp_path, **options, pytorch_python=missing_python),
    )
    found = rows_by_task(rows)
    small = found.pop(("small", "training"))
    assert small["rounds"] == [128.0, 128.0]
    assert ("small", "inference") not in found, "measured in training alone"
    for task, images in (("training", 256.0), ("inference", 500.0)):
        good = [found.pop((name, task)) for name in ("one", "torch-eager", "silent")]
        rates = [images, images / 2, images / 2]
        assert [row["rounds"] for row in good] == [[rate, rate] for rate in rates]
        assert [row["ratio"] for row in good] == [2.0, 1.0, 1.0]
    reasons = {
        "unborn": "ValueError: no memory",
        "mortal": "RuntimeError: the end",
        "mute": "no answer in 0.1 seconds",
        "liar": "it said: @ {never",
        "hasty": "expected 'first step'",
        "needy": "it sees no GPU here",
        "alien": "there is no .venv-absent here; make bench installs it",
        "deaf": "TensorFlow computed with oneDNN; expected without oneDNN",
    }
    assert {name for name, _ in found} == reasons.keys()
    assert len(found) == 2 * len(reasons)
    for (name, _), row in found.items():
        assert reasons[name] in row["error"]
    check_record(make_record(throughput={"rows": rows}), "it")
    tasks = (tmp_path / "tasks").read_text().split()
    every_round = ("small", "deaf", "silent")
    rounds = [task for task in tasks if not task.startswith(every_round)]
    warm_up = 5  # each of those that start infers once
    assert rounds[warm_up:] == [
        *("one-training1", "torch-eager-training1", "mortal-training1", "mute-training1"),
        *("liar-training1", "one-inference1", "torch-eager-inference1", "mortal-inference1"),
        *("one-training2", "torch-eager-training2", "mortal-training2"),
        *("one-inference2", "torch-eager-inference2"),
    ]


@needs_binding
def test_side_by_side_each_process_has_a_core_and_the_rates_are_added(fake, tmp_path):
    note = "open(f'{options.data}/cores', 'a').write(f'{os.sched_getaffinity(0)} ')"
    pair = fake("pair", first=note, seconds=1.0)
    torn = fake("torn", each="if number: os.mkdir(f'{options.data}/taken')")  # one of two can
    small = replace(fake("small"), batch_size=32)
    settings = Settings(tmp_path, batches=20, inference_batches=6, rounds=2)
    rows = rows_by_task(
        measure_contestants([pair, torn, small], "side by side", settings, cores=(CORE, CORE))
    )
    assert {name for name, _ in rows} == {"pair", "torn"}, "small batches in one process only"
    assert (tmp_path / "cores").read_text() == f"{{{CORE}}} " * 2
    assert rows["pair", "training"]["rounds"] == [2560.0, 2560.0], "10 of 20 batches for each"
    assert rows["pair", "inference"]["images_per_second"] == 3000.0
    assert rows["pair", "training"]["layout"] == "side by side"
    for task in ("training", "inference"):
        assert rows["torn", task]["error"].startswith("FileExistsError")


def test_a_system_that_cannot_bind_a_process_says_so_in_the_row(fake, tmp_path, monkeypatch):
    monkeypatch.delattr(os, "sched_setaffinity", raising=False)
    rows = measure_contestants([fake("pair")], "side by side", Settings(tmp_path, 20))
    assert "cannot bind a process to a core" in rows[0]["error"]


@needs_binding
def test_contestants_that_do_not_fit_into_memory_are_not_started(fake, tmp_path, monkeypatch):
    monkeypatch.setattr(process_groups, "usable_cores", lambda: list(range(64)))
    monkeypatch.setattr(process_groups, "read_memory", lambda: (90e9, 100e9))
    rows = measure_contestants([fake("one"), fake("two")], "side by side", Settings(tmp_path, 1))
    assert all("need about 128 GB; this machine has 100 GB" in row["error"] for row in rows)
    assert len(process_groups.choose_cores("side by side", 1)) == 64
    assert process_groups.choose_cores("one process", 99) == (None,)


@pytest.mark.slow
def test_this_library_is_measured(tmp_path):
    (x_train, y_train), (x_test, y_test) = load_sample()
    arrays = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array)
    settings = Settings(tmp_path, batches=1, rounds=2)
    rows = measure_contestants([CONTESTANTS["engine-tensorflow"]], "one process", settings)
    assert not any("error" in row for row in rows)
    assert [row["task"] for row in rows] == ["training", "inference"]
    for row in rows:
        assert row["parameters"] == 269_722
        assert len(row["rounds"]) == 2
    check_record(make_record(throughput={"rows": rows}), "it")
