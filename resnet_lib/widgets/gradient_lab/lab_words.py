"""What is said of the nets in `dense`: `static/lab_words.mjs` says the same in the page."""

import numpy as np

from resnet_lib.inside.dense import neighbours_alike
from resnet_lib.tables import format_number, format_power_of_ten

NEAR, MANY, FAR = 10, 1e3, 1e6  # factors: within it all is well, it shows, it is lost


def verdict(norms):
    """What has become of the gradient on its way, in one sentence; `norms` as `first_look` gives.

    >>> verdict(first_look(preset("1991"))[0])
    'Layer 1 gets 7·10⁻¹⁶ of the last layer’s gradient: vanished.'
    """
    norms, depth = np.asarray(norms), len(norms)
    for wrong, said in (
        (~np.isfinite(norms), "is no longer a finite number"),
        (norms == 0, "is 0, even in float64"),
    ):
        if wrong.any():
            return f"In {wrong.sum()} of {depth} layers the gradient {said}."
    if depth == 1:
        gradient = format_number(norms[0])
        return f"A single layer: its gradient is {gradient}, and nothing lies on its way."
    ratio = norms[0] / norms[-1]
    if 1 / FAR <= ratio <= FAR:  # else it is lost on the way back, whatever the way forward does
        largest, smallest = norms.max(), norms.min()
        if largest < 1 / MANY:
            bound = format_power_of_ten(int(f"{largest:.15e}".split("e")[1]) + 1)
            fate = "vanishes" if largest < 1 / FAR else "fades"
            return f"Every layer’s gradient is below {bound}: the signal {fate} on its way forward."
        if smallest > MANY:
            bound = format_power_of_ten(int(f"{smallest:.15e}".split("e")[1]))
            fate = "explodes" if smallest > FAR else "grows"
            return f"Every layer’s gradient is above {bound}: the signal {fate} on its way forward."
    if ratio < 1 / FAR:
        # Half of the least number that float32 has, 2^-149, and all below it, is rounded to 0.
        fate = "vanished, and in float32 it would be 0" if norms[0] < 2.0**-150 else "vanished"
    elif ratio < 1 / NEAR:
        fate = "it shrinks towards the input"
    elif ratio <= NEAR:
        fate = "it neither vanishes nor explodes"
    else:
        fate = "exploded" if ratio > FAR else "it grows towards the input"
    share = format_number(ratio) + (" of" if ratio < 0.995 else " times")
    return f"Layer 1 gets {share} the last layer’s gradient: {fate}."


def alike_word(alike):
    """How `neighbours_alike` reads."""
    return "smooth" if alike >= 0.8 else "rough" if alike >= 0.2 else "like white noise"


def slope_words(slopes):
    """What the lab says of the slopes on its line.

    >>> slope_words(slopes_on_a_line(preset("1991", 56)))
    'smooth, but next to nothing is left: neighbours alike 0.98, largest slope 4·10⁻⁴⁸'
    """
    alike, largest = neighbours_alike(slopes), np.abs(slopes).max()
    if np.isnan(alike):
        return "not a finite number"
    if largest == 0:
        return "no slope anywhere"
    size = ", but enormous" if largest > FAR else ""
    if largest < 1 / FAR:
        size = ", but next to nothing is left"
    number = f"{round(alike, 2) + 0:.2f}".replace("-", "−")  # + 0: no −0.00
    words = f"{alike_word(alike)}{size}: neighbours alike {number}"
    return f"{words}, largest slope {format_number(largest)}"
