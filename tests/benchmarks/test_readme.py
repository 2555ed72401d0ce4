"""Check the tables of the README."""

import sys

import pytest
from benchmark_records import make_page_row, make_record, make_throughput_row

from benchmarks.report import readme
from benchmarks.report.section_tables import SECTIONS
from benchmarks.report.throughput_tables import format_processors
from benchmarks.result_files import ROW_FIELDS, check_record, load_records
from benchmarks.throughput.rates import VIEWS

COMMAND = {"command": "make book, after an edit", "seconds": [181, 9], "peak_mib": 900}
BUILDING = {"net": "a", "parameters": 1, "seconds": 1.0, "article_seconds": 1.0, "ratio": 1.0}


def test_the_tables_of_the_readme_are_made_from_the_results_files():
    page = readme.README.read_text(encoding="utf-8")
    assert page == readme.replace_tables(readme.format_records(load_records()), page), (
        "type  make bench SECTIONS="
    )


def test_every_section_has_a_table_that_shows_failures():
    bad = {"error": "it | fell"}
    kept = dict.fromkeys(("learners", "while_down", "connections", "variables", "files"), 0)
    named = {"name": "a", "label": "a", "batch_size": 32}
    record = make_record(
        throughput={"rows": [make_throughput_row("engine-jax", 1234.5), named | bad]},
        commands={"rows": [COMMAND, {"command": "make test"} | bad]},
        accuracy={"backend": "jax", "rows": [{"epochs": 8, "seed": 0, "seconds": 9.0} | bad]},
        depth={"batch_size": 8, "backend": "jax", "rows": [{"depth": 1202} | bad]},
        overhead={"batch_size": 128, "rows": [{"backend": "jax"} | bad]},
        building={"backend": "jax", "rows": [BUILDING]},
        chapters={"backend": "jax", "rows": [{"chapter": "01_a"} | bad]},
        memory={"backend": "jax", "gib": 24, "server_mib": 100},
        room={"restart": kept | {"seconds": 1.0}, "rows": [{"chapter": "01", "learners": 9} | bad]},
        site={
            "rows": [
                make_page_row("book/a", "text", 120, 95),
                make_page_row("book/b", "widget", 1300),
            ]
        },
    )
    chapter = {"chapter": "02_b", "kernel_mib": 800, "peak_mib": 900, "shared_mib": 300}
    record["memory"]["rows"] = [{"chapter": "01_a"} | bad, chapter]
    assert record.keys() - {"schema", "machine"} == ROW_FIELDS.keys() == SECTIONS.keys()
    check_record(record, "it")
    text = readme.format_records([record])
    assert text.count(r"it \| fell") == 8
    assert "| `make book`, after an edit | 3:01 / 0:09 | 900 |" in text
    assert f"| 02_b | 800 | 900 | 300 | {(24 * 1024 - 1024 - 300) // (900 - 300 + 100)} |" in text
    assert "| the engine-jax | 128 | 1,234 | 1.00× | – |  |" in text
    assert "| a | text | 120 | 20 | 95 | 95 | 100 | 100 | 100 | 100 |" in text
    assert "| b | widget | 1300 | 20 |  |  |" in text
    assert "2026-01-02, commit abc" in text
    for block in text.split("\n\n"):
        assert len({line.count(" | ") for line in block.split("\n")}) == 1, block


def test_without_results_the_readme_keeps_its_tables(tmp_path, monkeypatch, capsys):
    path = tmp_path / "README.md"
    path.write_text("tables")
    monkeypatch.setattr(readme, "README", path)
    monkeypatch.setattr(sys, "argv", ["report", "--results", str(tmp_path / "nowhere")])
    with pytest.raises(SystemExit, match="2"):
        readme.main()
    assert "there are no results in" in capsys.readouterr().err
    assert path.read_text() == "tables"


def test_the_table_of_chapters_compares_with_tensorflow_without_onednn():
    rows = [
        {"chapter": "01_a", "seconds": 2.0, "seconds_without_onednn": 3.0},
        {"chapter": "02_b", "seconds": 2.0},  # from before it was compared
    ]
    record = make_record(chapters={"backend": "tensorflow", "rows": rows})
    check_record(record, "it")
    text = readme.format_records([record])
    assert "| 01_a | 2.0 | 3.0 | 1.50× |" in text
    assert "| 02_b | 2.0 |  |  |" in text


def test_the_throughput_table_has_a_column_for_each_task_and_layout():
    views = enumerate(VIEWS, 1)
    rows = [
        make_throughput_row("engine-tensorflow", 100.0 * number, view=view)
        for number, view in views
    ]
    text = readme.format_records([make_record(throughput={"rows": rows})])
    assert "| training, one process | × eager | training, side by side | × eager |" in text
    figures = "".join(f" {100 * number} | 1.00× |" for number in (1, 2, 3, 4))
    assert f"| the engine-tensorflow | 128 |{figures} 3.0 |" in text


def test_processors_are_compared_in_one_table():
    wide = make_record(throughput={"rows": [make_throughput_row("engine-tensorflow", 7.0)]})
    assert format_processors([wide, make_record(gpu=True)]) == [], (
        "one processor has nothing beside it"
    )
    beside = make_throughput_row("engine-tensorflow", 5.0, view=("training", "side by side"))
    narrow = make_record(throughput={"rows": [beside]})
    narrow["machine"]["name"] += ", limited to AVX2"
    *_, text = format_processors([wide, narrow])
    heads, _, line = text.split("\n")
    wide = "a make, 9 cores, AVX512"
    assert f"| {wide}: one process | {wide}: side by side |" in heads
    assert "| a make, 9 cores, limited to AVX2: one process |" in heads
    ours = "| the engine-tensorflow | 7 (1.00×) | – | – | 5 (1.00×) |"
    assert line == ours
