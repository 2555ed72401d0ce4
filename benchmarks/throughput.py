"""Images a second and seconds to the first step: this library, the article's script, PyTorch.

    python benchmarks/throughput.py [--contestants NAME,NAME] [--batches N] [--rounds N]

All train ResNet-20 on the same images of CIFAR-10. One after another each starts in a process of
its own, takes its first step and trains a round to warm up. Then, in each round, each trains in
turn while the others wait, and rates are compared within a round: a machine that slows down slows
them all. The training alone is timed, with its augmentation, and no test.
"""

import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import numpy as np
import results
from contestants import CONTESTANTS, Failed, Running

from resnet_lib import load_cifar10

TORCH = Path(__file__).parents[1] / ".venv-bench/bin/python"
PEER = "torch-eager"  # the ratios are to this one
MOST_BATCHES = 390  # whole batches of 128 in CIFAR-10


def main():
    options = parse()
    machine, measured, _ = results.probe()
    batches = options.batches or (MOST_BATCHES if machine["gpu"] else 20)
    names = options.contestants or [
        name
        for name, contestant in CONTESTANTS.items()
        if machine["gpu"] or not contestant.gpu_only
    ]
    images = 128 * batches
    print(f"{machine['name']}: {options.rounds} rounds of {images:,} images", flush=True)
    if options.torch.exists():  # its files are read once, as the probe read those of the others
        subprocess.run([options.torch, "-c", "import torch"], capture_output=True)
    with tempfile.TemporaryDirectory() as folder:
        hand_over(folder)
        contestants = [CONTESTANTS[name] for name in names]
        rows = compete(contestants, folder, images, options.rounds, options.torch, machine["gpu"])
    figures = {"images_per_round": images, "ratio_to": PEER, "rows": rows}
    results.save("throughput", machine, measured | figures, options.results)


def parse():
    parser = results.parser(__doc__)
    parser.add_argument("--contestants", type=results.list_of(str), help=", ".join(CONTESTANTS))
    parser.add_argument(
        "--batches",
        type=results.whole_number,
        help=f"of 128 images in a round ({MOST_BATCHES} on a GPU, else 20)",
    )
    parser.add_argument("--rounds", type=results.whole_number, default=3)
    parser.add_argument("--torch", type=Path, default=TORCH, help="a Python that has PyTorch")
    options = parser.parse_args()
    for name in options.contestants or ():
        if name not in CONTESTANTS:
            parser.error(f"there is no contestant {name!r}; there are {', '.join(CONTESTANTS)}")
    if options.batches and options.batches > MOST_BATCHES:
        parser.error(f"CIFAR-10 has {MOST_BATCHES} whole batches; got --batches {options.batches}")
    return options


def hand_over(folder):
    """The same arrays for all, as files: PyTorch's environment lacks this library."""
    (x_train, y_train), (x_test, y_test) = load_cifar10()
    arrays = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    for name, array in arrays.items():
        np.save(Path(folder) / f"{name}.npy", array)


def compete(contestants, folder, images, rounds, torch=TORCH, gpu=False):
    """One row a contestant; one that fails leaves the reason in its row, and the rest go on."""
    rows, seats = [], []
    with ExitStack() as stack:
        for contestant in contestants:
            row = {"name": contestant.name, "label": contestant.label}
            rows.append(row | {"batch_size": contestant.batch_size})
            row = rows[-1]
            with failure_in(row):
                python = sys.executable if contestant.backend else torch
                seat = Running(contestant, python, folder, images, rounds, gpu)
                stack.enter_context(closing(seat))
                row["seconds_to_first_step"] = round(seat.start(), 1)
                seats.append((row, seat))
                print(f"{row['name']}: first step {row['seconds_to_first_step']} s", flush=True)
        for number in range(rounds):
            for row, seat in seats:
                if "error" not in row:
                    with failure_in(row):
                        rate = round(seat.turn(), 1)
                        row.setdefault("rounds", []).append(rate)
                        print(f"round {number + 1}, {row['name']}: {rate:,} images/s", flush=True)
        for row, seat in seats:
            if "error" not in row:
                with failure_in(row):
                    row |= seat.expect("end")
    for row in rows:
        if "error" not in row:
            row["images_per_second"] = statistics.median(row["rounds"])
            row["ratio"] = results.ratio(rows, row["name"], PEER)
    return rows


@contextmanager
def failure_in(row):
    try:
        yield
    except Failed as problem:
        row["error"] = str(problem)
        print(f"{row['name']}: {problem}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
