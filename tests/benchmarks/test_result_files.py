"""Check how results files are named, checked, saved and loaded."""

import copy
import json
from pathlib import Path

import pytest
from benchmark_records import make_record, make_throughput_row

from benchmarks.report import readme
from benchmarks.result_files import (
    RESULTS_FOLDER,
    check_record,
    load_records,
    results_path,
    save_section,
)


def test_a_results_file_follows_the_schema_and_has_the_name_of_its_machine():
    for path in RESULTS_FOLDER.glob("*.json"):
        found = json.loads(path.read_text())
        check_record(found, path)
        assert results_path(found["machine"]) == path
    machine = {"name": "CPU, 2 cores, x86_64", "gpu": False, "cpu": "AMD EPYC"}
    assert results_path(machine, "there") == Path("there/cpu-2-cores-x86_64-amd-epyc.json")


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        (("schema",), 0, "schema 0"),
        (("machine", "cores"), "two", "cores"),
        (("throughput", "date"), None, "date"),
        (("throughput", "rows", 0, "rounds"), 3, "rounds"),
        (("throughput", "rows", 0, "error"), None, "error"),
        (("machine", "instructions"), 512, "instructions"),
        (("speed",), {}, "no section 'speed'"),
    ],
)
def test_a_record_with_another_schema_is_refused(where, value, message):
    wrong = copy.deepcopy(
        make_record(throughput={"rows": [make_throughput_row("engine-jax", 1.0)]})
    )
    check_record(wrong, "it")
    part = wrong
    for key in where[:-1]:
        part = part[key]
    part[where[-1]] = value
    with pytest.raises(ValueError, match=message):
        check_record(wrong, "it")


def test_a_section_is_saved_without_touching_the_others(tmp_path):
    record = make_record(
        throughput={"rows": [make_throughput_row("engine-jax", 1.0)]}, accuracy={"rows": []}
    )
    machine = record["machine"]
    before = {key: value for key, value in machine.items() if key != "instructions"}
    save_section("accuracy", before, record["accuracy"], tmp_path)
    for section in ("throughput", "accuracy"):  # of the machine whose instructions are now known
        save_section(section, machine, record[section], tmp_path)
        with pytest.raises(ValueError, match="must be"):
            save_section("depth", machine, {"date": "today"}, tmp_path)
        assert load_records(tmp_path) == [record]

    save_section("accuracy", machine | {"cpu": "another make"}, record["accuracy"], tmp_path)
    assert record in load_records(tmp_path), "two machines in one file"
    save_section("throughput", machine | {"instructions": "AVX2"}, record["throughput"], tmp_path)
    found = [one for one in load_records(tmp_path) if one["machine"]["cpu"] == machine["cpu"]]
    assert [set(one) & set(record) - {"schema", "machine"} for one in found] == [{"throughput"}]


def test_older_rows_are_of_training_in_one_process():
    rows = [make_throughput_row("engine-tensorflow", 2.0), make_throughput_row("torch-eager", 1.0)]
    for one in rows:
        del one["task"], one["layout"]
    record = make_record(throughput={"rows": rows})
    del record["machine"]["instructions"]
    check_record(record, "it")
    assert "| the torch-eager | 128 | 1 | 1.00× | – |" in readme.format_records([record])
