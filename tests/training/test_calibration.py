"""Test the estimate of training time from the times of two small nets."""

from dataclasses import replace

import pytest

from resnet_lib import RECIPES, NetSpec
from resnet_lib.training import calibration
from resnet_lib.training.calibration import Cost, estimate_cost, is_measured

QUICK = RECIPES["quick"]


@pytest.fixture
def measured(monkeypatch):
    """Replace the measurement by a linear function of n; return the list of measured n.

    A block per stage costs 2 s to compile, 0.1 s per step and 1 ms per test image.
    """
    measured = []

    def measure(spec, recipe, devices):
        measured.append(spec.n)
        return Cost(5 + 2 * spec.n, 0.05 + 0.1 * spec.n, 0.001 * spec.n)

    monkeypatch.setattr(calibration, "measured_costs", {})
    monkeypatch.setattr(calibration, "measure_cost", measure)
    return measured


@pytest.mark.parametrize("n", [1, 2, 3, 18, 200])
def test_the_cost_is_linear_in_n(measured, n):
    cost = estimate_cost(NetSpec("v1", n), QUICK)
    assert (cost.starting, cost.step, cost.test_image) == pytest.approx(
        (5 + 2 * n, 0.05 + 0.1 * n, 0.001 * n)
    )


def test_training_seconds_are_the_sum_of_start_epochs_and_training_error(measured):
    cost = estimate_cost(NetSpec("v1", 1), QUICK)
    epoch_seconds = 390 * 0.15 + 10_000 * 0.001
    assert cost.epoch_seconds(QUICK, 50_000, 10_000) == pytest.approx(epoch_seconds)
    seconds = 7 + 15 * epoch_seconds + 50_000 * 0.001
    assert cost.training_seconds(QUICK, 50_000, 10_000) == pytest.approx(seconds)


def test_settings_with_the_same_cost_share_a_measurement(measured):
    spec = NetSpec("v1", 9, "pad")
    assert not is_measured(spec, QUICK)
    estimate_cost(spec, QUICK)
    assert measured == [1, 3]
    assert is_measured(replace(spec, n=18), replace(QUICK, name="quick-5", epochs=5))
    for other in (replace(spec, shortcut="none"), replace(spec, version="v2")):
        assert not is_measured(other, QUICK)
    assert not is_measured(spec, replace(QUICK, batch_size=32))
    assert not is_measured(spec, QUICK, devices="all")


def test_an_estimate_can_be_cancelled(measured):
    assert estimate_cost(NetSpec("v1", 3), QUICK, is_cancelled=lambda: measured == [1]) is None
    assert measured == [1]
    estimate_cost(NetSpec("v1", 3), QUICK)
    assert measured == [1, 3], "the measurement before the cancellation is kept"


@pytest.mark.slow
@pytest.mark.timed
def test_the_estimate_agrees_with_a_measurement_of_a_deeper_net():
    """The tolerance is wide because other processes slow this machine down."""
    spec, recipe = NetSpec("v1", 4, "pad"), replace(QUICK, batch_size=32)
    estimate, cost = estimate_cost(spec, recipe), calibration.measure_cost(spec, recipe, "one")
    assert 0.4 < estimate.step / cost.step < 2.5
    assert 0.3 < estimate.test_image / cost.test_image < 3.3
