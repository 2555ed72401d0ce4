"""Measurement: figures of a net, taken with `diagnostics` and kept as JSON. Reading needs no Keras.

`what` says which, and `values` then holds:

    "untrained", "training"   layers, gradients: norms by weight layer, input to output;
                              activations, spreads: standard deviations of what each hands on
    "correlation"             alike: of input gradients at lags 0, 1, … along a line of images
    "paths"                   paths, arriving, one_path by length, as `PathGradients`
    "surface"                 at, loss, as `LossSurface`
    "evaluation"              of a run's last weights, on all test images: `Evaluation.values`
    "lesions"                 of the same, without some blocks: `lesions.measure_lesions`

All but the names in layers, activations and blocks are lists with an entry for each of
`settings["seeds"]` (an untrained net) or of `settings["epochs"]` (a run; epoch 0 is its start). A
figure that was no number, or infinite, is None; one that float32 cannot hold is 0.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from resnet_lib.runs.run import RECORDED, complete_sets

SCHEMA = 1
KINDS_OF_UNTRAINED_NETS = ("untrained", "correlation", "paths")
KINDS_OF_RUNS = ("training", "paths", "surface", "evaluation", "lesions")
MEASUREMENT_KINDS = tuple(dict.fromkeys(KINDS_OF_UNTRAINED_NETS + KINDS_OF_RUNS))
MEASUREMENTS_FOLDER = "measured"  # the folder below that of the runs


@dataclass
class Measurement:
    """Figures of one net, from what went in to what came out."""

    what: str  # one of MEASUREMENT_KINDS
    subject: str  # the net: a kind and depth such as "plain-56", or a run's name
    settings: dict  # images, seeds and whatever else the figures depend on
    values: dict
    backend: str
    versions: dict
    device: str
    commit: str | None

    @property
    def name(self):
        return measurement_name(self.what, self.subject)

    def save(self, folder=RECORDED):
        """Write JSON below `folder`, whole or not at all; returns the path."""
        path = measurement_path(self.name, folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_text(json.dumps({"schema": SCHEMA} | asdict(self), allow_nan=False) + "\n")
        unfinished.replace(path)
        return path

    @classmethod
    def load(cls, path):
        """Read what `save` wrote; `ValueError` for a file that is no measurement."""
        try:
            fields = json.loads(Path(path).read_bytes())
            schema = fields.pop("schema")
            if schema != SCHEMA:
                raise ValueError(f"its schema is {schema!r}")
            found = cls(**fields)
            if found.what not in MEASUREMENT_KINDS:
                raise ValueError(f"it is of {found.what!r}")
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise ValueError(
                f"{path} is no measurement of schema {SCHEMA} ({problem!r}); "
                "`python -m resnet_lib record` writes them"
            ) from problem
        return found


def measurement_name(what, subject):
    """Of its record in the plan, and of its file."""
    return f"{what}-{subject}"


def measurement_path(name, folder=RECORDED):
    return Path(folder) / MEASUREMENTS_FOLDER / f"{name}.json"


def load_measurements(what, folder=RECORDED):
    """Every recorded `Measurement` of this kind, by subject.

    >>> load_measurements("untrained")["residual-56"].values["gradients"][0]
    """
    if what not in MEASUREMENT_KINDS:
        raise ValueError(f"what must be one of {', '.join(MEASUREMENT_KINDS)}; got {what!r}")
    paths = sorted((Path(folder) / MEASUREMENTS_FOLDER).glob(f"{what}-*.json"))
    return {one.subject: one for one in map(Measurement.load, paths)}


def headline_measurements(what, folder=RECORDED):
    """`[(run, measurement)]` of the book's four runs that have this measurement, in their order.

    A better set of four runs takes over as soon as no other set has more of them measured.
    """
    found = load_measurements(what, folder)

    def measured(runs):
        return [(run, found[run.name]) for run in runs if run.name in found]

    return max(map(measured, complete_sets(folder)), key=len, default=[])  # of equals the first
