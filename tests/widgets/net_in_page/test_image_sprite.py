"""Test the page's images against CIFAR-10's test set."""

import hashlib
import io

import numpy as np
from PIL import Image
from sprite_images import decode_images

from resnet_lib.data.cifar10 import is_available, load_cifar10, load_sample
from resnet_lib.widgets.net_in_page.image_sprite import read_sprite

TEST_IMAGES_SHA256 = "362bdd53aab78cd236479a252444a4016d2f6c42193fbfcf36e731388896d756"


def test_the_images_are_the_first_20_of_each_class_in_the_test_set():
    images, labels = decode_images()
    assert images.shape == (200, 32, 32, 3)
    assert hashlib.sha256(images.tobytes()).hexdigest() == TEST_IMAGES_SHA256
    sources = [(load_sample()[1], 16)] + ([(load_cifar10()[1], 20)] if is_available() else [])
    for (source, classes), each in sources:
        for one in range(10):
            np.testing.assert_array_equal(
                images[labels == one][:each], source[classes == one][:each]
            )


def test_the_sprite_says_which_image_is_which():
    png, labels, gallery = read_sprite()
    with Image.open(io.BytesIO(png)) as sprite:
        assert (sprite.format, sprite.mode, sprite.size) == ("PNG", "RGB", (320, 640))
        cut = sprite.crop((32 * 7, 32 * 3, 32 * 8, 32 * 4))  # column 7, row 3
    np.testing.assert_array_equal(np.asarray(cut), decode_images()[0][37])
    assert labels[37] == 7
    assert np.bincount(labels).tolist() == [20] * 10
    assert len(set(gallery)) == 40
    assert np.bincount([labels[one] for one in gallery]).tolist() == [4] * 10
