"""Measure the seconds per training step and the peak memory of ResNet v1 at several depths.

    python -m benchmarks.depth [--depths 20,56,…] [--seconds N] [--gib N]

Each depth trains through `resnet_lib.train` in a process of its own. One that takes longer than
`--seconds` in total, or more memory than `--gib`, is ended and recorded with that reason.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from benchmarks import ROOT
from benchmarks.child_process import find_failure_reason, make_environment
from benchmarks.machine import probe_machine
from benchmarks.options import create_parser, make_list_parser, parse_positive_int
from benchmarks.result_files import save_section

DEPTHS = [20, 56, 110, 218, 434, 1202]
BATCH_SIZE = 32
NUM_STEPS = 5  # measured, after the first
SAMPLING_SECONDS = 0.2


def main():
    parser = create_parser(__doc__)
    parser.add_argument("--depths", type=make_list_parser(parse_depth), default=DEPTHS)
    parser.add_argument("--batch-size", type=parse_positive_int, default=BATCH_SIZE)
    parser.add_argument("--steps", type=parse_positive_int, default=NUM_STEPS)
    parser.add_argument("--seconds", type=float, default=400, help="for one depth, in total (400)")
    parser.add_argument(
        "--gib", type=float, help="of memory for one depth (three quarters of what is free)"
    )
    parser.add_argument("--measure", type=int, metavar="DEPTH", help="in this process; print JSON")
    options = parser.parse_args()
    if options.measure:
        measure_steps(options.measure, options.batch_size, options.steps)
        return
    machine, header, backend = probe_machine()
    free_kib = read_kib("/proc/meminfo", "MemAvailable", default=8 * 2**20)
    gib = options.gib or 0.75 * free_kib / 2**20
    rows = []
    for depth in options.depths:
        arguments = ["--measure", depth, "--batch-size", options.batch_size]
        command = [sys.executable, "-m", "benchmarks.depth", *arguments, "--steps", options.steps]
        values = run_limited(command, backend, options.seconds, gib)
        rows.append({"depth": depth} | values)
        print(rows[-1], flush=True)
    content = {
        "backend": backend,
        "batch_size": options.batch_size,
        "seconds_limit": options.seconds,
        "gib_limit": round(gib, 1),
        "rows": rows,
    }
    save_section("depth", machine, header | content, options.results)


def parse_depth(text):
    """Convert an option to the depth of a ResNet v1."""
    if not text.isdecimal() or int(text) < 8 or (int(text) - 2) % 6:
        raise argparse.ArgumentTypeError(f"expected 6n+2 layers, such as 20 or 56; got {text!r}")
    return int(text)


def run_limited(command, backend, seconds, gib):
    """Run `command` and return the JSON of its last line, or an `error` if it exceeds a limit."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        started = time.monotonic()
        child = subprocess.Popen(
            [str(word) for word in command],
            stdout=output,
            stderr=errors,
            cwd=ROOT,
            env=make_environment(backend),
        )
        try:
            while child.poll() is None:
                if time.monotonic() - started > seconds:
                    return {"error": f"not done in {seconds:g} s"}
                if read_kib(f"/proc/{child.pid}/status", "VmRSS") > gib * 2**20:
                    return {"error": f"took more than {gib:.1f} GiB of memory"}
                time.sleep(SAMPLING_SECONDS)
        finally:
            child.kill()
            child.wait()
        output.seek(0)
        errors.seek(0)
        if child.returncode:
            return {"error": find_failure_reason(errors.read(), child.returncode)}
        return json.loads(output.read().splitlines()[-1])


def read_kib(path, name, default=0):
    """Read the KiB of one line of a table in Linux; `default` on other systems."""
    try:
        return int(re.search(rf"{name}:\s*(\d+)", Path(path).read_text())[1])
    except (OSError, TypeError):
        return default


class StepsMeasured(Exception):
    """Ends a training run after the last measured step."""


def measure_steps(depth, batch_size, num_steps):
    """Train until `num_steps` are timed, and print the row's fields as JSON."""
    started = time.perf_counter()  # the imports are part of the seconds to the first step
    import numpy as np

    from resnet_lib import RECIPES, NetSpec, train

    timer = create_step_timer(started, num_steps)
    random = np.random.default_rng(0)
    count = batch_size * (1 + num_steps)
    x = random.integers(0, 256, (count, 32, 32, 3), dtype="uint8")
    y = np.arange(count, dtype="uint8") % 10
    net = NetSpec("v1", (depth - 2) // 6, "pad")
    recipe = replace(RECIPES["paper"], batch_size=batch_size, epochs=1000)
    data = (x, y), (x[:10], y[:10])
    with tempfile.TemporaryDirectory() as folder, suppress(StepsMeasured):
        train(net, recipe, data=data, folder=Path(folder) / "run", callbacks=[timer])
    values = {
        "parameters": int(sum(np.prod(weight.shape) for weight in timer.model.trainable_weights)),
        "seconds_to_first_step": round(timer.first_step, 1),
        "seconds_per_step": float(f"{statistics.median(timer.seconds[1:]):.3g}"),
        "memory_mib": round(find_peak_memory() / 2**20),
    }
    print(json.dumps(values), flush=True)


def create_step_timer(started, num_steps):
    """Create a callback that times training steps and raises `StepsMeasured` after the last.

    `first_step` is the time from `started` to the end of the first step.
    """
    import keras

    class StepTimer(keras.callbacks.Callback):
        """Times each call in which Keras runs one or several steps. The first call compiles."""

        seconds = ()  # per step

        def on_train_batch_begin(self, batch, logs=None):
            self.first_batch, self.began = batch, time.perf_counter()

        def on_train_batch_end(self, batch, logs=None):
            float(logs["loss"])  # waits for the device
            now = time.perf_counter()
            if not self.seconds:
                self.first_step = now - started
            self.seconds += ((now - self.began) / (batch + 1 - self.first_batch),)
            if len(self.seconds) > num_steps:
                raise StepsMeasured

    return StepTimer()


def find_peak_memory():
    """Return the peak bytes on the GPU, or those of this process if there is no GPU."""
    import keras

    from resnet_lib.runs.machine import has_gpu

    if not has_gpu():
        if kib := read_kib("/proc/self/status", "VmHWM"):
            return 1024 * kib
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else 1024 * peak
    if keras.backend.backend() == "jax":
        import jax

        return jax.devices()[0].memory_stats()["peak_bytes_in_use"]
    import tensorflow as tf

    return tf.config.experimental.get_memory_info("GPU:0")["peak"]


if __name__ == "__main__":
    main()
