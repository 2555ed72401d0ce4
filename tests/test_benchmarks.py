"""The benchmarks' own machinery, without PyTorch: results files, tables, turns and limits."""

import copy
import json
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from resnet_lib import load_sample

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

import accuracy
import contestants
import depth
import results
import room
import table
import targets
import throughput
from contestants import CONTESTANTS, Contestant
from room import LoadedRoom

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
FILES = sorted(results.RESULTS.glob("*.json"))
FAKE = """
import sys, time
sys.path.append({benchmarks!r})
from turns import parser, say, wait_for_turn

options = parser("A contestant that trains nothing.").parse_args()
print("a library greets")
{first}
say("first step")
say("ready")
for number in range(1, options.rounds + 1):
    wait_for_turn()
    with open(f"{{options.data}}/turns", "a") as turns:
        turns.write({name!r} + str(number) + " ")
    {each}
    say("round", images=options.batches * options.batch_size, seconds={seconds})
say("end", parameters=7, device="none", versions={{}})
"""


@pytest.fixture
def fake(tmp_path):
    def make(name, first="", each="", seconds=2.0):
        script = tmp_path / f"{name}.py"
        text = FAKE.format(
            benchmarks=str(BENCHMARKS), name=name, first=first, each=each, seconds=seconds
        )
        script.write_text(textwrap.dedent(text))
        return Contestant(name, f"label of {name}", str(script), backend="tensorflow")

    return make


def record(gpu=False, **sections):
    """A record of a machine that there is not."""
    kind = "GPU" if gpu else "CPU"
    machine = {"name": f"a {kind}, 9 cores", "cpu": "a make", "cores": 9}
    section = {"date": "2026-01-02", "commit": "abc", "busy_before": 0.0, "versions": {}}
    made_up = {name: section | extra for name, extra in sections.items()}
    return {"schema": results.SCHEMA, "machine": machine | {"gpu": gpu}} | made_up


def row(name, *rounds):
    figures = {"parameters": 7, "device": "none", "versions": {}, "seconds_to_first_step": 3.0}
    figures |= {"images_per_second": float(np.median(rounds)), "rounds": list(rounds), "ratio": 1.0}
    return {"name": name, "label": f"the {name}", "batch_size": 128} | figures


# ---------------------------------------------------------------- results files and tables


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_results_file_keeps_to_its_schema_and_bears_its_machines_name(path):
    found = json.loads(path.read_text())
    results.check(found, path)
    assert results.file_of(found["machine"]) == path


def test_the_readme_shows_the_results_files_and_nothing_else():
    page = table.README.read_text(encoding="utf-8")
    assert page == table.put(table.tables(results.load_all()), page), "type  make bench SECTIONS="


def test_a_machine_names_its_file():
    machine = {"name": "CPU, 2 cores, x86_64", "gpu": False, "cpu": "AMD EPYC"}
    assert results.file_of(machine, "there") == Path("there/cpu-2-cores-x86_64-amd-epyc.json")


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        (("schema",), 0, "schema 0"),
        (("machine", "cores"), "two", "cores"),
        (("throughput", "date"), None, "date"),
        (("throughput", "rows", 0, "rounds"), 3, "rounds"),
        (("throughput", "rows", 0, "error"), None, "error"),
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
    for section in ("accuracy", "throughput", "accuracy"):
        results.save(section, made_up["machine"], made_up[section], tmp_path)
    assert results.load_all(tmp_path) == [made_up]
    with pytest.raises(ValueError, match="must be"):
        results.save("depth", made_up["machine"], {"date": "today"}, tmp_path)
    assert results.load_all(tmp_path) == [made_up]

    other = made_up["machine"] | {"cpu": "another make"}
    results.save("accuracy", other, made_up["accuracy"], tmp_path)
    assert made_up in results.load_all(tmp_path), "two machines in one file"


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
        ((100.0, 99.0), 0.1, ("1.01×", "reached")),
        ((99.0, 100.0), 0.1, ("0.99×", "**not reached**")),
        ((100.0, 99.0), 0.9, ("1.01×", "does not count: measured beside other work")),
    ],
)
def test_a_target_is_judged_from_the_results_alone(rates, busy, expected):
    rows = [row("engine-tensorflow", rates[0]), row("torch-eager", rates[1])]
    lines = lines_of(record(throughput={"rows": rows, "busy_before": busy}))
    assert lines["CPU: TensorFlow at least 1.0× PyTorch, eager"] == expected
    assert "missing or failed" in lines["CPU: JAX at least 1.0× PyTorch, eager"][1]
    on_gpu = [verdict for name, verdict in lines.items() if name.startswith("GPU")]
    assert set(on_gpu) == {("", "not measured: no GPU")}
    assert len(on_gpu) == 6


def test_a_target_stands_for_each_machine_that_has_measured_it_and_for_no_other():
    rows = [row("engine-tensorflow", 2.0), row("torch-eager", 1.0)]
    one, other = (
        record(throughput={"rows": rows}),
        record(site={"rows": [page("a", "text", 5), page("b", "widget", 6)]}),
    )
    other["machine"] = other["machine"] | {"cpu": "Other"}
    lines = lines_of(one, other)
    assert lines["CPU: TensorFlow at least 1.0× PyTorch, eager"] == ("2.00×", "reached")
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
    trainings = [(15, 91.0), (15, 91.3), (15, 91.1), (30, 91.9), (30, 91.3), (30, 91.2)]
    learned = [
        {"epochs": epochs, "seed": 0, "accuracy": figure, "seconds": 40.0}
        for epochs, figure in trainings
    ]
    lines = lines_of(record(gpu=True, throughput={"rows": rows}, accuracy={"rows": learned}))
    assert lines["GPU: JAX at least 1.5× PyTorch, torch.compile"] == ("2.00×", "reached")
    figure, verdict = lines["GPU: at least 60,000 images/s, batch 128"]
    assert figure.startswith("60,001")
    assert verdict == "reached"
    figure, verdict = lines["GPU: at least 91.25 % of test images in less than 120 s"]
    assert figure == '91.30 % in 40 s, "quick" with 30 epochs, 3 seeds'
    assert verdict == "reached"


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


def test_every_section_has_a_table_and_a_failure_stands_in_it():
    bad = {"error": "it | fell"}
    kept = dict.fromkeys(("learners", "while_down", "connections", "variables", "files"), 0)
    named = {"name": "a", "label": "a", "batch_size": 32}
    made_up = record(
        throughput={"rows": [row("engine-jax", 1234.5), named | bad]},
        accuracy={"rows": [], "note": "not measured: no GPU"},
        depth={"batch_size": 8, "backend": "jax", "rows": [{"depth": 1202} | bad]},
        overhead={"batch_size": 128, "rows": [{"backend": "jax"} | bad]},
        building={"backend": "jax", "rows": []},
        chapters={"backend": "jax", "rows": [{"chapter": "01_a"} | bad]},
        room={"restart": kept | {"seconds": 1.0}, "rows": [{"chapter": "01", "learners": 9} | bad]},
        site={"rows": [page("book/a", "text", 120, 95), page("book/b", "widget", 1300)]},
    )
    assert made_up.keys() - {"schema", "machine"} == results.ROWS.keys() == table.SECTIONS.keys()
    results.check(made_up, "it")
    text = table.tables([made_up])
    assert text.count(r"it \| fell") == 5
    assert "| the engine-jax | 128 | 1,234 |" in text
    assert "| a | text | 120 | 20 | 95 | 95 | 100 | 100 | 100 | 100 |" in text
    assert "| b | widget | 1300 | 20 |  |  |" in text
    assert "2026-01-02, commit abc" in text
    widths = {
        block: {line.count(" | ") for line in block.split("\n")} for block in text.split("\n\n")
    }
    assert all(len(counts) == 1 for counts in widths.values())


# ---------------------------------------------------------------- turns


def test_contestants_take_turns_and_one_that_fails_does_not_sink_the_rest(
    fake, tmp_path, monkeypatch
):
    monkeypatch.setattr(contestants, "PATIENCE", 5)
    there_is_no = tmp_path / ".venv-absent/bin/python"
    rows = throughput.compete(
        [
            fake("one", seconds=1.0),
            fake("unborn", first="raise ValueError('no memory\\nno hope')"),
            fake("torch-eager"),
            fake("mortal", each="if number == 2: raise RuntimeError('the end')"),
            fake("mute", each="time.sleep(60)"),
            fake("liar", each="print('@ {never', flush=True)"),
            fake("hasty", first="say('end')"),
            replace(fake("alien"), backend=""),
        ],
        tmp_path,
        images=256,
        rounds=2,
        torch=there_is_no,
    )
    rows = {row["name"]: row for row in rows}
    good = rows.pop("one"), rows.pop("torch-eager")
    assert [row["rounds"] for row in good] == [[256.0, 256.0], [128.0, 128.0]]
    assert [row["ratio"] for row in good] == [2.0, 1.0]
    reasons = {
        "unborn": "ValueError: no memory",
        "mortal": "RuntimeError: the end",
        "mute": "no answer in 5 seconds",
        "liar": "it said: @ {never",
        "hasty": "expected 'first step'",
        "alien": "there is no .venv-absent here; make bench installs it",
    }
    assert rows.keys() == reasons.keys()
    for name, reason in reasons.items():
        assert reason in rows[name]["error"]
    results.check(record(throughput={"rows": [*good, *rows.values()]}), "it")
    turns = (tmp_path / "turns").read_text()
    assert turns == "one1 torch-eager1 mortal1 mute1 liar1 one2 torch-eager2 mortal2 "


def test_this_library_takes_its_turns(tmp_path):
    (x_train, y_train), (x_test, y_test) = load_sample()
    arrays = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array)
    engine = replace(CONTESTANTS["engine-tensorflow"], batch_size=8)
    (row,) = throughput.compete([engine], tmp_path, images=16, rounds=2)
    assert "error" not in row
    assert row["parameters"] == 269_722
    assert len(row["rounds"]) == 2
    results.check(record(throughput={"rows": [row]}), "it")


def test_a_contestant_that_needs_a_gpu_says_that_there_is_none(fake, tmp_path):
    needs = fake("needy", first="from turns import need_gpu; need_gpu(options.gpu, False)")
    (row,) = throughput.compete([needs], tmp_path, images=128, rounds=1, gpu=True)
    assert row["error"] == "it sees no GPU here"


def test_every_contestant_has_its_script():
    assert all((BENCHMARKS / each.script).exists() for each in CONTESTANTS.values())


# ---------------------------------------------------------------- limits


def watch(code, **limits):
    return depth.watch([sys.executable, "-c", code], "jax", **({"seconds": 30, "gib": 8} | limits))


def test_a_depth_that_is_too_slow_or_too_large_is_recorded_as_such():
    assert watch("print('hello'); print('{\"depth\": 20}')") == {"depth": 20}
    slow = watch("import time; time.sleep(60)", seconds=0.3)
    assert slow == {"error": "not done in 0.3 s"}
    assert watch("raise MemoryError('all gone')") == {"error": "MemoryError: all gone"}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells memory there")
def test_a_depth_that_takes_too_much_memory_is_ended():
    large = watch("import time; x = bytearray(b'1' * 2**28); time.sleep(60)", gib=0.1)
    assert large == {"error": "took more than 0.1 GiB of memory"}


def test_without_a_gpu_accuracy_is_not_measured(tmp_path, monkeypatch):
    made_up = record(accuracy={"rows": []})
    measured = {name: made_up["accuracy"][name] for name in results.MEASURED if name != "rows"}
    monkeypatch.setattr(results, "probe", lambda: (made_up["machine"], measured, "jax"))
    monkeypatch.setattr(sys, "argv", ["accuracy.py", "--results", str(tmp_path)])
    accuracy.main()
    (found,) = results.load_all(tmp_path)
    assert "Accuracy of ResNet-20: not measured: no GPU." in table.tables([found])


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
    assert [row.get("error") for row in rows] == [
        None,
        None,
        "9,000 MiB are needed, 3,072 are free",
    ]
    assert one.seen == ["leave", 1, "leave", 10]
    assert len(one.arrived) == 10, "those who are asked again when the hub comes back"
