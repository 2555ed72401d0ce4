"""List what He et al. 2015 report for CIFAR-10, and compare recorded runs with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from resnet_lib.chapters.results import NONE_YET, NOT_KNOWN, is_significant
from resnet_lib.nets.spec import NetSpec
from resnet_lib.runs.curves import runs_caption, runs_to_curves
from resnet_lib.runs.recipes import RECIPES
from resnet_lib.runs.run import Run
from resnet_lib.tables import Said, Table

TABLE_6 = "He et al. 2015, arXiv 1512.03385, Table 6"
FIGURE_6 = "He et al. 2015, arXiv 1512.03385, Figure 6"


@dataclass(frozen=True)
class ReportedResult:
    """Hold a net's test error on CIFAR-10 in a paper: the best of several training runs."""

    name: str
    test_error: float  # per cent
    source: str
    net: NetSpec | None = None  # the same net in this library; None where it has none
    parameters: float | None = None  # millions
    at_least: bool = False  # the paper says only that the error is higher
    mean: float | None = None  # per cent, over five trainings
    std: float | None = None  # points, over five trainings

    def __str__(self) -> str:
        """Return "8.75", "6.43 (6.61 ± 0.16)" or "> 60"."""
        if self.at_least:
            return f"> {self.test_error:g}"
        spread = f" ({self.mean:.2f} ± {self.std:.2f})" if self.mean else ""
        return f"{self.test_error:.2f}{spread}"


REPORTED = (
    ReportedResult("ResNet-20", 8.75, TABLE_6, NetSpec("v1", 3, "pad"), 0.27),
    ReportedResult("ResNet-32", 7.51, TABLE_6, NetSpec("v1", 5, "pad"), 0.46),
    ReportedResult("ResNet-44", 7.17, TABLE_6, NetSpec("v1", 7, "pad"), 0.66),
    ReportedResult("ResNet-56", 6.97, TABLE_6, NetSpec("v1", 9, "pad"), 0.85),
    ReportedResult("ResNet-110", 6.43, TABLE_6, NetSpec("v1", 18, "pad"), 1.7, mean=6.61, std=0.16),
    ReportedResult("ResNet-1202", 7.93, TABLE_6, NetSpec("v1", 200, "pad"), 19.4),
    # The plain nets have no table: their curves are in a figure, this one's beyond its top.
    ReportedResult("Plain-110", 60, FIGURE_6, NetSpec("v1", 18, "none"), at_least=True),
    # Highway nets of another make than the library's.
    ReportedResult("Highway-19", 7.54, TABLE_6, mean=7.72, std=0.16),
    ReportedResult("Highway-32", 8.80, TABLE_6),
)


def find_result(net: NetSpec | None) -> ReportedResult | None:
    """Return what the paper reports for this net, or None.

    >>> str(find_result(NetSpec("v1", 3, "pad")))
    '8.75'
    """
    return next((one for one in REPORTED if one.net == net and net), None)


def has_paper_recipe(run: Run) -> bool:
    """Return whether the recipe of a run is the paper's, at any numerical precision."""
    paper = RECIPES["paper"]
    return replace(run.recipe, name=paper.name, precision=paper.precision) == paper


# ---------------------------------------------------------------- ours beside it


def beside_the_paper(runs: Sequence[Run]) -> Table:
    """Tabulate our runs and what He et al. 2015 report for the same nets.

    What the paper reports and no run of ours repeats stands below, with a dash for ours.
    """
    headers = (
        *("net", "training error, %", "test error, %", "the paper’s test error, %"),
        *("parameters", "recipe", "epochs", "seed", "device"),
    )
    rows = []
    for run, curve in zip(runs, runs_to_curves(runs), strict=True):
        theirs = find_result(run.net)
        how = "" if not theirs or has_paper_recipe(run) else "\nonly in order"
        status = "" if run.status == "finished" else f"\n{run.status}"
        cut_short = f"\nof {run.recipe.epochs}" if run.epochs < run.recipe.epochs else ""
        rows.append(
            (
                curve["label"].replace(", ", "\n", 1) + status,
                NOT_KNOWN if run.training_error is None else f"{run.training_error:.2f}",
                NOT_KNOWN if run.test_error is None else f"{run.test_error:.2f}",
                str(theirs or NOT_KNOWN).replace(" (", "\n(") + how,
                f"{run.parameters:,}",
                run.recipe.name,
                f"{run.epochs}" + cut_short,
                f"{run.seed}",
                run.device,
            )
        )
    ours = [run.net for run in runs]
    for one in REPORTED:
        if one.net is None or one.net not in ours:
            size = f"{one.parameters:g} M" if one.parameters else NOT_KNOWN
            error, blank = str(one).replace(" (", "\n("), NOT_KNOWN
            name = f"{one.name}\nnot run here"
            rows.append((name, blank, blank, error, size, blank, blank, blank, blank))
    caption = (
        f"Ours: {runs_caption(runs_to_curves(runs))} Training error: of the last weights, on all "
        "training images as they are. The paper: He et al. 2015, Table 6; with brackets, the best "
        "of five trainings, and in them mean ± standard deviation. Plain-110: their Figure 6. "
        "“Only in order”: trained by another recipe than the paper’s, so the levels cannot "
        "be compared."
    )
    return Table(headers, rows, caption)


def comparability(runs: Sequence[Run]) -> Said:
    """Whether our errors may be set beside the paper's: a `Said`."""
    if not runs:
        return Said(NONE_YET)
    paper = RECIPES["paper"]
    others = [run for run in runs if not has_paper_recipe(run)]
    if not others:
        return Said(
            f"All runs here follow the paper’s recipe, {paper.epochs} epochs of 128 images a step: "
            "level and order may both be compared, within what one seed can tell."
        )
    recipes = sorted({f"“{run.recipe.name}”, {run.recipe.epochs} epochs" for run in others})
    which = "All" if len(others) == len(runs) else f"{len(others)} of the {len(runs)}"
    return Said(
        f"{which} runs here were trained by another recipe than the paper’s ({'; '.join(recipes)}; "
        f"the paper: {paper.epochs} epochs). Their errors are not comparable with the paper’s in "
        "level. Only the order of the nets is."
    )


def order(runs: Iterable[Run]) -> Said:
    """The nets of seed 0 that the paper reports too, best first, ours and theirs: a `Said`."""
    both = [
        (run.test_error, result)
        for run in runs
        if run.status == "finished" and run.seed == 0 and run.test_error is not None
        if (result := find_result(run.net))
    ]
    if len(both) < 2:
        return Said("Fewer than two of these nets are in the paper’s table: no order to compare.")
    ours = sorted(both, key=lambda pair: pair[0])
    theirs = sorted(both, key=lambda pair: pair[1].test_error)
    clear = all(is_significant(one, other) for (one, _), (other, _) in combinations(ours, 2))
    verdict = ("The order is the same" if ours == theirs else "The order is not the same") + (
        "." if clear else ", but some of ours are too near each other to be ordered at all."
    )
    return Said(
        "Best first, ours: "
        f"{', '.join(f'{one.name} {error:.2f} %' for error, one in ours)}. "
        f"The paper’s: {', '.join(f'{one.name} {one} %' for _, one in theirs)}. {verdict}"
    )
