"""The pages for reference and for instructors are complete and agree with library and chapters."""

import html
import json
import re
from dataclasses import fields, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from pages import instructors
from pages.api_reference import to_restructured_text
from pybtex.database import parse_file

import resnet_lib
from resnet_lib import RECIPES, headline_runs
from resnet_lib.nets.options import SHORTCUTS, depth_from_n
from resnet_lib.nets.resnet import resnet_v1, resnet_v2
from resnet_lib.runs import recipes

ROOT = Path(__file__).parents[2]
BOOK, BUILT = ROOT / "book", ROOT / "_build" / "html" / "book"
SHEET, ROUTES = (
    (BOOK / name).read_text(encoding="utf-8") for name in ("cheat_sheet.md", "instructors.md")
)
RECIPES_FILE = Path(recipes.__file__).read_text()
WORKS = parse_file(BOOK / "references.bib").entries
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "book/instructors.md")
DOCUMENTS += ("deploy/README.md", "deploy/KUBERNETES.md")
CIFAR = (32, 32, 3)


def built(page):
    return (BUILT / f"{page}.html").read_text(encoding="utf-8")


def without_tags(text):
    return re.sub(r"<[^>]+>", "", text)


def table(text, header):
    """The rows of a Markdown table below that first cell, as lists of plain cells."""
    (found,) = re.findall(rf"^\| {re.escape(header)} \|.*\n\|[-:| ]+\n((?:\|.*\n)+)", text, re.M)
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in found.splitlines()]


def test_every_public_name_is_on_the_page_with_its_words():
    page = built("api")
    for name in resnet_lib.__all__:
        entry = rf'<dt class="sig[^>]* id="resnet_lib\.{name}">.*?</dt>\s*<dd>(.*?)(?=<dt|</dl>)'
        (words,) = re.findall(entry, page, re.DOTALL)
        assert len(without_tags(words).split()) >= 4, f"{name} has no description"
        assert "`" not in without_tags(words), f"{name}: code is set as code"


def test_a_signature_is_the_one_that_a_reader_types():
    page = built("api")
    for name, arguments in (
        ("NetSpec", "(version, n, shortcut='projection')"),
        ("RandomCropFlip", "(padding=4, **kwargs)"),
        ("PixelMeanNormalization", "(**kwargs)"),
        ("ErrorCurves", "(runs=None, **traits)"),
        ("ArchitectureExplorer", "(**traits)"),
        ("load_runs", "(folder=RECORDED, **filters)"),
    ):
        (entry,) = re.findall(rf'id="resnet_lib\.{name}">(.*?)</dt>', page, re.DOTALL)
        text = "".join(html.unescape(without_tags(re.sub(r"<a .*", "", entry))).split())
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
    assert to_restructured_text(docstring) == expected


def test_the_fields_of_a_recipe_are_explained_with_all_their_values():
    for field in fields(recipes.Recipe):
        assert re.search(rf"^    {field.name}: .*  #: ", RECIPES_FILE, re.MULTILINE), field.name
    for field, values in {
        "optimizer": recipes.OPTIMIZERS,
        "schedule": recipes.SCHEDULES,
        "augmentation": recipes.AUGMENTATIONS,
        "penalized": recipes.PENALIZED,
        "precision": recipes.PRECISIONS,
    }.items():
        (line,) = re.findall(rf"^    {field}: .*", RECIPES_FILE, re.MULTILINE)
        assert [one for one in values if f'"{one}"' not in line] == []


@cache
def trained_in_small_net(build, depth, shortcut):
    net = build(CIFAR, depth, shortcut=shortcut)
    return sum(int(np.prod(weight.shape)) for weight in net.trainable_weights)


def trained(build, depth, shortcut="projection"):
    """Trained weights, from two small nets: each further block of a stage is alike."""
    shallow, deeper = (8, 14) if build is resnet_v1 else (11, 20)
    first, second = (trained_in_small_net(build, one, shortcut) for one in (shallow, deeper))
    return f"{first + (depth - shallow) // (deeper - shallow) * (second - first):,}"


@pytest.mark.parametrize("row", table(SHEET, "depth"), ids=lambda row: row[0])
def test_the_sheet_counts_what_the_nets_have(row):
    depth, n1, *counts, n2, second = row
    depth = int(depth)
    assert depth_from_n("v1", int(n1)) == depth_from_n("v2", int(n2)) == depth
    assert trained(resnet_v1, depth, "pad") == trained(resnet_v1, depth, "none")
    assert [trained(resnet_v1, depth, "pad"), trained(resnet_v1, depth)] == counts
    assert trained(resnet_v2, depth) == second


def test_the_sheet_says_of_v1_and_v2_what_the_nets_are():
    rows = dict((row[0], row[1:]) for row in table(SHEET, "what"))
    for place, build in enumerate((resnet_v1, resnet_v2)):
        layers = {layer.name: layer for layer in build(CIFAR, 20).layers}
        ends = [layers[f"stage{stage}_block1_add"].output.shape[-1] for stage in (1, 2, 3)]
        assert rows["channels in stages 1, 2, 3"][place] == ", ".join(map(str, ends))
        convolutions = [name for name in layers if re.fullmatch(r"stage1_block2_\d_conv", name)]
        sizes = [layers[name].kernel_size[0] for name in convolutions]
        branch = ", ".join(f"{size}×{size}" for size in sizes)
        assert rows["branch"][place].removeprefix("bottleneck ") == branch
        after = "ReLU" if "stage1_block1_relu" in layers else "nothing"
        assert rows["after the sum"][place] == after
    named = {re.search(r'"(\w+)"', row[0])[1] for row in table(SHEET, "`shortcut=`")}
    assert named == set(SHORTCUTS)


def test_the_recipes_on_the_sheet_are_the_library_s():
    said = dict(re.findall(r'\*\*`"(\w+)"`\*\*: (.*?)(?=\n- |\n\n)', SHEET, re.S))
    assert set(said) == {"paper", "quick"}
    for name, text in said.items():
        recipe, text = RECIPES[name], " ".join(text.split())
        for words in (f"batch {recipe.batch_size},", f"{recipe.epochs} epochs"):
            assert words in text
        assert f"{recipe.momentum}," in text
        assert re.search(rf"rate (up to )?{recipe.learning_rate}\b", text)
        decay = re.search(r"(?:(\d) \\cdot )?10\^\{-(\d)\}", text)
        assert int(decay[1] or 1) * 10.0 ** -int(decay[2]) == pytest.approx(2 * recipe.l2)
        assert ("Nesterov" in text) == (recipe.optimizer == "nesterov")
        assert "crop and flip" in text
        assert recipe.augmentation == "crop-flip"
    for step in (int(n.replace(",", "")) for n in re.findall(r"[\d,]+,000", said["paper"])):
        before, after = (
            RECIPES["paper"].learning_rate_at_epoch(one * 128 / 50_000) for one in (step - 1, step)
        )
        assert after == pytest.approx(before / 10)


def test_the_ten_lines_on_the_sheet_run(tmp_path, monkeypatch, capsys):
    """On the sample images, a net of 8 layers and one epoch."""
    (code,) = re.findall(r"```python\n(.*?)```", SHEET, re.DOTALL)
    assert len(code.strip().splitlines()) <= 11, "ten lines and one blank"
    smaller = {"load_cifar10": "load_sample", '"quick", 6': '"quick", 1', "n=3": "n=1"}
    for old, new in smaller.items():
        assert old in code
        code = code.replace(old, new)
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    assert "stem_conv" in capsys.readouterr().out


def test_the_errors_on_the_sheet_are_the_library_s():
    files = (ROOT / "resnet_lib").rglob("*.py")
    source = "".join(path.read_text(encoding="utf-8") for path in files)
    source = re.sub(r'"\s*\n\s*f?"', "", source)  # a message over two lines
    for message, mend in table(SHEET, "message or symptom"):
        if message.startswith(("no checkpoint", "Could not locate class")):  # Keras's own
            continue
        if "6n+2" not in message:
            assert message in source, message
            continue
        for version, depths in re.findall(r"\b(v\d) (?:has )?((?:\d+(?:, )?)+)", mend):
            known = {depth_from_n(version, n) for n in range(1, 40)}
            assert {int(depth) for depth in depths.strip(", ").split(", ")} <= known
        with pytest.raises(ValueError, match=re.escape(message)):
            resnet_v1(CIFAR, 21)


def test_the_glossary_explains_forty_words_and_names_a_chapter_for_each():
    entries = re.findall(r"((?:<dt id=.*?</dt>)+)<dd>(.*?)</dd>", built("glossary"), re.DOTALL)
    assert len(entries) >= 40
    for term, words in entries:
        assert re.search(r'href="\d\d_\w+\.html', words), without_tags(term)


def test_every_work_has_its_data_and_is_cited():
    for key, entry in WORKS.items():
        authors = entry.persons["author"]
        assert authors, key
        assert all(person.first_names and person.last_names for person in authors), key
        assert entry.fields["title"], key
        assert re.fullmatch(r"\d{4}", entry.fields["year"]), key
        venues = {"booktitle", "journal", "institution", "howpublished"}
        assert any(venue in entry.fields for venue in venues), f"{key}: where it appeared"
        address = entry.fields.get("url") or f"https://doi.org/{entry.fields['doi']}"
        assert re.match(r"https://[\w.-]+/\S+$", address), key
    text = [path.read_text(encoding="utf-8") for path in BOOK.glob("*.md")]
    for path in BOOK.glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text += ["".join(cell["source"]) for cell in cells]
    cited = re.findall(r"\{cite(?::\w)?\}`([^`]+)`", "\n".join(text))
    assert {key.strip() for keys in cited for key in keys.split(",")} == set(WORKS)


def test_the_instructor_reads_how_long_a_chapter_takes():
    chapters = sorted(BOOK.glob("[0-9][0-9]_*"))
    assert len(chapters) == 10
    for path in chapters:
        said = re.search(r'<p class="rl-minutes">Reading (.*?)</p>', built(path.stem))[1]
        assert f"reading {said}" in built("instructors")


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
def test_every_command_and_file_that_a_document_names_exists(name):
    """Files by links from file to file; the build checks links to a section of the book."""
    path, makefile = ROOT / name, (ROOT / "Makefile").read_text()
    text = path.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    fences = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    typed = re.findall(r"`(?:sudo )?make ([^`]+)`", text)
    typed += re.findall(r"^(?:sudo )?make (.+)$", fences, re.MULTILINE)
    assert {command.split()[0] for command in typed} <= targets
    scripts = re.findall(r"(?<![\w/.])((?:deploy|tools|benchmarks|tests)/[\w/]+\.py)", text)
    assert [script for script in scripts if not (ROOT / script).is_file()] == []
    for link in re.findall(r"\]\(([^)#\s]+)", text):
        places = [path.parent / f"{link}{end}" for end in ("", ".ipynb", ".md")]
        assert link.startswith("https:") or any(place.exists() for place in places), link


def test_the_readme_names_every_target():
    makefile, readme = ((ROOT / name).read_text() for name in ("Makefile", "README.md"))
    targets = " ".join(re.findall(r"^\.PHONY: (.*)", makefile, re.MULTILINE)).split()
    unnamed = {one for one in targets if not re.search(rf"make {one}\b", readme)}
    steps = {"install-with-uv", "install-with-pip"}  # of the targets that install
    assert unnamed - steps <= {"wasm", "pins", "clean"}, "those are for whoever changes the project"


def test_the_answers_of_the_routes_are_counted_and_recorded(monkeypatch):
    def answers():
        return "\n".join(instructors.answer_routes())

    said, runs = answers(), headline_runs()
    counted = resnet_v2(CIFAR, 38).count_params()
    assert resnet_v2(CIFAR, 29).count_params() < 1_000_000 < counted
    words = [f"n = 4, depth 38, with {counted:,}", "both higher.", "all neighbours differ."]
    for one in (*words, *(f"{run.test_error:.1f} %" for run in runs)):
        assert one in said
    assert f"{counted:,}" in built("instructors")

    alike = {"test_error": [13.0]}
    runs = [replace(run, history=run.history | alike, training_error=9.0) for run in runs]
    monkeypatch.setattr(instructors, "headline_runs", lambda: runs)
    said = answers()
    assert said.count(" and ") >= 3, said
    assert "not both higher" in said
    assert "cannot be told apart" in said
