"""Save the state of a training run after every epoch. The last two files are kept.

A file is complete or absent, even if the process is killed.
"""

import hashlib
import json
import os
import warnings
from pathlib import Path

import numpy as np

MAX_CHECKPOINTS = 2
CHECKPOINT_PATTERN = "checkpoint-*.npz"


class CheckpointError(RuntimeError):
    """A checkpoint could not be written or read; the message says what is left and what to do."""


def save_checkpoint(folder, epoch, arrays, meta):
    """Write `arrays` (a list) and `meta` (JSON) as the state after `epoch` epochs.

    Raises `CheckpointError` where that fails, on a full disk for one; the checkpoints that were
    there are then untouched.
    """
    folder = Path(folder)
    path = folder / f"checkpoint-{epoch:05}.npz"
    unfinished = folder / "checkpoint.unfinished"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as file:
            named = {f"{index:05}": np.asarray(array) for index, array in enumerate(arrays)}
            np.savez(file, meta=json.dumps(meta), digest=hash_arrays(named.values()), **named)
            file.flush()
            os.fsync(file.fileno())  # else a power cut could leave the name without the content
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


def load_checkpoint(folder):
    """`(arrays, meta)` of the newest checkpoint that can be read, or None where there is none.

    Warns of each damaged one it passes over. Raises `CheckpointError` where all are damaged.
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
        except Exception as problem:  # damage of a zip file shows in many ways
            warnings.warn(
                f"{path} is damaged ({problem}); going on from the checkpoint before it",
                stacklevel=3,
            )
    if paths:
        raise CheckpointError(
            f"no checkpoint in {folder} can be read. Move the folder away to begin this run anew"
        )
    return None


def newest_epoch(folder):
    """The number of epochs that were complete at the newest checkpoint; 0 if there is none."""
    names = [path.stem for path in Path(folder).glob(CHECKPOINT_PATTERN)]
    return int(max(names).removeprefix("checkpoint-")) if names else 0


def remove_checkpoints(folder):
    for path in Path(folder).glob(CHECKPOINT_PATTERN):
        path.unlink()


def hash_arrays(arrays):
    """SHA-256 of the arrays, in order. The checksums of a zip file do not cover its names."""
    whole = hashlib.sha256()
    for array in arrays:
        whole.update(np.ascontiguousarray(array).tobytes())
    return whole.hexdigest()
