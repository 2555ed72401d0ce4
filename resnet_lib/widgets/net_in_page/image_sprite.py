"""Read the page's test images from their sprite."""

from resnet_lib.runs.run import RECORDED

TEST_IMAGES = RECORDED / "test_images.png"
COLUMNS, ROWS = 10, 20  # of the sprite: a column per class, a row per image of each class
GALLERY_ROWS = 4


def read_sprite() -> tuple[bytes, list[int], list[int]]:
    """Read the page's test images: `(png, labels, gallery)`.

    `png` is the bytes of a lossless sprite of 10 columns and 20 rows of 32x32 pixels: the first 20
    images of each class in CIFAR-10's test set, in the data's own order, a column a class. So image
    i, counted row by row, is of class `labels[i]`, i % 10. `gallery` lists the indices of 40
    images, the first 4 of each class.
    """
    labels = [index % COLUMNS for index in range(COLUMNS * ROWS)]
    return TEST_IMAGES.read_bytes(), labels, list(range(COLUMNS * GALLERY_ROWS))
