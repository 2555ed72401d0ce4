"""Check the section of the accuracy on a machine without a GPU."""

import sys

from benchmark_records import make_record

from benchmarks import accuracy
from benchmarks.machine import Probe
from benchmarks.report import readme
from benchmarks.result_files import SECTION_FIELDS, load_records


def test_without_a_gpu_accuracy_is_not_measured(tmp_path, monkeypatch):
    record = make_record(accuracy={"rows": []})
    header = {name: record["accuracy"][name] for name in SECTION_FIELDS if name != "rows"}
    probe = Probe(record["machine"], header, "jax")
    monkeypatch.setattr(accuracy, "probe_machine", lambda: probe)
    monkeypatch.setattr(sys, "argv", ["accuracy", "--results", str(tmp_path)])
    accuracy.main()
    (found,) = load_records(tmp_path)
    assert found["accuracy"]["note"] == "not measured: no GPU"
    assert "Accuracy" not in readme.format_records([found])
