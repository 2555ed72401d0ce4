"""Lock the folder of a training run; save and restore the state from which the run resumes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import keras
from filelock import FileLock, Timeout

from resnet_lib.runs.checkpoints import load_checkpoint, save_checkpoint
from resnet_lib.runs.run import Run


@contextmanager
def run_lock(folder: Path, is_chief: bool) -> Iterator[None]:
    """Lock `folder` for this process while a training run writes to it.

    If several processes train one run, only the chief writes, so only the chief takes the lock.
    Raises `RuntimeError` if another process trains there, and `FileExistsError` if a run has ended
    there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / "lock", timeout=0) if is_chief else nullcontext():
            if (folder / "run.json").exists():
                raise FileExistsError(
                    f"{folder} already holds a run; name another folder or move it away"
                )
            yield
    except Timeout as problem:
        raise RuntimeError(
            f"another process is training in {folder}; wait for it, or name another folder"
        ) from problem


def state_variables(model: keras.Model) -> list[Any]:
    """List the variables of a run: weights, averages, random states, optimizer variables."""
    return [*model.variables, *model.optimizer.variables]


def save_state(model: keras.Model, run: Run, folder: Path, num_images: int) -> None:
    """Write a checkpoint with the state of `model` and the `Run` so far."""
    arrays = [keras.ops.convert_to_numpy(variable) for variable in state_variables(model)]
    meta = {"run": json.loads(run.to_json()), "images": num_images}
    save_checkpoint(folder, run.epochs, arrays, meta)


def restore_state(model: keras.Model, run: Run, folder: Path, num_images: int) -> Run:
    """Load the newest checkpoint of `folder` into `model`; return the `Run` so far.

    Returns `run` itself if there is no checkpoint. `num_images` is the number of training images.
    Raises `ValueError` if the checkpoint belongs to another net, recipe, seed, backend or data.
    """
    model.optimizer.build(model.trainable_variables)
    stored = load_checkpoint(folder)
    if stored is None:
        return run
    arrays, meta = stored
    saved_run = Run.from_json(json.dumps(meta.get("run")), folder)
    if meta["images"] != num_images:
        raise ValueError(
            f"{folder} holds a training run on {meta['images']:,} images, and this one has "
            f"{num_images:,}; name another folder, or move that one away"
        )
    check_same_run(saved_run, run, folder)
    variables = state_variables(model)
    shapes = [tuple(variable.shape) for variable in variables]
    if shapes != [array.shape for array in arrays]:
        raise ValueError(f"{folder} holds a training run on images of another shape; name another")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return saved_run


def check_same_run(saved_run: Run, run: Run, folder: Path) -> None:
    """Raise a `ValueError` unless both were started with the same settings."""
    for field in ("model", "net", "recipe", "seed", "parameters", "backend"):
        saved, value = getattr(saved_run, field), getattr(run, field)
        if saved != value:
            raise ValueError(
                f"{folder} holds a training run begun with {field} {saved!r}, and this one has "
                f"{value!r}; name another folder, or move that one away"
            )
