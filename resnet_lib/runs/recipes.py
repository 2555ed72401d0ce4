"""Define the recipes of a training run, and the learning-rate schedules that they name.

Change one field with `dataclasses.replace(RECIPES["paper"], epochs=20)`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

PAPER_EPOCHS = 164  # 64,000 iterations of 128 images, in whole epochs


def lr_schedule(epoch: int) -> float:
    """Return the article's learning rate: 1e-3 at first, and less after epochs 80, 120, 160, 180.

    >>> lr_schedule(80), lr_schedule(81)
    (0.001, 0.0001)
    """
    for last_epoch, learning_rate in ((180, 0.5e-6), (160, 1e-6), (120, 1e-5), (80, 1e-4)):
        if epoch > last_epoch:
            return learning_rate
    return 1e-3


def article_steps(epoch: float, epochs: int) -> float:
    """Return the factor of `lr_schedule` on its first rate, at the same point of any training run.

    The article trains for 200 epochs.
    """
    return lr_schedule(int(epoch * (200 / epochs))) / lr_schedule(0)


def paper_steps(epoch: float, epochs: int) -> float:
    """Return 1, then 0.1 after 32/64 of the training run, then 0.01 after 48/64.

    The paper counts iterations of 128 images out of 50,000. Its 64,000 iterations are 163.84
    epochs, so a training run has the paper's length at 164. Source: He et al. 2015, section 4.2.
    """
    iteration = epoch * (PAPER_EPOCHS / epochs) * 50_000 / 128
    return 1.0 if iteration < 32_000 else 0.1 if iteration < 48_000 else 0.01


def one_cycle(epoch: float, epochs: int) -> float:
    """Return a factor that rises from 0.04 to 1 over 30 % of the epochs, then falls to 0.

    Both parts are linear. Source: Smith 2018, arXiv 1803.09820, without the final phase at lower
    rates.
    """
    peak = 0.3 * epochs
    return max(0.04, epoch / peak) if epoch < peak else (epochs - epoch) / (epochs - peak)


# name: factor on the recipe's learning rate, by epoch (a fraction within one) and epochs in all
SCHEDULES: dict[str, Callable[[float, int], float]] = {
    "article": article_steps,
    "paper": paper_steps,
    "one-cycle": one_cycle,
}
OPTIMIZERS = ("adam", "sgd", "nesterov")
AUGMENTATIONS = ("crop-flip", "shift-flip", "none")
PENALIZED = ("convolutions", "kernels")  # "kernels" includes the dense layer's
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")  # of Keras's dtype policies
WARM_UP_DEPTH = 110  # layers, from which a net needs the warm-up of its recipe


@dataclass(frozen=True)
class Recipe:
    """Define how to train a net on CIFAR-10. `dataclasses.replace` makes a changed copy.

    Raises `ValueError` for an unknown name and for a number that is out of range.

    >>> dataclasses.replace(RECIPES["paper"], name="paper-20", epochs=20)
    """

    name: str  #: a part of the run's name
    optimizer: str  #: "adam", "sgd" or "nesterov"
    schedule: str  #: of the learning rate: "article", "paper" or "one-cycle"
    augmentation: str  #: "crop-flip", "shift-flip" or "none"
    epochs: int  #: passes over the training images
    batch_size: int = 128  #: images
    learning_rate: float = 0.1  #: the highest, at this batch size
    momentum: float = 0.9  #: of the two SGDs
    l2: float = 0.5e-4  #: lambda of lambda * sum(w**2), whose gradient is 2 * lambda * w
    penalized: str = "kernels"  #: by l2: "kernels" of all layers, or of "convolutions" only
    warm_up: float = 0.0  #: fraction of the training run at a tenth of the rate, from 110 layers on
    precision: str = "float32"  #: of the arithmetic; or "mixed_bfloat16", "mixed_float16"

    def __post_init__(self) -> None:
        for field, known in (
            ("optimizer", OPTIMIZERS),
            ("schedule", tuple(SCHEDULES)),
            ("augmentation", AUGMENTATIONS),
            ("penalized", PENALIZED),
            ("precision", PRECISIONS),
        ):
            if getattr(self, field) not in known:
                raise ValueError(
                    f"{field} must be one of {', '.join(known)}; got {getattr(self, field)!r}"
                )
        for field in ("epochs", "batch_size"):
            value = getattr(self, field)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{field} must be a whole number from 1; got {value!r}")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be above 0; got {self.learning_rate!r}")
        if not self.l2 >= 0:
            raise ValueError(f"l2 must be 0 or more; got {self.l2!r}")
        for field in ("momentum", "warm_up"):
            if not 0 <= getattr(self, field) < 1:
                raise ValueError(f"{field} must be in [0, 1); got {getattr(self, field)!r}")

    def learning_rate_at_epoch(self, epoch: float, depth: int = 0) -> float:
        """Return the learning rate after `epoch` epochs, also a fraction; `depth` is in layers."""
        warming_up = depth >= WARM_UP_DEPTH and epoch < self.warm_up * self.epochs
        factor = 0.1 if warming_up else SCHEDULES[self.schedule](epoch, self.epochs)
        return self.learning_rate * factor

    def learning_rate_at_step(self, step: int, num_images: int, depth: int = 0) -> float:
        """Return the learning rate of a step of training on `num_images`; step 0 is the first.

        A schedule depends on the number of images seen. An epoch omits the images that do not fill
        a batch, so step 32,000 of "paper" is the paper's step 32,000.
        """
        return self.learning_rate_at_epoch(
            step * min(self.batch_size, num_images) / num_images, depth
        )


#: The recipes of the book's training runs: "article", "paper" and "quick".
RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "article",
            optimizer="adam",
            schedule="article",
            augmentation="shift-flip",
            epochs=200,
            batch_size=32,
            learning_rate=1e-3,
            l2=1e-4,
            penalized="convolutions",
        ),
        # He et al. 2015, section 4.2. Their weight decay of 1e-4 adds 1e-4 * w to the gradient,
        # as l2 = 0.5e-4 does. ResNet-110 starts at 0.01 until its training error is below 80 %,
        # "about 400 iterations" of 128 images out of 50,000.
        Recipe(
            "paper",
            optimizer="sgd",
            schedule="paper",
            augmentation="crop-flip",
            epochs=PAPER_EPOCHS,
            warm_up=400 * 128 / 50_000 / PAPER_EPOCHS,
        ),
        # Short enough for a class.
        Recipe(
            "quick",
            optimizer="nesterov",
            schedule="one-cycle",
            augmentation="crop-flip",
            epochs=15,
            learning_rate=0.2,
            l2=2.5e-4,
        ),
    )
}


def recipe_called(name: str, epochs: int | None = None) -> Recipe:
    """Return `RECIPES[name]`, or the same recipe with another number of epochs and a longer name.

    The schedule and the warm-up keep their shape: they depend on the fraction of the training run.
    Raises `ValueError` for another name, or if `epochs` is not a whole number from 1.

    >>> recipe_called("quick", epochs=8).name
    'quick-8'
    """
    if name not in RECIPES:
        raise ValueError(f"recipe must be one of {', '.join(RECIPES)}; got {name!r}")
    if epochs is None:
        return RECIPES[name]
    return replace(RECIPES[name], name=f"{name}-{epochs}", epochs=epochs)
