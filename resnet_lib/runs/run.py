"""Record a training run as JSON, and load the recorded runs. This module does not import Keras."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from resnet_lib.nets.spec import NetSpec
from resnet_lib.runs.recipes import Recipe

SCHEMA = 2  # raise it when a field changes its meaning
RECORDED = Path(__file__).parents[1] / "recorded"
HISTORY_KEYS = (  # of the lists in a history, one entry per epoch
    *("loss", "error", "test_loss", "test_error"),
    *("learning_rate", "seconds", "images_per_second"),
)
STATUSES = ("finished", "diverged", "stopped")


def check_minutes(minutes: float | None) -> None:
    """Raise `ValueError` unless `minutes` is a limit of time: None, or a number from 0."""
    if minutes is not None and not minutes >= 0:  # nan is not
        raise ValueError(f"minutes must be 0 or more, or None for no limit; got {minutes!r}")


@dataclass
class Run:
    """Record one training run: its net, recipe, machine, history and result.

    `history` holds one list for each of `HISTORY_KEYS`, one entry per epoch: `loss` and `test_loss`
    (nats, with the weight penalty), `error` and `test_error` (per cent), `learning_rate` (of the
    last step of the epoch), `seconds` (of the epoch with its test) and `images_per_second` (of the
    training alone). `loss` and `error` are averages over the epoch, on augmented images, while the
    weights change. `test_loss` and `test_error` are computed after it.
    """

    model: str  #: name, such as resnet20_v1
    recipe: Recipe  #: of its training
    seed: int  #: of weights, order and augmentation
    parameters: int  #: trainable
    backend: str  #: "tensorflow" or "jax"
    versions: dict[str, str]  #: package: version
    device: str  #: such as "CPU, 2 cores, x86_64"
    net: NetSpec | None = None  #: None: a model that the caller built
    commit: str | None = None  #: of the library's source, with a + if it had been edited
    status: str = "stopped"  #: or "finished", "diverged"
    #: The values of every epoch, see above.
    history: dict[str, list[float]] = field(
        default_factory=lambda: {name: [] for name in HISTORY_KEYS}
    )
    #: Per cent, of the last weights on all training images, as they are, in inference mode.
    training_error: float | None = None
    note: str | None = None  #: the reason why a run stopped or diverged
    #: Whether TensorFlow computed with oneDNN; None for another backend, or if it is not known.
    onednn: bool | None = None

    @property
    def name(self) -> str:
        """Return net, recipe and seed, such as `resnet20_v1-quick-seed0`."""
        return run_name(self.model, self.recipe, self.seed)

    @property
    def epochs(self) -> int:
        """Return how many epochs the history holds."""
        return len(self.history["test_error"])

    @property
    def test_error(self) -> float | None:
        """Return the test error after the last epoch, in per cent; None before the first epoch."""
        return self.history["test_error"][-1] if self.epochs else None

    def save(self, path: str | Path) -> Path:
        """Write JSON to `path`, complete or not at all; return the path."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_text(self.to_json() + "\n")
        unfinished.replace(path)
        return path

    def to_json(self) -> str:
        """Return the text of a `run.json`."""
        return json.dumps({"schema": SCHEMA} | asdict(self), indent=1, allow_nan=False)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a run that `save` wrote. Raises `ValueError` for a file that is not a run."""
        return cls.from_json(Path(path).read_bytes(), path)

    @classmethod
    def from_json(cls, text: str | bytes, path: str | Path = "this text") -> Self:
        """Read what `to_json` returned. The `ValueError` for other text names `path`."""
        try:
            fields = json.loads(text)
            schema = fields.pop("schema")
            if schema != SCHEMA:
                raise ValueError(f"its schema is {schema!r}")
            net = fields.pop("net")
            recipe = Recipe(**fields.pop("recipe"))
            run = cls(**fields, recipe=recipe, net=net and NetSpec(**net))
            if run.status not in STATUSES:
                raise ValueError(f"its status is {run.status!r}")
            lengths = {name: len(run.history[name]) for name in HISTORY_KEYS}
            if len(set(lengths.values())) > 1 or set(run.history) != set(HISTORY_KEYS):
                raise ValueError(f"its history has {lengths} entries")
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise ValueError(
                f"{path} is no run of schema {SCHEMA} ({problem!r}). Runs are written by "
                "`python -m resnet_lib train`; one of another version of the library must be "
                "read with that version or trained again"
            ) from problem
        return run


def run_name(model: str, recipe: Recipe, seed: int) -> str:
    """Return the name of a run: of its folder, its record, and its weights."""
    return f"{model}-{recipe.name}-seed{seed}"


def weights_path(run: Run, folder: str | Path = RECORDED) -> Path:
    """Return the path of a recorded run's weights, which may not be saved."""
    return Path(folder) / f"{run.name}.weights.npz"


def load_runs(folder: str | Path = RECORDED, **filters: Any) -> list[Run]:
    """Load every `run.json` or `*.run.json` below `folder` that matches the filters, by path.

    A filter names a field of `Run` or of its `NetSpec` ("version", "n", "shortcut", "depth"), or
    "recipe" by the recipe's name. Raises `ValueError` for a filter that names no field, or a
    file that is not a run.

    >>> load_runs("runs", version="v1", n=3, recipe="paper")
    []
    """

    def field_value(run: Run, name: str) -> Any:
        if name == "recipe":
            return run.recipe.name
        if hasattr(run, name):
            return getattr(run, name)
        if name not in ("version", "n", "shortcut", "depth"):
            raise ValueError(f"no field of a run or its net is called {name!r}")
        return run.net and getattr(run.net, name)

    runs = [Run.load(path) for path in sorted(Path(folder).rglob("*run.json"))]
    return [
        run
        for run in runs
        if all(field_value(run, name) == wanted for name, wanted in filters.items())
    ]


def require_net(run: Run) -> NetSpec:
    """Return the net of a run. Raises `ValueError` for a model that the caller built."""
    if run.net is None:
        raise ValueError(f"the run {run.name} is of a model that this library does not build")
    return run.net


def complete_sets(folder: str | Path = RECORDED) -> list[list[Run]]:
    """Return every complete set of the book's four runs, each by one recipe, the best set first.

    The four runs are plain and residual (`"pad"`), 20 and 56 layers, seed 0. A set with the paper's
    schedule is better than one without, and then a longer one is better than a shorter one.
    """
    nets = [NetSpec("v1", n, shortcut) for shortcut in ("none", "pad") for n in (3, 9)]
    by_recipe: dict[Recipe, dict[NetSpec, Run]] = {}
    for run in load_runs(folder, seed=0, status="finished"):
        if run.net in nets:
            by_recipe.setdefault(run.recipe, {})[run.net] = run
    best_first = sorted(by_recipe, key=lambda recipe: (recipe.schedule == "paper", recipe.epochs))[
        ::-1
    ]
    complete = (by_recipe[recipe] for recipe in best_first if len(by_recipe[recipe]) == len(nets))
    return [[runs[net] for net in nets] for runs in complete]


def headline_runs(folder: str | Path = RECORDED) -> list[Run]:
    """Return the four runs of the book: the best of the `complete_sets`, or [] if there is none.

    >>> [run.model for run in headline_runs()]
    ['plain20_v1', 'plain56_v1', 'resnet20_v1_pad', 'resnet56_v1_pad']
    """
    return next(iter(complete_sets(folder)), [])
