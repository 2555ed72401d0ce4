"""Seconds to the paper's 91.25 % of the test images with ResNet-20. On a GPU; elsewhere it says so.

    python benchmarks/accuracy.py [--epochs 15,30] [--seeds 0,1,2]

The recipe is "quick", of 15 epochs, and a longer cousin. Timed is a whole call of
`resnet_lib.train`: building, compiling, training, a test after every epoch. What counts is the
test accuracy after the last epoch, not the best on the way, which would be chosen on test images.
"""

import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import results

EPOCHS = [15, 30]
SEEDS = [0, 1, 2]


def main():
    parser = results.parser(__doc__)
    parser.add_argument("--epochs", type=results.list_of(results.whole_number), default=EPOCHS)
    parser.add_argument("--seeds", type=results.list_of(int), default=SEEDS)
    options = parser.parse_args()
    machine, measured, backend = results.probe()
    if not machine["gpu"]:
        print("not measured: no GPU")
        figures = {"backend": backend, "note": "not measured: no GPU", "rows": []}
    else:
        os.environ["KERAS_BACKEND"] = backend
        rows = [train_once(epochs, seed) for epochs in options.epochs for seed in options.seeds]
        figures = {"backend": backend, "rows": rows}
    results.save("accuracy", machine, measured | figures, options.results)


def train_once(epochs, seed, data=None):
    from resnet_lib import RECIPES, NetSpec, load_cifar10, train

    data = data or load_cifar10()
    recipe = replace(RECIPES["quick"], epochs=epochs)
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        run = train(
            NetSpec("v1", 3, "pad"), recipe, data=data, seed=seed, folder=Path(folder) / "run"
        )
        seconds = time.perf_counter() - started
    row = {"epochs": epochs, "seed": seed, "seconds": round(seconds, 1)}
    if run.status != "finished":
        row["error"] = f"{run.status}: {run.note}"
    else:
        row["accuracy"] = round(100 - run.test_error, 2)
    print(row, flush=True)
    return row


if __name__ == "__main__":
    main()
