"""List the contestants of the throughput section, with the program and environment of each."""

import os
from dataclasses import dataclass

from benchmarks.instruction_limits import limit_environment

BATCH_SIZE = 128  # as in the paper


@dataclass(frozen=True)
class Contestant:
    """One line of the throughput table."""

    name: str
    label: str
    program: str  # a module
    arguments: tuple = ()
    batch_size: int = BATCH_SIZE  # in training; all have the same in inference
    backend: str = ""  # of Keras; empty for PyTorch
    onednn: bool = True  # whether TensorFlow may use oneDNN
    gpu_only: bool = False
    cpu_only: bool = False

    def runs_on(self, gpu):
        return not (self.cpu_only if gpu else self.gpu_only)

    def takes_part(self, task, layout):
        """Return whether it is measured; a smaller batch is only in training in one process."""
        return self.batch_size == BATCH_SIZE or (task, layout) == ("training", "one process")


LIBRARY = "benchmarks.throughput.library_contestant"
ARTICLE = "benchmarks.throughput.article_contestant"
PYTORCH = "benchmarks.throughput.pytorch_contestant"
HALF = ("--precision", "bfloat16")
CONTESTANTS = {
    contestant.name: contestant
    for contestant in (
        Contestant("engine-tensorflow", "this library, TensorFlow", LIBRARY,
                   backend="tensorflow"),
        Contestant("engine-tensorflow-no-onednn", "this library, TensorFlow without oneDNN",
                   LIBRARY, backend="tensorflow", onednn=False, cpu_only=True),
        Contestant("engine-jax", "this library, JAX", LIBRARY, backend="jax"),
        Contestant("torch-eager", "PyTorch, eager", PYTORCH),
        Contestant("torch-channels-last", "PyTorch, eager, channels_last", PYTORCH,
                   ("--form", "channels_last")),
        Contestant("torch-compile", "PyTorch, torch.compile", PYTORCH,
                   ("--form", "compile")),
        Contestant("article-128", "the article's script", ARTICLE, backend="tensorflow"),
        Contestant("article-128-no-onednn", "the article's script without oneDNN",
                   ARTICLE, backend="tensorflow", onednn=False, cpu_only=True),
        Contestant("article-32", "the article's script", ARTICLE,
                   batch_size=32, backend="tensorflow"),
        Contestant("engine-tensorflow-32", "this library, TensorFlow", LIBRARY,
                   batch_size=32, backend="tensorflow"),
        # Half precision is faster on a GPU only. Each of these rows has its counterpart above.
        Contestant("engine-tensorflow-half", "this library, TensorFlow, bfloat16", LIBRARY,
                   HALF, backend="tensorflow", gpu_only=True),
        Contestant("engine-jax-half", "this library, JAX, bfloat16", LIBRARY,
                   HALF, backend="jax", gpu_only=True),
        Contestant("torch-compile-half", "PyTorch, torch.compile, bfloat16", PYTORCH,
                   ("--form", "compile", *HALF), gpu_only=True),
    )
}  # fmt: skip


def make_environment(contestant, cache, instructions=None):
    """Return the environment variables of one process of `contestant`.

    torch.compile must compile again, as on a fresh machine, so `cache` is a folder for it alone.
    `instructions` names one of the `INSTRUCTION_LIMITS`; None leaves the processor unlimited.
    """
    variables = os.environ | {
        "KERAS_BACKEND": contestant.backend or "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        # All contestants wait in memory for their turns, so none may reserve the whole GPU.
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "TORCHINDUCTOR_CACHE_DIR": str(cache),
    }
    if contestant.backend == "tensorflow":
        # TensorFlow's own default depends on the processor.
        variables["TF_ENABLE_ONEDNN_OPTS"] = "1" if contestant.onednn else "0"
    return variables | limit_environment(instructions)
