"""Save the state of a training run after every epoch. The last two files are kept.

A file is complete or absent, even if the process is killed.
"""

import hashlib
import json
import os
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

MAX_CHECKPOINTS = 2  # files in a folder
CHECKPOINT_PATTERN = "checkpoint-*.npz"


class CheckpointError(RuntimeError):
    """Report that a checkpoint cannot be written or read; the message says what to do."""


def save_checkpoint(
    folder: str | Path, epoch: int, arrays: Iterable[np.ndarray], meta: dict[str, Any]
) -> None:
    """Write `arrays` and `meta`, which is saved as JSON, as the state after `epoch` epochs.

    Raises `CheckpointError` if that fails, for example on a full disk. Earlier checkpoints are then
    unchanged.
    """
    folder = Path(folder)
    path = folder / f"checkpoint-{epoch:05}.npz"
    unfinished = folder / "checkpoint.unfinished"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as file:
            contents: dict[str, Any] = {
                f"{index:05}": np.asarray(array) for index, array in enumerate(arrays)
            }
            digest = hash_arrays(contents.values())
            np.savez(file, **contents, meta=json.dumps(meta), digest=digest)
            file.flush()
            os.fsync(file.fileno())  # a power cut must not leave the name without the content
        unfinished.replace(path)
    except OSError as problem:
        try:
            unfinished.unlink(missing_ok=True)
        finally:
            raise CheckpointError(
                f"the checkpoint after epoch {epoch} cannot be written to {folder}: "
                f"{problem.strerror or problem}. Earlier checkpoints are unchanged: make room, "
                "then give the same command again, and training goes on after the last of them"
            ) from problem
    for old in sorted(folder.glob(CHECKPOINT_PATTERN))[:-MAX_CHECKPOINTS]:
        old.unlink()


def load_checkpoint(folder: str | Path) -> tuple[list[np.ndarray], dict[str, Any]] | None:
    """Return `(arrays, meta)` of the newest readable checkpoint, or None if there is none.

    Warns of each damaged checkpoint that it skips. Raises `CheckpointError` if all are damaged.
    """
    paths = sorted(Path(folder).glob(CHECKPOINT_PATTERN), reverse=True)
    for path in paths:
        try:
            with np.load(path, allow_pickle=False) as stored:
                names = sorted(set(stored.files) - {"meta", "digest"})
                arrays = [stored[name] for name in names]
                if "digest" in stored and str(stored["digest"]) != hash_arrays(arrays):
                    raise ValueError("its arrays are not those that were saved")
                return arrays, json.loads(str(stored["meta"]))
        except MemoryError:
            raise
        except Exception as problem:  # a damaged zip file raises many kinds of errors
            warnings.warn(
                f"{path} is damaged ({problem}); going on from the checkpoint before it",
                stacklevel=3,
            )
    if paths:
        raise CheckpointError(
            f"no checkpoint in {folder} can be read. Move the folder away to begin this run anew"
        )
    return None


def newest_epoch(folder: str | Path) -> int:
    """Return how many epochs were complete at the newest checkpoint; 0 if there is none."""
    names = [path.stem for path in Path(folder).glob(CHECKPOINT_PATTERN)]
    return int(max(names).removeprefix("checkpoint-")) if names else 0


def remove_checkpoints(folder: str | Path) -> None:
    """Delete the checkpoints of a run."""
    for path in Path(folder).glob(CHECKPOINT_PATTERN):
        path.unlink()


def hash_arrays(arrays: Iterable[np.ndarray]) -> str:
    """Return the SHA-256 of the arrays, in order. A zip file has no checksum of its names."""
    sha256 = hashlib.sha256()
    for array in arrays:
        sha256.update(np.ascontiguousarray(array).tobytes())
    return sha256.hexdigest()
