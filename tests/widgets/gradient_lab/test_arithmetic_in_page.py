"""Test the GradientLab's arithmetic and sentences against `resnet_lib.inside.dense`."""

import numpy as np
import pytest
from lab_page import (
    state_of,
)

from resnet_lib.inside import dense
from resnet_lib.inside.dense import DenseSpec, preset
from resnet_lib.widgets.gradient_lab.descriptions import describe_gradients, describe_slopes

DEPTHS = (1, 20, 56, 100)
TWENTY = [preset(name, depth) for name in dense.PRESETS for depth in DEPTHS]
OTHERS = [
    DenseSpec(2, "tanh", "he", "batch", "identity", seed=999),
    DenseSpec(3, "sigmoid", "he", "batch", "scaled", seed=7),
    DenseSpec(30, "tanh", "small", "none", "scaled", seed=12),
    DenseSpec(56, "relu", "he", "none", "identity", seed=3),
    DenseSpec(56, "relu", "small", "none", "none", seed=3),
    DenseSpec(100, "tanh", "glorot", "batch", "scaled", seed=500),
]


# ---------------------------------------------------------------- arithmetic


def test_the_page_computes_what_numpy_does(module):
    specs = [*TWENTY, *OTHERS]
    found = module(
        """const net = m.createNet();
        return given.map((spec) => {
          const { norms, stds } = m.measureInitialNet(net, spec);
          return { norms: [...norms], spreads: [...stds], said: m.describeGradients(norms) };
        });""",
        [state_of(spec) for spec in specs],
    )
    for spec, one in zip(specs, found, strict=True):
        norms, spreads = dense.untrained_signals(spec)
        assert one["norms"] == pytest.approx(norms, rel=1e-6, abs=0), spec
        assert one["spreads"] == pytest.approx(spreads, rel=1e-6, abs=0), spec
        assert one["said"] == describe_gradients(norms), spec


@pytest.mark.parametrize(
    "spec",
    [
        preset("1991", 20),
        preset("Glorot", 20),
        preset("He", 20),
        preset("batch norm", 6),
        preset("residual", 20),
        DenseSpec(1, "tanh", "glorot", seed=5),
        DenseSpec(8, "tanh", "small", "batch", "scaled", seed=6),
    ],
    ids=str,
)
def test_training_and_the_line_are_numpy_s_too(module, spec):
    found = module(
        """const finish = (work) => {
          let step = work.next();
          while (!step.done) step = work.next();
          return step.value;
        };
        const losses = [];
        finish(m.trainNet(m.createNet(), given, (loss) => losses.push(loss), 8));
        const slopes = finish(m.computeLineSlopes(given));
        return { losses, slopes: [...slopes],
          alike: m.correlateNeighbours(slopes), said: m.describeSlopes(slopes) };""",
        state_of(spec),
    )
    slopes = dense.slopes_on_line(spec)
    assert found["losses"] == pytest.approx(dense.training_losses(spec, 8), rel=1e-6)
    # A slope that is the difference of large ones is held to their size.
    assert found["slopes"] == pytest.approx(slopes, rel=1e-6, abs=1e-9 * abs(slopes).max())
    assert found["alike"] == pytest.approx(dense.neighbour_correlation(slopes), rel=1e-6)
    assert found["said"] == describe_slopes(slopes)


def test_constants_and_presets_are_those_of_the_library(module):
    numbers = ["WIDTH", "POINTS", "LINE_POINTS", "LEARNING_RATE", "MOMENTUM"]
    found = module("return { numbers: given.map((name) => m[name]), presets: m.PRESETS };", numbers)
    assert found["numbers"] == [getattr(dense, name) for name in numbers]
    assert list(found["presets"]) == list(dense.PRESETS)
    for name, settings in found["presets"].items():
        assert DenseSpec(20, **settings) == preset(name)


def test_the_page_s_words_are_the_library_s(module):
    cases = [10.0**power * np.array([1.3, 2, 1]) for power in range(-320, 300, 20)]
    cases += [np.array([10.0**power, 1]) for power in range(-320, 300, 20)]
    cases += [np.array([factor, 3, 1]) for factor in (0.09, 0.11, 0.994, 0.996, 9.9, 10.1, 9.6e5)]
    cases += [np.array([power, power]) for power in (9.9e-4, 1.1e-3, 0.96e-6, 999, 1001.0, 2e6)]
    cases += [np.array([0, 1e-3]), np.zeros(3), np.array([0.3]), np.array([2.0**-150, 1])]
    cases += [np.array([np.nan, np.inf, 1])]
    slopes = [[2, 2, 2], [3e7, 3e7], [-3e-9, -3e-9], [1, 0.3], [1, -1], [1, -0.002], [0, 0]]
    slopes = [np.array(one, float) for one in [*slopes, [1, np.inf], [np.nan, 1]]]
    said = module(
        "return [given[0].map(m.describeGradients), given[1].map(m.describeSlopes)];",
        [[one.tolist() for one in cases], [one.tolist() for one in slopes]],
    )
    assert said == [
        [describe_gradients(one) for one in cases],
        [describe_slopes(one) for one in slopes],
    ]
