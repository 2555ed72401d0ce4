"""Evaluate a trained net: errors by class, confidence, and the most confident mistakes.

This module does not import Keras. It calls the model's own `predict`.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from resnet_lib.data.cifar10 import CLASS_NAMES, TEST_IMAGES
from resnet_lib.runs.curves import runs_caption, runs_to_curves
from resnet_lib.runs.measurements import Measurement, headline_measurements, load_measurements
from resnet_lib.runs.run import RECORDED, Run, load_runs

if TYPE_CHECKING:
    import keras

CONFIDENCE_LEVELS = (0.0, 0.5, 0.9, 0.99)  # lower limits of a probability; 0 takes all images
MAX_MISTAKES = 24  # that are kept
BATCH_SIZE = 500  # images


@dataclass(frozen=True)
class Mistake:
    """A misclassified image."""

    index: int  # among the images
    true: int  # index in CLASS_NAMES
    said: int  # the predicted class, an index in CLASS_NAMES
    probability: float  # of the predicted class
    picture: np.ndarray  # uint8, (height, width, channels)


@dataclass(frozen=True)
class Evaluation:
    """The errors of a net on labelled images.

    `confusion[true, said]` counts images, `(10, 10)`. `sure`, `(4, 3)`, has a row for each of
    `CONFIDENCE_LEVELS`: the number of images whose predicted class has at least that probability,
    the number of mistakes among them, and the number of mistakes that the net expects among them.
    The last is the sum of 1 - p, where p is the probability of the predicted class.
    """

    confusion: np.ndarray  #: `(10, 10)`, images
    sure: np.ndarray  #: `(4, 3)`, images
    mistakes: tuple[Mistake, ...]  #: the most confident first, `MAX_MISTAKES` at most
    run: Run | None = None  #: the training run of the net

    @property
    def images(self) -> int:
        """The number of images."""
        return int(self.confusion.sum())

    @property
    def wrong(self) -> int:
        """The number of misclassified images."""
        return self.images - int(self.confusion.trace())

    @property
    def error(self) -> float:
        """Misclassified images, in per cent of all images."""
        return 100 * self.wrong / self.images

    @property
    def error_by_class(self) -> np.ndarray:
        """Misclassified images of each class, in per cent, `(10,)`; nan without images."""
        counts = self.confusion.sum(axis=1)
        right = np.divide(
            self.confusion.diagonal(), counts, out=np.full(len(counts), np.nan), where=counts > 0
        )
        return 100 - 100 * right

    @property
    def is_a_result(self) -> bool:
        """Whether there are at least as many images as in the test set of CIFAR-10."""
        return self.images >= TEST_IMAGES

    @property
    def label(self) -> str:
        """The net's label, such as "ResNet-20"; "This net" without a run."""
        return runs_to_curves(self.run)[0]["label"] if self.run else "This net"

    @property
    def caption(self) -> str:
        """A figure's caption: the number of images, and the run's recipe, seed and device."""
        toy = "" if self.is_a_result else ", too few for a result"
        run_caption = " " + runs_caption(runs_to_curves(self.run)) if self.run else ""
        return f"{self.images:,} test images{toy}.{run_caption}"

    def values(self) -> dict[str, list[Any]]:
        """Return the values of a `Measurement`: lists and numbers, pictures as PNG in base64."""
        mistakes = [
            {
                "index": mistake.index,
                "true": mistake.true,
                "said": mistake.said,
                "probability": round(mistake.probability, 6),
                "png": encode_png(mistake.picture),
            }
            for mistake in self.mistakes
        ]
        sure = [
            [int(images), int(wrong), round(expected, 3)]
            for images, wrong, expected in self.sure.tolist()
        ]
        counts = {"confusion": self.confusion.tolist(), "sure": sure}
        return counts | {"mistakes": mistakes}


def evaluate(
    model: keras.Model, images: np.ndarray, labels: np.ndarray, run: Run | None = None
) -> Evaluation:
    """Evaluate a model on labelled images.

    `model` maps uint8 images `(count, height, width, channels)` to probabilities `(count, 10)`, as
    `saved_model` and `trained_model` do; `labels` are integers `(count,)`, indices in
    `CLASS_NAMES`. Captions name `run`. Raises `ValueError` for images or a model of another kind,
    and for a model whose outputs are not finite.

    >>> evaluate(saved_model("runs/mine/model.keras"), x_test, y_test)
    """
    images, labels = np.asarray(images), np.asarray(labels)
    if images.dtype != np.uint8 or images.ndim != 4 or labels.shape != images.shape[:1]:
        raise ValueError(
            "expected uint8 images (count, height, width, channels), as they come from "
            f"load_cifar10(), and as many labels (count,); got {images.dtype} {images.shape} and "
            f"labels {labels.shape}. The saved model subtracts the mean itself"
        )
    probabilities = np.asarray(model.predict(images, batch_size=BATCH_SIZE, verbose=0))
    classes = len(CLASS_NAMES)
    if probabilities.shape != (len(images), classes):
        raise ValueError(
            f"the model answers {probabilities.shape} to {len(images)} images; expected "
            f"({len(images)}, {classes}), a probability for each of {', '.join(CLASS_NAMES)}"
        )
    if not np.isfinite(probabilities).all():
        raise ValueError("the model's answers are no numbers: did its training diverge?")
    predicted = probabilities.argmax(axis=1)
    confusion = np.zeros((classes, classes), int)
    np.add.at(confusion, (labels, predicted), 1)

    confidence = probabilities.max(axis=1).astype(float)
    is_wrong = predicted != labels
    worst = np.flatnonzero(is_wrong)
    worst = worst[np.argsort(-confidence[worst], kind="stable")][:MAX_MISTAKES]
    mistakes = [
        Mistake(int(i), int(labels[i]), int(predicted[i]), float(confidence[i]), images[i])
        for i in worst
    ]
    return Evaluation(confusion, count_by_confidence(confidence, is_wrong), tuple(mistakes), run)


def count_by_confidence(confidence: np.ndarray, is_wrong: np.ndarray) -> np.ndarray:
    """Count images, mistakes and expected mistakes at each level, as in `Evaluation.sure`.

    `confidence` and `is_wrong` are `(images,)`.
    """
    counts = []
    for level in CONFIDENCE_LEVELS:
        selected = confidence >= level
        expected_mistakes = (1 - confidence[selected]).sum()
        counts.append((selected.sum(), is_wrong[selected].sum(), expected_mistakes))
    return np.array(counts, float)


def recorded_evaluations(folder: str | Path = RECORDED) -> list[Evaluation]:
    """Load the recorded evaluations of the book's four runs, in their order.

    If these runs have not been evaluated, load all other recorded evaluations.

    >>> [evaluation.label for evaluation in recorded_evaluations()]
    ['Plain-20', 'Plain-56', 'ResNet-20', 'ResNet-56']
    """
    pairs = headline_measurements("evaluation", folder)
    if not pairs:
        others = load_measurements("evaluation", folder)
        pairs = [(run, others[run.name]) for run in load_runs(folder) if run.name in others]
    return [read_measurement(measurement, run) for run, measurement in pairs]


def read_measurement(measurement: Measurement, run: Run) -> Evaluation:
    """Read the `Evaluation` of a `Run` after its last epoch from a recorded `Measurement`."""
    return read_values({key: value[-1] for key, value in measurement.values.items()}, run)


def read_values(values: dict[str, Any], run: Run | None = None) -> Evaluation:
    """Read an `Evaluation` from the result of `Evaluation.values`."""
    mistakes = [
        Mistake(
            picture=decode_png(mistake["png"]),
            **{key: value for key, value in mistake.items() if key != "png"},
        )
        for mistake in values["mistakes"]
    ]
    confusion, sure = np.array(values["confusion"]), np.array(values["sure"])
    return Evaluation(confusion, sure, tuple(mistakes), run)


def encode_png(picture: np.ndarray) -> str:
    """Return a picture as PNG in base64."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def decode_png(text: str) -> np.ndarray:
    """Return the picture of a PNG in base64, uint8 `(height, width, channels)`."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))
