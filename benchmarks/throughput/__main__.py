"""Measure images per second and seconds to the first step of this library and of its peers.

    python -m benchmarks.throughput [--contestants NAME,NAME] [--batches N] [--rounds N]
                                    [--instructions avx2]

The peers are PyTorch and the article's script. All contestants train ResNet-20 on the same images
of CIFAR-10. Those with batches of 128 then compute class probabilities of the same test images in
batches of 500. There are two layouts. In "one process", a contestant has all cores. In "side by
side", each core has a process of the contestant that is bound to it, and the rates of these
processes are added. A GPU has the first layout only.

Each contestant starts, takes its first step and warms up. In every round each contestant trains in
turn while the others wait, and then each computes probabilities in turn. Rates are compared within
a round, so that a machine that slows down slows all contestants. Training is timed with its
augmentation and without the test. Inference is timed from uint8 images in memory to probabilities
in NumPy, with the subtraction of the mean. Only the article's script begins with float images.

`--instructions avx2` limits the main computing libraries to AVX2; `instruction_limits.py`
lists the exceptions. Its results go into a file of their own.
"""

import subprocess
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.instruction_limits import add_instructions_option, rename_limited_machine
from benchmarks.machine import probe_machine
from benchmarks.options import create_parser, make_list_parser, parse_positive_int
from benchmarks.result_files import save_section
from benchmarks.throughput.contestants import BATCH_SIZE, CONTESTANTS
from benchmarks.throughput.process_groups import PYTORCH_PYTHON, Settings
from benchmarks.throughput.protocol import INFERENCE_BATCH_SIZE
from benchmarks.throughput.rates import BASELINE, LAYOUTS
from benchmarks.throughput.rounds import measure_contestants
from resnet_lib import load_cifar10

MAX_BATCHES = 390  # whole batches of 128 images in CIFAR-10
TEST_BATCHES = 20  # batches of 500 test images
CPU_BATCHES = 16  # in a round; two cores take about a minute for one round of all contestants


def main():
    options = parse_options()
    machine, header, _ = probe_machine()
    machine = rename_limited_machine(machine, options.instructions)
    gpu = machine["gpu"]
    names = options.contestants or [
        name for name, contestant in CONTESTANTS.items() if contestant.runs_on(gpu)
    ]
    if options.torch.exists():  # read its files once, as `probe_machine` read those of the others
        subprocess.run([options.torch, "-c", "import torch"], capture_output=True)
    with tempfile.TemporaryDirectory() as folder:
        save_arrays(folder)
        settings = Settings(
            folder,
            batches=options.batches or (MAX_BATCHES if gpu else CPU_BATCHES),
            inference_batches=TEST_BATCHES if gpu else 6,
            rounds=options.rounds,
            gpu=gpu,
            instructions=options.instructions,
            pytorch_python=options.torch,
        )
        print(
            f"{machine['name']}: {settings.rounds} rounds of {settings.batches} batches", flush=True
        )
        contestants = [CONTESTANTS[name] for name in names]
        rows = []
        for layout in LAYOUTS[:1] if gpu else LAYOUTS:
            rows += measure_contestants(contestants, layout, settings)
    content = {
        "images_per_round": BATCH_SIZE * settings.batches,
        "inference_images_per_round": INFERENCE_BATCH_SIZE * settings.inference_batches,
        "ratio_to": BASELINE,
        "rows": rows,
    }
    save_section("throughput", machine, header | content, options.results)


def parse_options():
    parser = create_parser(__doc__)
    parser.add_argument("--contestants", type=make_list_parser(str), help=", ".join(CONTESTANTS))
    parser.add_argument(
        "--batches",
        type=parse_positive_int,
        help=f"of 128 images in a round of training ({MAX_BATCHES} on a GPU, else {CPU_BATCHES})",
    )
    parser.add_argument("--rounds", type=parse_positive_int, default=3)
    parser.add_argument(
        "--torch", type=Path, default=PYTORCH_PYTHON, help="a Python that has PyTorch"
    )
    add_instructions_option(parser)
    options = parser.parse_args()
    for name in options.contestants or ():
        if name not in CONTESTANTS:
            parser.error(f"there is no contestant {name!r}; there are {', '.join(CONTESTANTS)}")
    if options.batches and options.batches > MAX_BATCHES:
        parser.error(f"CIFAR-10 has {MAX_BATCHES} whole batches; got --batches {options.batches}")
    return options


def save_arrays(folder):
    """Save the arrays of CIFAR-10 as files, because PyTorch's environment lacks this library."""
    (x_train, y_train), (x_test, y_test) = load_cifar10()
    arrays = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    for name, array in arrays.items():
        np.save(Path(folder) / f"{name}.npy", array)


if __name__ == "__main__":
    main()
