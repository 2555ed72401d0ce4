"""The schedules against the article's listing and the paper's iteration counts."""

from dataclasses import FrozenInstanceError, replace

import pytest

from resnet_lib import RECIPES, lr_schedule, recipe_called


def test_article_schedule():
    """Computed here as the article does, by factors on 1e-3."""
    for epoch in range(200):
        factors = ((180, 0.5e-3), (160, 1e-3), (120, 1e-2), (80, 1e-1), (-1, 1.0))
        rate = 1e-3 * next(factor for begin, factor in factors if epoch > begin)
        assert lr_schedule(epoch) == pytest.approx(rate)
        assert RECIPES["article"].learning_rate_at_epoch(epoch + 0.5) == pytest.approx(rate)


# The first iterations, of 128 images out of 50,000, of each learning rate of ResNet-20 and
# ResNet-110, written down from section 4.2 of He et al. 2015 and divided by 2 and by 4.
PAPER_TABLES = {
    164: ([(0, 0.1), (32_000, 0.01), (48_000, 0.001)],
          [(0, 0.01), (400, 0.1), (32_000, 0.01), (48_000, 0.001)]),
    82: ([(0, 0.1), (16_000, 0.01), (24_000, 0.001)],
         [(0, 0.01), (200, 0.1), (16_000, 0.01), (24_000, 0.001)]),
    41: ([(0, 0.1), (8_000, 0.01), (12_000, 0.001)],
         [(0, 0.01), (100, 0.1), (8_000, 0.01), (12_000, 0.001)]),
}  # fmt: skip


@pytest.mark.parametrize("epochs", PAPER_TABLES)
def test_paper_schedule_keeps_its_shape_at_any_length(epochs):
    recipe = recipe_called("paper", epochs)
    for depth, table in zip((20, 110), PAPER_TABLES[epochs], strict=True):
        steps = range(epochs * 390)  # full batches in an epoch
        rates = [recipe.learning_rate_at_epoch(step * 128 / 50_000, depth) for step in steps]
        changes = [step for step in steps if step == 0 or rates[step] != rates[step - 1]]
        assert changes == [step for step, _ in table]
        assert [rates[step] for step in changes] == pytest.approx([rate for _, rate in table])


def test_paper_recipe_has_the_paper_s_length():
    assert RECIPES["paper"] == replace(recipe_called("paper", 164), name="paper")
    assert RECIPES["paper"].epochs * 50_000 / 128 == pytest.approx(64_000, rel=0.002)


def test_article_schedule_keeps_its_shape_at_any_length():
    """A quarter of 200 epochs: the rate drops after 81, 121, 161 and 181 quarters of an epoch."""
    recipe = recipe_called("article", 50)
    rates = [recipe.learning_rate_at_epoch(quarter / 4) for quarter in range(200)]
    changes = [at for at in range(1, 200) if rates[at] != rates[at - 1]]
    assert changes == [81, 121, 161, 181]
    assert rates[0] == 1e-3
    assert rates[-1] == pytest.approx(0.5e-6)


@pytest.mark.parametrize("epochs", [1, 15, 30])
def test_one_cycle_rises_to_the_recipe_s_rate_and_ends_at_zero(epochs):
    recipe = replace(RECIPES["quick"], epochs=epochs)
    rates = [recipe.learning_rate_at_epoch(step * epochs / 1000) for step in range(1001)]
    assert max(rates) == pytest.approx(recipe.learning_rate)
    assert rates.index(max(rates)) == pytest.approx(300, abs=1)
    assert rates[0] < 0.05 * recipe.learning_rate
    assert rates[1000] == pytest.approx(0, abs=1e-9)


def test_a_recipe_is_changed_by_a_copy():
    recipe = RECIPES["paper"]
    assert replace(recipe, epochs=3).epochs == 3
    with pytest.raises(FrozenInstanceError):
        recipe.epochs = 3


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"optimizer": "adamw"}, "adam, sgd, nesterov; got 'adamw'"),
        ({"schedule": "cosine"}, "article, paper, one-cycle; got 'cosine'"),
        ({"augmentation": "mixup"}, "crop-flip, shift-flip, none; got 'mixup'"),
        ({"epochs": 0}, "epochs .* from 1; got 0"),
        ({"batch_size": 12.5}, "batch_size .* from 1; got 12.5"),
        ({"learning_rate": -0.1}, "learning_rate must be above 0; got -0.1"),
        ({"penalized": "biases"}, "convolutions, kernels; got 'biases'"),
        ({"precision": "float8"}, "float32, mixed_bfloat16, mixed_float16; got 'float8'"),
        ({"warm_up": 1.024}, r"warm_up must be in \[0, 1\); got 1.024"),
        ({"l2": -1e-4}, "l2 must be 0 or more; got -0.0001"),
        ({"momentum": 1.0}, r"momentum must be in \[0, 1\); got 1.0"),
    ],
)
def test_a_recipe_that_means_nothing_is_refused(change, says):
    with pytest.raises(ValueError, match=says):
        replace(RECIPES["paper"], **change)


def test_a_recipe_of_another_length_says_so_in_its_name():
    assert recipe_called("quick") is RECIPES["quick"]
    assert recipe_called("quick", 6) == replace(RECIPES["quick"], name="quick-6", epochs=6)
    with pytest.raises(ValueError, match="recipe must be one of article, paper, quick; got 'slow'"):
        recipe_called("slow")
    for epochs in (0, True, 2.0):
        with pytest.raises(ValueError, match=f"epochs must be a whole number from 1; got {epochs}"):
            recipe_called("quick", epochs)
