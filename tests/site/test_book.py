"""The book's sources and the built pages; and that what is wrong turns the build red.

The pages are those that `make book` left; the Makefile builds them before it runs the tests.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import Mock
from urllib.parse import unquote

import pytest
import yaml
from assets import widget_scripts
from bs4 import BeautifulSoup
from jupyter_cache import get_cache
from notebooks import source_hashes
from pages import chapter_times, internal_links
from traitlets import TraitError

from resnet_lib import CLASS_NAMES, ErrorCurves, headline_runs, recorded_evaluations
from resnet_lib.chapters import (
    explanations,
    imagenet_tables,
    lesions,
    mistakes,
    reported_cifar,
    reported_imagenet,
    results,
    signals,
)
from resnet_lib.chapters.reported_imagenet import DETECTION, ENSEMBLES, SINGLE_MODELS, TEN_CROP
from resnet_lib.nets.counting import imagenet_cost
from resnet_lib.widgets.catalog import page_modules

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "_build" / "html"
NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
CHAPTERS = [
    ROOT / f"{entry['file']}"
    for part in yaml.safe_load((ROOT / "_toc.yml").read_text())["parts"]
    for entry in part["chapters"]
]

OF_RUNS = ("01_more_layers_more_error", "04_the_curves_that_made_resnet")
OF_MEASUREMENTS = ("05_vanishing_gradients", "06_why_the_plain_net_fails")
OF_EVALUATIONS = "07_train_your_own"
OF_LESIONS = "09_inside_a_trained_resnet"
OF_IMAGENET = "10_from_cifar_to_imagenet"
CHECKED = (*OF_RUNS, *OF_MEASUREMENTS, OF_EVALUATIONS, OF_LESIONS, OF_IMAGENET)


def cells_of(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


# ---------------------------------------------------------------- sources


@pytest.mark.parametrize(
    "path", sorted((ROOT / "book").glob("[01]*.*")), ids=lambda path: path.stem
)
def test_no_chapter_types_how_long_it_takes(path):
    """`pages/chapter_times.py` counts it; a typed number would stay when a cell is added."""
    is_notebook = path.suffix == ".ipynb"
    text = "".join(cells_of(path)[0]["source"]) if is_notebook else path.read_text("utf-8")
    top = text.split("\n## ")[0]
    assert "*What you will see: " in top
    assert not re.search(r"\b(minutes?|seconds?|hours?)\b|\d+ ?(min|s|h)\b", top)


# What draws a figure, by the call with which its cell ends.
FIGURES = re.compile(
    r"^(image_grid|depth_curves|learning_rates|error_curves)\("
    r"|\.(gradients|spreads|along_training|neighbours|path_lengths|surfaces)\("
    r"|\.(confusion_matrix|errors_by_class|most_confident_mistakes)\("
    r"|\.(single_blocks|random_removal_orders|shuffled_order)\("
    r"|\.(side_by_side|error_against_cost)\(",
    re.MULTILINE,
)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_has_no_outputs_no_wide_line_and_words_for_every_figure(path):
    """A folded cell on a page of 1280 pixels has room for 78 characters; then it scrolls."""
    metadata = json.loads(path.read_text(encoding="utf-8"))["metadata"]
    assert "widgets" not in metadata, "GitHub refuses to show a notebook with these"
    for number, cell in enumerate(cells_of(path)):
        source = "".join(cell["source"])
        if FIGURES.search(source.rstrip().split("\n\n")[-1]):
            assert cell["metadata"].get("mystnb", {}).get("image", {}).get("alt"), source
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [], f"cell {number} has outputs: clear them"
            assert cell["execution_count"] is None, f"cell {number} has a count: clear outputs"
            if not {"remove-input", "remove-cell"} & set(cell["metadata"].get("tags", ())):
                assert [line for line in source.splitlines() if len(line) > 78] == []


def test_every_chapter_is_in_the_table_of_contents():
    pages = {path.stem for path in (ROOT / "book").glob("*") if path.suffix in (".md", ".ipynb")}
    assert {path.name for path in CHAPTERS} | {"intro"} == pages


# ---------------------------------------------------------------- built pages


class Page:
    """A built page: its findings, and the states of its widgets."""

    def __init__(self, path):
        self.path, self.text = path, path.read_text(encoding="utf-8")
        self.soup = BeautifulSoup(self.text, "html.parser")
        self.said = [one.get_text().replace("\u00a0", " ") for one in self.soup(class_="rl-said")]
        scripts = self.soup("script", type="application/json")
        self.states = [json.loads(script.string) for script in scripts]

    def fetched(self):
        """The addresses that a browser fetches by itself."""
        for link in self.soup("link"):
            if not {"next", "prev", "search", "index"} & set(link.get("rel", ())):
                yield link["href"]
        for one in self.soup(["script", "img", "iframe", "source", "video", "audio"], src=True):
            yield one["src"]


@pytest.fixture(scope="module")
def pages():
    assert (BUILT / "book" / "intro.html").exists(), "there is no built book: type  make book"
    return {path.stem: Page(path) for path in sorted((BUILT / "book").glob("*.html"))}


def test_next_and_previous_follow_the_table_of_contents(pages):
    order = ["intro", *(path.name for path in CHAPTERS)]
    for before, name, after in zip([None, *order], order, [*order[1:], None], strict=False):
        for side, neighbour in (("left-prev", before), ("right-next", after)):
            found = re.search(rf'<a class="{side}"\s+href="(?:.*/)?(\w+)\.html"', pages[name].text)
            assert (found and found[1]) == neighbour, (name, side)


def test_a_page_fetches_nothing_from_afar_and_nothing_that_is_missing(pages):
    for name, page in pages.items():
        for address in page.fetched():
            if address.startswith("data:"):
                continue
            assert not re.match(r"(\w+:)?//", address), f"{name} fetches {address}"
            local = address.split("?")[0].split("#")[0]
            assert (page.path.parent / unquote(local)).exists(), f"{name}: {address} is missing"


def test_internal_links_lead_somewhere():
    """Of every page, the search page, the index and the first one included, and style sheet."""
    assert list(internal_links.find_broken_links(BUILT)) == []


def test_every_picture_says_what_is_to_be_seen(pages):
    """A figure in a sentence or two; a picture within a widget or a link by a name."""
    for name, page in pages.items():
        for picture in page.soup("img"):
            alt = picture.get("alt")
            if alt == "" and "logo__image" in picture["class"]:
                continue  # the book's name stands beside it
            assert alt, f"{name}: {picture} has no words"
            assert not re.search(r"\.(png|svg|webp|jpe?g)$|^_?images?/", alt), alt
            if "_images/" in picture["src"]:
                assert len(alt) >= 30, f"{name}: too few words for a figure: {alt!r}"
                assert picture["width"], f"{name}: the text will jump at {alt[:40]!r}"


def test_a_page_has_the_scripts_of_its_widgets_and_no_others(pages):
    names = page_modules()
    for name, source in names.items():
        script = (BUILT / "_static" / "widgets" / f"{name}.js").read_text(encoding="utf-8")
        assert json.dumps(source) in script
    for name, page in pages.items():
        has_widget = "data-rl-module=" in page.text
        assert ("_static/widgets.js" in page.text) == has_widget, name
        for module in names:
            is_there = f'data-rl-module="{module}"' in page.text
            assert (f"_static/widgets/{module}.js" in page.text) == is_there, (name, module)
        for unwanted in ("vnd.jupyter.widget", "THEBE_JS_URL", "_static/files/"):
            assert unwanted not in page.text, name
    assert any((BUILT / "_static" / "files").glob("resnet20*.js")), "loaded when asked for"


def test_a_chapters_outputs_are_those_of_its_cells(pages):
    text = pages["03_two_architectures"].text
    assert "ResNet-20 v1: 274,442 parameters, 273,066 of them trained" in text
    for word in ("Traceback", "StderrOutput", "cuda_platform"):
        assert word not in text


def seconds_in_cache(path):
    """What the build that made these pages took for all cells of a notebook."""
    (folder,) = (ROOT / "_build" / ".jupyter_cache").glob("*")
    found = [one for one in get_cache(folder).list_cache_records() if Path(one.uri) == path]
    return max(found, key=lambda one: one.accessed).data["execution_seconds"]


@pytest.mark.timed
def test_a_chapter_runs_within_a_minute():
    """A minute of a machine that brings in Keras in 4 seconds, in seconds of this one."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import keras"], check=True, capture_output=True)
    minute = 60 * max(1, (time.monotonic() - began) / 4)
    seconds = {path.stem: seconds_in_cache(path) for path in NOTEBOOKS}
    assert {name: taken for name, taken in seconds.items() if taken >= minute} == {}


LINE = re.compile(
    r"Reading \d+ min( · all cells (?P<cells>[\d mins]+) on one core \([^()]+\)"
    r"( · on a GPU: [\d mins]+ \([^()]+\))?)?"
)


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_says_how_long_it_takes(path, pages):
    """Once, under what one will see, with the seconds that the cache has; in Colab too."""
    page = pages[path.stem].text
    said = re.findall(r'<p class="rl-minutes">(.*?)</p>', page)
    notebook = path.with_suffix(".ipynb")
    if not path.stem[0].isdigit():
        assert said == [], "no chapter"
        return
    (line,) = said
    assert f'</em></p>\n<p class="rl-minutes">{line}' in page, "under the first paragraph"
    assert LINE.fullmatch(line)["cells"] == chapter_times.format_seconds(seconds_in_cache(notebook))
    top = cells_of(BUILT / "colab" / notebook.name)[0]
    assert "".join(top["source"]).endswith(f"*\n\n{line}")


# ---------------------------------------------------------------- numbers


def shown_by_cells():
    """By page, the tables and sentences that its cells show."""
    four, runs = headline_runs(), results.comparable_runs()
    plain, residual = ([run for run in four if run.net.shortcut == it] for it in ("none", "pad"))
    nets = {one.label: one for one in recorded_evaluations()}
    resnet = nets["ResNet-20"]
    sure = (resnet, nets["ResNet-56"], nets["Plain-20"], nets["Plain-56"])
    costly = ("vgg19", "plain34", "resnet34", "resnet50", "resnet101", "resnet152")
    single = SINGLE_MODELS, "single nets on the validation images, at their best"
    vote = ENSEMBLES, "ensembles, several nets that vote, on the test images"

    def called(module, names, *arguments):
        return [getattr(module, name)(*arguments) for name in names.split()]

    untrained = called(signals, "ratios said_of_growth")
    of_runs = called(results, "versions sampling seeds", runs)
    of_runs += called(reported_cifar, "beside_the_paper comparability order", runs)
    why = called(signals, "ratios_along said_along")
    why += called(explanations, "said_of_neighbours surface_table said_of_surfaces")
    why += called(explanations, "path_table said_of_paths")
    of_lesions = "single_table said_of_single said_of_removed removal_table said_of_order"
    imagenet = called(imagenet_tables, "depth_and_skips said_of_depth first_places detection")
    imagenet += called(imagenet_tables, "said_of_costs ten_crops", imagenet_cost)
    imagenet += [imagenet_tables.best_results(*best) for best in (single, vote)]
    return {
        OF_RUNS[0]: called(results, "what_was_trained two_training_errors depth_effect", plain),
        OF_RUNS[1]: [
            *(results.depth_effect(plain), results.depth_effect(residual)),
            *(results.pairs(four), *of_runs),
        ],
        OF_MEASUREMENTS[0]: [*untrained, signals.said_of_untrained()],
        OF_MEASUREMENTS[1]: [*untrained, *why],
        OF_EVALUATIONS: [
            *called(mistakes, "said_of said_of_kinds", resnet),
            *called(mistakes, "said_of_sureness sureness", *sure),
        ],
        OF_LESIONS: called(lesions, of_lesions),
        OF_IMAGENET: [imagenet_tables.costs(imagenet_cost, costly), *imagenet],
    }


def test_a_page_shows_what_the_library_says_of_the_recorded_runs(pages):
    """Every number in its tables and findings, whose own tests know the answers.

    Those of `tests/chapters`, and `tests/inside/test_evaluation.py`.
    """
    for name, shown in shown_by_cells().items():
        for one in shown:
            assert one._repr_html_() in pages[name].text, one


@pytest.mark.parametrize("name", ["intro", *OF_RUNS])
def test_the_curves_on_a_page_are_those_of_the_recorded_runs(pages, name):
    plain = [run for run in headline_runs() if run.net.shortcut == "none"]
    runs = {"intro": None, OF_RUNS[0]: plain, OF_RUNS[1]: results.comparable_runs()}[name]
    (state,) = (state for state in pages[name].states if "runs" in state)
    assert state["runs"] == json.loads(json.dumps(ErrorCurves(runs).runs)) != []


def test_the_switchboard_of_the_page_holds_what_was_recorded(pages):
    (state,) = (state for state in pages[OF_LESIONS].states if "nets" in state)
    assert [net["label"] for net in state["nets"]] == ["ResNet-20", "plain-20", "ResNet-56"]
    for net in state["nets"]:
        path = ROOT / "resnet_lib/recorded/measured" / f"lesions-{net['run']}.json"
        record = json.loads(path.read_bytes())
        assert net["lesions"]["single"] == record["values"]["single"][0]
        assert net["lesions"]["images"] == record["settings"]["images"] == 10_000
    assert state["files"] == {}, "they lie beside the pages"


def test_what_is_said_of_imagenet_s_nets_is_true_of_the_counts():
    """The prose says in words what the tables and figures show; here it is held to them."""
    cost, found = imagenet_cost, reported_imagenet.find_ten_crop
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
    twice = 2 * cost("resnet50").multiply_adds
    assert cost("resnet101").multiply_adds == pytest.approx(twice, rel=0.05)
    steps = [found(f"resnet{depth}").top1 for depth in (50, 101, 152)]
    assert steps[0] - steps[1] == pytest.approx(1, abs=0.2)
    assert steps[1] - steps[2] == pytest.approx(1 / 3, abs=0.05)
    assert found("plain34").top1 - found("resnet34", "A").top1 == pytest.approx(3.5, abs=0.05)


def test_what_is_said_of_shortcuts_and_of_transformers_is_what_the_cells_print(pages):
    """After the sum branches keep their weight or gain; inside the branch they lose it."""
    text = pages[OF_IMAGENET].text
    for name in ("resnet34", "resnet50"):
        for option in "ABC":
            cost = imagenet_cost(name, option)
            counts = rf"{name} {option} +{cost.parameters:,} +{cost.multiply_adds:,} "
            assert re.search(counts, text)
    pattern = r"(after the sum|inside the branch) +(attention|dense)((?: +\d+\.\d\d){8})\n"
    rows = {(place, part): row for place, part, row in re.findall(pattern, text)}
    assert len(rows) == 4
    for (place, part), row in rows.items():
        shares = [float(share) for share in row.split()]
        if place == "after the sum":
            assert shares[-1] > 0.75 * shares[0], part
        else:
            assert shares[0] == max(shares), part
            assert shares[-1] < 0.25 * shares[1], part
    products = [float(product) for product in re.findall(r"times block (\d\.\d\d)\n", text)]
    assert len(products) == 4
    assert max(products) < 2 * min(products), "eight times the blocks, about the same product"


def test_what_is_said_of_evaluations_and_their_pictures_is_true_of_the_files():
    """The order of classes and of pairs that the words for those who cannot see them claim."""
    nets = {one.label: one for one in recorded_evaluations()}
    counts = nets["ResNet-20"].confusion
    right, pairs = counts.trace(), [(j, k) for j in range(10) for k in range(10) if j != k]
    said = mistakes.said_of(nets["ResNet-20"])
    assert f" {10_000 - right:,} of 10,000 test images, {100 - right / 100:.2f} %" in said
    assert said.endswith(f"{max(counts[pair] for pair in pairs):,} times.")

    cells = cells_of(ROOT / "book" / f"{OF_EVALUATIONS}.ipynb")
    words = [cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "") for cell in cells]
    (bars,) = (text for text in words if text.startswith("Bars"))
    hardest = re.search(r"(\w+) is hardest for both", bars)[1].lower()
    easiest = re.search(r"; (\w+), (\w+) and (\w+) are easiest", bars).groups()
    for net in ("ResNet-20", "Plain-20"):
        order = [CLASS_NAMES[place] for place in nets[net].confusion.diagonal().argsort()]
        assert order[0] == hardest
        assert order[:-4:-1] == list(easiest)

    (matrix,) = (text for text in words if "ResNet-20 on all test images" in text)
    either_way = {
        frozenset((CLASS_NAMES[j], CLASS_NAMES[k])): counts[j, k] + counts[k, j] for j, k in pairs
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


def test_a_page_says_at_once_that_there_is_no_gpu_and_that_a_toy_is_one(pages):
    """The training that the build makes on the sample must not be taken for a result."""
    page = pages[OF_EVALUATIONS]
    words = "No GPU here. In Colab, switch one on: Runtime → Change runtime type"
    assert page.said[0].startswith(words)
    (toy,) = (text for text in page.said if "of 160 test images" in text)
    assert toy.endswith("So few images make no result.")


def of_imagenet():
    """The numbers of the paper's ImageNet and COCO tables, and those cited from elsewhere."""
    nets = (*TEN_CROP, *SINGLE_MODELS, *ENSEMBLES)
    errors = {f"{error:.{one.digits}f}" for one in nets for error in one[1:3] if error is not None}
    precisions = {f"{value:.1f}" for one in DETECTION for value in (one.vgg16, one.resnet101)}
    others = {
        *("1.28", "28"),  # million images; the abstract's relative improvement on COCO
        "3.7",  # the article's slip
        *("80.4", "19.6"),  # per cent right and wrong: Wightman et al. 2021, abstract
    }
    return errors | precisions | others


@pytest.mark.parametrize(
    "name", ["intro.md", "glossary.md", "instructors.md", *(f"{name}.ipynb" for name in CHECKED)]
)
def test_the_prose_states_no_measurement_of_its_own(name):
    """What another set of runs would change is printed by a cell; a paper's number is cited."""
    path = ROOT / "book" / name
    if path.suffix == ".ipynb":
        prose = [cell for cell in cells_of(path) if cell["cell_type"] == "markdown"]
        text = "\n\n".join("".join(cell["source"]) for cell in prose)
    else:
        text = path.read_text(encoding="utf-8")
    text = re.sub(r"```python.*?```", "", text, flags=re.DOTALL)  # settings, no measurements
    cited = {"6.37", "8.70", "12.22", "0.16"} | {
        number for one in reported_cifar.REPORTED for number in re.findall(r"\d+\.\d+", str(one))
    }
    if name.startswith(OF_IMAGENET):
        cited |= of_imagenet()
    names_it = r"section {0}|arXiv {0}|(Keras|TensorFlow) {0}|probability of at least {0}"
    for paragraph in text.split("\n\n"):
        for number in re.findall(r"(?<![\d.])\d+\.\d+(?![\d.])|\d+(?= %)", paragraph):
            if not re.search(names_it.format(re.escape(number)), paragraph):
                assert number in cited, (number, paragraph)
                assert "{cite:" in paragraph or "paper's" in paragraph, paragraph


# ---------------------------------------------------------------- what must turn red


def test_an_edit_in_the_library_gives_the_cache_another_name(tmp_path):
    folder_hash = source_hashes.hash_folder
    copy = tmp_path / "resnet_lib"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(source_hashes.LIBRARY, copy, ignore=ignored)
    (copy / "__pycache__").mkdir()
    before = folder_hash(copy)
    assert before == folder_hash(copy)
    (copy / "__pycache__" / "data.cpython-311.pyc").write_bytes(b"compiled anew")
    assert folder_hash(copy) == before, "what Python compiles is no edit"
    with (copy / "recipes.py").open("a") as file:
        file.write("# edited\n")
    assert folder_hash(copy) != before


class ScratchBook:
    """A book of one page and one notebook with the project's own settings and command."""

    def __init__(self, folder):
        self.folder, self.book, self.pages = folder, folder / "book", folder / "_build/html"
        ignored = shutil.ignore_patterns("*.ipynb", "*.md")
        shutil.copytree(ROOT / "book", self.book, ignore=ignored)
        shutil.copy(ROOT / "_config.yml", folder)
        shutil.copytree(ROOT / "benchmarks", folder / "benchmarks")
        toc = "format: jb-book\nroot: book/intro\nchapters:\n- file: book/cells\n"
        (folder / "_toc.yml").write_text(toc)

    def build(self, *paragraphs, cell="print(6 * 7)"):
        """The exit status, and all that the build says."""
        (self.book / "intro.md").write_text("\n\n".join(["# Scratch", *paragraphs]))
        empty = {"metadata": {}, "outputs": [], "execution_count": None}
        cells = [
            {"cell_type": "markdown", "id": "zero", "metadata": {}, "source": "# Cells"},
            {"cell_type": "code", "id": "one", "source": cell, **empty},
        ]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = {"cells": cells, "metadata": {"kernelspec": kernel}}
        notebook |= {"nbformat": 4, "nbformat_minor": 5}
        (self.book / "cells.ipynb").write_text(json.dumps(notebook))
        line = re.search(r"^BOOK\s*:?=(.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
        words = re.sub(r"\$\(.*?\)", "", line.partition("jupyter-book")[2]).split()
        done = subprocess.run(
            [Path(sys.executable).with_name("jupyter-book"), *words],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        return done.returncode, done.stdout


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """A sound book, built: later builds change it, so `sound` keeps its pages."""
    book = ScratchBook(tmp_path_factory.mktemp("scratch"))
    options = ":curves: test\n:scale: log\n:epoch: 2"
    status, said = book.build(f"```{{widget}} ErrorCurves\n{options}\n```")
    assert status == 0, said
    assert "WARNING" not in said
    (state,) = Page(book.pages / "book/intro.html").states
    book.sound = state, (book.pages / "book/cells.html").read_text()
    return book


def test_a_sound_book_is_green_and_its_text_page_takes_a_widget_with_options(scratch):
    state, cells = scratch.sound
    assert ">42" in cells
    assert (state["curves"], state["scale"], state["epoch"]) == ("test", "log", 2)
    assert len(state["runs"]) == 4


WRONG = {  # on a page: what the build's warning says of it
    "[nowhere](missing.md)": "missing.md",
    '<a href="missing.html">nowhere</a>': "intro.html leads to missing.html",
    '<a href="cells.html#missing">nowhere</a>': "intro.html leads to cells.html#missing",
    "{cite:p}`nobody1900`": "nobody1900",
    "```{nosuch}\n```": "nosuch",
    "{term}`no term`": "no term",
}


def test_each_mistake_is_a_warning_and_a_build_with_warnings_is_red(scratch):
    """And an edit of the looks reaches the built book: its pages are written all the same."""
    with (scratch.book / "_static/book.css").open("a") as file:
        file.write("/* edited */")
    status, said = scratch.build(*WRONG)
    assert status != 0
    warnings = [line for line in said.splitlines() if "WARNING" in line]
    for words in WRONG.values():
        assert any(words in line for line in warnings), (words, said)
    assert "/* edited */" in (scratch.pages / "_static/book.css").read_text()


def test_an_exception_in_a_directive_and_a_failing_cell_are_red(scratch):
    for mistake, cell, words in (
        ("```{public-names} nosuch\n```", "1 + 1", "no module 'nosuch' with public names"),
        ("All is well.", "1 / 0", "ZeroDivisionError"),
    ):
        status, said = scratch.build(mistake, cell=cell)
        assert status != 0
        assert words in said


@pytest.mark.parametrize(
    ("name", "options", "problem"),
    [
        ("ArchitectureExplorer", {"n": "0"}, TraitError),
        ("ErrorCurves", {"scale": "cubic"}, TraitError),
        ("NoSuchWidget", {}, ValueError),
    ],
)
def test_a_widget_that_cannot_be_is_an_exception_in_its_directive(name, options, problem):
    place = (None, 1, 0, "", Mock(), Mock())
    with pytest.raises(problem):
        widget_scripts.WidgetDirective("widget", [name], options, *place).run()
