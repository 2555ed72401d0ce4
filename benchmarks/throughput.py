"""Images a second and seconds to the first step: this library, the article's script, PyTorch.

    python benchmarks/throughput.py [--contestants NAME,NAME] [--batches N] [--rounds N]
                                    [--instructions avx2]

All contestants train ResNet-20 on the same images of CIFAR-10. Those with batches of 128 then
compute class probabilities of the same test images in batches of 500. There are two layouts. In
"one process", a contestant has all cores. In "side by side", each core has a process of the
contestant that is bound to it, and the rates of these processes are added. A GPU has the first
layout only.

Each contestant starts, takes its first step and warms up. In every round each contestant trains in
turn while the others wait, and then each computes probabilities in turn. Rates are compared within
a round, so that a machine that slows down slows all contestants. Training is timed with its
augmentation and without the test. Inference is timed from uint8 images in memory to probabilities
in NumPy, with the subtraction of the mean. Only the article's script begins with float images.

`--instructions avx2` limits the main computing libraries to AVX2; `contestants.py` lists the
exceptions. Its results go into a file of their own.
"""

import subprocess
import tempfile
from pathlib import Path

import numpy as np
import results
from competition import PEER, compete
from contestants import BATCH, CONTESTANTS, add_limit, limited
from teams import TORCH, Setting
from turns import INFERENCE_BATCH

from resnet_lib import load_cifar10

MOST_BATCHES = 390  # whole batches of 128 in CIFAR-10
TEST_BATCHES = 20  # batches of 500 in the test images
CPU_BATCHES = 16  # in a round; two cores take about a minute for one round of all contestants


def main():
    options = parse()
    machine, measured, _ = results.probe()
    machine = limited(machine, options.instructions)
    gpu = machine["gpu"]
    names = options.contestants or [
        name for name, contestant in CONTESTANTS.items() if contestant.runs_on(gpu)
    ]
    if options.torch.exists():  # its files are read once, as the probe read those of the others
        subprocess.run([options.torch, "-c", "import torch"], capture_output=True)
    with tempfile.TemporaryDirectory() as folder:
        hand_over(folder)
        setting = Setting(
            folder,
            batches=options.batches or (MOST_BATCHES if gpu else CPU_BATCHES),
            inference_batches=TEST_BATCHES if gpu else 6,
            rounds=options.rounds,
            gpu=gpu,
            instructions=options.instructions,
            torch=options.torch,
        )
        print(
            f"{machine['name']}: {setting.rounds} rounds of {setting.batches} batches", flush=True
        )
        contestants = [CONTESTANTS[name] for name in names]
        rows = []
        for layout in results.LAYOUTS[:1] if gpu else results.LAYOUTS:
            rows += compete(contestants, layout, setting)
    figures = {
        "images_per_round": BATCH * setting.batches,
        "inference_images_per_round": INFERENCE_BATCH * setting.inference_batches,
        "ratio_to": PEER,
    }
    results.save("throughput", machine, measured | figures | {"rows": rows}, options.results)


def parse():
    parser = results.parser(__doc__)
    parser.add_argument("--contestants", type=results.list_of(str), help=", ".join(CONTESTANTS))
    parser.add_argument(
        "--batches",
        type=results.whole_number,
        help=f"of 128 images in a round of training ({MOST_BATCHES} on a GPU, else {CPU_BATCHES})",
    )
    parser.add_argument("--rounds", type=results.whole_number, default=3)
    parser.add_argument("--torch", type=Path, default=TORCH, help="a Python that has PyTorch")
    add_limit(parser)
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


if __name__ == "__main__":
    main()
