"""Decode the test images of the page, to compare what the page computes."""

import numpy as np
from PIL import Image

from resnet_lib.widgets.net_in_page.image_sprite import COLUMNS, ROWS, TEST_IMAGES, read_sprite


def decode_images() -> tuple[np.ndarray, np.ndarray]:
    """Decode the images of the sprite as uint8 `(200, 32, 32, 3)`, and their classes `(200,)`."""
    with Image.open(TEST_IMAGES) as sprite:
        pixels = np.asarray(sprite)  # (640, 320, 3)
    images = pixels.reshape(ROWS, 32, COLUMNS, 32, 3).swapaxes(1, 2).reshape(-1, 32, 32, 3)
    return images, np.array(read_sprite()[1], "uint8")
