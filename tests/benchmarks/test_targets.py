"""Check how the targets are judged from results."""

import copy

import pytest
from benchmark_records import make_page_row, make_record, make_throughput_row

from benchmarks.report import targets

BEST_FORM = "CPU: {}: TensorFlow at least 1.0× PyTorch's best setting"


def judge(*records):
    """Return `{target: (figure, verdict)}`."""
    return {row[0]: row[1:] for row in targets.make_target_rows(records)}


def make_rows(view=("training", "one process"), **rates):
    """Make rows of this library and of PyTorch's three settings."""
    names = {"ours": "engine-tensorflow", "eager": "torch-eager", "compiled": "torch-compile"}
    names["last"] = "torch-channels-last"
    return [make_throughput_row(names[name], *rounds, view=view) for name, rounds in rates.items()]


@pytest.mark.parametrize(
    ("rates", "busy", "expected"),
    [
        ((116.0, 100.0), 0.1, ("1.16×", "reached")),
        ((114.0, 100.0), 0.1, ("1.14×", "**not reached**")),
        ((116.0, 100.0), 0.9, ("1.16×", "does not count: measured beside other work")),
    ],
)
def test_a_target_is_judged_from_the_results_alone(rates, busy, expected):
    rows = [
        make_throughput_row("engine-tensorflow", rates[0]),
        make_throughput_row("torch-eager", rates[1]),
    ]
    verdicts = judge(make_record(throughput={"rows": rows, "busy_before": busy}))
    assert (
        verdicts["CPU: training, one process: TensorFlow at least 1.15× PyTorch, eager"] == expected
    )
    assert not any(name.startswith("GPU") for name in verdicts), "nothing was measured on one"


def test_the_fastest_form_of_pytorch_is_chosen_for_each_task_and_layout():
    rows = make_rows(
        ours=(100.0, 10.0, 1.0), eager=(90.0, 9.0, 0.9), last=(50.0, 5.0, 0.5), compiled=(1, 1, 0.1)
    )
    other = ("inference", "side by side")
    rows += make_rows(other, ours=(99.0,), eager=(50.0,), last=(100.0,), compiled=(80.0,))
    verdicts = judge(make_record(throughput={"rows": rows}))
    assert verdicts[BEST_FORM.format("training, one process")] == (
        "1.11× the torch-eager",
        "reached",
    )
    found = verdicts[BEST_FORM.format("inference, side by side")]
    assert found == ("0.99× the torch-channels-last", "**not reached**")
    assert BEST_FORM.format("inference, one process") not in verdicts, "not measured"
    assert sum("TensorFlow" in line for line in verdicts) == 4, "two tables with two targets each"


def test_the_fastest_form_of_pytorch_is_unknown_if_one_is_missing():
    rows = make_rows(ours=(100.0,), eager=(50.0,), last=(80.0,))
    failed = make_throughput_row("torch-compile", 1.0) | {"error": "no compiler"}
    verdicts = judge(make_record(throughput={"rows": [*rows, failed]}))
    expected = ("", "not measured: torch-compile missing or failed")
    assert verdicts[BEST_FORM.format("training, one process")] == expected
    assert judge(make_record(throughput={"rows": rows})) == verdicts


def test_a_target_is_judged_for_each_machine_that_has_measured_it():
    rows = [make_throughput_row("engine-tensorflow", 2.0), make_throughput_row("torch-eager", 1.0)]
    one = make_record(throughput={"rows": rows})
    other = make_record(
        site={"rows": [make_page_row("a", "text", 5), make_page_row("b", "widget", 6)]}
    )
    other["machine"] = other["machine"] | {"cpu": "Other"}
    verdicts = judge(one, other)
    on_cpu = verdicts["CPU: training, one process: TensorFlow at least 1.15× PyTorch, eager"]
    assert on_cpu == ("2.00×", "reached")
    assert verdicts["CPU: a text page less than 600 kB"] == ("5 kB: a", "reached")
    third = copy.deepcopy(one)
    third["machine"]["cpu"] = "Third"
    begins = f"CPU ({one['machine']['name']}"
    named = [line for line in judge(one, other, third) if line.startswith(begins)]
    assert len(named) == 4
    assert sum("Third" in line for line in named) == 2


def test_a_gpu_has_its_own_targets():
    rates = {"engine-jax": 100.0, "engine-tensorflow-half": 60_001.0, "torch-compile": 50.0}
    rows = [make_throughput_row(name, rate) for name, rate in rates.items()]
    accuracy_rows = [
        {"epochs": epochs, "seed": 0, "accuracy": figure, "seconds": 40.0}
        for epochs, figures in ((15, (91.0, 91.3, 91.1)), (30, (91.9, 91.3, 91.2)))
        for figure in figures
    ]
    verdicts = judge(
        make_record(gpu=True, throughput={"rows": rows}, accuracy={"rows": accuracy_rows})
    )
    assert verdicts["GPU: JAX at least 1.5× PyTorch, torch.compile"] == ("2.00×", "reached")
    figure, verdict = verdicts["GPU: at least 60,000 images/s, batch 128"]
    assert figure.startswith("60,001")
    assert verdict == "reached"
    found = verdicts["GPU: at least 91.25 % of test images in less than 120 s"]
    assert found == ('91.30 % in 40 s, "quick" with 30 epochs, 3 seeds', "reached")


def test_a_large_or_slow_page_misses_its_target():
    rows = [make_page_row("book/a", "text", 599, 90), make_page_row("book/b", "widget", 1200, 95)]
    assert targets.judge_page_size(rows, "text", 600) == (True, "599 kB: a")
    assert targets.judge_page_size(rows, "widget", 1200) == (False, "1,200 kB: b")
    assert targets.judge_page_speed(rows, "desk", 90) == (True, "90: a")
    assert targets.judge_page_speed(rows, "phone", 91) == (False, "90: a")
    assert targets.judge_page_speed([make_page_row("book/a", "text", 599)], "phone", 70)[0] is None


def test_a_chapter_that_needs_too_much_memory_misses_its_target():
    rows = [{"chapter": "a", "kernel_mib": 999}, {"chapter": "b", "kernel_mib": 1000}]
    assert targets.judge_memory(rows[:1], 1000) == (True, "999 MiB: a")
    assert targets.judge_memory(rows, 1000) == (False, "1,000 MiB: b")
    failed = [*rows, {"chapter": "c", "error": "it fell"}]
    assert targets.judge_memory(failed, 1000) == (None, "not measured: c failed")
