"""The layers against loops that treat one image at a time, in NumPy."""

import keras
import numpy as np
import pytest

from resnet_lib import PixelMeanNormalization, RandomCropFlip, RandomShiftFlip, load_sample
from resnet_lib.data.augmentation import resample

IMAGES = np.random.default_rng(0).normal(size=(6, 9, 11, 3)).astype("float32")


def crop_flip(image, down, right, mirror, padding=4):
    """One image padded with zeros, cut out again from row `down` and column `right`."""
    height, width, _ = image.shape
    padded = np.pad(image, [(padding, padding), (padding, padding), (0, 0)])
    cut = padded[down : down + height, right : right + width]
    return cut[:, ::-1] if mirror else cut


def shift_flip(image, down, right, mirror):
    """One image moved by parts of a pixel: each value is a mean of its four neighbours'."""
    height, width, _ = image.shape
    moved = np.empty_like(image)
    for row in range(height):
        for column in range(width):
            y = min(max(row + down, 0), height - 1)
            x = min(max(column + right, 0), width - 1)
            top, left = int(y), int(x)
            bottom, beyond = min(top + 1, height - 1), min(left + 1, width - 1)
            upper = image[top, left] * (1 - x + left) + image[top, beyond] * (x - left)
            lower = image[bottom, left] * (1 - x + left) + image[bottom, beyond] * (x - left)
            moved[row, column] = upper * (1 - y + top) + lower * (y - top)
    return moved[:, ::-1] if mirror else moved


@pytest.fixture
def views(monkeypatch):
    """`views(layer)`: image, view of it, and the source rows and columns drawn, for 40 seeds."""
    drawn = {}

    def noting(images, rows, columns):
        drawn.update(rows=np.asarray(rows), columns=np.asarray(columns))
        return resample(images, rows, columns)

    monkeypatch.setattr("resnet_lib.data.augmentation.resample", noting)

    def views(layer):
        for seed in range(40):
            seen = np.asarray(layer(seed=seed)(IMAGES, training=True))
            yield from zip(IMAGES, seen, drawn["rows"], drawn["columns"], strict=True)

    return views


def test_crop_flip_equals_the_paper_s_recipe_image_by_image(views):
    offsets, mirrors = set(), []
    for image, view, row, column in views(RandomCropFlip):
        mirrors.append(bool(column[0] > column[-1]))
        down, right = round(float(row[0])) + 4, round(float(column.min())) + 4
        np.testing.assert_allclose(view, crop_flip(image, down, right, mirrors[-1]), atol=1e-6)
        offsets.add((down, right))
    assert {down for down, _ in offsets} == {right for _, right in offsets} == set(range(9))
    assert 0.35 < np.mean(mirrors) < 0.65


def test_shift_flip_equals_the_article_s_recipe_image_by_image(views):
    shifts, mirrors = [], []
    for image, view, row, column in views(RandomShiftFlip):
        mirrors.append(bool(column[0] > column[-1]))
        middle = column[::-1] if mirrors[-1] else column
        down, right = float(row[4]) - 4, float(middle[5]) - 5  # not clipped in the middle
        np.testing.assert_allclose(view, shift_flip(image, down, right, mirrors[-1]), atol=1e-5)
        shifts.append((down / 9, right / 11))
    assert -0.1 <= np.min(shifts) < -0.09
    assert 0.09 < np.max(shifts) <= 0.1
    assert len({down for down, _ in shifts}) == len(shifts), "every image has a draw of its own"
    assert 0.35 < np.mean(mirrors) < 0.65


@pytest.mark.parametrize("layer", [RandomCropFlip, RandomShiftFlip])
def test_random_layers_sleep_outside_training(layer):
    np.testing.assert_array_equal(layer(seed=0)(IMAGES), IMAGES)
    np.testing.assert_array_equal(layer(seed=0)(IMAGES, training=False), IMAGES)
    assert np.abs(layer(seed=0)(IMAGES, training=True) - IMAGES).max() > 0.1


@pytest.mark.parametrize("layer", [RandomCropFlip, RandomShiftFlip])
def test_random_layers_draw_anew_in_every_compiled_step(layer):
    model = keras.Sequential([keras.Input((32, 32, 3)), layer(seed=3), keras.layers.Flatten()])

    class Watch(keras.losses.Loss):
        def call(self, y_true, y_pred):
            return keras.ops.mean(keras.ops.abs(y_true - y_pred), axis=-1)

    # One image, many steps: were the draw a constant of the compiled step, the losses would agree.
    image = np.random.default_rng(1).normal(size=(1, 32, 32, 3)).astype("float32")
    model.add(keras.layers.Dense(1, kernel_initializer="ones", trainable=False))
    model.compile(optimizer="sgd", loss=Watch())
    losses = {float(model.train_on_batch(image, np.zeros((1, 1)))) for _ in range(6)}
    assert len(losses) >= 5


def test_half_precision_stays():
    layer = RandomCropFlip(seed=0, dtype="float16")
    assert keras.backend.standardize_dtype(layer(IMAGES, training=True).dtype) == "float16"


def test_normalisation_is_the_article_s():
    (images, _), _ = load_sample()
    expected = images.astype("float64") / 255
    expected -= expected.mean(axis=0)
    layer = PixelMeanNormalization.from_data(images)
    np.testing.assert_allclose(layer(images), expected, atol=1e-6)
    np.testing.assert_allclose(layer(images.astype("float32")), expected, atol=1e-6)


def test_a_saved_model_keeps_mean_and_options(tmp_path):
    (images, _), _ = load_sample()
    inputs = keras.Input((32, 32, 3), dtype="uint8")
    x = PixelMeanNormalization.from_data(images)(inputs)
    x = RandomCropFlip(padding=2, seed=5)(x)
    x = RandomShiftFlip(fraction=0.2, seed=6)(x)
    model = keras.Model(inputs, x)
    model.save(tmp_path / "layers.keras")
    loaded = keras.saving.load_model(tmp_path / "layers.keras")
    np.testing.assert_array_equal(loaded(images[:4]), model(images[:4]))
    assert (loaded.layers[2].padding, loaded.layers[3].fraction) == (2, 0.2)
