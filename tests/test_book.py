"""The book's sources and the built pages; and that what is wrong turns the build red.

The pages are those that `make book` left; the Makefile builds them before it runs the tests.
"""

import importlib.util
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import links
import minutes
import pytest
import yaml
from jupyter_cache import get_cache

ROOT = Path(__file__).parents[1]
BUILT = ROOT / "_build" / "html"
NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
CHAPTERS = [
    ROOT / f"{entry['file']}"
    for part in yaml.safe_load((ROOT / "_toc.yml").read_text())["parts"]
    for entry in part["chapters"]
]


def built_pages():
    assert (BUILT / "book" / "intro.html").exists(), "there is no built book: type  make book"
    return sorted((BUILT / "book").glob("*.html"))


# ---------------------------------------------------------------- sources


@pytest.mark.parametrize(
    "path", sorted((ROOT / "book").glob("[01]*.*")), ids=lambda path: path.stem
)
def test_no_chapter_types_how_long_it_takes(path):
    """The build says it (`book/_ext/minutes.py`); what is typed would stay when a cell is added."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        text = "".join(json.loads(text)["cells"][0]["source"])
    top = text.split("\n## ")[0]
    assert "*What you will see: " in top
    assert not re.search(r"\b(minutes?|seconds?|hours?)\b|\d+ ?(min|s|h)\b", top)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_line_of_code_is_wider_than_a_page(path):
    """A folded cell on a page of 1280 pixels has room for 78 characters; then it scrolls."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        shown = not {"remove-input", "remove-cell"} & set(cell["metadata"].get("tags", ()))
        if cell["cell_type"] == "code" and shown:
            lines = "".join(cell["source"]).splitlines()
            assert [line for line in lines if len(line) > 78] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_committed_without_outputs(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert "widgets" not in notebook["metadata"], "GitHub refuses to show a notebook with these"
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [], f"cell {number} has outputs: clear them"
            assert cell["execution_count"] is None, f"cell {number} has a count: clear outputs"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_figure_and_every_widget_has_its_words(path):
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        last = source.rstrip().split("\n\n")[-1]
        plots = "image_grid|depth_curves|learning_rates|error_curves"
        measured = r"\.(gradients|spreads|along_training|neighbours|path_lengths|surfaces)\("
        measured += r"|\.(confusion_matrix|errors_by_class|most_confident_mistakes)\("
        measured += r"|\.(single_blocks|removed_at_random|shuffled_order)\("
        measured += r"|\.(side_by_side|error_against_cost)\("
        if re.search(rf"^({plots})\(|{measured}", last, re.MULTILINE):
            assert cell["metadata"].get("mystnb", {}).get("image", {}).get("alt"), source


def test_every_chapter_is_in_the_table_of_contents():
    pages = {path.stem for path in (ROOT / "book").glob("*") if path.suffix in (".md", ".ipynb")}
    assert {path.name for path in CHAPTERS} | {"intro"} == pages


# ---------------------------------------------------------------- built pages


def test_next_and_previous_follow_the_table_of_contents(pages):
    order = ["intro", *(path.name for path in CHAPTERS)]
    for before, name, after in zip([None, *order], order, [*order[1:], None], strict=False):
        text = pages[BUILT / "book" / f"{name}.html"].text
        for side, neighbour in (("left-prev", before), ("right-next", after)):
            found = re.search(rf'<a class="{side}"\s+href="(?:.*/)?(\w+)\.html"', text)
            assert (found and found[1]) == neighbour, (name, side)


class Page(HTMLParser):
    """Pictures and what a browser fetches by itself, of one page."""

    def __init__(self, path):
        super().__init__()
        self.path, self.fetched, self.pictures = path, [], []
        self.text = path.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "img":
            self.pictures.append(attributes)
        if tag == "link" and not {"next", "prev", "search", "index"} & set(
            (attributes.get("rel") or "").split()
        ):
            self.fetched.append(attributes.get("href"))
        if tag in ("script", "img", "iframe", "source", "video", "audio") and "src" in attributes:
            self.fetched.append(attributes["src"])


@pytest.fixture(scope="module")
def pages():
    return {path: Page(path) for path in built_pages()}


def test_a_page_fetches_nothing_from_afar_and_nothing_that_is_missing(pages):
    for path, page in pages.items():
        for address in page.fetched:
            if address.startswith("data:"):
                continue
            assert not re.match(r"(\w+:)?//", address), f"{path.name} fetches {address}"
            local = address.split("?")[0].split("#")[0]
            assert (path.parent / unquote(local)).exists(), f"{path.name}: {address} is missing"


def test_internal_links_lead_somewhere():
    """Of every page, the search page, the index and the first one included, and style sheet."""
    assert list(links.broken_links(BUILT)) == []


def test_every_picture_says_what_is_to_be_seen(pages):
    """A figure in a sentence or two; a picture within a widget or a link by a name."""
    for path, page in pages.items():
        for attributes in page.pictures:
            alt = attributes.get("alt")
            if alt == "" and "logo__image" in attributes["class"]:
                continue  # the book's name stands beside it
            assert alt, f"{path.name}: {attributes} has no words"
            assert not re.search(r"\.(png|svg|webp|jpe?g)$|^_?images?/", alt), alt
            if "_images/" in attributes["src"]:
                assert len(alt) >= 30, f"{path.name}: too few words for a figure: {alt!r}"
                assert attributes["width"], f"{path.name}: the text will jump at {alt[:40]!r}"


def test_the_widgets_script_is_where_a_widget_is_and_no_state_is_left(pages):
    for path, page in pages.items():
        has_widget = "data-rl-module=" in page.text
        assert ("_static/widgets.js" in page.text) == has_widget, path.name
        assert "vnd.jupyter.widget" not in page.text, path.name
        assert "THEBE_JS_URL" not in page.text, path.name


def test_the_pages_hold_the_modules_that_the_library_has(pages):
    from resnet_lib import widgets

    for name in widgets.module_names():
        script = (BUILT / "_static" / "widgets" / f"{name}.js").read_text(encoding="utf-8")
        assert json.dumps(widgets.module_source(name)) in script
        for path, page in pages.items():
            has_widget = f'data-rl-module="{name}"' in page.text
            assert (f"_static/widgets/{name}.js" in page.text) == has_widget, (path.name, name)


def test_a_chapters_outputs_are_those_of_its_cells(pages):
    page = pages[BUILT / "book" / "03_two_architectures.html"]
    assert "ResNet-20 v1: 274,442 parameters, 273,066 of them trained" in page.text
    for word in ("Traceback", "StderrOutput", "cuda_platform"):
        assert word not in page.text


@pytest.fixture(scope="session")
def minute():
    """A minute of a machine that brings in Keras in 4 seconds, in seconds of this one."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import keras"], check=True, capture_output=True)
    return 60 * max(1, (time.monotonic() - began) / 4)


def seconds_in_cache(path):
    """What the build that made these pages took for all cells of a notebook."""
    (cache,) = (ROOT / "_build" / ".jupyter_cache").glob("*")
    found = [one for one in get_cache(cache).list_cache_records() if Path(one.uri) == path]
    return max(found, key=lambda one: one.accessed).data["execution_seconds"]


@pytest.mark.timed
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_chapter_runs_within_a_minute(path, minute):
    assert seconds_in_cache(path) < minute


LINE = re.compile(
    r"Reading \d+ min( · all cells (?P<cells>[\d mins]+) on a CPU \(\d+ cores?, [^()]+\)"
    r" · on a GPU: (not measured yet|[\d mins]+ \([^()]+\)))?"
)


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_says_how_long_it_takes(path):
    """Once, under what one will see, with the seconds that the cache has; in Colab too."""
    page = (BUILT / "book" / f"{path.stem}.html").read_text(encoding="utf-8")
    said = re.findall(r'<p class="rl-minutes">(.*?)</p>', page)
    notebook = path.with_suffix(".ipynb")
    if not path.stem[0].isdigit():
        assert said == [], "no chapter"
        return
    (line,) = said
    assert f'</em></p>\n<p class="rl-minutes">{line}' in page, "under the first paragraph"
    cells = LINE.fullmatch(line)["cells"]
    assert cells == minutes.in_words(seconds_in_cache(notebook))
    (top, *_) = json.loads((BUILT / "colab" / notebook.name).read_bytes())["cells"]
    assert "".join(top["source"]).endswith(f"*\n\n{line}")


# ---------------------------------------------------------------- numbers

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
    from resnet_lib.paper import REPORTED

    tables = Outputs(BUILT / "book" / f"{OF_RUNS[1]}.html").tables
    (table,) = (rows for rows in tables if "the paper’s test error, %" in rows[0])
    column = table[0].index("the paper’s test error, %")
    stands = {re.split(r"[ |]", row[0])[0]: row[column] for row in table[1:]}
    for one in REPORTED:
        assert stands[one.name].split("|")[0] == str(one).split(" (")[0]


@pytest.mark.parametrize("name", OF_RUNS)
def test_every_number_in_a_sentence_is_that_of_its_run(records, name):
    from resnet_lib.paper import REPORTED

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


@pytest.mark.parametrize("name", ["intro", *OF_RUNS])
def test_the_curves_on_a_page_are_those_of_the_files(records, name):
    states = [json.loads(text) for text in Outputs(BUILT / "book" / f"{name}.html").states]
    (state,) = (state for state in states if "runs" in state)
    assert state["runs"]
    for curve in state["runs"]:
        runs = records_called(curve["label"], records, f"{curve['seed']}")
        assert len(runs) == 1, curve["label"]
        for key in ("error", "test_error"):
            assert curve[key] == [round(error, 3) for error in runs[0]["history"][key]]
        assert curve["training_error"] == runs[0]["training_error"]
        assert curve["device"] == runs[0]["device"]


OF_MEASUREMENTS = ("05_vanishing_gradients", "06_why_the_plain_net_fails")
OF_EVALUATIONS = ("07_train_your_own",)
OF_LESIONS = "09_inside_a_trained_resnet"
OF_IMAGENET = "10_from_cifar_to_imagenet"
CHECKED = (*OF_RUNS, *OF_MEASUREMENTS, *OF_EVALUATIONS, OF_LESIONS, OF_IMAGENET)
WITHOUT_MEASUREMENTS = (
    "intro.md",
    "glossary.md",
    "instructors.md",
    *(f"{name}.ipynb" for name in CHECKED),
)


@pytest.fixture(scope="module")
def measurements():
    """The recorded files as they lie, by name; of a trained net, those that the book shows.

    Others belong to runs outside the set of four, as while a longer set is being recorded.
    """
    from resnet_lib.measurements import measured_headline_runs

    folder = ROOT / "resnet_lib" / "recorded" / "measured"
    found = {path.stem: json.loads(path.read_bytes()) for path in folder.glob("*.json")}
    trained = {path.name.split(".")[0] for path in folder.parent.glob("*.run.json")}
    shown = {
        (what, run.name)
        for what in {one["what"] for one in found.values()}
        for run, _ in measured_headline_runs(what)
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


def test_the_switchboard_of_the_page_holds_what_was_recorded(measurements):
    states = [json.loads(text) for text in Outputs(BUILT / "book" / f"{OF_LESIONS}.html").states]
    (state,) = (state for state in states if "nets" in state)
    assert [net["label"] for net in state["nets"]] == ["ResNet-20", "plain-20", "ResNet-56"]
    for net in state["nets"]:
        record = measurements[f"lesions-{net['run']}"]
        assert net["lesions"]["single"] == record["values"]["single"][0]
        assert net["lesions"]["images"] == record["settings"]["images"] == 10_000
    assert state["files"] == {}, "they lie beside the pages"


def test_a_page_s_files_are_loaded_by_the_page_that_needs_them(pages):
    for path, page in pages.items():
        assert "_static/files/" not in page.text, path.name
    assert any((BUILT / "_static" / "files").glob("resnet20*.js"))


@pytest.mark.parametrize("source", ["TEN_CROP", "SINGLE_MODELS", "ENSEMBLES"])
def test_the_errors_on_imagenet_are_those_of_the_paper(source):
    from resnet_lib import paper_imagenet

    expected = getattr(paper_imagenet, source)
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
    from resnet_lib.counting import imagenet_cost
    from resnet_lib.paper_imagenet import TABLE_1

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


def test_what_is_said_of_imagenet_s_nets_is_true_of_the_counts():
    """The prose says in words what the tables and figures show; here it is held to them."""
    from resnet_lib.counting import imagenet_cost
    from resnet_lib.paper_imagenet import found

    cost = imagenet_cost
    vgg16, vgg19, deep = cost("vgg16"), cost("vgg19"), cost("resnet152")
    dense = sum(one.weights for one in vgg19.layers if not one.size)
    assert dense > deep.parameters, "VGG's dense layers hold more than all of ResNet-152"
    assert dense > vgg19.parameters / 2
    assert vgg19.multiply_adds > 5 * cost("plain34").multiply_adds
    inside = {
        one.multiply_adds
        for one in cost("plain34").layers
        if one.size and one.kernel == (3, 3) and not re.search("[234]_block1_1_", one.name)
    }
    assert len(inside) == 1, "equal bars"
    assert cost("resnet34", "C").parameters < 1.06 * cost("resnet34", "A").parameters
    assert cost("resnet50", "C").multiply_adds > 1.5 * cost("resnet50").multiply_adds
    assert vgg16.multiply_adds > deep.multiply_adds
    assert vgg16.parameters > 2 * deep.parameters
    assert abs(found("vgg16").top1 - found("plain18").top1) < 0.2
    steps = [found(f"resnet{depth}") for depth in (50, 101, 152)]
    assert cost("resnet101").multiply_adds == pytest.approx(
        2 * cost("resnet50").multiply_adds, rel=0.05
    )
    assert steps[0].top1 - steps[1].top1 == pytest.approx(1, abs=0.2)
    assert steps[1].top1 - steps[2].top1 == pytest.approx(1 / 3, abs=0.05)
    assert found("plain34").top1 - found("resnet34", "A").top1 == pytest.approx(3.5, abs=0.05)


def test_the_branches_of_both_transformers_weigh_what_the_prose_says():
    """After the sum they keep their weight or gain; inside the branch they lose it."""
    page = (BUILT / "book" / f"{OF_IMAGENET}.html").read_text(encoding="utf-8")
    pattern = r"(after the sum|inside the branch) +(attention|dense)((?: +\d+\.\d\d){8})\n"
    rows = {(place, part): row for place, part, row in re.findall(pattern, page)}
    assert len(rows) == 4
    for (place, part), row in rows.items():
        shares = [float(share) for share in row.split()]
        if place == "after the sum":
            assert shares[-1] > 0.75 * shares[0], part
        else:
            assert shares[0] == max(shares), part
            assert shares[-1] < 0.25 * shares[1], part
    products = [float(product) for product in re.findall(r"times block (\d\.\d\d)\n", page)]
    assert len(products) == 4
    assert max(products) < 2 * min(products), "eight times the blocks, about the same product"


def alt_texts(name):
    cells = json.loads((ROOT / "book" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    return [cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "") for cell in cells]


def test_what_is_said_of_pictures_of_evaluations_is_true_of_the_files(measurements):
    """The order of classes and of pairs that the words for those who cannot see them claim."""
    from resnet_lib import CLASS_NAMES

    found = confusions(measurements)
    words = alt_texts(OF_EVALUATIONS[0])
    (bars,) = (text for text in words if text.startswith("Bars"))
    hardest = re.search(r"(\w+) is hardest for both", bars)[1].lower()
    easiest = re.search(r"; (\w+), (\w+) and (\w+) are easiest", bars).groups()
    for net in ("ResNet-20", "Plain-20"):
        (counts,) = found[net]["confusion"]
        order = sorted(range(10), key=lambda place: counts[place][place])
        order = [CLASS_NAMES[place] for place in order]
        assert order[0] == hardest
        assert order[:-4:-1] == list(easiest)

    (matrix,) = (text for text in words if "ResNet-20 on all test images" in text)
    (counts,) = found["ResNet-20"]["confusion"]
    either_way = {
        frozenset((CLASS_NAMES[j], CLASS_NAMES[k])): counts[j][k] + counts[k][j]
        for j in range(10)
        for k in range(j)
    }
    order = sorted(either_way, key=either_way.get, reverse=True)
    assert "cats called dogs and dogs called cats" in matrix
    assert order[0] == {"cat", "dog"}
    claims = r"pairs of animals, (.*); and among the vehicles (.*?)\."
    animals, vehicles = re.search(claims, matrix).groups()
    for said, kind in (
        (animals, {"bird", "cat", "deer", "dog", "frog", "horse"}),
        (vehicles, {"airplane", "automobile", "ship", "truck"}),
    ):
        pairs = [set(re.findall(r"\w+", one)) - {"and"} for one in said.split(", ")]
        of_this_kind = [pair for pair in order if pair <= kind and pair != {"cat", "dog"}]
        assert pairs == of_this_kind[: len(pairs)]


def test_a_toy_is_called_one():
    """The training that the build makes on the sample must not be taken for a result."""
    said = Outputs(BUILT / "book" / f"{OF_EVALUATIONS[0]}.html").said
    toys = [text for text in said if "of 160 test images" in text]
    assert len(toys) == 1
    assert toys[0].endswith("So few images make no result.")


def test_the_page_says_at_once_that_there_is_no_gpu():
    said = Outputs(BUILT / "book" / f"{OF_EVALUATIONS[0]}.html").said
    assert said[0].startswith("No GPU here. In Colab, switch one on: Runtime → Change runtime type")


def of_imagenet():
    """The numbers of the paper's ImageNet and COCO tables, and those cited from elsewhere."""
    from resnet_lib.paper_imagenet import DETECTION, ENSEMBLES, SINGLE_MODELS, TEN_CROP

    nets = (*TEN_CROP, *SINGLE_MODELS, *ENSEMBLES)
    errors = {f"{error:.{one.digits}f}" for one in nets for error in one[1:3] if error is not None}
    precisions = {f"{value:.1f}" for one in DETECTION for value in (one.vgg16, one.resnet101)}
    others = {
        *("1.28", "28"),  # million images; the abstract's relative improvement on COCO
        "3.7",  # the article's slip
        *("80.4", "19.6"),  # per cent right and wrong: Wightman et al. 2021, abstract
    }
    return errors | precisions | others


@pytest.mark.parametrize("name", WITHOUT_MEASUREMENTS)
def test_the_prose_states_no_measurement_of_its_own(name):
    """What another set of runs would change is printed by a cell; a paper's number is cited."""
    from resnet_lib.paper import REPORTED

    text = (ROOT / "book" / name).read_text(encoding="utf-8")
    if name.endswith(".ipynb"):
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown"]
        text = "\n\n".join("".join(cell["source"]) for cell in cells)
    text = re.sub(r"```python.*?```", "", text, flags=re.DOTALL)  # settings, no measurements
    cited = {"6.37", "8.70", "12.22", "0.16"} | {
        number for one in REPORTED for number in re.findall(r"\d+\.\d+", str(one))
    }
    if name.startswith(OF_IMAGENET):
        cited |= of_imagenet()
    for paragraph in text.split("\n\n"):
        numbers = re.findall(r"(?<![\d.])\d+\.\d+(?![\d.])|\d+(?= %)", paragraph)
        numbers = [n for n in numbers if f"section {n}" not in paragraph]
        numbers = [n for n in numbers if not re.search(rf"arXiv {n}", paragraph)]
        numbers = [n for n in numbers if not re.search(rf"(Keras|TensorFlow) {n}", paragraph)]
        numbers = [n for n in numbers if f"probability of at least {n}" not in paragraph]
        for number in numbers:
            assert number in cited, (number, paragraph)
            assert "{cite:" in paragraph or "paper's" in paragraph, paragraph


# ---------------------------------------------------------------- what must turn red


def extension():
    spec = importlib.util.spec_from_file_location(
        "self_contained", ROOT / "book" / "_ext" / "self_contained.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_edit_in_the_library_gives_the_cache_another_name(tmp_path):
    module = extension()
    copy = tmp_path / "resnet_lib"
    shutil.copytree(module.LIBRARY, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "__pycache__").mkdir()
    before = module.folder_hash(copy)
    assert before == module.folder_hash(copy)
    (copy / "__pycache__" / "data.cpython-311.pyc").write_bytes(b"compiled anew")
    assert module.folder_hash(copy) == before, "what Python compiles is no edit"
    with (copy / "recipes.py").open("a") as file:
        file.write("# edited\n")
    assert module.folder_hash(copy) != before


CELL = {"cell_type": "code", "id": "one", "metadata": {}, "outputs": [], "execution_count": None}
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


@pytest.fixture
def scratch_book(tmp_path):
    """A book of one page and one notebook with the project's own settings and command."""
    book = tmp_path / "book"
    shutil.copytree(ROOT / "book", book, ignore=shutil.ignore_patterns("*.ipynb", "*.md"))
    shutil.copy(ROOT / "_config.yml", tmp_path)
    shutil.copytree(ROOT / "benchmarks", tmp_path / "benchmarks")
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: book/intro\nchapters:\n- file: book/cells\n"
    )
    (book / "intro.md").write_text("# Scratch\n\nAll is well.\n")

    def build(cell="1 + 1", text=None):
        if text:
            (book / "intro.md").write_text(text)
        notebook = {
            "cells": [
                {"cell_type": "markdown", "id": "zero", "metadata": {}, "source": "# Cells"},
                CELL | {"source": cell},
            ],
            "metadata": KERNEL,
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        (book / "cells.ipynb").write_text(json.dumps(notebook))
        command = re.search(r"^BOOK := \$\(VENV\)/bin/jupyter-book (.*)$", MAKEFILE, re.MULTILINE)[
            1
        ]
        jupyter_book = Path(sys.executable).parent / "jupyter-book"
        return subprocess.run(
            [jupyter_book, *command.split()],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )

    return build


MAKEFILE = (ROOT / "Makefile").read_text()


def test_a_sound_book_is_green(scratch_book, tmp_path):
    done = scratch_book(cell="print(6 * 7)")
    assert done.returncode == 0, done.stdout + done.stderr
    assert ">42" in (tmp_path / "_build/html/book/cells.html").read_text()


def test_an_edit_of_the_looks_reaches_the_built_book(scratch_book, tmp_path):
    scratch_book()
    with (tmp_path / "book/_static/book.css").open("a") as file:
        file.write("/* edited */")
    assert scratch_book().returncode == 0
    assert "/* edited */" in (tmp_path / "_build/html/_static/book.css").read_text()


def test_a_text_page_takes_a_widget_with_options(scratch_book, tmp_path):
    options = ":curves: test\n:scale: log\n:epoch: 2\n"
    done = scratch_book(text=f"# Scratch\n\n```{{widget}} ErrorCurves\n{options}```\n")
    assert done.returncode == 0, done.stdout + done.stderr
    (state,) = Outputs(tmp_path / "_build/html/book/intro.html").states
    state = json.loads(state)
    assert (state["curves"], state["scale"], state["epoch"]) == ("test", "log", 2)
    assert len(state["runs"]) == 4


def test_a_failing_cell_is_red(scratch_book):
    done = scratch_book(cell="1 / 0")
    assert done.returncode != 0
    assert "ZeroDivisionError" in done.stdout + done.stderr


@pytest.mark.parametrize(
    "text",
    [
        "# Scratch\n\n[nowhere](missing.md)\n",
        '# Scratch\n\n<a href="missing.html">nowhere</a>\n',
        '# Scratch\n\n<a href="cells.html#missing">nowhere</a>\n',
        "# Scratch\n\n{cite:p}`nobody1900`\n",
        "# Scratch\n\n```{nosuch}\n```\n",
        "# Scratch\n\n```{widget} ArchitectureExplorer\n:n: 0\n```\n",
        "# Scratch\n\n```{widget} NoSuchWidget\n```\n",
        "# Scratch\n\n```{widget} ErrorCurves\n:scale: cubic\n```\n",
        "# Scratch\n\n```{public-names} nosuch\n```\n",
        "# Scratch\n\n{term}`nosuch`\n",
    ],
    ids=[
        *("link", "raw link", "anchor", "citation", "directive", "trait", "widget", "scale"),
        *("names", "term"),
    ],
)
def test_a_warning_is_red(scratch_book, text):
    assert scratch_book(text=text).returncode != 0
