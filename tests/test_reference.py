"""The pages for reference and for instructors: whole, and true of the library and the chapters."""

import html
import json
import re
from dataclasses import fields, replace
from pathlib import Path

import instructors
import numpy as np
import pytest
from api import restructured
from pybtex.database import parse_file

import resnet_lib
from resnet_lib import (
    RECIPES,
    SHORTCUTS,
    depth_from_n,
    headline_runs,
    recipes,
    resnet_v1,
    resnet_v2,
)

ROOT = Path(__file__).parents[1]
BOOK, BUILT = ROOT / "book", ROOT / "_build" / "html" / "book"
SHEET = (BOOK / "cheat_sheet.md").read_text(encoding="utf-8")
ROUTES = (BOOK / "instructors.md").read_text(encoding="utf-8")
WORKS = parse_file(BOOK / "references.bib").entries
CHAPTERS = sorted(BOOK.glob("[0-9][0-9]_*"))
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "book/instructors.md")
DOCUMENTS += ("deploy/README.md", "deploy/KUBERNETES.md")


def table(text, header):
    """The rows of a Markdown table below that first cell, as lists of plain cells."""
    (found,) = re.findall(rf"^\| {re.escape(header)} \|.*\n\|[-:| ]+\n((?:\|.*\n)+)", text, re.M)
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in found.splitlines()]


# ---------------------------------------------------------------- the library


@pytest.mark.parametrize("name", resnet_lib.__all__)
def test_every_public_name_is_on_the_page_with_its_words(name):
    page = (BUILT / "api.html").read_text(encoding="utf-8")
    entry = rf'<dt class="sig[^>]* id="resnet_lib\.{name}">.*?</dt>\s*<dd>(.*?)(?=<dt|</dl>)'
    (words,) = re.findall(entry, page, re.DOTALL)
    text = re.sub(r"<[^>]+>", "", words)
    assert len(text.split()) >= 4, f"{name} says nothing of itself"
    assert "`" not in text, "code is set as code"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("NetSpec", "(version, n, shortcut='projection')"),
        ("RandomCropFlip", "(padding=4, **kwargs)"),
        ("PixelMeanNormalization", "(**kwargs)"),
        ("ErrorCurves", "(runs=None, **traits)"),
        ("ArchitectureExplorer", "(**traits)"),
        ("load_runs", "(folder=RECORDED, **filters)"),
    ],
)
def test_a_signature_is_the_one_that_a_reader_types(name, arguments):
    page = (BUILT / "api.html").read_text(encoding="utf-8")
    (entry,) = re.findall(rf'id="resnet_lib\.{name}">(.*?)</dt>', page, re.DOTALL)
    text = "".join(html.unescape(re.sub(r"<a .*|<[^>]+>", "", entry)).split())
    assert text.endswith(name + arguments.replace(" ", ""))


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        (
            "One `Run` of\n`(a,\nb)`, or `Run`s.",
            "One ``Run``\\  of\n``(a, b)``\\ , or ``Run``\\ s.",
        ),
        ("2**n of |g|, a_ b.", r"2\*\*n of \|g\|, a\_ b."),
        (
            "It is. Raises `E` for x.\nSource: He.",
            "It is.\n\n**Raises** ``E``\\  for x.\n\n**Source:** He.",
        ),
        ("Why.\n\n>>> f(`x`)\n2**3", "Why.\n\n>>> f(`x`)\n2**3"),
    ],
)
def test_a_docstring_becomes_what_autodoc_reads(docstring, expected):
    assert restructured(docstring) == expected


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("optimizer", recipes.OPTIMIZERS),
        ("schedule", recipes.SCHEDULES),
        ("augmentation", recipes.AUGMENTATIONS),
        ("penalized", recipes.PENALIZED),
        ("precision", recipes.PRECISIONS),
    ],
)
def test_a_field_of_a_recipe_names_all_that_it_can_be(field, values):
    (line,) = re.findall(rf"^    {field}: .*", Path(recipes.__file__).read_text(), re.MULTILINE)
    assert [one for one in values if f'"{one}"' not in line] == []


# ---------------------------------------------------------------- the cheat sheet


def trained(build, n, **options):
    """Weights of a net of `n` blocks a stage, from two small ones: each further block is alike."""
    version = build.__name__.removeprefix("resnet_")
    first, second = (
        sum(int(np.prod(weight.shape)) for weight in net.trainable_weights)
        for net in (build((32, 32, 3), depth_from_n(version, n), **options) for n in (1, 2))
    )
    return f"{first + (n - 1) * (second - first):,}"


@pytest.mark.parametrize("row", table(SHEET, "depth"), ids=lambda row: row[0])
def test_the_sheet_counts_what_the_nets_have(row):
    depth, n1, *counts, n2, second = row
    n1, n2 = int(n1), int(n2)
    assert depth_from_n("v1", n1) == depth_from_n("v2", n2) == int(depth)
    assert trained(resnet_v1, n1, shortcut="pad") == trained(resnet_v1, n1, shortcut="none")
    assert [trained(resnet_v1, n1, shortcut="pad"), trained(resnet_v1, n1)] == counts
    assert trained(resnet_v2, n2) == second


def test_the_sheet_says_of_v1_and_v2_what_the_nets_are():
    rows = dict((row[0], row[1:]) for row in table(SHEET, "what"))
    for place, build, depth in ((0, resnet_v1, 20), (1, resnet_v2, 20)):
        net = build((32, 32, 3), depth)
        ends = [layer for layer in net.layers if re.fullmatch(r"stage\d_block1_add", layer.name)]
        channels = ", ".join(f"{layer.output.shape[-1]}" for layer in ends)
        assert rows["channels in stages 1, 2, 3"][place] == channels
        kernels = [
            layer.kernel_size[0]
            for layer in net.layers
            if re.fullmatch(r"stage1_block2_\d_conv", layer.name)
        ]
        branch = ", ".join(f"{size}×{size}" for size in kernels)
        assert rows["branch"][place].removeprefix("bottleneck ") == branch
        after = "stage1_block1_relu" in [layer.name for layer in net.layers]
        assert rows["after the sum"][place] == ("ReLU" if after else "nothing")


def test_the_sheet_knows_every_shortcut():
    rows = table(SHEET, "`shortcut=`")
    assert {re.search(r'"(\w+)"', row[0])[1] for row in rows} == set(SHORTCUTS)


def test_the_sheet_s_recipes_are_those_of_the_library():
    said = {
        name: text
        for name, text in re.findall(r'\*\*`"(\w+)"`\*\*: (.*?)(?=\n- |\n\n)', SHEET, re.S)
    }
    assert set(said) == {"paper", "quick"}
    for name, text in said.items():
        recipe, text = RECIPES[name], " ".join(text.split())
        for words in (
            f"batch {recipe.batch_size},",
            f"{recipe.epochs} epochs",
            f"{recipe.momentum},",
        ):
            assert words in text
        assert re.search(rf"rate (up to )?{recipe.learning_rate}\b", text)
        decay = re.search(r"(?:(\d) \\cdot )?10\^\{-(\d)\}", text)
        assert int(decay[1] or 1) * 10.0 ** -int(decay[2]) == pytest.approx(2 * recipe.l2)
        assert ("Nesterov" in text) == (recipe.optimizer == "nesterov")
        assert "crop and flip" in text
        assert recipe.augmentation == "crop-flip"
    steps = [int(n.replace(",", "")) for n in re.findall(r"[\d,]+,000", said["paper"])]
    for before, after in ((s - 1, s) for s in steps):
        rate = [RECIPES["paper"].learning_rate_at(step * 128 / 50_000) for step in (before, after)]
        assert rate[1] == pytest.approx(rate[0] / 10)


def test_the_sheet_s_ten_lines_run(tmp_path, monkeypatch, capsys):
    """On the sample images, a net of 8 layers and one epoch."""
    (code,) = re.findall(r"```python\n(.*?)```", SHEET, re.DOTALL)
    assert len(code.strip().splitlines()) <= 11, "ten lines and one blank"
    for old, new in (
        ("load_cifar10", "load_sample"),
        ('"quick", 6', '"quick", 1'),
        ("n=3", "n=1"),
    ):
        assert old in code
        code = code.replace(old, new)
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    assert "stem_conv" in capsys.readouterr().out


def test_the_sheet_s_errors_are_those_of_the_library():
    source = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "resnet_lib").glob("*.py")
    )
    source = re.sub(r'"\s*\n\s*f?"', "", source)  # a message over two lines
    for message, mend in table(SHEET, "message or symptom"):
        if message.startswith(("no checkpoint", "Could not locate class")):  # Keras's own
            continue
        if "6n+2" in message:
            for version, depths in re.findall(r"\b(v\d) (?:has )?((?:\d+(?:, )?)+)", mend):
                known = {depth_from_n(version, n) for n in range(1, 40)}
                assert {int(depth) for depth in depths.strip(", ").split(", ")} <= known
            with pytest.raises(ValueError, match=re.escape(message)):
                resnet_v1((32, 32, 3), 21)
        else:
            assert message in source, message


# ---------------------------------------------------------------- glossary, references, routes


def test_the_glossary_explains_forty_words_and_says_where_each_is_at_home():
    page = (BUILT / "glossary.html").read_text(encoding="utf-8")
    entries = re.findall(r"((?:<dt id=.*?</dt>)+)<dd>(.*?)</dd>", page, re.DOTALL)
    assert len(entries) >= 40
    for term, words in entries:
        assert re.search(r'href="\d\d_\w+\.html', words), re.sub(r"<[^>]+>", "", term)


@pytest.mark.parametrize("key", WORKS)
def test_a_work_is_told_in_full(key):
    entry = WORKS[key]
    assert entry.persons["author"], "who wrote it"
    assert all(person.first_names and person.last_names for person in entry.persons["author"])
    assert entry.fields["title"]
    assert re.fullmatch(r"\d{4}", entry.fields["year"])
    venues = ("booktitle", "journal", "institution", "howpublished")
    assert any(venue in entry.fields for venue in venues), "where it appeared"
    address = entry.fields.get("url") or f"https://doi.org/{entry.fields['doi']}"
    assert re.match(r"https://[\w.-]+/\S+$", address)


def test_every_work_is_cited_and_every_citation_is_known():
    cited = set()
    for path in BOOK.iterdir():
        if path.suffix == ".ipynb":
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            text = "\n".join("".join(cell["source"]) for cell in cells)
        elif path.suffix == ".md":
            text = path.read_text(encoding="utf-8")
        else:
            continue
        for keys in re.findall(r"\{cite(?::\w)?\}`([^`]+)`", text):
            cited |= {key.strip() for key in keys.split(",")}
    assert cited == set(WORKS)


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_the_instructor_reads_how_long_a_chapter_takes(path):
    text = (BUILT / f"{path.stem}.html").read_text(encoding="utf-8")
    said = re.search(r'<p class="rl-minutes">Reading (.*?)</p>', text)[1]
    instructors = (BUILT / "instructors.html").read_text(encoding="utf-8")
    assert f"reading {said}" in instructors


def test_a_route_keeps_its_time_and_predicts_before_it_reveals():
    routes = re.findall(r"^## (\d+) minutes.*?````\{div\} rl-route\n(.*?)````", ROUTES, re.M | re.S)
    assert [minutes for minutes, _ in routes] == ["45", "90", "180"]
    for minutes, route in routes:
        rows = table(route, "minute")
        marks = [int(row[0]) for row in rows]
        assert marks[0] == 0
        assert marks == sorted(set(marks))
        assert int(minutes) - 10 <= marks[-1] < int(minutes)
        for _, show, ask, _ in rows:
            assert ask or show.startswith(("A break", "[Check]")), show


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_that_a_document_names_is_there(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    fences = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    typed = re.findall(r"`(?:sudo )?make ([^`]+)`", text)
    typed += re.findall(r"^(?:sudo )?make (.+)$", fences, re.MULTILINE)
    assert {command.split()[0] for command in typed} <= targets
    scripts = re.findall(r"(?<![\w/.])((?:deploy|tools|benchmarks|tests)/[\w/]+\.py)", text)
    assert [path for path in scripts if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_file_that_a_document_leads_to_is_there(name):
    """From file to file; the build checks what leads to a section of the book."""
    path = ROOT / name
    for link in re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8")):
        if not link.startswith("https:"):
            places = [path.parent / f"{link}{end}" for end in ("", ".ipynb", ".md")]
            assert any(place.exists() for place in places), link


def test_the_readme_names_every_target():
    makefile, readme = ((ROOT / name).read_text() for name in ("Makefile", "README.md"))
    (phony,) = re.findall(r"^\.PHONY: (.*)", makefile, re.MULTILINE)
    unnamed = {one for one in phony.split() if not re.search(rf"make {one}\b", readme)}
    assert unnamed <= {"wasm", "pins", "clean"}, "those are for whoever changes the project"


def test_the_fields_of_a_recipe_are_all_explained():
    source = Path(recipes.__file__).read_text()
    for field in fields(recipes.Recipe):
        assert re.search(rf"^    {field.name}: .*  #: ", source, re.MULTILINE), field.name


def test_the_routes_answers_are_counted_and_recorded(monkeypatch):
    said = "\n".join(instructors.route_answers())
    counted = resnet_v2((32, 32, 3), 38).count_params()
    assert f"n = 4, depth 38, with {counted:,}" in said
    assert resnet_v2((32, 32, 3), 29).count_params() < 1_000_000 < counted
    runs = headline_runs()
    assert all(f"{run.test_error:.1f} %" in said for run in runs)
    assert "both higher." in said
    assert "all neighbours differ." in said
    page = (BUILT / "instructors.html").read_text(encoding="utf-8")
    assert f"{counted:,}" in page

    alike = [
        replace(run, history=run.history | {"test_error": [13.0]}, training_error=9.0)
        for run in runs
    ]
    monkeypatch.setattr(instructors, "headline_runs", lambda: alike)
    said = "\n".join(instructors.route_answers())
    assert "not both higher" in said
    assert said.count(" and ") >= 3, said
    assert "cannot be told apart" in said
