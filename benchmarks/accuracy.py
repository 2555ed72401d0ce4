"""Measure the seconds in which ResNet-20 reaches the paper's 91.25 % of the test images, on a GPU.

    python -m benchmarks.accuracy [--epochs 15,30] [--seeds 0,1,2]

Without a GPU the section says so. The recipe is "quick" with 15 epochs, and again with 30. The
seconds are those of a whole call of `resnet_lib.train`: building, compiling, training, a test after
every epoch. The test accuracy is that after the last epoch. The best accuracy of all epochs would
be chosen on test images.
"""

import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from benchmarks.machine import probe_machine
from benchmarks.options import create_parser, make_list_parser, parse_positive_int
from benchmarks.result_files import save_section

EPOCHS = [15, 30]
SEEDS = [0, 1, 2]


def main():
    parser = create_parser(__doc__)
    parser.add_argument("--epochs", type=make_list_parser(parse_positive_int), default=EPOCHS)
    parser.add_argument("--seeds", type=make_list_parser(int), default=SEEDS)
    options = parser.parse_args()
    machine, header, backend = probe_machine()
    if not machine["gpu"]:
        print("not measured: no GPU")
        content = {"backend": backend, "note": "not measured: no GPU", "rows": []}
    else:
        os.environ["KERAS_BACKEND"] = backend
        rows = [train_once(epochs, seed) for epochs in options.epochs for seed in options.seeds]
        content = {"backend": backend, "rows": rows}
    save_section("accuracy", machine, header | content, options.results)


def train_once(epochs, seed):
    """Train once and return the row."""
    from resnet_lib import RECIPES, NetSpec, load_cifar10, train

    data = load_cifar10()
    recipe = replace(RECIPES["quick"], epochs=epochs)
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        run = train(
            NetSpec("v1", 3, "pad"),
            recipe,
            data=data,
            seed=seed,
            folder=Path(folder) / "run",
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
