"""Run: the record of one training, kept as JSON. Reading runs needs no Keras."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from resnet_lib.nets.spec import NetSpec
from resnet_lib.runs.recipes import Recipe

SCHEMA = 2  # raise it when a field changes its meaning
RECORDED = Path(__file__).parents[1] / "recorded"
HISTORY_KEYS = (  # the lists in a history, one entry an epoch
    *("loss", "error", "test_loss", "test_error"),
    *("learning_rate", "seconds", "images_per_second"),
)
STATUSES = ("finished", "diverged", "stopped")


def check_minutes(minutes):
    """Raise `ValueError` unless this is a limit of time: None, or minutes from 0."""
    if minutes is not None and not minutes >= 0:  # nan is not
        raise ValueError(f"minutes must be 0 or more, or None for no limit; got {minutes!r}")


@dataclass
class Run:
    """One training, from what went in to what came out.

    `history` holds one list for each of `HISTORY_KEYS`, one entry an epoch: `loss` and `test_loss`
    (nats, the weight penalty included), `error` and `test_error` (per cent), `learning_rate` (of
    the last step of the epoch), `seconds` (of the epoch, its test included) and `images_per_second`
    (of the training alone). The training figures are averages over the epoch, on augmented images,
    while the weights change; the test figures are taken after it.
    """

    model: str  #: name, such as resnet20_v1
    recipe: Recipe  #: by which it was trained
    seed: int  #: of weights, order and augmentation
    parameters: int  #: trainable
    backend: str  #: "tensorflow" or "jax"
    versions: dict  #: package: version
    device: str  #: such as "CPU, 2 cores, x86_64"
    net: NetSpec | None = None  #: None: a model that the caller built
    commit: str | None = None  #: of the library's source, with a + where it had been edited
    status: str = "stopped"  #: or "finished", "diverged"
    #: The figures of every epoch, see above.
    history: dict = field(default_factory=lambda: {name: [] for name in HISTORY_KEYS})
    #: Per cent, of the last weights on all training images, as they are, in inference mode.
    training_error: float | None = None
    note: str | None = None  #: what there is to say of a run that did not end well
    #: Whether TensorFlow computed with oneDNN; None for another backend, or where it is not known.
    onednn: bool | None = None

    @property
    def name(self):
        """Net, recipe and seed, such as `resnet20_v1-quick-seed0`."""
        return run_name(self.model, self.recipe, self.seed)

    @property
    def epochs(self):
        """How many epochs the history holds."""
        return len(self.history["test_error"])

    @property
    def test_error(self):
        """Per cent of the test images that the last epoch's weights get wrong; None before it."""
        return self.history["test_error"][-1] if self.epochs else None

    def save(self, path):
        """Write JSON to `path`, whole or not at all; returns the path."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_text(self.to_json() + "\n")
        unfinished.replace(path)
        return path

    def to_json(self):
        """The text of a `run.json`."""
        return json.dumps({"schema": SCHEMA} | asdict(self), indent=1, allow_nan=False)

    @classmethod
    def load(cls, path):
        """Read a run that `save` wrote; `ValueError` for a file that is none."""
        return cls.from_json(Path(path).read_bytes(), path)

    @classmethod
    def from_json(cls, text, path="this text"):
        """Read what `to_json` gave; `path` is named in the `ValueError` for anything else."""
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


def run_name(model, recipe, seed):
    """The name of a run: of its folder, its record, and its weights."""
    return f"{model}-{recipe.name}-seed{seed}"


def weights_path(run, folder=RECORDED):
    """Where the weights of a recorded run lie, if they are kept."""
    return Path(folder) / f"{run.name}.weights.npz"


def load_runs(folder=RECORDED, **filters):
    """Every `run.json` or `*.run.json` below `folder`, sorted by path, that meets the filters.

    A filter names a field of `Run` or of its `NetSpec` ("version", "n", "shortcut", "depth"), or
    "recipe" by the recipe's name. Raises `ValueError` for a filter that names nothing, or a file
    that is no run.

    >>> load_runs("runs", version="v1", n=3, recipe="paper")
    []
    """

    def value(run, name):
        if name == "recipe":
            return run.recipe.name
        if hasattr(run, name):
            return getattr(run, name)
        if name not in ("version", "n", "shortcut", "depth"):
            raise ValueError(f"no field of a run or its net is called {name!r}")
        return run.net and getattr(run.net, name)

    runs = [Run.load(path) for path in sorted(Path(folder).rglob("*run.json"))]
    return [run for run in runs if all(value(run, key) == filters[key] for key in filters)]


def complete_sets(folder=RECORDED):
    """Every complete set of the book's four runs, each by one recipe, the best set first.

    The four are plain and residual (`"pad"`), 20 and 56 layers, seed 0. A set with the paper's
    schedule is better than one without, and then a longer one is better than a shorter one.
    """
    nets = [NetSpec("v1", n, shortcut) for shortcut in ("none", "pad") for n in (3, 9)]
    by_recipe = {}
    for run in load_runs(folder, seed=0, status="finished"):
        if run.net in nets:
            by_recipe.setdefault(run.recipe, {})[run.net] = run
    best_first = sorted(by_recipe, key=lambda one: (one.schedule == "paper", one.epochs))[::-1]
    complete = (by_recipe[one] for one in best_first if len(by_recipe[one]) == len(nets))
    return [[runs[net] for net in nets] for runs in complete]


def headline_runs(folder=RECORDED):
    """The four runs this book is about: the best of the `complete_sets`, or [] if there is none.

    >>> [run.model for run in headline_runs()]
    ['plain20_v1', 'plain56_v1', 'resnet20_v1_pad', 'resnet56_v1_pad']
    """
    return next(iter(complete_sets(folder)), [])
