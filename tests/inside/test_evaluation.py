"""Compare `evaluate` with a count by hand; test its figures, its sentences and recorded files."""

import json
from dataclasses import replace

import numpy as np
import pytest
from made_up_runs import make_run
from matplotlib.colors import to_rgb

from resnet_lib import evaluate, load_runs, load_sample
from resnet_lib.chapters import mistakes
from resnet_lib.data.cifar10 import CLASS_NAMES, is_available, load_cifar10
from resnet_lib.inside import evaluation
from resnet_lib.record import record
from resnet_lib.record.record import MAX_ERROR_CHANGE
from resnet_lib.runs.measurements import load_measurements
from resnet_lib.tables import Said
from resnet_lib.training import train as training

PERFECT = evaluation.Evaluation(np.eye(10, dtype=int) * 7, np.array([[70, 0, 0.5]] * 4), ())


class FakeModel:
    """A model with fixed outputs."""

    def __init__(self, probabilities):
        self.probabilities = np.asarray(probabilities, dtype="float32")

    def predict(self, images, batch_size, verbose):
        return self.probabilities


def draw_case(count=300, seed=0):
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (count, 32, 32, 3), dtype="uint8")
    labels = random.integers(0, 10, count)
    scores = np.exp(random.normal(size=(count, 10)) * 3)
    scores[:, 3] *= 4
    return FakeModel(scores / scores.sum(axis=1, keepdims=True)), images, labels


def test_counts_equal_a_count_by_hand():
    model, images, labels = draw_case()
    found, shares = evaluate(model, images, labels), model.probabilities
    confusion, wrong = [[0] * 10 for _ in range(10)], []
    for index, label in enumerate(labels):
        said = max(range(10), key=lambda k: shares[index][k])
        confusion[label][said] += 1
        if said != label:
            wrong.append((-shares[index][said], index, label, said))
    assert found.confusion.tolist() == confusion
    assert (found.images, found.wrong) == (300, len(wrong))
    assert found.error == pytest.approx(100 * len(wrong) / 300)
    by_class = [100 * (1 - row[place] / sum(row)) for place, row in enumerate(confusion)]
    assert found.error_by_class == pytest.approx(by_class)
    for one, expected in zip(found.mistakes, sorted(wrong)[: evaluation.MAX_MISTAKES], strict=True):
        assert (-one.probability, one.index, one.true, one.said) == pytest.approx(expected)
        assert np.array_equal(one.picture, images[one.index])
    for least, (named, mistaken, expected) in zip(
        evaluation.CONFIDENCE_LEVELS, found.sure, strict=True
    ):
        so_sure = [float(max(row)) for row in shares if max(row) >= least]
        assert named == len(so_sure)
        assert mistaken == sum(-share >= least for share, *_ in wrong)
        assert expected == pytest.approx(sum(1 - share for share in so_sure))
    assert found.sure[0][:2].tolist() == [300, len(wrong)]  # the first threshold takes all


def test_an_evaluation_survives_json():
    found = evaluate(*draw_case(), make_run("pad", 3))
    text = json.dumps(found.values(), allow_nan=False)
    again = evaluation.read_values(json.loads(text), found.run)
    assert np.array_equal(again.confusion, found.confusion)
    assert np.array_equal(again.sure[:, :2], found.sure[:, :2])
    assert again.sure[:, 2] == pytest.approx(found.sure[:, 2], abs=6e-4)
    assert all(isinstance(count, int) for row in found.values()["sure"] for count in row[:2])
    for one, other in zip(found.mistakes, again.mistakes, strict=True):
        assert np.array_equal(one.picture, other.picture)
        assert (one.index, one.true, one.said) == (other.index, other.true, other.said)
        assert other.probability == pytest.approx(one.probability, abs=1e-6)
    assert again.label == found.label == "ResNet-20"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m, x, y: (m, x / 255, y), "expected uint8 images"),
        (lambda m, x, y: (m, x[0], y), "expected uint8 images"),
        (lambda m, x, y: (m, x, y[:, None]), r"as many labels \(count,\); got uint8"),
        (
            lambda m, x, y: (FakeModel(m.probabilities[:, :5]), x, y),
            r"a probability for each of air",
        ),
        (lambda m, x, y: (FakeModel(m.probabilities * np.nan), x, y), "did its training diverge"),
    ],
    ids=["floats", "one image", "column", "five classes", "nan"],
)
def test_errors(change, message):
    with pytest.raises(ValueError, match=message):
        evaluate(*change(*draw_case()))


def test_a_class_without_images_has_no_error():
    model, images, labels = draw_case()
    selected = labels != 4
    found = evaluate(FakeModel(model.probabilities[selected]), images[selected], labels[selected])
    assert np.isnan(found.error_by_class[4])
    assert np.isfinite(np.delete(found.error_by_class, 4)).all()
    mistakes.errors_by_class(found)._repr_png_()
    assert "nan" not in mistakes.said_of(found)


def figure_texts(figure):
    return [one.get_text() for one in figure.findobj(match=lambda a: hasattr(a, "get_text"))]


def test_the_matrix_prints_every_count():
    found = evaluate(*draw_case(), make_run("pad", 3))
    figure = mistakes.confusion_matrix(found)
    printed, (axes,) = figure_texts(figure), figure.axes
    assert {f"{count:,}" for count in found.confusion[found.confusion > 0]} <= set(printed)
    for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
        assert [one.get_text() for one in labels] == list(CLASS_NAMES)
    assert any("300 test images, too few for a result. Recipe:" in one for one in printed)


def luminance(colour):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


@pytest.mark.parametrize(("shortcut", "n"), [("pad", 3), ("pad", 9), ("none", 3), ("none", 9)])
def test_counts_have_enough_contrast_with_their_cells(shortcut, n):
    """Compute the contrast ratio as WCAG 2 defines it."""
    for seed in range(3):
        found = evaluate(*draw_case(seed=seed), make_run(shortcut, n))
        (axes,) = mistakes.confusion_matrix(found).axes
        (image,) = axes.images
        cells = image.cmap(image.norm(image.get_array()))[..., :3]
        for text in axes.texts:
            column, row = (round(one) for one in text.get_position())
            background = to_rgb(mistakes.CORRECT_COLOUR) if row == column else cells[row, column]
            darker, lighter = sorted(map(luminance, (to_rgb(text.get_color()), background)))
            assert (lighter + 0.05) / (darker + 0.05) > 4.4


def test_mistakes_show_their_classes():
    found = evaluate(*draw_case())
    figure = mistakes.most_confident_mistakes(found)
    printed, first = figure_texts(figure), found.mistakes[0]
    assert len([one for one in figure.axes if one.images]) == evaluation.MAX_MISTAKES
    assert CLASS_NAMES[first.true] in printed
    assert any(f"said {CLASS_NAMES[first.said]}\n" in one for one in printed)
    assert mistakes.format_probability(0.9996) == "> 99.9 %"
    assert mistakes.format_probability(0.9994) == "99.9 %"
    assert isinstance(mistakes.most_confident_mistakes(PERFECT), Said)


def test_few_images_are_no_result():
    few = evaluate(*draw_case(), make_run("pad", 3))
    assert mistakes.said_of(few).endswith("So few images make no result.")
    many = replace(few, confusion=few.confusion * 1000)
    assert "no result" not in mistakes.said_of(many)
    assert "too few" not in many.caption
    assert mistakes.said_of(PERFECT).startswith("This net is wrong on 0 of 70 test images, 0.00 %")
    assert "commonest" not in mistakes.said_of(PERFECT)


def make_evaluation(surest, all_images, *label):
    sure = np.array([all_images, all_images, surest, surest], float)
    run = make_run(*label) if label else None
    return evaluation.Evaluation(np.eye(10, dtype=int) * 1000, sure, (), run)


OVERCONFIDENT = make_evaluation((4000, 24, 8.0), (10_000, 1378, 1177.0), "pad", 3)


def test_the_confidence_table_compares_mistakes_with_expected_mistakes():
    rows = mistakes.sureness(OVERCONFIDENT, PERFECT).rows
    assert rows[0] == ("ResNet-20\n4,000", "0.20", "0.60", "11.77", "13.78")
    assert rows[1][1:] == ("0.71", "0.00", "0.71", "0.00")
    underconfident = make_evaluation((0, 0, 0.0), (10_000, 5000, 5000.0))
    assert mistakes.sureness(underconfident).rows[0][1:] == ("–", "–", "50.00", "50.00")


def test_the_confidence_sentence_distinguishes_kinds_of_net():
    fits = make_evaluation((10, 0, 0.1), (10_000, 1450, 1400.0), "none", 3)
    modest = make_evaluation((7, 0, 0.05), (10_000, 4420, 4566.0), "none", 9)
    assert mistakes.said_of_sureness(OVERCONFIDENT, fits, modest) == (
        "ResNet-20 gave 4,000 of its 10,000 answers a probability of at least 0.99. It expects 8 "
        "of these to be wrong; 24 are, 3.0 times as many. Of all images it expects 11.77 % wrong, "
        "and 13.78 % are. Surer than right: ResNet-20; less sure than right: Plain-56; neither: "
        "Plain-20."
    )
    assert "times as many" not in mistakes.said_of_sureness(modest)


def test_mistakes_within_and_across_animals_and_vehicles():
    counts = np.eye(10, dtype=int) * 100
    counts[3, 5], counts[0, 8], counts[0, 2], counts[2, 0], counts[9, 7] = 9, 4, 3, 2, 4
    net = replace(PERFECT, confusion=counts)
    assert mistakes.said_of_kinds(net) == (
        "13 of the 22 mistakes of This net take an animal for another animal, or a vehicle for "
        "another vehicle. Of the other 9, 5 are between airplane and bird, one way or the other."
    )
    counts[0, 2] = counts[2, 0] = counts[9, 7] = 0
    assert mistakes.said_of_kinds(net).endswith("or a vehicle for another vehicle.")


def test_record_evaluates_a_run(tmp_path, monkeypatch):
    monkeypatch.setattr("resnet_lib.data.cifar10.load_cifar10", load_sample)
    monkeypatch.setattr(training, "load_cifar10", load_sample)
    plan, recorded = tmp_path / "plan.toml", tmp_path / "recorded"
    net = 'recipe = "quick"\nepochs = 1\nversion = "v1"\nn = [1]\nshortcut = ["pad"]\n'
    plan.write_text(
        f'[[runs]]\ntitle = "A"\n{net}weights = true\n'
        f'[[measurements]]\ntitle = "B"\nwhat = ["evaluation"]\n{net}'
    )
    recorded.mkdir()
    record.record(plan=plan, recorded=recorded, runs=tmp_path / "runs")
    (run,), (found,) = load_runs(recorded), evaluation.recorded_evaluations(recorded)
    assert (found.run, found.images) == (run, 160)
    assert found.error == pytest.approx(run.test_error, abs=1.3)  # half precision: two images


MEASURED = load_measurements("evaluation")
# These include runs that the book does not show, because their set of four is incomplete.
RUNS = {run.name: run for run in load_runs()}
RECORDED = [evaluation.read_measurement(one, RUNS[name]) for name, one in MEASURED.items()]


def test_recorded_evaluations_match_the_test_errors_of_their_runs():
    shown = evaluation.recorded_evaluations()
    assert [one.label for one in shown] == ["Plain-20", "Plain-56", "ResNet-20", "ResNet-56"]
    for one in RECORDED:
        assert one.confusion.sum(axis=1).tolist() == [1000] * 10
        assert one.error == pytest.approx(one.run.test_error, abs=MAX_ERROR_CHANGE)
        assert one.sure.shape == (len(evaluation.CONFIDENCE_LEVELS), 3)
        assert one.sure[0][:2].tolist() == [10_000, one.wrong]
        sureness = [mistake.probability for mistake in one.mistakes]
        assert len(sureness) == evaluation.MAX_MISTAKES
        assert sureness == sorted(sureness, reverse=True)
        for mistake in one.mistakes:
            assert (mistake.picture.shape, mistake.picture.dtype) == ((32, 32, 3), np.uint8)
            assert one.confusion[mistake.true, mistake.said] > 0


def test_recorded_mistakes_are_images_of_the_test_set():
    if not is_available():
        pytest.skip("CIFAR-10 is not on this machine")
    images, labels = load_cifar10()[1]
    for mistake in (mistake for one in RECORDED for mistake in one.mistakes):
        assert labels[mistake.index] == mistake.true
        assert np.array_equal(images[mistake.index], mistake.picture)
