"""Check how a machine is described, and how its instructions are limited."""

from pathlib import Path

import pytest
from benchmark_records import make_record

from benchmarks.instruction_limits import INSTRUCTION_LIMITS, rename_limited_machine
from benchmarks.machine import BACKEND_LABELS, find_vector_instructions, query_backend
from benchmarks.result_files import results_path
from benchmarks.throughput.contestants import CONTESTANTS, make_environment


@pytest.mark.parametrize(
    ("flags", "name"),
    [
        ("sse4_2 avx avx2 fma", "AVX2"),
        ("avx2 avx512f avx512bw", "AVX512"),
        ("avx2 avx512f avx512_vnni", "AVX512 with VNNI"),
        ("sse4_2 avx", None),
    ],
)
def test_the_vector_instructions_are_those_that_linux_names(flags, name, monkeypatch):
    text = f"vendor_id\t: a\nflags\t\t: {flags}\nbugs\t\t: avx512f\n"
    monkeypatch.setattr(Path, "read_text", lambda path: text)
    assert find_vector_instructions() == name


@pytest.mark.parametrize("backend", BACKEND_LABELS)
def test_a_backend_describes_this_machine(backend):
    gpu, device, _, versions = query_backend(backend)
    assert isinstance(gpu, bool)
    assert device
    assert backend in versions


def test_a_limited_machine_has_a_file_of_its_own():
    machine = make_record()["machine"]
    assert rename_limited_machine(machine, None) == machine
    narrow = rename_limited_machine(machine, "avx2")
    assert narrow["name"] == "a CPU, 9 cores, limited to AVX2"
    assert results_path(narrow) != results_path(machine)
    for other in ({"gpu": True}, {"instructions": None}):
        with pytest.raises(SystemExit, match="leave the option out"):
            rename_limited_machine(machine | other, "avx2")


def test_a_limit_of_the_instructions_holds_for_every_contestant(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--of_the_user")
    for one in CONTESTANTS.values():
        variables = make_environment(one, "cache", "avx2")
        assert (
            variables.items()
            >= (INSTRUCTION_LIMITS["avx2"] | {"XLA_FLAGS": variables["XLA_FLAGS"]}).items()
        )
        assert variables["XLA_FLAGS"] == "--of_the_user --xla_cpu_max_isa=AVX2"
        assert make_environment(one, "cache")["XLA_FLAGS"] == "--of_the_user"
        assert "ONEDNN_MAX_CPU_ISA" not in make_environment(one, "cache")
