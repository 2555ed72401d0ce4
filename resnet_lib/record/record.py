"""Make the planned training runs and measurements that are not recorded yet."""

import shutil
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

from resnet_lib.processor import read_memory, usable_cores
from resnet_lib.record.parallel import Display, Worker
from resnet_lib.runs.plan import (
    FINAL_STATES,
    PLAN_FILE,
    RUNS_FOLDER,
    PlannedMeasurement,
    PlannedRun,
    read_plan,
    select,
)
from resnet_lib.runs.run import RECORDED, Run, check_minutes

MOST_LOST = 0.1  # points of test error that half precision may cost
AT_ONCE_ON_A_GPU = 4  # small nets leave most of a card idle
EXPECTED = (OSError, RuntimeError, ValueError)  # other exceptions are faults of this library
MEMORY_OF_A_RUN = 3e9  # bytes, of the largest net in the plan


def record(
    *, only="*", minutes=None, at_once=None, plan=PLAN_FILE, recorded=RECORDED, runs=RUNS_FOLDER
):
    """Make what is planned and missing, and print how each item went.

    The call can be stopped or killed at any moment. The same call then continues each run after its
    last complete epoch. When a run has finished, its measurements are the next items. A finished
    run is copied to `recorded`, with its weights if the plan keeps them.

    `only` is a pattern of names, such as "plain*". `minutes` is a time limit: a run stops at the
    end of the last epoch that fits. `at_once` is the number of items made side by side. Its default
    is at most 4 with an NVIDIA GPU, and at most one per core without one. Little memory or few
    missing items reduce it. Without a GPU, each of several items is bound to its own cores: on two
    cores, two runs side by side are faster than one after the other.

    Raises `ValueError` for a pattern that matches nothing and for numbers that are out of range. If
    an item fails or diverges, the others go on, and a `RuntimeError` names the failed ones at the
    end.
    """
    check_minutes(minutes)
    if at_once is not None and (not isinstance(at_once, int) or at_once < 1):
        raise ValueError(f"at_once must be a whole number from 1; got {at_once!r}")
    chosen = select(read_plan(plan), only)
    states = {one: one.progress(recorded, runs)[0] for one in chosen}
    missing = [one for one in chosen if states[one] not in FINAL_STATES]
    if not missing:
        diverged = [one.name for one in chosen if states[one] == "diverged"]
        print(f"nothing is missing{'; diverged: ' if diverged else ''}{', '.join(diverged)}")
        return
    trained = [one for one in missing if isinstance(one, PlannedRun)]
    at_once = at_once or most_at_once(len(trained or missing))
    recorder = Recorder(missing, minutes, at_once, plan, Path(recorded), Path(runs))
    if at_once == 1:
        recorder.work(0)
    else:
        recorder.work_parallel(at_once)
    for planned in recorder.schedule.waiting:
        recorder.display.line("waiting", planned.name, "for its run")
    if recorder.failures:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in recorder.failures.items())
        raise RuntimeError(f"{len(recorder.failures)} of {len(missing)} failed: {reasons}")


class Recorder:
    """One call of `record`: threads that take items of a schedule, each with a worker process."""

    def __init__(self, missing, minutes, at_once, plan, recorded, runs):
        self.schedule = Schedule(missing, recorded, runs)
        self.display = Display(at_once)
        self.deadline = None if minutes is None else time.monotonic() + 60 * minutes
        self.at_once, self.plan, self.recorded, self.runs = at_once, plan, recorded, runs
        self.workers = {}  # by place
        self.failures = {}  # reason by name

    def work_parallel(self, places):
        """Start `places` threads. End the workers if this process is interrupted."""
        with ThreadPoolExecutor(places) as pool:
            threads = [pool.submit(self.work, place) for place in range(places)]
            try:
                wait(threads)
            finally:
                self.schedule.close()
                for worker in list(self.workers.values()):
                    worker.end()
        for thread in threads:
            thread.result()  # raises what `work` does not expect

    def work(self, place):
        """Make one item after another until none is left, and print how each went."""
        while planned := self.schedule.take():
            left = None if self.deadline is None else (self.deadline - time.monotonic()) / 60
            try:
                if left is not None and left <= 0:
                    continue
                if self.at_once == 1:
                    make(planned, left, self.recorded, self.runs)
                else:
                    self.make_in_a_worker(planned, left, place)
            except Exception as problem:  # whatever it is, the others go on
                if self.schedule.is_open:  # else the interruption is the reason
                    words = str(problem)
                    if not isinstance(problem, EXPECTED):
                        traceback.print_exception(problem)
                        words = f"{type(problem).__name__}: {problem}"
                    reason = " ".join(words.split())  # in one line
                    self.failures[planned.name] = reason
                    self.display.line("failed", planned.name, reason)
            else:
                state, detail = planned.progress(self.recorded, self.runs)
                self.display.line(state, planned.name, detail)
            finally:
                self.display.clear(place)
                self.schedule.done()

    def make_in_a_worker(self, planned, minutes, place):
        """Start a worker on the cores of this place, and wait for its end."""
        places = {"plan": self.plan, "recorded": self.recorded, "runs": self.runs}
        worker = Worker(planned, minutes, cores_of(place, self.at_once), **places)
        self.workers[place] = worker
        if not self.schedule.is_open:  # it was closed while this worker started
            worker.end()
        worker.wait(lambda **now: self.display.show(place, planned.name, **now))


def on_a_gpu():
    return shutil.which("nvidia-smi") is not None


def most_at_once(count):
    """How many of `count` items to make side by side: at most one per core, as memory allows."""
    if on_a_gpu():
        return min(count, AT_ONCE_ON_A_GPU)
    sizes = read_memory()
    fit = len(usable_cores()) if sizes is None else int(sizes[0] // MEMORY_OF_A_RUN)
    return max(1, min(count, len(usable_cores()), fit))


def cores_of(place, places):
    """The cores of one place: an equal part, at least one core. With a GPU it returns None."""
    cores = usable_cores()
    return None if on_a_gpu() else cores[place::places] or [cores[place % len(cores)]]


class Schedule:
    """What is still to be made, for threads that take one item after another."""

    def __init__(self, missing, recorded, runs):
        self.waiting = list(missing)
        self.folders = recorded, runs
        self.at_work = 0
        self.is_open = True
        self.changed = threading.Condition()

    def take(self):
        """The next item, or None at the end: measurements whose run has ended come first.

        Blocks while only measurements are left whose runs other threads are making.
        """
        with self.changed:
            while self.is_open:
                states = {one: one.progress(*self.folders)[0] for one in self.waiting}
                self.waiting = [one for one in self.waiting if states[one] not in FINAL_STATES]
                ready = [one for one in self.waiting if states[one] != "waiting"]
                if ready:
                    chosen = min(ready, key=lambda one: not isinstance(one, PlannedMeasurement))
                    self.waiting.remove(chosen)
                    self.at_work += 1
                    return chosen
                if not self.at_work:
                    return None
                self.changed.wait()
            return None

    def done(self):
        """Say that an item taken before has ended."""
        with self.changed:
            self.at_work -= 1
            self.changed.notify_all()

    def close(self):
        """Give out nothing more."""
        with self.changed:
            self.is_open = False
            self.changed.notify_all()


def make(planned, minutes, recorded, runs, report=None):
    """Make one item in this process.

    A measurement is saved. A run is trained or resumed, and published if it has ended. `report` is
    called with the progress of a training run, as in `progress.ProgressReporter`. Raises
    `RuntimeError` if the run diverged, after recording it, and if half precision loses
    too much accuracy.
    """
    if isinstance(planned, PlannedMeasurement):
        from resnet_lib.record.measurement_kinds import measure

        after = planned.run.weights_after if planned.run else ()
        places = {"recorded": recorded, "runs": runs}
        measure(planned.what, planned.subject, after=after, **places).save(recorded)
        return
    from resnet_lib.runs.weights import WeightSaver
    from resnet_lib.training.progress import ProgressReporter
    from resnet_lib.training.train import train

    folder = runs / planned.name
    if not (folder / "run.json").exists():  # else it was killed after training, before this
        callbacks = [WeightSaver(planned.net.name, planned.weights_after, folder)]
        if report:
            callbacks.append(ProgressReporter(report, planned.recipe))
        train(
            planned.net,
            planned.recipe,
            seed=planned.seed,
            folder=folder,
            minutes=minutes,
            callbacks=callbacks,
        )
    if (folder / "run.json").exists():
        run = publish(planned, folder, recorded)
        if run.status == "diverged":
            raise RuntimeError(f"diverged: {run.note}")


def publish(planned, folder, recorded):
    """Copy a run that has ended to `recorded`, its weights first, and return it."""
    run = Run.load(folder / "run.json")
    if planned.weights and run.status == "finished":
        publish_weights(run, folder / "model.keras", recorded)
    run.save(recorded / f"{run.name}.run.json")
    return run


def publish_weights(run, saved, recorded):
    """Save the weights of a model in half precision.

    Raises `RuntimeError` if this changes the run's test error by more than `MOST_LOST` points.
    """
    from resnet_lib.data.cifar10 import load_cifar10
    from resnet_lib.runs.weights import save_weights, saved_model, trained_model, weights_path

    path = save_weights(saved_model(saved), run.model, weights_path(run, recorded))
    x_test, y_test = load_cifar10()[1]
    probabilities = trained_model(run, recorded).predict(x_test, batch_size=500, verbose=0)
    error = 100 * float((probabilities.argmax(-1) != y_test).mean())
    if abs(error - run.test_error) > MOST_LOST:
        path.unlink()
        raise RuntimeError(
            f"half precision takes its test error from {run.test_error:.2f} to {error:.2f} %, and "
            f"{MOST_LOST} points are the most it may cost; the whole weights are in {saved}"
        )
