"""Draw the cover: the error curves of the four runs that the book begins with.

No extension draws recorded runs. The module does not depend on Sphinx. Each drawn point is one
epoch, and the SVG of the first page and the social cards place the points alike.
"""

from html import escape
from itertools import pairwise
from math import ceil

from resnet_lib.runs.curves import runs_to_curves
from resnet_lib.runs.run import headline_runs

HISTORY_KEYS = {"training": "error", "test": "test_error"}  # in a run's history
GRID_LINES = (20, 40, 60, 80)  # per cent
MAX_GAPS = 40  # between two curves; a longer training skips epochs


def place_curves(runs, left, top, right, bottom):
    """Place the curves of some `Run`s in a box: `(curves, highest)`.

    A curve holds what `runs_to_curves` says of its run, and under "training" and "test" its points,
    one an epoch. The bottom is an error of 0; the top is `highest`, the highest error.
    """
    curves = runs_to_curves(runs)
    figures = [error for run in runs for key in HISTORY_KEYS.values() for error in run.history[key]]
    highest, most = max(figures, default=100), max((run.epochs for run in runs), default=1)

    def point(at, error):
        across = at / max(1, most - 1)
        return left + across * (right - left), bottom - error / highest * (bottom - top)

    for curve, run in zip(curves, runs, strict=True):
        for which, key in HISTORY_KEYS.items():
            curve[which] = [point(at, error) for at, error in enumerate(run.history[key])]
    return curves, highest


def find_depth_gaps(curves):
    """Return `(kind, (one end, other end))` of lines between the test curves of 20 and 56 layers.

    Each stands at an epoch, and shows what depth did to the error there.
    """
    by_kind = {}
    for curve in curves:
        by_kind.setdefault(curve["kind"], []).append(curve["test"])
    found = []
    for kind, of_kind in by_kind.items():
        for shallow, deep in pairwise(of_kind):
            both = list(zip(shallow, deep, strict=False))
            found += [(kind, rung) for rung in both[:: ceil(len(both) / MAX_GAPS)]]
    return found


def format_path(points):
    return "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in points)


def describe_runs(runs):
    """Describe the curves in words, for screen readers."""
    if not runs:
        return "No run is recorded yet."
    named = list(zip((curve["label"] for curve in runs_to_curves(runs)), runs, strict=True))
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


def draw_svg(runs=None, width=1200, height=290, left=0.41, margin=26):
    """Draw the curves as SVG, beside room for the title. `cover.css` sets the colours."""
    runs = headline_runs() if runs is None else runs
    box = (left * width, margin, width - 158, height - margin)
    curves, highest = place_curves(runs, *box)
    parts = []
    for rule in [rule for rule in GRID_LINES if rule < highest]:
        y = box[3] - rule / highest * (box[3] - box[1])
        parts.append(f'<path class="rl-cover-rule" d="M{box[0]:.0f} {y:.1f}H{box[2]:.0f}"/>')
    for kind, rung in find_depth_gaps(curves):
        parts.append(f'<path class="rl-cover-gap" data-kind="{kind}" d="{format_path(rung)}"/>')
    for curve in curves:
        deep = "deep" if curve["depth"] > 20 else "shallow"
        for which in HISTORY_KEYS:
            parts.append(
                f'<path class="rl-cover-{which} rl-cover-{deep}" data-kind="{curve["kind"]}" '
                f'data-run="{escape(curve["name"])}" d="{format_path(curve[which])}"/>'
            )
    for (x, y), (at, curve) in zip(place_labels(curves, 25), sort_by_end(curves), strict=True):
        parts.append(
            f'<circle class="rl-cover-end" data-kind="{curve["kind"]}" cx="{x:.1f}" '
            f'cy="{at:.1f}" r="5"/>'
            f'<text data-kind="{curve["kind"]}" x="{x + 16:.1f}" y="{y + 7:.1f}">'
            f"{escape(curve['label'])}</text>"
        )
    return (
        f'<svg class="rl-cover-curves" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(describe_runs(runs))}">{"".join(parts)}</svg>'
    )


def sort_by_end(curves):
    """Sort `(y of the last test point, curve)` of every curve, from the top of the page down."""
    return sorted(((curve["test"][-1][1], curve) for curve in curves), key=lambda pair: pair[0])


def place_labels(curves, apart):
    """Place the names of the curves, in the order of `sort_by_end`, `apart` from each other."""
    places, lowest = [], float("inf")
    for at, curve in reversed(sort_by_end(curves)):
        lowest = min(at, lowest - apart)
        places.append((curve["test"][-1][0], lowest))
    return places[::-1]
