"""What is said of the lab's nets; a browser test holds the page's words to these."""

import numpy as np
import pytest

from resnet_lib.widgets.gradient_lab import descriptions


@pytest.mark.parametrize(
    ("norms", "said"),
    [
        ([1e-13, 0.5, 1], "Layer 1 gets 10⁻¹³ of the last layer’s gradient: vanished."),
        ([1e-60, 1], "Layer 1 gets 10⁻⁶⁰ of the last layer’s gradient: vanished, and in float32"),
        ([0.02, 1], "Layer 1 gets 0.02 of the last layer’s gradient: it shrinks towards the"),
        ([0.96, 2, 1], "Layer 1 gets 0.96 of the last layer’s gradient: it neither vanishes nor"),
        ([1, 1], "Layer 1 gets 1 times the last layer’s gradient: it neither vanishes nor"),
        ([4.2e4, 1], "Layer 1 gets 4·10⁴ times the last layer’s gradient: it grows towards the"),
        ([4.2e8, 1], "Layer 1 gets 4·10⁸ times the last layer’s gradient: exploded."),
        ([2e-9, 3e-9], "Every layer’s gradient is below 10⁻⁸: the signal vanishes on its way for"),
        ([2e-5, 3e-5], "Every layer’s gradient is below 10⁻⁴: the signal fades on its way forw"),
        ([2e12, 3e12], "Every layer’s gradient is above 10¹²: the signal explodes on its way"),
        ([2e4, 3e5], "Every layer’s gradient is above 10⁴: the signal grows on its way forward."),
        ([0, 0, 1], "In 2 of 3 layers the gradient is 0, even in float64."),
        ([np.nan, np.inf, 0], "In 2 of 3 layers the gradient is no longer a finite number."),
        ([0.314], "A single layer: its gradient is 0.31, and nothing lies on its way."),
    ],
)
def test_the_verdict(norms, said):
    assert descriptions.describe_gradients(np.array(norms, float)).startswith(said)


@pytest.mark.parametrize(
    ("slopes", "said"),
    [
        ([2, 2, 2], "smooth: neighbours alike 1.00, largest slope 2"),
        ([3e7, 3e7], "smooth, but enormous: neighbours alike 1.00, largest slope 3·10⁷"),
        ([3e-9] * 2, "smooth, but next to nothing is left: neighbours alike 1.00, largest slope 3"),
        ([1, 0.3], "rough: neighbours alike 0.55, largest slope 1"),
        ([1, -0.002], "like white noise: neighbours alike 0.00, largest slope 1"),
        ([0, 0], "no slope anywhere"),
        ([1, np.inf], "not a finite number"),
        ([np.nan, 1], "not a finite number"),
    ],
)
def test_the_slopes_in_words(slopes, said):
    assert descriptions.describe_slopes(np.array(slopes, float)).startswith(said)
