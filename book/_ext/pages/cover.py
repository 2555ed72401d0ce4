"""Draw the cover: the error curves of the four runs that the book begins with.

No extension draws recorded runs. The module does not depend on Sphinx. Each drawn point is one
epoch, and the SVG of the first page and the social cards place the points alike.
"""

from html import escape
from itertools import pairwise
from math import ceil

from resnet_lib.curves import curves_of
from resnet_lib.runs import headline_runs

FIGURES = {"training": "error", "test": "test_error"}  # in a run's history
RULES = (20, 40, 60, 80)  # per cent
MOST_RUNGS = 40  # between two curves; of a longer training only every so manyth epoch has one


def drawing(runs, left, top, right, bottom):
    """Where the curves of some `Run`s lie in that box: `(curves, highest)`.

    A curve holds what `curves_of` says of its run, and under "training" and "test" its points, one
    an epoch. The bottom is an error of 0; `highest`, the error at the top, is the highest of all.
    """
    curves = curves_of(runs)
    figures = [error for run in runs for key in FIGURES.values() for error in run.history[key]]
    highest, most = max(figures, default=100), max((run.epochs for run in runs), default=1)

    def point(at, error):
        across = at / max(1, most - 1)
        return left + across * (right - left), bottom - error / highest * (bottom - top)

    for curve, run in zip(curves, runs, strict=True):
        for which, key in FIGURES.items():
            curve[which] = [point(at, error) for at, error in enumerate(run.history[key])]
    return curves, highest


def rungs(curves):
    """`(kind, (one end, other end))` of lines from the test curve of 20 layers to that of 56.

    Each stands at an epoch, and shows what depth did to the error there.
    """
    by_kind = {}
    for curve in curves:
        by_kind.setdefault(curve["kind"], []).append(curve["test"])
    found = []
    for kind, of_kind in by_kind.items():
        for shallow, deep in pairwise(of_kind):
            both = list(zip(shallow, deep, strict=False))
            found += [(kind, rung) for rung in both[:: ceil(len(both) / MOST_RUNGS)]]
    return found


def path(points):
    return "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in points)


def said(runs):
    """What is to be seen, for those who do not see it."""
    if not runs:
        return "No run is recorded yet."
    named = list(zip((curve["label"] for curve in curves_of(runs)), runs, strict=True))
    ends = ", ".join(f"{label} {run.test_error:.1f}" for label, run in named)
    depth = [
        f"{deep[0]} ends {abs(more):.1f} points {'above' if more > 0 else 'below'} {shallow[0]}"
        for shallow, deep in pairwise(named)
        if shallow[1].net.shortcut == deep[1].net.shortcut
        for more in [deep[1].test_error - shallow[1].test_error]
    ]
    return (
        f"Error against epoch in {len(runs)} recorded trainings of "
        f"{max(run.epochs for run in runs)} epochs. Test error at the end, in per cent: {ends}. "
        f"{'; '.join(depth)}."
    )


def svg(runs=None, width=1200, height=290, left=0.41, margin=26):
    """The curves as SVG, whose colours `cover.css` gives; the title stands to the left of them."""
    runs = headline_runs() if runs is None else runs
    box = (left * width, margin, width - 158, height - margin)
    curves, highest = drawing(runs, *box)
    parts = []
    for rule in [rule for rule in RULES if rule < highest]:
        y = box[3] - rule / highest * (box[3] - box[1])
        parts.append(f'<path class="rl-cover-rule" d="M{box[0]:.0f} {y:.1f}H{box[2]:.0f}"/>')
    for kind, rung in rungs(curves):
        parts.append(f'<path class="rl-cover-gap" data-kind="{kind}" d="{path(rung)}"/>')
    for curve in curves:
        deep = "deep" if curve["depth"] > 20 else "shallow"
        for which in FIGURES:
            parts.append(
                f'<path class="rl-cover-{which} rl-cover-{deep}" data-kind="{curve["kind"]}" '
                f'data-run="{escape(curve["name"])}" d="{path(curve[which])}"/>'
            )
    for (x, y), (at, curve) in zip(ends(curves, 25), by_end(curves), strict=True):
        parts.append(
            f'<circle class="rl-cover-end" data-kind="{curve["kind"]}" cx="{x:.1f}" '
            f'cy="{at:.1f}" r="5"/>'
            f'<text data-kind="{curve["kind"]}" x="{x + 16:.1f}" y="{y + 7:.1f}">'
            f"{escape(curve['label'])}</text>"
        )
    return (
        f'<svg class="rl-cover-curves" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(said(runs))}">{"".join(parts)}</svg>'
    )


def by_end(curves):
    """`(height of its last test point, curve)` of every curve, the highest on the page first."""
    return sorted(((curve["test"][-1][1], curve) for curve in curves), key=lambda pair: pair[0])


def ends(curves, apart):
    """Where the names of the curves stand, in the order of `by_end`, `apart` from each other."""
    places, lowest = [], float("inf")
    for at, curve in reversed(by_end(curves)):
        lowest = min(at, lowest - apart)
        places.append((curve["test"][-1][0], lowest))
    return places[::-1]
