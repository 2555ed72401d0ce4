"""Limit what is measured to older vector instructions of the processor."""

import os

from benchmarks.result_files import LIMITED_TO

# Variables that limit every process to older vector instructions. They cover oneDNN, the kernels
# of PyTorch, the code of torch.compile and the code of XLA. They do not cover NumPy and XNNPACK,
# which choose their instructions themselves, nor Eigen, which is compiled for AVX or older.
INSTRUCTION_LIMITS = {
    "avx2": {
        "ONEDNN_MAX_CPU_ISA": "AVX2",  # the oneDNN of TensorFlow and of PyTorch
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",  # PyTorch's matrix products
        "ATEN_CPU_CAPABILITY": "avx2",  # PyTorch's own kernels; vectors in code of torch.compile
        "TORCHINDUCTOR_CPP_MARCH": "haswell",  # else torch.compile passes -march=native to g++
        "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",  # JAX
    }
}


def add_instructions_option(parser):
    """Add the option `--instructions` to a section's parser."""
    parser.add_argument(
        "--instructions",
        choices=INSTRUCTION_LIMITS,
        help="limit the vector instructions (default: all that the processor has)",
    )


def rename_limited_machine(machine, instructions):
    """Return `machine` with the limit in its name, so that its results have a file of their own.

    Without a limit the machine is returned unchanged.
    """
    if not instructions:
        return machine
    if machine["gpu"] or not machine["instructions"]:
        raise SystemExit(
            f"--instructions needs an x86 processor with AVX2 and no GPU; got {machine['name']}; "
            "leave the option out"
        )
    return machine | {"name": f"{machine['name']}, {LIMITED_TO}{instructions.upper()}"}


def limit_environment(instructions):
    """Return the variables that set the limit; none without a limit.

    XLA's flags of the user's environment are kept.
    """
    if not instructions:
        return {}
    limit = INSTRUCTION_LIMITS[instructions]
    flags = filter(None, [os.environ.get("XLA_FLAGS"), limit["XLA_FLAGS"]])
    return limit | {"XLA_FLAGS": " ".join(flags)}
