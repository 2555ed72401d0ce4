"""Measure the cost of a training step besides the net, in Keras's `fit` and in one `lax.scan`.

    python -m benchmarks.overhead [--batches N] [--rounds N]

A net of 40 weights costs almost nothing. So the microseconds of its step are those of the path of a
batch: slice 128 images, copy them, start the step, update loss and accuracy. `lax.scan` has the
images on the device and one call for the epoch, which is the least that a step can cost.
`resnet_lib.train` uses `fit`, because readers of Keras know it and both backends run it.
"""

import json
import statistics
import subprocess
import time

from benchmarks.child_process import find_failure_reason, run_python
from benchmarks.machine import BACKEND_LABELS, probe_machine
from benchmarks.options import create_parser, parse_positive_int
from benchmarks.result_files import save_section

BATCH_SIZE = 128  # images
IMAGE_SIZE = 32  # pixels
TIMEOUT = 600  # seconds for one backend


def main():
    parser = create_parser(__doc__)
    parser.add_argument("--batches", type=parse_positive_int, default=320, help="in an epoch")
    parser.add_argument("--rounds", type=parse_positive_int, default=3)
    parser.add_argument("--measure", action="store_true", help="in this process, and print JSON")
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure_paths(options.batches, options.rounds)))
        return
    machine, header, _ = probe_machine()
    rows = []
    for backend in BACKEND_LABELS:
        for row in measure_backend(backend, options):
            print(row, flush=True)
            rows.append(row)
    content = {"batch_size": BATCH_SIZE, "batches": options.batches, "rows": rows}
    save_section("overhead", machine, header | content, options.results)


def measure_backend(backend, options):
    """Measure one backend in a process of its own, and return its rows."""
    arguments = ["-m", "benchmarks.overhead", "--measure"]
    arguments += ["--batches", options.batches, "--rounds", options.rounds]
    try:
        child = run_python(arguments, backend, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return [{"backend": backend, "error": f"not done in {TIMEOUT} seconds"}]
    if child.returncode:
        reason = find_failure_reason(child.stderr, child.returncode)
        return [{"backend": backend, "error": reason}]
    paths = json.loads(child.stdout.splitlines()[-1])
    return [
        {"backend": backend, "path": path, "microseconds_per_step": microseconds}
        for path, microseconds in paths.items()
    ]


def measure_paths(batches, rounds):
    """Return `{path: microseconds per step}`, the medians over rounds that alternate the paths."""
    import keras
    import numpy as np

    random = np.random.default_rng(0)
    count = batches * BATCH_SIZE
    images = random.integers(0, 256, (count, IMAGE_SIZE, IMAGE_SIZE, 3), dtype="uint8")
    labels = random.integers(0, 10, count, dtype="uint8")
    paths = {
        f"fit, {steps} step{'s'[: steps > 1]} an execution": compile_fit(images, labels, steps)
        for steps in (1, 32)
    }
    if keras.backend.backend() == "jax":
        paths["lax.scan"] = compile_scan(images, labels)
    seconds = {path: [] for path in paths}
    for number in range(1 + rounds):
        for path, run_epoch in paths.items():
            started = time.perf_counter()
            run_epoch()
            if number > 0:  # the first compiles
                seconds[path].append(time.perf_counter() - started)
    return {
        path: round(1e6 * statistics.median(each) / batches, 1) for path, each in seconds.items()
    }


def compile_fit(images, labels, steps):
    """Return a function that trains one epoch by `fit`, compiled as in `resnet_lib.train`."""
    import keras

    from resnet_lib.runs.machine import has_gpu

    model = keras.Sequential(
        [
            keras.Input((IMAGE_SIZE, IMAGE_SIZE, 3), dtype="uint8"),
            keras.layers.Rescaling(1 / 255),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    on_gpu_or_jax = has_gpu() or keras.backend.backend() == "jax"
    model.compile(
        optimizer=keras.optimizers.SGD(0.1),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile="auto" if on_gpu_or_jax else False,
        steps_per_execution=steps,
    )
    return lambda: model.fit(images, labels, batch_size=BATCH_SIZE, shuffle=False, verbose=0)


def compile_scan(images, labels):
    """Return a function that trains one epoch of the same net by `lax.scan`, on the device."""
    import jax
    from jax import numpy as jnp

    def loss(weights, x, y):
        features = (x.astype("float32") / 255).mean(axis=(1, 2))  # (batch, 3)
        scores = features @ weights["kernel"] + weights["bias"]  # (batch, 10)
        chosen = jnp.take_along_axis(jax.nn.log_softmax(scores), y[:, None].astype("int32"), 1)
        return -chosen.mean(), (scores.argmax(1) == y).mean()

    def step(weights, batch):
        metrics, gradient = jax.value_and_grad(loss, has_aux=True)(weights, *batch)
        return jax.tree.map(
            lambda weight, change: weight - 0.1 * change, weights, gradient
        ), metrics

    epoch = jax.jit(lambda weights, batches: jax.lax.scan(step, weights, batches))
    x = jax.device_put(images.reshape(-1, BATCH_SIZE, IMAGE_SIZE, IMAGE_SIZE, 3))
    y = jax.device_put(labels.reshape(-1, BATCH_SIZE))
    weights = {"kernel": jnp.zeros((3, 10)), "bias": jnp.zeros(10)}
    return lambda: jax.block_until_ready(epoch(weights, (x, y)))


if __name__ == "__main__":
    main()
