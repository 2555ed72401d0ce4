"""Draw the static picture of ErrorCurves."""

from __future__ import annotations

from collections.abc import Sequence

from resnet_lib.chapters.plots import draw_error_curves
from resnet_lib.runs.curves import Curve, runs_caption
from resnet_lib.widgets.shared.pictures import html_image


def error_curves_picture(runs: Sequence[Curve], curves: str, scale: str) -> str:
    """Return an HTML `<img>` of `runs_to_curves`; its alt text gives each run's final errors."""

    def said(run: Curve) -> str:
        training, test = run["training_error"], (run["test_error"] or [None])[-1]
        errors = (("test", test), ("training", training))
        parts = [f"{name} error {error:.2f} %" for name, error in errors if error is not None]
        return f"{run['label']}, seed {run['seed']}, {run['status']}: {', '.join(parts)}"

    alt = "; ".join(map(said, runs)) or "no run is recorded yet"
    return html_image(
        draw_error_curves(runs, curves, scale), f"Learning curves. {alt}. {runs_caption(runs)}"
    )
