"""The contestants of `throughput.py`: what each one runs, and in which environment."""

import os
from dataclasses import dataclass

from results import LIMITED

BATCH = 128  # images; the batch of the paper


@dataclass(frozen=True)
class Contestant:
    """One row of the table."""

    name: str
    label: str
    script: str
    arguments: tuple = ()
    batch_size: int = BATCH  # in training; inference has one batch size for all
    backend: str = ""  # of Keras; empty for PyTorch
    onednn: bool = True  # whether TensorFlow may use oneDNN
    gpu_only: bool = False
    cpu_only: bool = False

    def runs_on(self, gpu):
        return not (self.cpu_only if gpu else self.gpu_only)

    def takes_part(self, task, layout):
        """Smaller batches are measured in training by one process alone, to keep a run short."""
        return self.batch_size == BATCH or (task, layout) == ("training", "one process")


HALF = ("--precision", "bfloat16")
CONTESTANTS = {
    contestant.name: contestant
    for contestant in (
        Contestant("engine-tensorflow", "this library, TensorFlow", "engine.py",
                   backend="tensorflow"),
        Contestant("engine-tensorflow-no-onednn", "this library, TensorFlow without oneDNN",
                   "engine.py", backend="tensorflow", onednn=False, cpu_only=True),
        Contestant("engine-jax", "this library, JAX", "engine.py", backend="jax"),
        Contestant("torch-eager", "PyTorch, eager", "torch_resnet20.py"),
        Contestant("torch-channels-last", "PyTorch, eager, channels_last", "torch_resnet20.py",
                   ("--form", "channels_last")),
        Contestant("torch-compile", "PyTorch, torch.compile", "torch_resnet20.py",
                   ("--form", "compile")),
        Contestant("article-128", "the article's script", "article_port.py", backend="tensorflow"),
        Contestant("article-128-no-onednn", "the article's script without oneDNN",
                   "article_port.py", backend="tensorflow", onednn=False, cpu_only=True),
        Contestant("article-32", "the article's script", "article_port.py",
                   batch_size=32, backend="tensorflow"),
        Contestant("engine-tensorflow-32", "this library, TensorFlow", "engine.py",
                   batch_size=32, backend="tensorflow"),
        # Half precision is faster on a GPU only. Each of these rows has its counterpart above.
        Contestant("engine-tensorflow-half", "this library, TensorFlow, bfloat16", "engine.py",
                   HALF, backend="tensorflow", gpu_only=True),
        Contestant("engine-jax-half", "this library, JAX, bfloat16", "engine.py",
                   HALF, backend="jax", gpu_only=True),
        Contestant("torch-compile-half", "PyTorch, torch.compile, bfloat16", "torch_resnet20.py",
                   ("--form", "compile", *HALF), gpu_only=True),
    )
}  # fmt: skip

# Variables that limit every contestant to older vector instructions. They cover oneDNN, the kernels
# of PyTorch, the code of torch.compile and the code of XLA. They do not cover NumPy and XNNPACK,
# which choose their instructions themselves, nor Eigen, which is compiled for AVX or older.
LIMITS = {
    "avx2": {
        "ONEDNN_MAX_CPU_ISA": "AVX2",  # the oneDNN of TensorFlow and of PyTorch
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",  # PyTorch's matrix products
        "ATEN_CPU_CAPABILITY": "avx2",  # PyTorch's own kernels; vectors in code of torch.compile
        "TORCHINDUCTOR_CPP_MARCH": "haswell",  # else torch.compile passes -march=native to g++
        "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",  # JAX
    }
}


def add_limit(parser):
    parser.add_argument(
        "--instructions",
        choices=LIMITS,
        help="limit the vector instructions (default: all that the processor has)",
    )


def limited(machine, instructions):
    """The record of `machine` under a limit of its instructions: another name, another file."""
    if not instructions:
        return machine
    if machine["gpu"] or not machine["instructions"]:
        raise SystemExit(
            f"--instructions needs an x86 processor with AVX2 and no GPU; got {machine['name']}; "
            "leave the option out"
        )
    return machine | {"name": f"{machine['name']}, {LIMITED}{instructions.upper()}"}


def environment(contestant, cache, instructions=None):
    """The environment variables of one process of `contestant`.

    `cache` is a folder of its own: torch.compile must compile anew, as on a fresh machine.
    `instructions` names an entry of `LIMITS`; None leaves the processor as it is.
    """
    variables = os.environ | {
        "KERAS_BACKEND": contestant.backend or "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        # All contestants wait in memory for their turns: none may take the whole GPU.
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "TORCHINDUCTOR_CACHE_DIR": str(cache),
    }
    if contestant.backend == "tensorflow":
        # TensorFlow's own default depends on the processor.
        variables["TF_ENABLE_ONEDNN_OPTS"] = "1" if contestant.onednn else "0"
    if instructions:
        limit = LIMITS[instructions]
        flags = " ".join(filter(None, [os.environ.get("XLA_FLAGS"), limit["XLA_FLAGS"]]))
        variables |= limit | {"XLA_FLAGS": flags}
    return variables
