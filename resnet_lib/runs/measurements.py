"""Save and load measurements of a net as JSON. This module does not import Keras.

`what` is the kind of a measurement, and `values` then holds:

    "untrained", "training"   layers, gradients: norms by weight layer, input to output;
                              activations, spreads: standard deviations of the output of each
    "correlation"             alike: of input gradients at lags 0, 1, … along a line of images
    "paths"                   paths, arriving, one_path by length, as `PathGradients`
    "surface"                 at, loss, as `LossSurface`
    "evaluation"              of a run's last weights, on all test images: `Evaluation.values`
    "lesions"                 of the same weights, without some blocks: `lesions.measure_lesions`

The names in layers, activations and blocks are lists of strings. All other lists have an entry for
each of `settings["seeds"]` (an untrained net) or of `settings["epochs"]` (a run; epoch 0 is its
start). A value that was not finite is None; a value below the range of float32 is 0.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from resnet_lib.runs.run import RECORDED, Run, complete_sets

SCHEMA = 1  # raise it when a field changes its meaning
KINDS_OF_UNTRAINED_NETS = ("untrained", "correlation", "paths")
KINDS_OF_RUNS = ("training", "paths", "surface", "evaluation", "lesions")
MEASUREMENT_KINDS = tuple(dict.fromkeys(KINDS_OF_UNTRAINED_NETS + KINDS_OF_RUNS))
MEASUREMENTS_FOLDER = "measured"  # the folder below that of the runs


@dataclass
class Measurement:
    """Hold the measured values of one net, with the settings and the machine."""

    what: str  # one of MEASUREMENT_KINDS
    subject: str  # the net: a kind and depth such as "plain-56", or a run's name
    settings: dict[str, Any]  # images, seeds and what else the values depend on
    values: dict[str, Any]
    backend: str
    versions: dict[str, str]  # of packages
    device: str
    commit: str | None

    @property
    def name(self) -> str:
        """Return the name of its record in the plan, and of its file."""
        return measurement_name(self.what, self.subject)

    def save(self, folder: str | Path = RECORDED) -> Path:
        """Write JSON below `folder`, complete or not at all; return the path."""
        path = measurement_path(self.name, folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_text(json.dumps({"schema": SCHEMA} | asdict(self), allow_nan=False) + "\n")
        unfinished.replace(path)
        return path

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote. Raises `ValueError` for a file that is not a measurement."""
        try:
            fields = json.loads(Path(path).read_bytes())
            schema = fields.pop("schema")
            if schema != SCHEMA:
                raise ValueError(f"its schema is {schema!r}")
            measurement = cls(**fields)
            if measurement.what not in MEASUREMENT_KINDS:
                raise ValueError(f"its kind is {measurement.what!r}")
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise ValueError(
                f"{path} is no measurement of schema {SCHEMA} ({problem!r}); "
                "`python -m resnet_lib record` writes them"
            ) from problem
        return measurement


def measurement_name(what: str, subject: str) -> str:
    """Return the name of a measurement: of its record in the plan, and of its file."""
    return f"{what}-{subject}"


def measurement_path(name: str, folder: str | Path = RECORDED) -> Path:
    """Return the path of the measurement with this name."""
    return Path(folder) / MEASUREMENTS_FOLDER / f"{name}.json"


def load_measurements(what: str, folder: str | Path = RECORDED) -> dict[str, Measurement]:
    """Load every recorded `Measurement` of the kind `what`, by subject.

    Raises `ValueError` for an unknown kind, or a file that is not a measurement.

    >>> load_measurements("untrained")["residual-56"].values["gradients"][0]
    """
    if what not in MEASUREMENT_KINDS:
        raise ValueError(f"what must be one of {', '.join(MEASUREMENT_KINDS)}; got {what!r}")
    paths = sorted((Path(folder) / MEASUREMENTS_FOLDER).glob(f"{what}-*.json"))
    return {loaded.subject: loaded for loaded in map(Measurement.load, paths)}


def headline_measurements(
    what: str, folder: str | Path = RECORDED
) -> list[tuple[Run, Measurement]]:
    """Return `[(run, measurement)]` of the book's four runs that have this measurement, in order.

    Of the complete sets of four runs, the set with the most measured runs is used. Of several such
    sets, the best is used.
    """
    measurements = load_measurements(what, folder)

    def measured_runs(runs: list[Run]) -> list[tuple[Run, Measurement]]:
        return [(run, measurements[run.name]) for run in runs if run.name in measurements]

    # `max` returns the first of equals, and the best set comes first.
    return max(map(measured_runs, complete_sets(folder)), key=len, default=[])
