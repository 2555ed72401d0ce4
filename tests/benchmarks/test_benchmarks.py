"""The benchmarks' own machinery, without PyTorch: results files, tables, turns and limits."""

import copy
import json
import os
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from resnet_lib import load_sample
from resnet_lib.processor import usable_cores

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import accuracy
import depth
import results
import room
import table
import targets
import teams
from competition import compete
from contestants import CONTESTANTS, LIMITS, Contestant, environment, limited
from room import LoadedRoom
from teams import Setting
from throughput_tables import processors
from waiting import wait_until

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
FAKE = """
import os, sys, time
sys.path.append({benchmarks!r})
from turns import parser, say, wait_for_turn

options = parser("A contestant that trains nothing.").parse_args()
print("a library greets")
{first}
say("first step")
say("ready")
number = 0
while (task := wait_for_turn()) != "end":
    number += task == "training"
    with open(f"{{options.data}}/turns", "a") as turns:
        turns.write({name!r} + f"-{{task}}{{number}} ")
    {each}
    images = options.inference_images
    if task == "training":
        images = options.batches * options.batch_size
    say("round", images=images, seconds={seconds})
say("end", parameters=7, device="none", versions={{}}, **{end})
"""
TRAINING, INFERENCE = (("training", "one process"), ("inference", "one process"))
CORE = usable_cores()[0]
BINDS = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux binds processes")


@pytest.fixture
def fake(tmp_path):
    def make(name, first="", each="", seconds=2.0, end="{}"):
        script = tmp_path / f"{name}.py"
        text = FAKE.format(
            benchmarks=str(BENCHMARKS), name=name, first=first, each=each, seconds=seconds, end=end
        )
        script.write_text(textwrap.dedent(text))
        return Contestant(name, f"label of {name}", str(script), backend="tensorflow")

    return make


def record(gpu=False, **sections):
    """A record of a machine that there is not."""
    kind = "GPU" if gpu else "CPU"
    machine = {"name": f"a {kind}, 9 cores", "cpu": "a make", "cores": 9}
    machine["instructions"] = "AVX512"
    section = {"date": "2026-01-02", "commit": "abc", "busy_before": 0.0, "versions": {}}
    made_up = {name: section | extra for name, extra in sections.items()}
    return {"schema": results.SCHEMA, "machine": machine | {"gpu": gpu}} | made_up


def row(name, *rounds, view=TRAINING):
    figures = {"parameters": 7, "device": "none", "versions": {}, "seconds_to_first_step": 3.0}
    figures |= {"images_per_second": float(np.median(rounds)), "rounds": list(rounds), "ratio": 1.0}
    where = dict(zip(("task", "layout"), view, strict=True))
    return {"name": name, "label": f"the {name}", "batch_size": 128} | where | figures


# ---------------------------------------------------------------- results files and tables


def test_a_results_file_keeps_to_its_schema_and_bears_its_machines_name():
    for path in results.RESULTS.glob("*.json"):
        found = json.loads(path.read_text())
        results.check(found, path)
        assert results.file_of(found["machine"]) == path
    machine = {"name": "CPU, 2 cores, x86_64", "gpu": False, "cpu": "AMD EPYC"}
    assert results.file_of(machine, "there") == Path("there/cpu-2-cores-x86_64-amd-epyc.json")


def test_the_readme_shows_the_results_files_and_nothing_else():
    page = table.README.read_text(encoding="utf-8")
    assert page == table.put(table.tables(results.load_all()), page), "type  make bench SECTIONS="


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
def test_what_is_not_of_the_schema_is_refused(where, value, message):
    wrong = copy.deepcopy(record(throughput={"rows": [row("engine-jax", 1.0)]}))
    results.check(wrong, "it")
    place = wrong
    for key in where[:-1]:
        place = place[key]
    place[where[-1]] = value
    with pytest.raises(ValueError, match=message):
        results.check(wrong, "it")


def test_a_section_is_saved_without_touching_the_others(tmp_path):
    made_up = record(throughput={"rows": [row("engine-jax", 1.0)]}, accuracy={"rows": []})
    machine = made_up["machine"]
    before = {key: value for key, value in machine.items() if key != "instructions"}
    results.save("accuracy", before, made_up["accuracy"], tmp_path)
    for section in ("throughput", "accuracy"):  # of the machine that has learned to tell its own
        results.save(section, machine, made_up[section], tmp_path)
        with pytest.raises(ValueError, match="must be"):
            results.save("depth", machine, {"date": "today"}, tmp_path)
        assert results.load_all(tmp_path) == [made_up]

    results.save("accuracy", machine | {"cpu": "another make"}, made_up["accuracy"], tmp_path)
    assert made_up in results.load_all(tmp_path), "two machines in one file"
    results.save("throughput", machine | {"instructions": "AVX2"}, made_up["throughput"], tmp_path)
    found = [one for one in results.load_all(tmp_path) if one["machine"]["cpu"] == machine["cpu"]]
    assert [set(one) & set(made_up) - {"schema", "machine"} for one in found] == [{"throughput"}]


def test_a_ratio_is_taken_within_each_round():
    rows = [row("slowing", 100.0, 50.0, 10.0), row("peer", 50.0, 25.0, 5.0)]
    assert results.ratio(rows, "slowing", "peer") == 2.0
    assert results.ratio(rows, "slowing", "absent") is None
    assert results.ratio([*rows[:1], rows[1] | {"error": "it fell"}], "slowing", "peer") is None


def lines_of(*records):
    return {line[0]: line[1:] for line in targets.target_rows(records)}


@pytest.mark.parametrize(
    ("rates", "busy", "expected"),
    [
        ((116.0, 100.0), 0.1, ("1.16×", "reached")),
        ((114.0, 100.0), 0.1, ("1.14×", "**not reached**")),
        ((116.0, 100.0), 0.9, ("1.16×", "does not count: measured beside other work")),
    ],
)
def test_a_target_is_judged_from_the_results_alone(rates, busy, expected):
    rows = [row("engine-tensorflow", rates[0]), row("torch-eager", rates[1])]
    lines = lines_of(record(throughput={"rows": rows, "busy_before": busy}))
    assert lines["CPU: training, one process: TensorFlow at least 1.15× PyTorch, eager"] == expected
    assert not any(name.startswith("GPU") for name in lines), "nothing was measured on one"


def rows_of(view=TRAINING, **rates):
    """Rows of this library and of PyTorch's three settings."""
    names = {"ours": "engine-tensorflow", "eager": "torch-eager", "compiled": "torch-compile"}
    names["last"] = "torch-channels-last"
    return [row(names[name], *rounds, view=view) for name, rounds in rates.items()]


BEST = "CPU: {}: TensorFlow at least 1.0× PyTorch's best setting"


def test_the_best_setting_of_pytorch_is_chosen_in_each_table_by_its_ratios_within_rounds():
    rows = rows_of(
        ours=(100.0, 10.0, 1.0), eager=(90.0, 9.0, 0.9), last=(50.0, 5.0, 0.5), compiled=(1, 1, 0.1)
    )
    other = ("inference", "side by side")
    rows += rows_of(other, ours=(99.0,), eager=(50.0,), last=(100.0,), compiled=(80.0,))
    lines = lines_of(record(throughput={"rows": rows}))
    assert lines[BEST.format("training, one process")] == ("1.11× the torch-eager", "reached")
    found = lines[BEST.format("inference, side by side")]
    assert found == ("0.99× the torch-channels-last", "**not reached**")
    assert BEST.format("inference, one process") not in lines, "not measured"
    assert sum("TensorFlow" in line for line in lines) == 4, "two tables with two targets each"


def test_without_one_of_its_settings_nobody_knows_pytorchs_best():
    rows = rows_of(ours=(100.0,), eager=(50.0,), last=(80.0,))
    failed = row("torch-compile", 1.0) | {"error": "no compiler"}
    lines = lines_of(record(throughput={"rows": [*rows, failed]}))
    expected = ("", "not measured: torch-compile missing or failed")
    assert lines[BEST.format("training, one process")] == expected
    assert lines_of(record(throughput={"rows": rows})) == lines


def test_a_target_stands_for_each_machine_that_has_measured_it_and_for_no_other():
    rows = [row("engine-tensorflow", 2.0), row("torch-eager", 1.0)]
    one = record(throughput={"rows": rows})
    other = record(site={"rows": [page("a", "text", 5), page("b", "widget", 6)]})
    other["machine"] = other["machine"] | {"cpu": "Other"}
    lines = lines_of(one, other)
    on_cpu = lines["CPU: training, one process: TensorFlow at least 1.15× PyTorch, eager"]
    assert on_cpu == ("2.00×", "reached")
    assert lines["CPU: a text page less than 600 kB"] == ("5 kB: a", "reached")
    third = copy.deepcopy(one)
    third["machine"]["cpu"] = "Third"
    begins = f"CPU ({one['machine']['name']}"
    named = [line for line in lines_of(one, other, third) if line.startswith(begins)]
    assert len(named) == 4
    assert sum("Third" in line for line in named) == 2


def test_a_gpu_has_targets_of_its_own():
    rates = {"engine-jax": 100.0, "engine-tensorflow-half": 60_001.0, "torch-compile": 50.0}
    rows = [row(name, rate) for name, rate in rates.items()]
    learned = [
        {"epochs": epochs, "seed": 0, "accuracy": figure, "seconds": 40.0}
        for epochs, figures in ((15, (91.0, 91.3, 91.1)), (30, (91.9, 91.3, 91.2)))
        for figure in figures
    ]
    lines = lines_of(record(gpu=True, throughput={"rows": rows}, accuracy={"rows": learned}))
    assert lines["GPU: JAX at least 1.5× PyTorch, torch.compile"] == ("2.00×", "reached")
    figure, verdict = lines["GPU: at least 60,000 images/s, batch 128"]
    assert figure.startswith("60,001")
    assert verdict == "reached"
    found = lines["GPU: at least 91.25 % of test images in less than 120 s"]
    assert found == ('91.30 % in 40 s, "quick" with 30 epochs, 3 seeds', "reached")


def page(name, kind, kilobytes, speed=None):
    """A row of the section `site`."""
    scores = speed and {"performance": speed, "accessibility": 100, "best-practices": 100}
    figures = {"page": name, "kind": kind, "kilobytes": kilobytes, "requests": 20}
    return figures | {"desk": scores, "phone": scores}


def test_a_site_that_is_too_heavy_or_slow_is_told():
    rows = [page("book/a", "text", 599, 90), page("book/b", "widget", 1200, 95)]
    assert targets.light("text", 600)(rows) == (True, "599 kB: a")
    assert targets.light("widget", 1200)(rows) == (False, "1,200 kB: b")
    assert targets.quick("desk", 90)(rows) == (True, "90: a")
    assert targets.quick("phone", 91)(rows) == (False, "90: a")
    assert targets.quick("phone", 70)([page("book/a", "text", 599)])[0] is None


def test_a_chapter_that_needs_too_much_memory_is_told():
    rows = [{"chapter": "a", "kernel_mib": 999}, {"chapter": "b", "kernel_mib": 1000}]
    assert targets.lean(1000)(rows[:1]) == (True, "999 MiB: a")
    assert targets.lean(1000)(rows) == (False, "1,000 MiB: b")
    failed = [*rows, {"chapter": "c", "error": "it fell"}]
    assert targets.lean(1000)(failed) == (None, "not measured: c failed")


COMMAND = {"command": "make book, after an edit", "seconds": [181, 9], "peak_mib": 900}
BUILDING = {"net": "a", "parameters": 1, "seconds": 1.0, "article_seconds": 1.0, "ratio": 1.0}


def test_every_section_has_a_table_and_a_failure_stands_in_it():
    bad = {"error": "it | fell"}
    kept = dict.fromkeys(("learners", "while_down", "connections", "variables", "files"), 0)
    named = {"name": "a", "label": "a", "batch_size": 32}
    made_up = record(
        throughput={"rows": [row("engine-jax", 1234.5), named | bad]},
        commands={"rows": [COMMAND, {"command": "make test"} | bad]},
        accuracy={"backend": "jax", "rows": [{"epochs": 8, "seed": 0, "seconds": 9.0} | bad]},
        depth={"batch_size": 8, "backend": "jax", "rows": [{"depth": 1202} | bad]},
        overhead={"batch_size": 128, "rows": [{"backend": "jax"} | bad]},
        building={"backend": "jax", "rows": [BUILDING]},
        chapters={"backend": "jax", "rows": [{"chapter": "01_a"} | bad]},
        memory={"backend": "jax", "gib": 24, "server_mib": 100},
        room={"restart": kept | {"seconds": 1.0}, "rows": [{"chapter": "01", "learners": 9} | bad]},
        site={"rows": [page("book/a", "text", 120, 95), page("book/b", "widget", 1300)]},
    )
    lean = {"chapter": "02_b", "kernel_mib": 800, "peak_mib": 900, "shared_mib": 300}
    made_up["memory"]["rows"] = [{"chapter": "01_a"} | bad, lean]
    assert made_up.keys() - {"schema", "machine"} == results.ROWS.keys() == table.SECTIONS.keys()
    results.check(made_up, "it")
    text = table.tables([made_up])
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
    readme = tmp_path / "README.md"
    readme.write_text("tables")
    monkeypatch.setattr(table, "README", readme)
    monkeypatch.setattr(sys, "argv", ["table.py", "--results", str(tmp_path / "nowhere")])
    with pytest.raises(SystemExit, match="2"):
        table.main()
    assert "there are no results in" in capsys.readouterr().err
    assert readme.read_text() == "tables"


@pytest.mark.parametrize(
    ("module", "words", "says"),
    [
        (accuracy, ["--epochs", "0"], "expected a whole number from 1; got '0'"),
        (accuracy, ["--seeds", "x"], "expected numbers with commas between them; got 'x'"),
        (depth, ["--depths", "20,21"], "expected 6n+2 layers, such as 20 or 56; got '21'"),
    ],
)
def test_an_option_that_means_nothing_is_refused(module, words, says, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [module.__name__, *words])
    with pytest.raises(SystemExit, match="2"):
        module.main()
    assert says in capsys.readouterr().err


def test_the_table_of_chapters_compares_with_those_without_onednn():
    rows = [
        {"chapter": "01_a", "seconds": 2.0, "seconds_without_onednn": 3.0},
        {"chapter": "02_b", "seconds": 2.0},  # from before it was compared
    ]
    made_up = record(chapters={"backend": "tensorflow", "rows": rows})
    results.check(made_up, "it")
    text = table.tables([made_up])
    assert "| 01_a | 2.0 | 3.0 | 1.50× |" in text
    assert "| 02_b | 2.0 |  |  |" in text


def test_the_throughput_table_has_a_column_for_each_task_and_layout():
    views = enumerate(results.VIEWS, 1)
    rows = [row("engine-tensorflow", 100.0 * number, view=view) for number, view in views]
    text = table.tables([record(throughput={"rows": rows})])
    assert "| training, one process | × eager | training, side by side | × eager |" in text
    figures = "".join(f" {100 * number} | 1.00× |" for number in (1, 2, 3, 4))
    assert f"| the engine-tensorflow | 128 |{figures} 3.0 |" in text


def test_rows_from_before_there_was_a_choice_are_of_training_in_one_process():
    rows = [row("engine-tensorflow", 2.0), row("torch-eager", 1.0)]
    for one in rows:
        del one["task"], one["layout"]
    made_up = record(throughput={"rows": rows})
    del made_up["machine"]["instructions"]
    results.check(made_up, "it")
    assert "| the torch-eager | 128 | 1 | 1.00× | – |" in table.tables([made_up])


def test_processors_stand_side_by_side():
    wide = record(throughput={"rows": [row("engine-tensorflow", 7.0)]})
    assert processors([wide, record(gpu=True)]) == [], "one processor has nothing beside it"
    beside = row("engine-tensorflow", 5.0, view=("training", "side by side"))
    narrow = record(throughput={"rows": [beside]})
    narrow["machine"]["name"] += ", limited to AVX2"
    *_, text = processors([wide, narrow])
    heads, _, line = text.split("\n")
    wide = "a make, 9 cores, AVX512"
    assert f"| {wide}: one process | {wide}: side by side |" in heads
    assert "| a make, 9 cores, limited to AVX2: one process |" in heads
    ours = "| the engine-tensorflow | 7 (1.00×) | – | – | 5 (1.00×) |"
    assert line == ours


@pytest.mark.parametrize(
    ("flags", "name"),
    [
        ("sse4_2 avx avx2 fma", "AVX2"),
        ("avx2 avx512f avx512bw", "AVX512"),
        ("avx2 avx512f avx512_vnni", "AVX512 with VNNI"),
        ("sse4_2 avx", None),
    ],
)
def test_the_vector_instructions_are_those_that_linux_tells(flags, name, monkeypatch):
    text = f"vendor_id\t: a\nflags\t\t: {flags}\nbugs\t\t: avx512f\n"
    monkeypatch.setattr(Path, "read_text", lambda path: text)
    assert results.vector_instructions() == name


# ---------------------------------------------------------------- turns


def by_view(rows):
    return {(row["name"], row["task"]): row for row in rows}


@pytest.fixture
def mute_is_given_up(monkeypatch, tmp_path):
    """Patience ends at once with the contestant `mute`, as soon as it has begun to train."""
    tell = teams.Process.tell

    def tell_and_wait(process, word):
        tell(process, word)
        is_mute = word == "training" and any("mute" in part for part in process.process.args)
        if is_mute:
            wait_until(lambda: "mute-training1" in (tmp_path / "turns").read_text())
        monkeypatch.setattr(teams, "PATIENCE", 0.1 if is_mute else 600)

    monkeypatch.setattr(teams.Process, "tell", tell_and_wait)


def test_contestants_take_turns_and_one_that_fails_does_not_sink_the_rest(
    fake, tmp_path, mute_is_given_up
):
    there_is_no = tmp_path / ".venv-absent/bin/python"
    gpu = "from turns import need_gpu; need_gpu(options.gpu, False)"
    about = {"batches": 2, "inference_batches": 1, "rounds": 2, "gpu": True}
    rows = compete(
        [
            fake("one", seconds=1.0),
            fake("unborn", first="raise ValueError('no memory\\nno hope')"),
            fake("torch-eager"),
            fake("mortal", each="if number == 2: raise RuntimeError('the end')"),
            fake("mute", each="if number: time.sleep(3600)"),
            fake("liar", each="if number: print('@ {never', flush=True)"),
            fake("hasty", first="say('end')"),
            fake("needy", first=gpu),
            replace(fake("alien"), backend=""),
            replace(fake("small"), batch_size=32),
            replace(fake("deaf", end="{'onednn': True}"), onednn=False),
            fake("silent", end="{'onednn': None}"),
        ],
        "one process",
        Setting(tmp_path, **about, torch=there_is_no),
    )
    found = by_view(rows)
    small = found.pop(("small", "training"))
    assert small["rounds"] == [128.0, 128.0]
    assert ("small", "inference") not in found, "measured in training alone"
    for task, images in (("training", 256.0), ("inference", 500.0)):
        good = [found.pop((name, task)) for name in ("one", "torch-eager", "silent")]
        rates = [images, images / 2, images / 2]
        assert [row["rounds"] for row in good] == [[rate, rate] for rate in rates]
        assert [row["ratio"] for row in good] == [2.0, 1.0, 1.0]
    reasons = {
        "unborn": "ValueError: no memory",
        "mortal": "RuntimeError: the end",
        "mute": "no answer in 0.1 seconds",
        "liar": "it said: @ {never",
        "hasty": "expected 'first step'",
        "needy": "it sees no GPU here",
        "alien": "there is no .venv-absent here; make bench installs it",
        "deaf": "TensorFlow computed with oneDNN; expected without oneDNN",
    }
    assert {name for name, _ in found} == reasons.keys()
    assert len(found) == 2 * len(reasons)
    for (name, _), row in found.items():
        assert reasons[name] in row["error"]
    results.check(record(throughput={"rows": rows}), "it")
    turns = (tmp_path / "turns").read_text().split()
    all_along = ("small", "deaf", "silent")
    rounds = [turn for turn in turns if not turn.startswith(all_along)]
    warm_up = 5  # each of those that start infers once
    assert rounds[warm_up:] == [
        *("one-training1", "torch-eager-training1", "mortal-training1", "mute-training1"),
        *("liar-training1", "one-inference1", "torch-eager-inference1", "mortal-inference1"),
        *("one-training2", "torch-eager-training2", "mortal-training2"),
        *("one-inference2", "torch-eager-inference2"),
    ]


@BINDS
def test_side_by_side_each_process_has_its_core_and_the_rates_are_added(fake, tmp_path):
    note = "open(f'{options.data}/cores', 'a').write(f'{os.sched_getaffinity(0)} ')"
    pair = fake("pair", first=note, seconds=1.0)
    torn = fake("torn", each="if number: os.mkdir(f'{options.data}/taken')")  # one of two can
    small = replace(fake("small"), batch_size=32)
    setting = Setting(tmp_path, batches=20, inference_batches=6, rounds=2)
    rows = by_view(compete([pair, torn, small], "side by side", setting, cores=(CORE, CORE)))
    assert {name for name, _ in rows} == {"pair", "torn"}, "small batches in one process alone"
    assert (tmp_path / "cores").read_text() == f"{{{CORE}}} " * 2
    assert rows["pair", "training"]["rounds"] == [2560.0, 2560.0], "10 of 20 batches for each"
    assert rows["pair", "inference"]["images_per_second"] == 3000.0
    assert rows["pair", "training"]["layout"] == "side by side"
    for task in ("training", "inference"):
        assert rows["torn", task]["error"].startswith("FileExistsError")


def test_a_system_that_cannot_bind_a_process_says_so_in_the_row(fake, tmp_path, monkeypatch):
    monkeypatch.delattr(os, "sched_setaffinity", raising=False)
    rows = compete([fake("pair")], "side by side", Setting(tmp_path, 20))
    assert "cannot bind a process to a core" in rows[0]["error"]


@pytest.mark.slow
def test_this_library_takes_its_turns(tmp_path):
    (x_train, y_train), (x_test, y_test) = load_sample()
    arrays = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array)
    setting = Setting(tmp_path, batches=1, rounds=2)
    rows = compete([CONTESTANTS["engine-tensorflow"]], "one process", setting)
    assert not any("error" in row for row in rows)
    assert [row["task"] for row in rows] == ["training", "inference"]
    for row in rows:
        assert row["parameters"] == 269_722
        assert len(row["rounds"]) == 2
    results.check(record(throughput={"rows": rows}), "it")


# ---------------------------------------------------------------- contestants


def test_every_tensorflow_contestant_is_told_whether_to_use_onednn(monkeypatch):
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "of the user")
    told = {
        name: environment(one, "cache")["TF_ENABLE_ONEDNN_OPTS"]
        for name, one in CONTESTANTS.items()
        if one.backend == "tensorflow"
    }
    off = {"engine-tensorflow-no-onednn", "article-128-no-onednn"}
    assert {name for name, value in told.items() if value == "0"} == off
    assert {value for name, value in told.items() if name not in off} == {"1"}


@BINDS
def test_contestants_that_do_not_fit_into_memory_are_not_started(fake, tmp_path, monkeypatch):
    monkeypatch.setattr(teams, "usable_cores", lambda: list(range(64)))
    monkeypatch.setattr(teams, "read_memory", lambda: (90e9, 100e9))
    rows = compete([fake("one"), fake("two")], "side by side", Setting(tmp_path, 1))
    assert all("need about 128 GB; this machine has 100 GB" in row["error"] for row in rows)
    assert len(teams.cores_of("side by side", 1)) == 64
    assert teams.cores_of("one process", 99) == (None,)


def test_a_limit_of_the_instructions_holds_for_every_contestant(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--of_the_user")
    for one in CONTESTANTS.values():
        variables = environment(one, "cache", "avx2")
        assert variables.items() >= (LIMITS["avx2"] | {"XLA_FLAGS": variables["XLA_FLAGS"]}).items()
        assert variables["XLA_FLAGS"] == "--of_the_user --xla_cpu_max_isa=AVX2"
        assert environment(one, "cache")["XLA_FLAGS"] == "--of_the_user"
        assert "ONEDNN_MAX_CPU_ISA" not in environment(one, "cache")


def test_a_limited_machine_has_a_file_of_its_own():
    machine = record()["machine"]
    assert limited(machine, None) == machine
    narrow = limited(machine, "avx2")
    assert narrow["name"] == "a CPU, 9 cores, limited to AVX2"
    assert results.file_of(narrow) != results.file_of(machine)
    for other in ({"gpu": True}, {"instructions": None}):
        with pytest.raises(SystemExit, match="leave the option out"):
            limited(machine | other, "avx2")


def test_a_gpu_and_a_cpu_have_contestants_of_their_own_and_every_one_its_script():
    on_gpu, on_cpu = (
        {name for name, one in CONTESTANTS.items() if one.runs_on(gpu)} for gpu in (True, False)
    )
    assert not any("onednn" in name for name in on_gpu)
    assert not any("half" in name for name in on_cpu)
    assert on_gpu | on_cpu == CONTESTANTS.keys()
    assert all((BENCHMARKS / each.script).exists() for each in CONTESTANTS.values())


# ---------------------------------------------------------------- limits


def watch(code, seconds=600, gib=8):
    return depth.watch([sys.executable, "-c", code], "jax", seconds, gib)


def test_a_depth_that_is_too_slow_or_too_large_is_recorded_as_such():
    assert watch("print('hello'); print('{\"depth\": 20}')") == {"depth": 20}
    slow = watch("import time; time.sleep(3600)", seconds=0.3)
    assert slow == {"error": "not done in 0.3 s"}
    assert watch("raise MemoryError('all gone')") == {"error": "MemoryError: all gone"}
    if Path("/proc/self/status").exists():  # Linux tells memory there
        large = watch("import time; x = bytearray(b'1' * 2**28); time.sleep(3600)", gib=0.1)
        assert large == {"error": "took more than 0.1 GiB of memory"}


def test_without_a_gpu_accuracy_is_not_measured(tmp_path, monkeypatch):
    made_up = record(accuracy={"rows": []})
    measured = {name: made_up["accuracy"][name] for name in results.MEASURED if name != "rows"}
    monkeypatch.setattr(results, "probe", lambda: (made_up["machine"], measured, "jax"))
    monkeypatch.setattr(sys, "argv", ["accuracy.py", "--results", str(tmp_path)])
    accuracy.main()
    (found,) = results.load_all(tmp_path)
    assert found["accuracy"]["note"] == "not measured: no GPU"
    assert "Accuracy" not in table.tables([found])


# ---------------------------------------------------------------- a room that is too small


class EmptyRoom(LoadedRoom):
    """A room whose learners need 300 MiB each, and that notes who came and who left."""

    def __init__(self):
        super().__init__("nowhere", 30)
        self.seen = []

    def visit(self, chapter, count):
        self.visitors = self.arrived = [object()] * count
        self.seen.append(count)
        return {"memory_mib": 300}

    def leave(self):
        self.seen.append("leave")
        self.visitors, self.arrived = [], []


def test_learners_who_would_not_fit_do_not_come_and_nobody_leaves_for_them(monkeypatch):
    monkeypatch.setattr(room, "free_memory", lambda: 4096)
    one = EmptyRoom()
    rows = list(one.climb(["01"], [1, 10, 30]))
    reason = "9,000 MiB are needed, 3,072 are free"
    assert [row.get("error") for row in rows] == [None, None, reason]
    assert one.seen == ["leave", 1, "leave", 10]
    assert len(one.arrived) == 10, "those who are asked again when the hub comes back"
