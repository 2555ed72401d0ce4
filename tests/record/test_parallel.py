"""`record` with two runs side by side, in real processes: killed, failing, and in time."""

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from waiting import wait_until

from resnet_lib import load_runs
from resnet_lib.record import record
from resnet_lib.record.parallel import Display, read_message
from resnet_lib.runs.checkpoints import newest_epoch
from resnet_lib.runs.plan import read_plan

TABLE = """
title = "Tiny"
recipe = "quick"
epochs = 100
version = "v1"
n = [1]
shortcut = ["none", "pad"]
"""
PLAN = f"[[runs]]{TABLE}"
PLAIN, RESIDUAL = "plain8_v1-quick-100-seed0", "resnet8_v1_pad-quick-100-seed0"
THIRD = "resnet8_v1-quick-100-seed0"
# Python runs this file when it starts: the 480 images that ship stand in for CIFAR-10, and a net of
# one convolution for every ResNet.
INSTEAD = """
import resnet_lib.data.cifar10, resnet_lib.nets.spec
resnet_lib.data.cifar10.load_cifar10 = resnet_lib.data.cifar10.load_sample
def build(*arguments):
    import tiny_net  # it imports Keras
    return tiny_net.build(*arguments)
resnet_lib.nets.spec.NetSpec.build = build
"""


class Recorder:
    """The command `record` for a plan of tiny nets, in a folder of its own."""

    def __init__(self, folder, plan=PLAN):
        self.recorded, self.runs = folder / "recorded", folder / "runs"
        (folder / "plan.toml").write_text(plan)
        (folder / "sitecustomize.py").write_text(INSTEAD)
        self.command = [sys.executable, "-m", "resnet_lib", "record", "--at-once", "2"]
        self.command += ["--plan", folder / "plan.toml", "--into", self.recorded]
        self.command += ["--runs", self.runs]
        path = [folder, Path(__file__).parents[1] / "helpers", Path(record.__file__).parents[2]]
        self.environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path))}

    @contextmanager
    def going(self):
        """The process of a call, in a process group of its own, killed at the end."""
        # A shell that starts the tests in the background has interrupts ignored, and so would this.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        process = subprocess.Popen(
            self.command,
            env=self.environment | {"TF_CPP_MIN_LOG_LEVEL": "2"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()

    def run(self):
        """`(exit status, standard output, standard error)` of a call that ends by itself."""
        with self.going() as process:
            said, errors = process.communicate()
        return process.returncode, said, errors

    def workers(self):
        """Process ids by run name, of the workers of this folder."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:  # it has ended
                continue
            text = words[3].decode() if len(words) > 3 else ""
            if b"resnet_lib.record.worker" in words and str(self.runs) in text:
                found[re.search(r'"name": "([^"]+)"', text)[1]] = int(folder.name)
        return found

    def hold_workers(self):
        """Stop both workers, each when it has kept an epoch. Returns the epochs kept by name."""
        held = {}

        def all_held():
            for name in {PLAIN, RESIDUAL} - set(held):
                if newest_epoch(self.runs / name):
                    os.kill(self.workers()[name], signal.SIGSTOP)
                    held[name] = newest_epoch(self.runs / name)
            return len(held) == 2

        wait_until(all_held)
        return held


@pytest.fixture
def recorder(tmp_path):
    return Recorder(tmp_path)


on_linux = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="reads /proc")


@on_linux
@pytest.mark.slow
@pytest.mark.parametrize("kill", [os.kill, os.killpg], ids=["the parent", "all"])
def test_a_killed_record_loses_neither_run_and_a_second_one_is_refused(recorder, kill):
    with recorder.going() as process:
        kept = recorder.hold_workers()
        log = recorder.runs / PLAIN / "log.txt"
        said = log.read_text()
        status, _, errors = recorder.run()
        assert status == 1
        last = errors.splitlines()[-1]
        assert last.startswith("error: 2 of 2 failed: ")
        assert all(f"{name}: another process is training in" in last for name in kept)
        assert log.read_text().startswith(said), "a second record leaves the log of the first"

        for worker in recorder.workers().values():
            os.kill(worker, signal.SIGCONT)
        kill(process.pid, signal.SIGKILL)
        wait_until(lambda: not recorder.workers())
    status, said, errors = recorder.run()
    assert status == 0, errors
    runs = load_runs(recorder.recorded)
    assert [run.name for run in runs] == [PLAIN, RESIDUAL]
    assert {(run.status, run.epochs) for run in runs} == {("finished", 100)}
    for name, epoch in kept.items():
        assert not re.search(rf"^{epoch}/100 +{name}", said, re.M), "that epoch was not lost"
    assert {run.device for run in runs} == {f"CPU, 1 core, {os.uname().machine}"}


@on_linux
def test_an_interrupted_record_ends_its_workers(recorder):
    with recorder.going() as process:
        wait_until(lambda: len(recorder.workers()) == 2)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 130
        assert errors.splitlines()[-1].startswith("stopped; the same command goes on")
        assert not recorder.workers()


@on_linux
def test_runs_that_fail_do_not_stop_the_others(tmp_path):
    """One worker is killed, as Linux does when memory is short. Another finds a damaged folder."""
    recorder = Recorder(tmp_path, PLAN.replace('"pad"', '"pad", "projection"'))
    (recorder.runs / RESIDUAL).mkdir(parents=True)
    (recorder.runs / RESIDUAL / "checkpoint-00001.npz").write_bytes(b"damaged")
    with recorder.going() as process:
        wait_until(lambda: PLAIN in recorder.workers())
        os.kill(recorder.workers()[PLAIN], signal.SIGKILL)
        said, errors = process.communicate(timeout=300)
    assert process.returncode == 1
    last = errors.splitlines()[-1]
    assert last.startswith("error: 2 of 3 failed: ")
    assert re.search(rf"{PLAIN}: signal 9 ended its process; see \S*log\.txt", last)
    assert f"{RESIDUAL}: no checkpoint in" in last
    assert re.search(rf"^failed +{RESIDUAL} +no checkpoint in .* can be read", said, re.M)
    assert [run.name for run in load_runs(recorder.recorded)] == [THIRD]


# ---------------------------------------------------------------- the order of the work


MEASURED_TOO = f'{PLAN}\n[[measurements]]\nwhat = ["evaluation"]{TABLE}'


def test_a_measurement_follows_its_run_at_once(tmp_path, monkeypatch):
    (tmp_path / "plan.toml").write_text(MEASURED_TOO)
    missing = read_plan(tmp_path / "plan.toml")
    ended = set()

    def progress(planned, *folders):
        run = getattr(planned, "run", None)
        return ("waiting" if run and run.name not in ended else "missing"), ""

    for one in missing:
        monkeypatch.setattr(type(one), "progress", progress)
    schedule = record.Schedule(missing, tmp_path, tmp_path)
    assert schedule.take().name == PLAIN
    ended.add(PLAIN)
    schedule.done()
    assert schedule.take().name == f"evaluation-{PLAIN}"
    assert schedule.take().name == RESIDUAL
    schedule.done()
    schedule.done()  # the second run failed
    assert schedule.take() is None
    assert [one.name for one in schedule.waiting] == [f"evaluation-{RESIDUAL}"]


@pytest.mark.parametrize(
    ("cores", "free", "count", "expected"),
    [(2, 16e9, 9, 2), (8, 16e9, 9, 5), (8, 16e9, 3, 3), (2, 1e9, 9, 1), (4, None, 9, 4)],
)
def test_as_many_runs_as_cores_and_memory_allow(monkeypatch, cores, free, count, expected):
    monkeypatch.setattr(record, "usable_cores", lambda: list(range(cores)))
    monkeypatch.setattr(record, "read_memory", lambda: free and (free, free))
    monkeypatch.setattr(record, "has_nvidia_gpu", lambda: False)
    assert record.default_at_once(count) == expected
    monkeypatch.setattr(record, "has_nvidia_gpu", lambda: True)
    assert record.default_at_once(count) == min(count, 4)


@pytest.mark.parametrize(
    ("cores", "expected"), [([0, 1, 2, 3], [[0, 2], [1, 3]]), ([5], [[5], [5]])]
)
def test_each_place_has_cores_of_its_own(monkeypatch, cores, expected):
    monkeypatch.setattr(record, "usable_cores", lambda: cores)
    monkeypatch.setattr(record, "has_nvidia_gpu", lambda: False)
    assert [record.slot_cores(slot, 2) for slot in (0, 1)] == expected


# ---------------------------------------------------------------- what is shown


NOW = {"total": 90, "epochs": 3, "error": 40.0}


def test_elsewhere_than_at_a_terminal_an_epoch_is_a_line(capsys):
    display = Display(2)
    display.show(0, PLAIN, images=10, epoch=1, test_error=None, speed=None, **NOW)
    display.show(0, PLAIN, images=30, epoch=1, test_error=50.0, speed=300.4, **NOW)
    said = capsys.readouterr().out
    assert said.split() == (
        f"1/3 {PLAIN} training error 40.00 %, test error 50.00 %, 300 images/s".split()
    )


def test_at_a_terminal_each_run_has_a_bar(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    display = Display(2)
    for place, name in enumerate((PLAIN, RESIDUAL)):
        for images in (10, 30):
            display.show(place, name, images=images, epoch=1, test_error=50.0, speed=1.0, **NOW)
    assert [bar.n for bar in display.bars] == [30, 30]
    for place in (0, 1):
        display.clear(place)
    shown = capsys.readouterr().err
    assert PLAIN in shown
    assert f"{RESIDUAL}: " in shown
    assert "epoch 1/3, training error 40.0 %" in shown


@pytest.mark.parametrize("line", ["", "Epoch 1", "3", "null", "[]", '{"a'])
def test_what_something_else_prints_is_no_message(line):
    assert read_message(line) == {}
