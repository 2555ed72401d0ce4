"""What the path of a batch costs: `keras.Model.fit`, beside an epoch as one `lax.scan`.

    python benchmarks/overhead.py [--batches N] [--rounds N]

A net of 40 weights costs next to nothing, so the microseconds of its step are those of the path:
slicing 128 images, handing them over, starting the step, keeping loss and accuracy. `lax.scan`
has the images on the device and one call for the epoch: the least a step can cost. The engine pays
`fit`'s price, for a training loop that every reader of Keras knows and both backends run; beside a
step of ResNet-20 this says how much that is.
"""

import json
import statistics
import subprocess
import time

import results

BATCH = 128  # images
SIDE = 32  # pixels
PATIENCE = 600  # seconds for one backend


def main():
    parser = results.parser(__doc__)
    parser.add_argument("--batches", type=results.whole_number, default=320, help="in an epoch")
    parser.add_argument("--rounds", type=results.whole_number, default=3)
    parser.add_argument("--measure", action="store_true", help="in this process, and print JSON")
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.batches, options.rounds)))
        return
    machine, measured, _ = results.probe()
    rows = []
    for backend in results.BACKENDS:
        for row in rows_of(backend, options):
            print(row, flush=True)
            rows.append(row)
    figures = {"batch_size": BATCH, "batches": options.batches, "rows": rows}
    results.save("overhead", machine, measured | figures, options.results)


def rows_of(backend, options):
    arguments = [__file__, "--measure", "--batches", options.batches, "--rounds", options.rounds]
    try:
        child = results.run_child(arguments, backend, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return [{"backend": backend, "error": f"not done in {PATIENCE} seconds"}]
    if child.returncode:
        return [{"backend": backend, "error": results.reason(child.stderr, child.returncode)}]
    paths = json.loads(child.stdout.splitlines()[-1])
    return [
        {"backend": backend, "path": path, "microseconds_per_step": figure}
        for path, figure in paths.items()
    ]


def measure(batches, rounds):
    """`{path: microseconds per step}`, medians over rounds in which the paths take turns."""
    import keras
    import numpy as np

    random = np.random.default_rng(0)
    count = batches * BATCH
    images = random.integers(0, 256, (count, SIDE, SIDE, 3), dtype="uint8")
    labels = random.integers(0, 10, count, dtype="uint8")
    paths = {
        f"fit, {steps} step{'s'[: steps > 1]} an execution": by_fit(images, labels, steps)
        for steps in (1, 32)
    }
    if keras.backend.backend() == "jax":
        paths["lax.scan"] = by_scan(images, labels)
    seconds = {path: [] for path in paths}
    for number in range(1 + rounds):
        for path, epoch in paths.items():
            started = time.perf_counter()
            epoch()
            if number > 0:  # the first compiles
                seconds[path].append(time.perf_counter() - started)
    return {
        path: round(1e6 * statistics.median(each) / batches, 1) for path, each in seconds.items()
    }


def by_fit(images, labels, steps):
    """An epoch, compiled as `resnet_lib.train` compiles."""
    import keras

    from resnet_lib.runs.machine import has_gpu

    model = keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 3), dtype="uint8"),
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
    return lambda: model.fit(images, labels, batch_size=BATCH, shuffle=False, verbose=0)


def by_scan(images, labels):
    """The same net, loss and step of SGD; images and labels lie on the device."""
    import jax
    from jax import numpy as jnp

    def loss(weights, x, y):
        features = (x.astype("float32") / 255).mean(axis=(1, 2))  # (batch, 3)
        scores = features @ weights["kernel"] + weights["bias"]  # (batch, 10)
        chosen = jnp.take_along_axis(jax.nn.log_softmax(scores), y[:, None].astype("int32"), 1)
        return -chosen.mean(), (scores.argmax(1) == y).mean()

    def step(weights, batch):
        figures, slope = jax.value_and_grad(loss, has_aux=True)(weights, *batch)
        return jax.tree.map(lambda weight, by: weight - 0.1 * by, weights, slope), figures

    epoch = jax.jit(lambda weights, batches: jax.lax.scan(step, weights, batches))
    x = jax.device_put(images.reshape(-1, BATCH, SIDE, SIDE, 3))
    y = jax.device_put(labels.reshape(-1, BATCH))
    weights = {"kernel": jnp.zeros((3, 10)), "bias": jnp.zeros(10)}
    return lambda: jax.block_until_ready(epoch(weights, (x, y)))


if __name__ == "__main__":
    main()
