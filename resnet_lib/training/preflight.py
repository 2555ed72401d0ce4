"""Check the device, memory, versions and images of this machine before training."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from resnet_lib import processor
from resnet_lib.data import cifar10
from resnet_lib.runs.machine import backend_versions, device_name, has_gpu, is_onednn_used
from resnet_lib.runs.run import load_runs
from resnet_lib.tables import Said, Table

PACKAGE_TITLES = {"keras": "Keras", "tensorflow": "TensorFlow", "jax": "JAX", "numpy": "NumPy"}
ENABLE_GPU = (
    "No GPU here. In Colab, switch one on: Runtime → Change runtime type → a GPU, such as T4 → "
    "Save; then run the cells again, from the top."
)

ENABLE_ONEDNN = (
    "TensorFlow does not use oneDNN, so training takes about twice as long. Set "
    f"{processor.ONEDNN_VARIABLE}=1 in the environment, restart, and import resnet_lib before "
    "TensorFlow."
)


@dataclass(frozen=True)
class Preflight:
    """Hold the result of `preflight`. A notebook shows it as a table with advice below."""

    gpu: bool  #: whether the backend sees a GPU
    rows: tuple[tuple[str, str], ...]  #: (property, value), for the table
    advice: tuple[str, ...]  #: sentences
    data: cifar10.Dataset  #: ((x_train, y_train), (x_test, y_test)), for `train`
    whole: bool  #: whether these are all 60,000 images

    def _repr_html_(self) -> str:
        advice = "".join(Said(sentence)._repr_html_() for sentence in self.advice)
        return self.table()._repr_html_() + advice

    def __repr__(self) -> str:
        return "\n".join([repr(self.table()), *self.advice])

    def table(self) -> Table:
        """Return the rows as a `Table`."""
        return Table(("this machine", "has"), self.rows)


def preflight(fetch: bool | None = None) -> Preflight:
    """Check device, memory, versions and data; `.data` are the images to train with here.

    With a GPU these are all of CIFAR-10, which is fetched in Colab alone. On a CPU, where an epoch
    of CIFAR-10 takes a minute or more, they are the sample that ships with the library.
    `fetch=True` asks for all of CIFAR-10 and fetches it if necessary; `fetch=False` uses what is on
    this machine. If CIFAR-10 is not available, the advice says why and `.data` is the sample.
    Trains nothing.

    >>> here = preflight()
    >>> run = train(NetSpec("v1", 3, "pad"), RECIPES["quick"], data=here.data)
    """
    gpu = has_gpu()
    is_stored = cifar10.is_available()
    default = gpu and (is_stored or is_colab())
    wants_all = default if fetch is None else fetch or is_stored
    arrays, source, advice = read_cifar10(is_stored) if wants_all else read_sample(gpu)
    onednn = is_onednn_used()
    rows = (
        ("device", device_name() if gpu else f"no GPU; {device_name()}"),
        *([("GPU memory", describe_gpu_memory())] if gpu else []),
        *([] if gpu or onednn is None else [("oneDNN", "on" if onednn else "off")]),
        ("memory", describe_memory()),
        ("disk", f"free: {shutil.disk_usage('.').free / 1e9:,.0f} GB"),
        ("versions", ", ".join(map(" ".join, display_versions().items()))),
        ("images", source),
    )
    cpu_advice = [] if gpu else [ENABLE_GPU, advise_cpu()]
    if not gpu and onednn is False:
        cpu_advice.append(ENABLE_ONEDNN)
    whole = len(arrays[0][0]) == cifar10.TRAINING_IMAGES
    return Preflight(gpu, rows, (*cpu_advice, *advice), arrays, whole)


def is_colab() -> bool:
    """Return whether this process is the kernel of a Colab notebook."""
    return "google.colab" in sys.modules


# ---------------------------------------------------------------- data


def read_cifar10(is_stored: bool) -> tuple[cifar10.Dataset, str, tuple[str, ...]]:
    """Load all of CIFAR-10; return the arrays, a text on their source, and advice.

    `is_stored` says whether it is on this machine, so that nothing needs to be fetched. Returns the
    sample if CIFAR-10 cannot be loaded.
    """
    started = time.perf_counter()
    try:
        arrays = cifar10.load_cifar10()
    except cifar10.DataError as problem:
        arrays, source, _ = read_sample(gpu=False)
        return arrays, source, (f"{problem}. So here.data is the sample.",)
    seconds = time.perf_counter() - started
    megabytes = sum(array.nbytes for part in arrays for array in part) / 1e6
    origin = Path(cifar10.cache_folder(), "cifar10", "origin")
    where = f"from {origin.read_text().strip()}" if origin.exists() else ""
    how = "read and checked" if is_stored else "fetched"
    return (
        arrays,
        f"all of CIFAR-10, {describe_counts(arrays)}; {how} in {seconds:.1f} s, "
        f"{megabytes / seconds:,.0f} MB/s\n{where}",
        (),
    )


def read_sample(gpu: bool) -> tuple[cifar10.Dataset, str, tuple[str, ...]]:
    """Load the library's sample; return the arrays, a text on their source, and advice."""
    started = time.perf_counter()
    arrays = cifar10.load_sample()
    milliseconds = 1000 * (time.perf_counter() - started)
    source = (
        f"a sample of CIFAR-10, {describe_counts(arrays)}; read in {milliseconds:.0f} ms"
        "\nfrom the library itself"
    )
    why = (
        "CIFAR-10 is not on this machine: here.data is a sample of it."
        if gpu
        else "here.data is a sample: a training on it takes seconds, and its errors are no results."
    )
    how = "preflight(fetch=True) takes all 60,000 images, and fetches them (170 MB) if need be."
    return arrays, source, (f"{why} {how}",)


def describe_counts(arrays: cifar10.Dataset) -> str:
    """Return a text with the numbers of training and test images."""
    (x_train, _), (x_test, _) = arrays
    return f"{len(x_train):,} training and {len(x_test):,} test images"


# ---------------------------------------------------------------- the machine


def display_versions() -> dict[str, str]:
    """Return the versions of the backend's packages, by the names that their projects use."""
    return {
        PACKAGE_TITLES.get(name, name.capitalize()): version
        for name, version in backend_versions().items()
    }


def describe_memory() -> str:
    """Return a text with the free and the total memory of the machine, or of its container."""
    sizes = processor.read_memory()
    if sizes is None:
        return "not told"
    free, total = sizes
    return f"free: {free / 1e9:.1f} of {total / 1e9:.1f} GB"


def describe_gpu_memory() -> str:
    """Return a text with the memory of the first NVIDIA GPU, from nvidia-smi.

    A backend reports only memory that it has reserved.
    """
    command = [
        "nvidia-smi",
        "--query-gpu=memory.free,memory.total",
        "--format=csv,noheader,nounits",
    ]
    try:
        output = subprocess.run(
            command, capture_output=True, text=True, timeout=10, check=True
        ).stdout
        # nvidia-smi prints MiB.
        free, total = (1.048576e-3 * int(size) for size in output.splitlines()[0].split(","))
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return "not told"
    return f"free: {free:.1f} of {total:.1f} GB"


def advise_cpu() -> str:
    """Say what to do without a GPU, with the minutes of a recorded training run."""
    runs = load_runs(version="v1", n=3, shortcut="pad", status="finished")
    runs = [run for run in runs if run.device.startswith("CPU") and run.recipe.name[:5] == "quick"]
    example = ""
    if runs:
        run = min(runs, key=lambda run: run.recipe.epochs)
        minutes = sum(run.history["seconds"]) / 60
        example = (
            f" (the recorded ResNet-20 took {minutes:.0f} minutes for {run.epochs} epochs, on "
            f"{run.device}; the dashboard measures this machine, and says what it will take)"
        )
    return (
        f"Without one, train by the recipe quick{example}. Or look at the recorded trainings: on "
        "the published page the dashboard replays them, and ErrorCurves() shows them here."
    )
