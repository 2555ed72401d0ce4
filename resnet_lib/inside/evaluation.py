"""evaluate(): what a trained net gets wrong, by class, and where it was surest.

Nothing here needs Keras: it is the model's own `predict` that is called.
"""

import base64
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from resnet_lib.data.cifar10 import CLASS_NAMES, TEST_IMAGES
from resnet_lib.runs.curves import runs_caption, runs_to_curves
from resnet_lib.runs.measurements import headline_measurements, load_measurements
from resnet_lib.runs.run import RECORDED, Run, load_runs

SURE = (0.0, 0.5, 0.9, 0.99)  # how sure is "at least so sure"; the first takes all images
MOST = 24  # mistakes that are kept
BATCH = 500  # images


@dataclass(frozen=True)
class Mistake:
    """An image that was given the wrong name."""

    index: int  # its place among the images
    true: int  # place in CLASS_NAMES, as `said` is
    said: int
    probability: float  # that the net gave to what it said
    picture: np.ndarray  # uint8, (height, width, channels)


@dataclass(frozen=True)
class Evaluation:
    """How a net did on labelled images.

    `confusion[true, said]` counts images, `(10, 10)`. `sure`, `(4, 3)`, has a line for each of
    `SURE`: how many images were named with at least that probability, how many of them wrongly, and
    how many of them the net itself expects to be wrong: the sum of 1 - p, p being the probability
    that it gave its answer.
    """

    confusion: np.ndarray  #: `(10, 10)`, images
    sure: np.ndarray  #: `(4, 3)`, images
    mistakes: tuple  #: of `Mistake`, the surest first, `MOST` at most
    run: Run | None = None  #: the training that the net comes from

    @property
    def images(self):
        """How many were looked at."""
        return int(self.confusion.sum())

    @property
    def wrong(self):
        """How many of them were given another name than their own."""
        return self.images - int(self.confusion.trace())

    @property
    def error(self):
        """Per cent of all images."""
        return 100 * self.wrong / self.images

    @property
    def error_by_class(self):
        """Per cent of the images of each class, `(10,)`; nan for one of which there are none."""
        counts = self.confusion.sum(axis=1)
        right = np.divide(
            self.confusion.diagonal(), counts, out=np.full(len(counts), np.nan), where=counts > 0
        )
        return 100 - 100 * right

    @property
    def is_a_result(self):
        """Whether these are as many images as a test error of CIFAR-10 is counted on."""
        return self.images >= TEST_IMAGES

    @property
    def label(self):
        """ "ResNet-20", or "This net" where nobody said which run it is of."""
        return runs_to_curves(self.run)[0]["label"] if self.run else "This net"

    @property
    def caption(self):
        """What stands under a figure: how many images, and the run's recipe, seed and device."""
        toy = "" if self.is_a_result else ", too few for a result"
        of_run = " " + runs_caption(runs_to_curves(self.run)) if self.run else ""
        return f"{self.images:,} test images{toy}.{of_run}"

    def values(self):
        """As a `Measurement` keeps it: lists and numbers, pictures as PNG in base64."""
        mistakes = [
            {
                "index": one.index,
                "true": one.true,
                "said": one.said,
                "probability": round(one.probability, 6),
                "png": as_png(one.picture),
            }
            for one in self.mistakes
        ]
        sure = [
            [int(images), int(wrong), round(expected, 3)]
            for images, wrong, expected in self.sure.tolist()
        ]
        counts = {"confusion": self.confusion.tolist(), "sure": sure}
        return counts | {"mistakes": mistakes}


def evaluate(model, images, labels, run=None):
    """The `Evaluation` of a model on labelled images.

    `model` maps uint8 images `(count, height, width, channels)` to probabilities `(count, 10)`, as
    `saved_model` and `trained_model` do; `labels` are integers `(count,)`, places in `CLASS_NAMES`.
    `run` is what the captions speak of. Raises `ValueError` for images or a model of another kind,
    and for one whose answers are no numbers.

    >>> evaluate(saved_model("runs/mine/model.keras"), x_test, y_test)
    """
    images, labels = np.asarray(images), np.asarray(labels)
    if images.dtype != np.uint8 or images.ndim != 4 or labels.shape != images.shape[:1]:
        raise ValueError(
            "expected uint8 images (count, height, width, channels), as they come from "
            f"load_cifar10(), and as many labels (count,); got {images.dtype} {images.shape} and "
            f"labels {labels.shape}. The saved model subtracts the mean itself"
        )
    probabilities = np.asarray(model.predict(images, batch_size=BATCH, verbose=0))
    classes = len(CLASS_NAMES)
    if probabilities.shape != (len(images), classes):
        raise ValueError(
            f"the model answers {probabilities.shape} to {len(images)} images; expected "
            f"({len(images)}, {classes}), a probability for each of {', '.join(CLASS_NAMES)}"
        )
    if not np.isfinite(probabilities).all():
        raise ValueError("the model's answers are no numbers: did its training diverge?")
    said = probabilities.argmax(axis=1)
    confusion = np.zeros((classes, classes), int)
    np.add.at(confusion, (labels, said), 1)

    surest = probabilities.max(axis=1).astype(float)
    is_wrong = said != labels
    sure = [
        (len(doubts), np.sum(is_wrong[surest >= least]), doubts.sum())
        for least, doubts in ((least, 1 - surest[surest >= least]) for least in SURE)
    ]
    worst = np.flatnonzero(is_wrong)
    worst = worst[np.argsort(-surest[worst], kind="stable")][:MOST]
    mistakes = [
        Mistake(int(i), int(labels[i]), int(said[i]), float(surest[i]), images[i]) for i in worst
    ]
    return Evaluation(confusion, np.array(sure, float), tuple(mistakes), run)


def recorded_evaluations(folder=RECORDED):
    """The `Evaluation`s that ship with the book, of its four runs in their order.

    Where those have not been evaluated, all others that were.

    >>> [one.label for one in recorded_evaluations()]
    ['Plain-20', 'Plain-56', 'ResNet-20', 'ResNet-56']
    """
    found = headline_measurements("evaluation", folder)
    if not found:
        others = load_measurements("evaluation", folder)
        found = [(run, others[run.name]) for run in load_runs(folder) if run.name in others]
    return [from_measurement(one, run) for run, one in found]


def from_measurement(one, run):
    """The `Evaluation` that a recorded `Measurement` of a `Run` holds, after its last epoch."""
    return from_values({key: value[-1] for key, value in one.values.items()}, run)


def from_values(values, run=None):
    """The `Evaluation` that `values` was taken of."""
    mistakes = [
        Mistake(picture=from_png(one["png"]), **{k: v for k, v in one.items() if k != "png"})
        for one in values["mistakes"]
    ]
    counts = (np.array(values[name]) for name in ("confusion", "sure"))
    return Evaluation(*counts, tuple(mistakes), run)


def as_png(picture):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def from_png(text):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))
