"""Seconds per training step and peak memory of ResNet v1, against its depth.

    python benchmarks/depth.py [--depths 20,56,…] [--seconds N] [--gib N]

Each depth trains through `resnet_lib.train` in a process of its own. One that takes longer than
`--seconds` in all, or more memory than `--gib`, is ended and recorded with that reason.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import results

DEPTHS = [20, 56, 110, 218, 434, 1202]
BATCH = 32  # images
NUM_STEPS = 5  # that are timed
LOOK_EVERY = 0.2  # seconds


def main():
    parser = results.parser(__doc__)
    parser.add_argument("--depths", type=results.list_of(depth), default=DEPTHS)
    parser.add_argument("--batch-size", type=results.whole_number, default=BATCH)
    parser.add_argument("--steps", type=results.whole_number, default=NUM_STEPS)
    parser.add_argument("--seconds", type=float, default=400, help="for one depth, in all (400)")
    parser.add_argument(
        "--gib", type=float, help="of memory for one depth (three quarters of what is free)"
    )
    parser.add_argument("--measure", type=int, metavar="DEPTH", help="in this process; print JSON")
    options = parser.parse_args()
    if options.measure:
        measure(options.measure, options.batch_size, options.steps)
    machine, measured, backend = results.probe()
    gib = options.gib or 0.75 * kib_in("/proc/meminfo", "MemAvailable", default=8 * 2**20) / 2**20
    rows = []
    for layers in options.depths:
        arguments = ["--measure", layers, "--batch-size", options.batch_size]
        command = [sys.executable, __file__, *arguments, "--steps", options.steps]
        figures = watch(command, backend, options.seconds, gib)
        rows.append({"depth": layers} | figures)
        print(rows[-1], flush=True)
    figures = {
        "backend": backend,
        "batch_size": options.batch_size,
        "seconds_limit": options.seconds,
        "gib_limit": round(gib, 1),
        "rows": rows,
    }
    results.save("depth", machine, measured | figures, options.results)


def depth(text):
    """For argparse: the depth of a ResNet v1."""
    if not text.isdecimal() or int(text) < 8 or (int(text) - 2) % 6:
        raise argparse.ArgumentTypeError(f"expected 6n+2 layers, such as 20 or 56; got {text!r}")
    return int(text)


def watch(command, backend, seconds, gib):
    """The figures that `command` prints as its last line; `error` where it passes a limit."""
    environment = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "2"}
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as errors:
        started = time.monotonic()
        child = subprocess.Popen(
            [str(word) for word in command], stdout=said, stderr=errors, env=environment
        )
        try:
            while child.poll() is None:
                if time.monotonic() - started > seconds:
                    return {"error": f"not done in {seconds:g} s"}
                if kib_in(f"/proc/{child.pid}/status", "VmRSS") > gib * 2**20:
                    return {"error": f"took more than {gib:.1f} GiB of memory"}
                time.sleep(LOOK_EVERY)
        finally:
            child.kill()
            child.wait()
        said.seek(0)
        errors.seek(0)
        if child.returncode:
            return {"error": results.reason(errors.read(), child.returncode)}
        return json.loads(said.read().splitlines()[-1])


def kib_in(path, name, default=0):
    """A figure out of one of Linux's tables, in KiB; `default` on other systems."""
    try:
        return int(re.search(rf"{name}:\s*(\d+)", Path(path).read_text())[1])
    except (OSError, TypeError):
        return default


class Enough(Exception):
    """Ends a training from within."""


def measure(depth, batch_size, num_steps):
    """Train until `num_steps` are timed, print the figures, and end this process."""
    started = time.perf_counter()
    from dataclasses import replace

    import keras
    import numpy as np

    from resnet_lib import RECIPES, NetSpec, train

    class Clock(keras.callbacks.Callback):
        """Times what Keras runs in one call, a step or several; the first compiles."""

        seconds = ()

        def on_train_batch_begin(self, batch, logs=None):
            self.first, self.began = batch, time.perf_counter()

        def on_train_batch_end(self, batch, logs=None):
            float(logs["loss"])  # waits for the device
            now = time.perf_counter()
            if not self.seconds:
                self.first_step = now - started
            self.seconds += ((now - self.began) / (batch + 1 - self.first),)
            if len(self.seconds) > num_steps:
                raise Enough

    random = np.random.default_rng(0)
    count = batch_size * (1 + num_steps)
    x = random.integers(0, 256, (count, 32, 32, 3), dtype="uint8")
    y = np.arange(count, dtype="uint8") % 10
    clock = Clock()
    net = NetSpec("v1", (depth - 2) // 6, "pad")
    recipe = replace(RECIPES["paper"], batch_size=batch_size, epochs=1000)
    with tempfile.TemporaryDirectory() as folder:
        try:
            run = {"data": ((x, y), (x[:10], y[:10])), "folder": Path(folder) / "run"}
            train(net, recipe, callbacks=[clock], **run)
        except Enough:
            pass
    figures = {
        "parameters": int(sum(np.prod(weight.shape) for weight in clock.model.trainable_weights)),
        "seconds_to_first_step": round(clock.first_step, 1),
        "seconds_per_step": float(f"{statistics.median(clock.seconds[1:]):.3g}"),
        "memory_mib": round(peak_memory(keras) / 2**20),
    }
    print(json.dumps(figures), flush=True)
    sys.exit()


def peak_memory(keras):
    """The most bytes held at once: on the GPU, or where there is none by this process."""
    from resnet_lib.runs.machine import has_gpu

    if not has_gpu():
        if kib := kib_in("/proc/self/status", "VmHWM"):
            return 1024 * kib
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else 1024 * most
    if keras.backend.backend() == "jax":
        import jax

        return jax.devices()[0].memory_stats()["peak_bytes_in_use"]
    import tensorflow as tf

    return tf.config.experimental.get_memory_info("GPU:0")["peak"]


if __name__ == "__main__":
    main()
