"""Minutes expected: a line through two small nets' times, against the time that others take."""

from dataclasses import replace

import pytest

from resnet_lib import RECIPES, NetSpec
from resnet_lib.training import calibration
from resnet_lib.training.calibration import Cost, estimate_cost, is_measured

QUICK = RECIPES["quick"]


@pytest.fixture
def line(monkeypatch):
    """Times as if a block a stage cost 2 s to compile, 0.1 s a step and 1 ms a test image."""
    asked = []

    def measure(spec, recipe, devices):
        asked.append(spec.n)
        return Cost(5 + 2 * spec.n, 0.05 + 0.1 * spec.n, 0.001 * spec.n)

    monkeypatch.setattr(calibration, "measured_costs", {})
    monkeypatch.setattr(calibration, "measure_cost", measure)
    return asked


@pytest.mark.parametrize("n", [1, 2, 3, 18, 200])
def test_any_n_lies_on_the_line(line, n):
    cost = estimate_cost(NetSpec("v1", n), QUICK)
    assert (cost.starting, cost.step, cost.test_image) == pytest.approx(
        (5 + 2 * n, 0.05 + 0.1 * n, 0.001 * n)
    )


def test_seconds_of_a_training_are_those_of_its_parts(line):
    cost = estimate_cost(NetSpec("v1", 1), QUICK)
    epoch = 390 * 0.15 + 10_000 * 0.001
    assert cost.epoch_seconds(QUICK, 50_000, 10_000) == pytest.approx(epoch)
    whole = 7 + 15 * epoch + 50_000 * 0.001
    assert cost.training_seconds(QUICK, 50_000, 10_000) == pytest.approx(whole)


def test_two_nets_are_measured_once_for_all_that_cost_the_same(line):
    spec = NetSpec("v1", 9, "pad")
    assert not is_measured(spec, QUICK)
    estimate_cost(spec, QUICK)
    assert line == [1, 3]
    assert is_measured(replace(spec, n=18), replace(QUICK, name="quick-5", epochs=5))
    for other in (replace(spec, shortcut="none"), replace(spec, version="v2")):
        assert not is_measured(other, QUICK)
    assert not is_measured(spec, replace(QUICK, batch_size=32))
    assert not is_measured(spec, QUICK, devices="all")


def test_it_can_be_given_up(line):
    assert estimate_cost(NetSpec("v1", 3), QUICK, is_cancelled=lambda: line == [1]) is None
    assert line == [1]
    estimate_cost(NetSpec("v1", 3), QUICK)
    assert line == [1, 3], "what was measured before is kept"


@pytest.mark.slow
@pytest.mark.timed
def test_a_deeper_net_takes_as_long_as_the_line_says():
    """Measured for itself, within a factor: other work on this machine comes and goes."""
    spec, recipe = NetSpec("v1", 4, "pad"), replace(QUICK, batch_size=32)
    expected, found = estimate_cost(spec, recipe), calibration.measure_cost(spec, recipe, "one")
    assert 0.4 < expected.step / found.step < 2.5
    assert 0.3 < expected.test_image / found.test_image < 3.3
