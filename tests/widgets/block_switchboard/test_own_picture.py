"""Test the reader's own picture in the BlockSwitchboard."""

import io
import struct

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from switchboard_page import (
    LISTEN,
    button,
    give,
    is_all,
    pick,
    picture,
    plain_png,
    png_of,
    settled,
    until_own,
    verdict,
)
from waiting import wait_until

# ---------------------------------------------------------------- the reader's own picture


def test_an_own_picture_is_cropped_averaged_and_shown(open_board):
    board = open_board()
    # Grey margins beside a square of blocks of 7 × 7: red right, green below, and a fine chessboard
    # in blue that must become its mean.
    side = 224
    place = np.arange(side) // 7
    wide = np.full((side, side + 100, 3), 77, "uint8")
    square = wide[:, 50:-50]
    square[..., 0] = 8 * place
    square[..., 1] = 8 * place[:, None]
    square[..., 2] = 255 * (np.indices((side, side)).sum(0) % 2)
    give(board, "own.png", png_of(wide))
    until_own(board)
    settled(board)
    seen = picture(board).astype(int)
    expected = 8 * np.arange(32)
    assert np.abs(seen[..., 0] - expected).max() <= 1
    assert np.abs(seen[..., 1] - expected[:, None]).max() <= 1
    assert np.abs(seen[..., 2] - 127.5).max() <= 4
    assert verdict(board).endswith("It knows these ten classes and no other.")
    assert board.locator(".rl-true-class").count() == 0
    assert not board.locator(".rl-key-true").is_visible()
    assert board.locator(".rl-thumbnail[aria-checked=true]").count() == 0
    back = button(board, "Back to your picture")
    assert not back.is_visible()
    pick(board, "cat, test image 1 of its class")
    settled(board)
    assert "it is a cat" in verdict(board)
    back.click()
    settled(board)
    assert np.array_equal(picture(board), seen)
    assert not back.is_visible()
    assert verdict(board).endswith("It knows these ten classes and no other.")


def test_pictures_of_any_size_and_kind(open_board):
    board = open_board()
    for shade, (width, height) in enumerate([(1, 1), (20, 31), (33, 32), (3000, 2000)]):
        colour = (10, 120, 60 * shade)
        give(board, "own.png", plain_png(colour, width, height))
        wait_until(lambda colour=colour: is_all(board, colour))

    clear = np.zeros((64, 64, 4), "uint8")
    clear[:32] = (0, 0, 255, 255)
    give(board, "clear.png", png_of(clear))
    wait_until(lambda: picture(board)[4, 4].tolist() == [0, 0, 255, 255])
    assert picture(board)[28, 4].tolist() == [255] * 4, "what is see-through lies on white"

    buffer, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter: what is left comes to the top
    left_red = np.zeros((64, 64, 3), "uint8")
    left_red[:, :32, 0] = 250
    Image.fromarray(left_red).save(buffer, format="jpeg", quality=95, exif=exif)
    give(board, "turned.jpg", buffer.getvalue(), "image/jpeg")
    wait_until(lambda: picture(board)[4, 28, 0] > 200)
    assert picture(board)[28, 4, 0] < 30


PNG_OF_NO_PIXELS = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 64, 64) + bytes(300)
# The other kinds of file that are refused: `picture_formats.test.mjs`.
BAD = (
    ("notes.png", b"no picture", "is a text file. Choose a picture: PNG, JPEG, WebP, GIF, AVIF or"),
    ("broken.png", PNG_OF_NO_PIXELS, "cannot be decoded: it is damaged or cut short. Choose"),
    ("large.png", bytes(20_000_001), "20.0 MB, and at most 20 MB are read."),
)


def test_bad_uploads_are_told_and_harm_nothing(open_board, tmp_path):
    board = open_board(image=3)
    before, said = picture(board), verdict(board)
    alert = board.locator(".rl-alert")
    for name, content, told in BAD:
        (tmp_path / name).write_bytes(content)
        board.locator("input[type=file]").set_input_files(tmp_path / name)
        alert.get_by_text(f"“{name}”").wait_for()
        assert told in alert.inner_text()
        assert np.array_equal(picture(board), before)
        assert verdict(board) == said
        assert board.locator(".rl-thumbnail[aria-checked=true]").count() == 1
    give(board, "good.png", plain_png(99))  # and the next one is taken
    until_own(board)
    assert alert.count() == 0
    assert not np.array_equal(picture(board), before)


COPY = """async (colour) => {
  if (!colour) return navigator.clipboard.writeText("some words");
  const picture = new ClipboardItem({ "image/png": await pictureOf(colour) });
  await navigator.clipboard.write([picture]);
}"""
DRAG = """async (root, [what, colour]) => {
  const data = new DataTransfer();
  if (colour) data.items.add(new File([await pictureOf(colour)], "a.png", { type: "image/png" }));
  else data.setData("text/plain", "some words");
  const options = { bubbles: true, cancelable: true, dataTransfer: data };
  root.querySelector(".rl-verdict").dispatchEvent(new DragEvent(what, options));
  return root.classList.contains("rl-dropping");
}"""


def paste(board, colour):
    board.page.evaluate(COPY, colour)
    board.locator(".rl-image").click()  # anywhere in the widget
    board.page.keyboard.press("Control+V")


def drop(board, colour):
    assert board.evaluate(DRAG, ["dragover", colour])
    assert not board.evaluate(DRAG, ["drop", colour])


@pytest.mark.parametrize(("hand_over", "told"), [(paste, "pasted"), (drop, "dropped")])
def test_a_picture_is_pasted_or_dropped(open_board, hand_over, told):
    board = open_board()
    board.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    board.page.evaluate(LISTEN, hand_over.__name__)
    hand_over(board, "rgb(200, 10, 10)")
    until_own(board)
    assert is_all(board, (200, 10, 10))
    hand_over(board, None)
    told = f"What was {told} is no picture file."
    expect(board.locator(".rl-alert")).to_contain_text(told)
    assert is_all(board, (200, 10, 10))
    handled = board.page.evaluate("[handed.defaultPrevented, reached]")
    assert handled == [True, 0], "the notebook is spared"


def test_of_several_pictures_the_last_stands(open_board):
    board = open_board()
    page = board.page
    page.evaluate(  # the first picture is decoded when the second one is there
        """() => {
          const decode = createImageBitmap;
          window.createImageBitmap = async (...given) => {
            window.createImageBitmap = decode;
            const bitmap = await decode(...given);
            await new Promise((go) => (window.decodeNow = go));
            bitmap.close = () => (window.wasDecoded = true);
            return bitmap;
          };
        }"""
    )
    give(board, "slow.png", plain_png(0))
    page.wait_for_function("!!window.decodeNow")
    give(board, "quick.png", plain_png(200))
    until_own(board)
    page.evaluate("decodeNow()")
    page.wait_for_function("window.wasDecoded")
    assert is_all(board, (200, 200, 200))
