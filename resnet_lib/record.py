"""Make the trainings and measurements of the plan: those that are missing, in its order."""

import os
import queue
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from resnet_lib.plan import (
    ENDED,
    PLAN,
    RUNS,
    PlannedMeasurement,
    PlannedRun,
    choose,
    read_plan,
)
from resnet_lib.processor import usable_cores
from resnet_lib.runs import RECORDED, Run

MOST_LOST = 0.1  # points of test error that half precision may cost
AT_ONCE_ON_A_GPU = 4  # small nets leave most of a card idle


def record(*, only="*", minutes=None, at_once=None, plan=PLAN, recorded=RECORDED, runs=RUNS):
    """Make what is planned and missing, and say of each how it went.

    A measurement whose run is not there yet waits. Stopped at any moment, the same call goes on
    where it was. `only` is a pattern of names, such as "plain*"; `minutes` ends it in time, at the
    end of an epoch; `at_once` is how many train side by side (left out: four on a machine with an
    NVIDIA card, else one). A run that has ended is copied to `recorded`, with its weights where the
    plan keeps them.

    Raises `ValueError` for a pattern that meets nothing, `RuntimeError` where runs failed; what
    the others did is kept.
    """
    deadline = None if minutes is None else time.monotonic() + 60 * minutes
    chosen = choose(read_plan(plan), only)
    missing = [one for one in chosen if one.progress(recorded, runs)[0] not in ENDED]
    on_a_gpu = shutil.which("nvidia-smi")
    if at_once is None:
        at_once = AT_ONCE_ON_A_GPU if on_a_gpu else len(usable_cores())
    cores = queue.Queue()  # those that no run uses at the moment, one set a run
    for place in range(at_once):
        cores.put(usable_cores() if on_a_gpu else usable_cores()[place::at_once])

    def make(planned):
        left = None if deadline is None else (deadline - time.monotonic()) / 60
        if left is not None and left <= 0:
            return None
        try:
            if planned.progress(recorded, runs)[0] != "waiting":
                if at_once > 1:
                    own = cores.get()
                    try:
                        make_beside(planned, left, plan, recorded, runs, own)
                    finally:
                        cores.put(own)
                else:
                    make_here(planned, left, Path(recorded), Path(runs))
        except (OSError, RuntimeError, ValueError) as problem:
            return f"{planned.name}: {problem}"
        state, detail = planned.progress(recorded, runs)
        print(f"{state:<9} {planned.name:<44} {detail}".rstrip(), flush=True)
        return None

    outcomes = []
    with ThreadPoolExecutor(at_once) as pool:
        for kind in (PlannedRun, PlannedMeasurement):  # of the runs, so these come first
            those = [one for one in missing if isinstance(one, kind)]
            outcomes += pool.map(make, those) if at_once > 1 else map(make, those)
    if failures := [outcome for outcome in outcomes if outcome]:
        raise RuntimeError("\n".join(failures))


def make_here(planned, minutes, recorded, runs):
    """Measure in this process; or train, or go on, and publish a run that has ended."""
    if isinstance(planned, PlannedMeasurement):
        from resnet_lib.measure import measure

        after = planned.run.weights_after if planned.run else ()
        places = {"recorded": recorded, "runs": runs}
        measure(planned.what, planned.subject, after=after, **places).save(recorded)
        return
    from resnet_lib.training import train
    from resnet_lib.weights import KeepWeights

    folder = runs / planned.name
    if not (folder / "run.json").exists():  # else it had ended, and was stopped before this
        keep = KeepWeights(planned.net.name, planned.weights_after, folder)
        train(
            planned.net,
            planned.recipe,
            seed=planned.seed,
            folder=folder,
            minutes=minutes,
            callbacks=[keep],
        )
    if (folder / "run.json").exists():
        publish(planned, folder, recorded)


def make_beside(planned, minutes, plan, recorded, runs, cores):
    """The same in a process of its own, that leaves room on the device for others."""
    command = [sys.executable, "-m", "resnet_lib", "record", "--only", planned.name]
    command += ["--at-once", "1", "--plan", plan, "--into", recorded, "--runs", runs]
    command += ["--cores", ",".join(map(str, cores))]
    if minutes is not None:
        command += ["--minutes", f"{minutes:.3f}"]
    environment = os.environ | {
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    }
    log = Path(runs) / planned.name / "log.txt"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        done = subprocess.run(
            [str(word) for word in command], env=environment, stdout=output, stderr=output
        )
    if done.returncode:
        last = [line for line in log.read_text().splitlines() if line.strip()][-1:]
        raise RuntimeError(f"{last[0] if last else 'it failed'} (the whole of it: {log})")


def publish(planned, folder, recorded):
    """Copy a run that has ended to `recorded`: weights first, so that no run is without its own."""
    run = Run.load(folder / "run.json")
    if planned.weights and run.status == "finished":
        publish_weights(run, folder / "model.keras", recorded)
    run.save(recorded / f"{run.name}.run.json")


def publish_weights(run, saved, recorded):
    """Halve the weights of a saved model, and hold what was written to the run's test error."""
    from resnet_lib.data import load_cifar10
    from resnet_lib.weights import save_weights, saved_model, trained_model, weights_path

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
