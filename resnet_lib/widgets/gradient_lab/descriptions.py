"""Describe in words what `dense` computes; `descriptions.mjs` has the same sentences."""

from __future__ import annotations

import numpy as np

from resnet_lib.inside.dense import neighbour_correlation
from resnet_lib.tables import format_number, format_power_of_ten

# Factors between gradients.
STABLE_FACTOR = 10  # up to it the gradient neither vanishes nor explodes
VISIBLE_FACTOR = 1e3
LOST_FACTOR = 1e6


def describe_gradients(norms: np.ndarray) -> str:
    """Describe what happens to the gradient; `norms` are those of `untrained_signals`.

    >>> describe_gradients(untrained_signals(preset("1991"))[0])
    'Layer 1 gets 7·10⁻¹⁶ of the last layer’s gradient: vanished.'
    """
    norms, depth = np.asarray(norms), len(norms)
    for is_wrong, text in (
        (~np.isfinite(norms), "is no longer a finite number"),
        (norms == 0, "is 0, even in float64"),
    ):
        if is_wrong.any():
            return f"In {is_wrong.sum()} of {depth} layers the gradient {text}."
    if depth == 1:
        gradient = format_number(norms[0])
        return f"A single layer: its gradient is {gradient}, and nothing lies on its way."
    ratio = norms[0] / norms[-1]
    if 1 / LOST_FACTOR <= ratio <= LOST_FACTOR:  # otherwise lost on the way back
        largest, smallest = norms.max(), norms.min()
        if largest < 1 / VISIBLE_FACTOR:
            bound = format_power_of_ten(int(f"{largest:.15e}".split("e")[1]) + 1)
            fate = "vanishes" if largest < 1 / LOST_FACTOR else "fades"
            return f"Every layer’s gradient is below {bound}: the signal {fate} on its way forward."
        if smallest > VISIBLE_FACTOR:
            bound = format_power_of_ten(int(f"{smallest:.15e}".split("e")[1]))
            fate = "explodes" if smallest > LOST_FACTOR else "grows"
            return f"Every layer’s gradient is above {bound}: the signal {fate} on its way forward."
    if ratio < 1 / LOST_FACTOR:
        # Half of the least number that float32 has, 2^-149, and all below it, is rounded to 0.
        fate = "vanished, and in float32 it would be 0" if norms[0] < 2.0**-150 else "vanished"
    elif ratio < 1 / STABLE_FACTOR:
        fate = "it shrinks towards the input"
    elif ratio <= STABLE_FACTOR:
        fate = "it neither vanishes nor explodes"
    else:
        fate = "exploded" if ratio > LOST_FACTOR else "it grows towards the input"
    share = format_number(ratio) + (" of" if ratio < 0.995 else " times")
    return f"Layer 1 gets {share} the last layer’s gradient: {fate}."


def describe_similarity(similarity: float) -> str:
    """Describe the result of `neighbour_correlation`."""
    return "smooth" if similarity >= 0.8 else "rough" if similarity >= 0.2 else "like white noise"


def describe_slopes(slopes: np.ndarray) -> str:
    """Describe the slopes on the lab's line.

    >>> describe_slopes(slopes_on_line(preset("1991", 56)))
    'smooth, but next to nothing is left: neighbours alike 0.98, largest slope 4·10⁻⁴⁸'
    """
    similarity, largest = neighbour_correlation(slopes), np.abs(slopes).max()
    if np.isnan(similarity):
        return "not a finite number"
    if largest == 0:
        return "no slope anywhere"
    size = ", but enormous" if largest > LOST_FACTOR else ""
    if largest < 1 / LOST_FACTOR:
        size = ", but next to nothing is left"
    number = f"{round(similarity, 2) + 0:.2f}".replace("-", "−")  # + 0: no −0.00
    words = f"{describe_similarity(similarity)}{size}: neighbours alike {number}"
    return f"{words}, largest slope {format_number(largest)}"
