"""Facts that `TrainingDashboard` shows and that do not change: recipes, and the paper's results."""

from __future__ import annotations

from typing import Any

from resnet_lib.chapters.reported_cifar import REPORTED
from resnet_lib.runs.recipes import RECIPES

SHOWN_FIELDS = (
    *("epochs", "batch_size", "optimizer", "schedule"),
    *("learning_rate", "augmentation"),
)


def recipe_facts() -> dict[str, dict[str, Any]]:
    """Return the shown fields of each recipe, by its name."""
    return {
        name: {field: getattr(recipe, field) for field in SHOWN_FIELDS}
        for name, recipe in RECIPES.items()
    }


def paper_results() -> list[dict[str, Any]]:
    """Return what He et al. 2015 report for nets of this library, one dict per net."""
    return [
        {
            "version": result.net.version,
            "n": result.net.n,
            "shortcut": result.net.shortcut,
            "test_error": result.test_error,
            "at_least": result.at_least,
            "text": str(result),
            "source": result.source,
        }
        for result in REPORTED
        if result.net
    ]
