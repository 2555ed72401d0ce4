"""Every number in a table or a sentence of the built pages is that of the raw recorded files.

The tests read the files as JSON and do the arithmetic themselves. So they also find a fault in the
library's functions that shows only on the recorded runs.
"""

import json
import re
import statistics
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "_build" / "html"

OF_RUNS = ("01_more_layers_more_error", "04_the_curves_that_made_resnet")


class Outputs(HTMLParser):
    """Of one page: its tables of runs, its findings, and the states of its widgets."""

    def __init__(self, path):
        super().__init__()
        self.tables, self.said, self.states = [], [], []
        self.table = None  # the one that is being read
        self.into = None  # the list whose last text grows; | stands before what is said quietly
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if attributes.get("role") == "group" and attributes.get("aria-label") == "Table":
            self.table = []
            self.tables.append(self.table)
        elif tag == "tr" and self.table is not None:
            self.table.append([])
        elif tag in ("th", "td") and self.table:
            self.begin(self.table[-1])
        elif tag == "small" and self.into:
            self.into[-1] += "|"
        elif attributes.get("class") == "rl-said":
            self.begin(self.said)
        elif attributes.get("type") == "application/json":
            self.begin(self.states)

    def begin(self, texts):
        texts.append("")
        self.into = texts

    def handle_endtag(self, tag):
        if tag in ("th", "td", "p", "script") and self.into:
            self.into[-1] = re.sub(r" *\| *", "|", self.into[-1].strip())
            self.into = None
        if tag == "table":
            self.table = None

    def handle_data(self, data):
        if self.into is not None:
            self.into[-1] += data


@pytest.fixture(scope="module")
def records():
    """The recorded files as they lie, those by the recipe of the book's four."""
    from resnet_lib import headline_runs

    recipe = headline_runs()[0].recipe.name
    folder = ROOT / "resnet_lib" / "recorded"
    records = [json.loads(path.read_bytes()) for path in folder.rglob("*run.json")]
    return [record for record in records if record["recipe"]["name"] == recipe]


def records_called(label, records, seed=None):
    """Those that "ResNet-20 v1, pad" may mean."""

    def fits(record):
        net = record["net"]
        family = {"none": "Plain", "highway": "Highway"}.get(net["shortcut"], "ResNet")
        depth = {"v1": 6, "v2": 9}[net["version"]] * net["n"] + 2
        words = re.split(r"[ ,|]+", label)
        return (
            words[0] == f"{family}-{depth}"
            and all(word in words for word in {net["version"]} if {"v1", "v2"} & set(words))
            and (net["shortcut"] in words or not {"pad", "projection"} & set(words))
            and seed in (None, f"{record['seed']}")
        )

    return [record for record in records if fits(record)]


def per_cent(value):
    return "–" if value is None else f"{value:.2f}"


IN_A_TABLE = {  # what a column has to say of a record
    "layers": lambda run: f"{ {'v1': 6, 'v2': 9}[run['net']['version']] * run['net']['n'] + 2 }",
    "shortcut": lambda run: run["net"]["shortcut"],
    "parameters": lambda run: f"{run['parameters']:,}",
    "recipe": lambda run: run["recipe"]["name"],
    "epochs": lambda run: f"{len(run['history']['error'])}",
    "seed": lambda run: f"{run['seed']}",
    "minutes": lambda run: f"{sum(run['history']['seconds']) / 60:.0f}",
    "device": lambda run: run["device"],
    "training error, %": lambda run: per_cent(run["training_error"]),
    "test error, %": lambda run: per_cent(run["history"]["test_error"][-1]),
    "during the last epoch, %": lambda run: per_cent(run["history"]["error"][-1]),
    "last weights, images as they are, %": lambda run: per_cent(run["training_error"]),
    "difference": lambda run: f"{run['training_error'] - run['history']['error'][-1]:+.2f}",
    "test error of the last epoch, %": lambda run: per_cent(run["history"]["test_error"][-1]),
    "lowest of all, %": lambda run: per_cent(min(run["history"]["test_error"])),
    "flattery": lambda run: per_cent(
        run["history"]["test_error"][-1] - min(run["history"]["test_error"])
    ),
    "wrong, of 10,000": lambda run: f"{round(100 * run['history']['test_error'][-1]):,}",
}


@pytest.mark.parametrize("name", OF_RUNS)
def test_every_number_in_a_table_is_that_of_its_run(records, name):
    checked = 0
    for headers, *rows in Outputs(BUILT / "book" / f"{name}.html").tables:
        for row in rows:
            cells = dict(zip(headers, row, strict=True))
            if headers[0] != "net" or "not run here" in row[0]:
                continue
            label = f"{row[0]}, {cells['shortcut']}" if "shortcut" in cells else row[0]
            runs = records_called(label, records, cells.get("seed"))
            assert len(runs) == 1, row
            for header in set(cells) & set(IN_A_TABLE):
                truth = IN_A_TABLE[header](runs[0])
                said = cells[header].split("|")[0].removesuffix(" (tensorflow)")
                assert said.removesuffix(" (jax)") == truth, (header, row)
                checked += 1
    assert checked >= 20


def test_the_paper_s_numbers_stand_beside_our_runs():
    from resnet_lib.chapters.reported_cifar import REPORTED

    tables = Outputs(BUILT / "book" / f"{OF_RUNS[1]}.html").tables
    (table,) = (rows for rows in tables if "the paper’s test error, %" in rows[0])
    column = table[0].index("the paper’s test error, %")
    stands = {re.split(r"[ |]", row[0])[0]: row[column] for row in table[1:]}
    for one in REPORTED:
        assert stands[one.name].split("|")[0] == str(one).split(" (")[0]


@pytest.mark.parametrize("name", OF_RUNS)
def test_every_number_in_a_sentence_is_that_of_its_run(records, name):
    from resnet_lib.chapters.reported_cifar import REPORTED

    reported = {f"{one.name} {one}" for one in REPORTED}
    checked = 0
    for text in Outputs(BUILT / "book" / f"{name}.html").said:
        text = text.replace("\u00a0", " ")
        net = r"((?:Plain|ResNet|Highway)-\d+(?: v\d)?(?:, \w+)?)"
        for label, error in re.findall(net + r" (?:is wrong )?(?:on )?(\d+\.\d+) %", text):
            runs = [run for run in records_called(label, records) if run["seed"] == 0]
            truths = {per_cent(run["training_error"]) for run in runs}
            truths |= {per_cent(run["history"]["test_error"][-1]) for run in runs}
            assert error in truths or f"{label} {error}" in reported, (label, error, text)
            checked += 1
        spread = re.findall(net + r": (\d+\.\d+) ± (\d+\.\d+) % over (\d+) seeds", text)
        for label, *numbers in spread:
            runs = records_called(label, records)
            errors = [run["history"]["test_error"][-1] for run in runs]
            truth = (statistics.mean(errors), statistics.stdev(errors), len(errors))
            assert [float(number) for number in numbers] == pytest.approx(truth, abs=0.006), text
        pairs = re.findall(r"on (\d+\.\d+) %, \S+ on (\d+\.\d+) %: (\d+\.\d+) points", text)
        for one, other, apart in pairs:
            assert abs(abs(float(one) - float(other)) - float(apart)) < 0.011, text
    assert checked >= 4


OF_MEASUREMENTS = ("05_vanishing_gradients", "06_why_the_plain_net_fails")
OF_EVALUATIONS = ("07_train_your_own",)
OF_LESIONS = "09_inside_a_trained_resnet"
OF_IMAGENET = "10_from_cifar_to_imagenet"


@pytest.fixture(scope="module")
def measurements():
    """The recorded files as they lie, by name; of a trained net, those that the book shows.

    Others belong to runs outside the set of four, as while a longer set is being recorded.
    """
    from resnet_lib.runs.measurements import headline_measurements

    folder = ROOT / "resnet_lib" / "recorded" / "measured"
    found = {path.stem: json.loads(path.read_bytes()) for path in folder.glob("*.json")}
    trained = {path.name.split(".")[0] for path in folder.parent.glob("*.run.json")}
    shown = {
        (what, run.name)
        for what in {one["what"] for one in found.values()}
        for run, _ in headline_measurements(what)
    }
    return {
        name: one
        for name, one in found.items()
        if one["subject"] not in trained or (one["what"], one["subject"]) in shown
    }


def read(text):
    """ "5.1·10⁻¹⁴" or "330" as a number."""
    if text == "0 in float32":
        return 0.0
    plain = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    digits, _, power = text.partition("·10")
    return float(digits) * 10.0 ** int(power.translate(plain) or 0)


@pytest.mark.parametrize("name", OF_MEASUREMENTS)
def test_the_table_of_untrained_nets_is_that_of_the_files(measurements, name):
    tables = Outputs(BUILT / "book" / f"{name}.html").tables
    (table,) = (rows for rows in tables if "last 3×3 kernel" in rows[0])
    kinds = {
        "sigmoid": "sigmoid",
        "ReLU, Glorot": "glorot",
        "ReLU, He": "he",
        "plain, batch norm": "plain",
        "residual, batch norm": "residual",
    }
    assert len(table) == 1 + 3 * len(kinds)
    for label, depth, *cells in table[1:]:
        seeds = measurements[f"untrained-{kinds[label]}-{depth}"]["values"]["gradients"]
        first, last = ([norms[place] for norms in seeds] for place in (0, -2))
        shares = [one / other for one, other in zip(first, last, strict=True)]
        for cell, values in zip(cells, (first, last, shares), strict=True):
            assert read(cell) == pytest.approx(
                statistics.geometric_mean(values) if all(values) else 0, rel=0.06
            )


def test_the_ratios_along_the_trainings_are_those_of_the_files(measurements):
    tables = Outputs(BUILT / "book" / f"{OF_MEASUREMENTS[1]}.html").tables
    (table,) = (rows for rows in tables if "start" in rows[0])
    columns = [0 if header == "start" else int(header.split()[1]) for header in table[0][1:]]
    found = {one["subject"]: one for one in measurements.values() if one["what"] == "training"}
    checked = 0
    for label, *cells in table[1:]:
        family, depth = label.split("-")
        begins = {"Plain": f"plain{depth}_v1-", "ResNet": f"resnet{depth}_v1_pad-"}[family]
        (one,) = (one for subject, one in found.items() if subject.startswith(begins))
        for epoch, cell in zip(columns, cells, strict=True):
            if epoch not in one["settings"]["epochs"]:
                assert cell == "–"
                continue
            norms = one["values"]["gradients"][one["settings"]["epochs"].index(epoch)]
            assert read(cell) == pytest.approx(norms[0] / norms[-2], rel=0.06)
            checked += 1
    assert checked >= 8


def confusions(measurements):
    """Counts by the nets' names: true class down, what was said across."""
    return {
        re.sub(
            r"^plain(\d+)_v1.*", r"Plain-\1", re.sub(r"^resnet(\d+)_v1.*", r"ResNet-\1", run)
        ): one
        for run, one in (
            (one["subject"], one["values"])
            for one in measurements.values()
            if one["what"] == "evaluation"
        )
    }


@pytest.mark.parametrize("name", OF_EVALUATIONS)
def test_what_is_said_of_evaluations_is_that_of_the_files(measurements, name):
    page = Outputs(BUILT / "book" / f"{name}.html")
    found = confusions(measurements)
    (said,) = (text for text in page.said if "of 10,000 test images" in text)
    said = said.replace("\u00a0", " ")
    net, wrong, error = re.match(
        r"(\S+) is wrong on ([\d,]+) of 10,000 .*?, ([\d.]+) %", said
    ).groups()
    (counts,) = found[net]["confusion"]
    right = sum(counts[k][k] for k in range(10))
    assert int(wrong.replace(",", "")) == 10_000 - right
    assert float(error) == pytest.approx(100 - right / 100, abs=0.005)
    pairs = [(counts[j][k], j, k) for j in range(10) for k in range(10) if j != k]
    assert said.endswith(f"{max(pairs)[0]:,} times.")

    (table,) = (rows for rows in page.tables if "all: is wrong, %" in rows[0])
    assert len(table) == 1 + len(found)
    for label, *shares in table[1:]:
        net, of_these = label.split("|")
        (every, *_, surest) = found[net]["sure"][0]
        assert of_these == f"{surest[0]:,}"
        truth = [
            100 * part / images
            for images, wrong, expected in (surest, every)
            for part in (expected, wrong)
        ]
        assert [float(share) for share in shares] == pytest.approx(truth, abs=0.006)

    (said,) = (text for text in page.said if "a probability of at least 0.99" in text)
    (every, *_, surest) = found[net := said.split()[0].replace("\u00a0", " ")]["sure"][0]
    assert said.startswith(
        f"{net} gave {surest[0]:,} of its 10,000 answers a probability of at least 0.99. It "
        f"expects {surest[2]:.0f} of these to be wrong; {surest[1]} are, "
    )

    (said,) = (text for text in page.said if "an animal for another animal" in text)
    (counts,) = found["ResNet-20"]["confusion"]
    vehicles = (0, 1, 8, 9)
    pairs = [(j, k) for j in range(10) for k in range(10) if j != k]
    within = sum(counts[j][k] for j, k in pairs if (j in vehicles) == (k in vehicles))
    wrong = sum(counts[j][k] for j, k in pairs)
    assert said.startswith(f"{within:,} of the {wrong:,} mistakes of ResNet-20 take an animal for")
    assert f"Of the other {wrong - within:,}, {counts[0][2] + counts[2][0]} are between" in said


def lesions(measurements):
    """Of each net by its label: what was taken, in what setting of its blocks."""
    return {
        re.sub(r"^(plain|resnet)(\d+).*", lambda found: NAMES[found[1]] + found[2], run): one
        for run, one in (
            (one["subject"], one) for one in measurements.values() if one["what"] == "lesions"
        )
    }


NAMES = {"plain": "Plain-", "resnet": "ResNet-"}


def test_what_a_block_is_worth_is_that_of_the_files(measurements):
    tables = Outputs(BUILT / "book" / f"{OF_LESIONS}.html").tables
    (table,) = (rows for rows in tables if "the two that shrink" in rows[0])
    found = lesions(measurements)
    assert {row[0] for row in table[1:]} == set(found)
    for label, whole, median, least, most, shrinking, rest in table[1:]:
        values = found[label]["values"]
        (error,), (single,) = values["whole"], values["single"]
        costs = dict(zip(values["blocks"], (one - error for one in single), strict=True))
        ends = [costs.pop(f"stage{stage}_block1") for stage in (2, 3)]
        every = [*costs.values(), *ends]
        assert float(whole) == pytest.approx(error, abs=0.006)
        assert float(median) == pytest.approx(statistics.median(every), abs=0.006)
        assert float(least.split("|")[0]) == pytest.approx(min(every), abs=0.006)
        assert float(most.split("|")[0]) == pytest.approx(max(every), abs=0.006)
        assert [float(one) for one in shrinking.split(" and ")] == pytest.approx(ends, abs=0.006)
        assert float(rest) == pytest.approx(statistics.median(costs.values()), abs=0.006)


def test_what_many_blocks_are_worth_is_that_of_the_files(measurements):
    tables = Outputs(BUILT / "book" / f"{OF_LESIONS}.html").tables
    (table,) = (rows for rows in tables if "at random, %" in rows[0])
    found = lesions(measurements)
    assert len(table) >= 1 + 4 * len(found)
    for label, out, at_random, first, last in table[1:]:
        lost, _, number = out.split()
        values, removed = found[label]["values"], found[label]["settings"]["removed"]
        assert int(number) == len(values["blocks"])
        errors = [draw[removed.index(int(lost))] for draw in values["random"][0]]
        truth = [statistics.median(errors), min(errors), max(errors)]
        said = [float(one) for one in re.findall(r"[\d.]+", at_random)]
        assert said == pytest.approx(truth, abs=0.006)
        for cell, key in ((first, "first"), (last, "last")):
            assert float(cell) == pytest.approx(values[key][0][int(lost) - 1], abs=0.006)


@pytest.mark.parametrize("source", ["TEN_CROP", "SINGLE_MODELS", "ENSEMBLES"])
def test_the_errors_on_imagenet_are_those_of_the_paper(source):
    from resnet_lib.chapters import reported_imagenet

    expected = getattr(reported_imagenet, source)
    tables = Outputs(BUILT / "book" / f"{OF_IMAGENET}.html").tables
    (table,) = (
        rows for rows in tables if "top-5 error, %" in rows[0] and len(rows) == 1 + len(expected)
    )
    for one, row in zip(expected, table[1:], strict=True):
        cells = dict(zip(table[0], row, strict=True))
        assert cells["net"] == "|".join(filter(None, (one.name, one.note)))
        for header, error in (("top-1 error, %", one.top1), ("top-5 error, %", one.top5)):
            if header in cells or error is not None:
                assert cells[header] == ("–" if error is None else f"{error:.{one.digits}f}")


def test_the_costs_of_imagenet_s_nets_are_those_of_the_nets():
    from resnet_lib.chapters.reported_imagenet import TABLE_1
    from resnet_lib.nets.counting import imagenet_cost

    page = BUILT / "book" / f"{OF_IMAGENET}.html"
    (table,) = (rows for rows in Outputs(page).tables if "the paper’s, 10⁹" in rows[0])
    assert len(table) == 7
    for label, layers, parameters, _, operations, theirs in table[1:]:
        name = label.lower().replace("-", "")
        cost = imagenet_cost(name)
        assert layers == re.search(r"\d+", name)[0]
        assert parameters == f"{cost.parameters:,}"
        assert operations == f"{cost.multiply_adds:,}"
        assert theirs == f"{TABLE_1[name]:.1f}"
    text = page.read_text(encoding="utf-8")
    for name in ("resnet34", "resnet50"):
        for option in "ABC":
            cost = imagenet_cost(name, option)
            assert re.search(
                rf"{name} {option} +{cost.parameters:,} +{cost.multiply_adds:,} ", text
            )
