"""Run: the record of one training, kept as JSON."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from resnet_lib.recipes import Recipe

SCHEMA = 1  # raise it when a field changes its meaning
RECORDED = Path(__file__).parent / "recorded"


@dataclass(frozen=True)
class NetSpec:
    """Which CIFAR net: `version` "v1" or "v2", `n` blocks a stage, and what its shortcuts are."""

    version: str
    n: int
    shortcut: str = "projection"

    @property
    def depth(self):
        from resnet_lib.resnet import depth_from_n  # not at the top: reading runs needs no Keras

        return depth_from_n(self.version, self.n)

    def build(self, input_shape=(32, 32, 3), num_classes=10):
        """The `keras.Model`, with fresh weights."""
        from resnet_lib import resnet

        builder = {"v1": resnet.resnet_v1, "v2": resnet.resnet_v2}
        depth = self.depth  # raises for a version or n that cannot be
        return builder[self.version](input_shape, depth, num_classes, shortcut=self.shortcut)


@dataclass
class Run:
    """One training, from what went in to what came out.

    `history` holds one list a figure, one entry an epoch: `loss` and `test_loss` (nats, the
    weight penalty included), `error` and `test_error` (per cent), `learning_rate` (at the end of
    the epoch) and `seconds`. The training figures are averages over the epoch, on augmented
    images, while the weights change; the test figures are taken after it.
    """

    model: str  # name, such as resnet20_v1
    recipe: Recipe
    seed: int
    parameters: int  # trainable
    backend: str  # "tensorflow" or "jax"
    versions: dict  # package: version
    device: str
    net: NetSpec | None = None  # None: a model that the caller built
    history: dict = field(default_factory=dict)

    @property
    def name(self):
        """Net, recipe and seed, such as `resnet20_v1-quick-seed0`."""
        return f"{self.model}-{self.recipe.name}-seed{self.seed}"

    @property
    def test_error(self):
        """Per cent of the test images that the last epoch's weights get wrong."""
        return self.history["test_error"][-1]

    def save(self, path):
        """Write JSON to `path`, whole or not at all; returns the path."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_text(json.dumps({"schema": SCHEMA} | asdict(self), indent=1) + "\n")
        unfinished.replace(path)
        return path

    @classmethod
    def load(cls, path):
        """Read a run that `save` wrote; `ValueError` for a file that is none."""
        try:
            fields = json.loads(Path(path).read_text())
            schema = fields.pop("schema")
            if schema != SCHEMA:
                raise ValueError(f"its schema is {schema!r}")
            net = fields.pop("net")
            recipe = Recipe(**fields.pop("recipe"))
            return cls(**fields, recipe=recipe, net=net and NetSpec(**net))
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise ValueError(
                f"{path} is no run of schema {SCHEMA} ({problem!r}). Runs are written by "
                "`python -m resnet_lib train`; one of another version of the library must be "
                "read with that version or trained again"
            ) from problem


def load_runs(folder=RECORDED, **filters):
    """Every `run.json` or `*.run.json` below `folder`, sorted by path, that meets the filters.

    A filter names a field of `Run` or of its `NetSpec` ("version", "n", "shortcut", "depth"), or
    "recipe" by the recipe's name.

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
