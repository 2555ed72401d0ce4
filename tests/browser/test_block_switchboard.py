"""The BlockSwitchboard under a reader's hand, and what it says held to Keras.

It takes the place of another widget in a page that is there, with a state of each test's own.
"""

import base64
import io
import json
import re
import struct
from functools import cache

import numpy as np
import pytest
from PIL import Image
from spoken import until_said

from resnet_lib import headline_runs, switchboard
from resnet_lib.data import CLASS_NAMES
from resnet_lib.lesions import lesion
from resnet_lib.page_nets import image_arrays, v1_blocks
from resnet_lib.weights import trained_model
from resnet_lib.widgets import BlockSwitchboard, module_source

NAME = "09_inside_a_trained_resnet"
# `open_page` waits for every widget, and the page is held to be quiet.
BEFORE_LOADER = """window.looking = 0; // questions that the worker has yet to answer
window.Worker = class extends Worker {
  constructor(url) {
    super(url);
    this.addEventListener("message", ({ data }) => { if (data.logits) window.looking -= 1; });
  }
  postMessage(message, transfer) {
    if (message.do === "look") window.looking += 1;
    super.postMessage(message, transfer);
  }
};
document.addEventListener("readystatechange", () => {
  const twin = document.querySelector('[data-rl-module="block_switchboard"]');
  if (document.readyState === "interactive") {
    twin.querySelector("script").textContent = %s;
    %s
  }
})"""
FAR = """const far = document.createElement("div");
  far.style.height = "6000px";
  twin.before(far);"""
TWICE = "twin.after(twin.cloneNode(true));"
ASKED = "[...document.querySelectorAll('script[src*=\"_static/files/\"]')].map((one) => one.src)"
EXPECTED = "Choose a picture: PNG, JPEG, WebP, GIF, AVIF or BMP."


@pytest.fixture
def open_board(open_page):
    """`open_board(net=…, off=…, wrong={…})`: the widget, once its net has said something."""

    def open_board(*, wrong=None, more="", ready=True, how=None, **traits):
        state = json.dumps(json.dumps(BlockSwitchboard(**traits).state() | (wrong or {})))
        page = open_page(NAME, prepare=BEFORE_LOADER % (state, more), **(how or {}))
        board = page.locator(".rl-switchboard").first
        if ready:
            board.scroll_into_view_if_needed()
            settled(board)
            page.evaluate("document.fonts.ready.then(() => {})")  # those of the widget itself
        return board

    return open_board


def settled(board):
    """Until the net has answered what is asked of it now."""
    board.page.wait_for_function(
        """(root) => !window.looking && !root.classList.contains("rl-waiting")
          && root.querySelector(".rl-verdict").textContent.startsWith("The net says")""",
        arg=board.element_handle(),
    )


def verdict(board):
    return board.locator(".rl-verdict").inner_text()


def percents(board):
    return board.locator(".rl-percent").all_inner_texts()


def marks(board):
    """Where the marks of "with every block on" stand, in per cent, 0 for none."""
    return board.locator(".rl-before").evaluate_all(
        "all => all.map((one) => (one.hidden ? 0 : parseFloat(one.style.left)))"
    )


def switch(board, name):
    return board.locator(f"[data-block={name}]")


def states(board):
    """Which blocks are on, by their switches."""
    return board.get_by_role("switch").evaluate_all(
        "all => all.map((one) => one.getAttribute('aria-checked') === 'true')"
    )


def press(board, name):
    board.get_by_role("button", name=name, exact=True).click()


def pick_net(board, name):
    board.get_by_role("radio", name=name, exact=True).click()
    settled(board)


def figures(board):
    """What stands large in the part on accuracy: counted here, and recorded."""
    return board.locator(".rl-accuracy dd > span").all_inner_texts()


def pixels_of(board, canvas):
    """A canvas's pixels `(height, width, 4)`, from a copy: Chromium warns of frequent reading."""
    width, height, pixels = board.locator(canvas).evaluate(
        """(one) => {
          const copy = new OffscreenCanvas(one.width, one.height);
          const to = copy.getContext("2d", { willReadFrequently: true });
          to.drawImage(one, 0, 0);
          return [one.width, one.height, [...to.getImageData(0, 0, one.width, one.height).data]];
        }"""
    )
    return np.array(pixels, "uint8").reshape(height, width, 4)


def wait_for_count(board):
    board.page.wait_for_function(
        "document.querySelector('.rl-accuracy dd > span').textContent.includes('%')"
    )


def picture(board):
    """The image as the net sees it, `(32, 32, 4)`."""
    return pixels_of(board, ".rl-image")


def wait_for_own(board):
    board.page.wait_for_function(
        "document.querySelector('.rl-image-name').innerText.includes('Your own')"
    )


def wait_for_another(board, before):
    """Until the image is another than the pixels `before`."""
    for _ in range(200):
        if not np.array_equal(picture(board), before):
            return
        board.page.wait_for_timeout(50)
    raise AssertionError("no other picture came within 10 s")


def png_of(array):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, format="png")
    return buffer.getvalue()


def give(board, name, content, kind="image/png"):
    file = {"name": name, "mimeType": kind, "buffer": content}
    board.locator("input[type=file]").set_input_files(file)


# ---------------------------------------------------------------- what it says


def run_shown(label):
    return dict(switchboard.labelled(headline_runs()))[label]


@cache
def keras_says(label, off, image):
    model = lesion(trained_model(run_shown(label)), list(off))
    images, labels = image_arrays()
    chosen = images if image is None else images[[image]]
    probabilities = model.predict(chosen, verbose=0)
    return probabilities if image is not None else int((probabilities.argmax(1) == labels).sum())


def written(probability):
    """As `percentOf` in `switch_words.mjs`; None where rounding could go either way."""
    if abs(100 * probability % 1 - 0.5) < 0.02:
        return None
    if probability < 0.005:
        return "< 1 %"
    return "> 99 %" if probability >= 0.995 else f"{100 * probability:.0f} %"


@pytest.mark.parametrize(
    ("label", "off", "image"),
    [
        ("ResNet-20", (), 3),
        ("ResNet-20", ("stage2_block1",), 3),
        ("ResNet-20", ("stage1_block2", "stage3_block3"), 17),
        ("plain-20", ("stage2_block2",), 3),
        ("ResNet-56", ("stage1_block5", "stage2_block7"), 25),
    ],
    ids=str,
)
def test_it_says_what_keras_says(open_board, label, off, image):
    board = open_board(net=label, off=off, image=image)
    (probabilities,) = keras_says(label, off, image)
    for shown, probability in zip(percents(board), probabilities, strict=True):
        assert shown == (written(probability) or shown)
    best, truth = CLASS_NAMES[probabilities.argmax()], CLASS_NAMES[image % 10]
    assert re.match(rf"The net says {best}, .* %; it is an? {truth}\.", verdict(board))
    assert board.locator(".rl-best .rl-class").inner_text().split("\n")[0] == best
    assert board.locator(".rl-true .rl-class").inner_text() == f"{truth}\n(what it is)"
    assert states(board) == [name not in off for name in v1_blocks(len(states(board)) // 3)]
    (whole,) = keras_says(label, (), image)
    before = CLASS_NAMES[whole.argmax()]
    assert (f"With every block on it says {before}" in verdict(board)) == (before != best)
    expected = [100 * one if off and one >= 0.01 else 0 for one in whole]
    assert marks(board) == pytest.approx(expected, abs=0.1)


def test_accuracy_is_what_keras_counts(open_board, capsys):
    off = ("stage2_block2", "stage3_block2")
    board = open_board(off=off)
    note = board.locator("> .rl-note").last.inner_text()
    with capsys.disabled():
        print(f"\nBlockSwitchboard: {note.split('.')[0]}.{note.split('.')[1]}.")
    press(board, "Accuracy over 200 images")
    wait_for_count(board)
    right = keras_says("ResNet-20", off, None)
    small = board.locator(".rl-accuracy dd small").first.inner_text()
    assert small.startswith(f"{right} of 200 right, ±")
    assert figures(board)[0] == f"{100 - right / 2:.1f} % wrong"


RECORDED = (
    ([], "whole", None, "with every block on and the weights in half precision"),
    (["stage3_block2"], "single", 7, "with this block alone off"),
    (["stage1_block1", "stage1_block2"], "first", 1, "with the first 2 blocks off"),
    (["stage3_block2", "stage3_block3"], "last", 1, "with the last 2 blocks off"),
)


def test_the_recorded_figure_of_a_setting(open_board):
    board = open_board(net="plain-20")
    lesions = switchboard.switchboard()[0]["nets"][1]["lesions"]
    for off, key, place, words in RECORDED:
        press(board, "All on")
        for block in off:
            switch(board, block).click()
        error = lesions[key] if place is None else lesions[key][place]
        assert figures(board)[1] == f"{error:.2f} % wrong"
        named = board.locator(".rl-accuracy dt").last.inner_text()
        assert named == "All 10,000 test images, recorded"
        assert board.locator(".rl-accuracy dd small").last.inner_text() == words


def test_a_setting_that_was_not_recorded_says_so(open_board):
    board = open_board(off={"stage1_block1": 0.5})
    assert figures(board)[1] == "–"
    told = board.locator(".rl-accuracy dd small").last.inner_text()
    assert told == "not recorded for this setting"


# ---------------------------------------------------------------- controls


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_every_control_by_mouse(open_board, scheme):
    board = open_board(how={"scheme": scheme})
    assert not board.page.locator(".rl-picture").first.is_visible()
    assert states(board) == [True] * 9
    first = percents(board)
    switch(board, "stage2_block1").click()
    settled(board)
    assert states(board) == [True] * 3 + [False] + [True] * 5
    assert percents(board) != first
    assert board.locator("select").input_value() == "Stage 2, block 1"
    assert board.locator("output").inner_text() == "0.00"
    switch(board, "stage2_block1").click()
    settled(board)
    assert percents(board) == first

    slider = board.locator("input[type=range]")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    board.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert board.locator("output").inner_text() == "0.50"
    assert "1 scaled" in board.locator(".rl-part-title").first.inner_text()
    press(board, "All on")
    settled(board)
    assert percents(board) == first

    press(board, "Remove the first 3")
    assert states(board) == [False] * 3 + [True] * 6
    press(board, "Remove the last 3")
    assert states(board) == [True] * 6 + [False] * 3
    orders = switchboard.switchboard()[0]["nets"][0]["lesions"]["orders"]
    for draw in (0, 1):
        press(board, "Remove 3 at random")
        assert states(board) == [block not in orders[draw][:3] for block in range(9)]
        assert board.locator(".rl-removers .rl-beside").inner_text() == (
            f"random draw {draw + 1} of {len(orders)}"
        )
        recorded = switchboard.switchboard()[0]["nets"][0]["lesions"]["random"][draw][2]
        assert figures(board)[1] == f"{recorded:.2f} % wrong"
    switch(board, "stage1_block1").click()
    assert board.locator(".rl-removers .rl-beside").inner_text() == "", "it is no draw any more"
    switch(board, "stage1_block1").click()

    pick_net(board, "plain-20")
    assert board.get_attribute("data-kind") == "plain"
    assert states(board) == [block not in orders[1][:3] for block in range(9)], "what is off stays"
    assert board.locator(".rl-arc").count() == 0
    assert board.locator(".rl-out .rl-bypass").count() == 3
    pick_net(board, "ResNet-56")
    assert states(board) == [True] * 27
    assert "resnet56_v1_pad" in board.locator(".rl-weights").inner_text()

    board.locator("select").select_option("Stage 3, block 9")
    settled(board)
    assert "Stage 3, block 9" in board.locator(".rl-maps-box").locator("..").inner_text()
    board.locator(".rl-size").nth(4).click()
    assert board.locator("select").input_value() == "Stage 1, block 5"
    board.get_by_role("radio", name="ship, test image 2 of its class").click()
    settled(board)
    assert "it is a ship" in verdict(board)
    assert np.array_equal(picture(board)[..., :3], image_arrays()[0][18])


def test_every_control_by_keyboard(open_board):
    board = open_board()
    key, page = board.page.keyboard.press, board.page
    board.locator("input[type=radio]").first.focus()
    key("ArrowRight")
    settled(board)
    assert board.get_attribute("data-kind") == "plain"
    key("Tab")  # to the reader's own picture
    assert page.evaluate("document.activeElement.type") == "file"
    key("Tab")  # to the gallery
    for move, name in (
        ("ArrowRight", "airplane, test image 2 of its class"),
        ("ArrowDown", "automobile, test image 2 of its class"),
        ("End", "truck, test image 4 of its class"),
        ("ArrowRight", "truck, test image 4 of its class"),
        ("ArrowUp", "ship, test image 4 of its class"),
        ("ArrowLeft", "ship, test image 3 of its class"),
        ("Home", "airplane, test image 1 of its class"),
        ("ArrowUp", "airplane, test image 1 of its class"),
    ):
        key(move)
        assert page.evaluate("document.activeElement.ariaLabel") == name
        assert board.locator(".rl-thumb[aria-checked=true]").get_attribute("aria-label") == name
        assert board.locator('.rl-thumb[tabindex="0"]').count() == 1
    settled(board)
    assert "it is an airplane" in verdict(board)
    key("Tab")  # to all on
    key("Tab")  # to k
    page.keyboard.type("2")
    key("Tab")
    key("Enter")  # the first 2
    assert states(board) == [False] * 2 + [True] * 7
    key("Tab")
    key("Enter")  # the last 2
    assert states(board) == [True] * 7 + [False] * 2
    key("Tab")
    key("Enter")  # 2 at random
    assert states(board).count(False) == 2
    key("Shift+Tab")
    key("Tab")
    key("Tab")  # to the switches
    assert page.evaluate("document.activeElement.getAttribute('role')") == "switch"
    press(board, "All on")
    switch(board, "stage1_block1").focus()
    for move, name in (
        ("ArrowRight", "stage1_block2"),
        ("ArrowDown", "stage1_block3"),
        ("PageDown", "stage2_block3"),
        ("End", "stage3_block3"),
        ("ArrowRight", "stage3_block3"),
        ("ArrowLeft", "stage3_block2"),
        ("PageUp", "stage2_block2"),
        ("Home", "stage1_block1"),
    ):
        key(move)
        assert page.evaluate("document.activeElement.dataset.block") == name
        assert states(board) == [True] * 9, "to come to a block does not switch it"
        assert board.locator(".rl-chosen[data-block]").get_attribute("data-block") == name
    assert board.locator('.rl-switches [tabindex="0"]').count() == 1, "one stop for the Tab key"
    key("Space")
    assert states(board) == [False] + [True] * 8
    assert page.evaluate("document.activeElement.dataset.block") == "stage1_block1"
    key("Enter")
    assert states(board) == [True] * 9
    key("Tab")  # to the chosen block
    key("ArrowDown")
    assert board.locator("select").input_value() == "Stage 1, block 2"
    key("Tab")  # to its scale
    key("ArrowLeft")
    assert board.locator("output").inner_text() == "0.95"
    assert board.locator("input[type=range]").get_attribute("aria-valuetext") == "at 0.95"
    label = switch(board, "stage1_block2").get_attribute("aria-label")
    assert label == "Stage 1, block 2, at 0.95"
    key("Home")
    assert states(board) == [True, False] + [True] * 7
    key("Tab")  # to the accuracy
    key("Enter")
    assert board.get_by_role("button", name="Cancel").is_visible()
    key("Enter")
    assert "Stopped" in board.locator(".rl-accuracy [role=status]").inner_text()


def test_the_number_of_blocks_to_remove_is_held_within_the_net(open_board):
    board = open_board()
    field = board.locator(".rl-how-many input")
    for typed, stands in (("99", "9"), ("-3", "1"), ("", "1"), ("4", "4")):
        field.fill(typed)
        board.page.keyboard.press("Enter")
        assert field.input_value() == stands
    pick_net(board, "ResNet-56")
    field.fill("20")
    board.page.keyboard.press("Enter")
    press(board, "Remove the last 20")
    assert states(board) == [True] * 7 + [False] * 20
    pick_net(board, "ResNet-20")
    assert field.input_value() == "9"


def test_a_branch_that_is_turned_down_fills_less(open_board):
    board = open_board(off={"stage1_block1": 0.25, "stage2_block1": 0})
    heights = "all => all.map((one) => Number(one.getAttribute('height')))"
    for name, share in (("stage1_block1", 0.25), ("stage2_block1", 0), ("stage3_block1", 1)):
        block = switch(board, name)
        body, shell = (
            block.locator(part).evaluate_all(heights) for part in (".rl-body", ".rl-shell")
        )
        assert body == pytest.approx([share * tall for tall in shell])
        seen = block.locator(".rl-shell").first.evaluate(
            "(one) => getComputedStyle(one).visibility"
        )
        assert seen == ("hidden" if share == 1 else "visible")


def test_sizes_are_drawn_and_told(open_board):
    board = open_board(off=["stage2_block2"], block="stage2_block2")
    rows = board.locator(".rl-sizes tbody tr")
    assert rows.count() == 9
    values = [[float(one) for one in row.locator("td").all_text_contents()] for row in rows.all()]
    assert values[4][0] == 0
    assert min(min(row) for row in values[:4]) > 0
    said = board.locator(".rl-sizes + p").inner_text()
    assert said == f"Stage 2, block 2: skip {values[4][1]:.2f}, the branch adds nothing"
    tall = board.locator(".rl-size-skip").evaluate_all(
        "all => all.map((one) => Number(one.getAttribute('height')))"
    )
    skips = [row[1] for row in values]
    assert tall == pytest.approx([max(tall) * one / max(skips) for one in skips], abs=1.5)


def test_maps_are_drawn_to_one_scale(open_board):
    board = open_board(block="stage3_block3")
    label = board.locator(".rl-maps").get_attribute("aria-label")
    assert label.startswith("Stage 3, block 3 hands on 64 maps of 8 × 8. One scale for all: dark")
    # Some pixel is white, and most are not: the picture is of something.
    drawn = pixels_of(board, ".rl-maps").reshape(-1, 4)
    drawn = drawn[drawn[:, 3] == 255]
    assert (drawn[:, :3].min(1) == 255).any()
    assert len(np.unique(drawn, axis=0)) > 50


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"scales": [1, 0]}, "a number for each of the 9 blocks of ResNet-20, or none; got 2"),
        ({"nets": []}, "There are no trained nets here"),
    ],
    ids=str,
)
def test_a_state_that_cannot_be_shown_is_told(open_board, wrong, told):
    board = open_board(wrong=wrong, more=FAR, ready=False)
    board.scroll_into_view_if_needed()  # here it would let its net compute
    assert told in board.locator(".rl-trouble").inner_text()
    assert not board.locator(".rl-see").is_visible()
    board.page.wait_for_timeout(300)
    assert board.page.evaluate(ASKED) == []


# ---------------------------------------------------------------- the worker


def test_it_can_be_asked_while_it_counts(open_board):
    board = open_board(net="ResNet-56")
    press(board, "Accuracy over 200 images")
    phase = board.locator(".rl-phase")
    board.page.wait_for_function("/of 200/.test(document.querySelector('.rl-phase').innerText)")
    before = verdict(board)
    board.get_by_role("radio", name="frog, test image 3 of its class").click()
    board.page.wait_for_function(
        "(before) => document.querySelector('.rl-verdict').innerText !== before", arg=before
    )
    assert "it is a frog" in verdict(board)
    assert board.get_by_role("button", name="Cancel").is_visible(), "the count goes on"
    assert re.fullmatch(r"\d+ of 200, \d+ right", phase.inner_text())
    bar = board.get_by_role("progressbar")
    assert bar.get_attribute("max") == "200"
    board.page.wait_for_function("document.querySelector('.rl-progress').value > 0")


def test_a_count_can_be_cancelled(open_board):
    board = open_board(net="ResNet-56")
    press(board, "Accuracy over 200 images")
    board.page.wait_for_function("document.querySelector('.rl-progress').value >= 5")
    press(board, "Cancel")
    said = board.locator(".rl-accuracy [role=status]").inner_text()
    counted = re.match(
        r"Stopped after (\d+) of 200: (\d+) of \1 right: [\d.]+ % wrong \(± [\d.]+ points", said
    )
    assert counted
    assert 0 < int(counted[1]) < 200
    board.page.wait_for_timeout(700)
    assert board.locator(".rl-accuracy [role=status]").inner_text() == said, "it has ended"
    assert figures(board)[0] == "–"
    press(board, "Accuracy over 200 images")
    assert board.get_by_role("button", name="Cancel").is_visible()


def test_a_switch_calls_a_count_off(open_board):
    board = open_board(net="ResNet-56")
    press(board, "Accuracy over 200 images")
    board.page.wait_for_function("document.querySelector('.rl-progress').value >= 5")
    switch(board, "stage2_block4").click()
    said = board.locator(".rl-accuracy [role=status]").inner_text()
    assert said.startswith("Stopped after ")
    assert said.endswith("one standard error). The setting had changed.")
    assert board.get_by_role("button", name="Accuracy over 200 images").is_visible()
    board.page.wait_for_timeout(700)
    assert figures(board)[0] == "–", "what the old count came to is not said of the new setting"


@pytest.mark.timed
def test_the_page_does_not_freeze(open_board, watch_for_freezes, capsys):
    """Other work on the machine makes gaps of its own: three attempts."""
    for _ in range(3):
        board = open_board(net="ResNet-56")
        watched = watch_for_freezes(board.page)
        press(board, "Accuracy over 200 images")
        board.get_by_role("radio", name="frog, test image 3 of its class").click()
        for _ in range(12):
            board.page.keyboard.press("ArrowRight")
        wait_for_count(board)
        press(board, "Accuracy over 200 images")
        board.locator("input[type=range]").focus()
        for _ in range(12):
            board.page.keyboard.press("ArrowLeft")
        settled(board)
        assert board.locator("output").inner_text() == "0.40"
        gaps = watched()
        with capsys.disabled():
            print("\nBlockSwitchboard, longest gap while it counts, ms:", gaps)
        if gaps["longest"] < gaps["allowed"]:
            break
    assert gaps["longest"] < gaps["allowed"]


# ---------------------------------------------------------------- loading


def test_nothing_is_fetched_before_it_is_near(open_board):
    board = open_board(more=FAR, ready=False)
    page = board.page
    page.wait_for_timeout(500)
    assert page.evaluate(ASKED) == []
    assert board.locator(".rl-thumb").count() == 40
    assert board.locator(".rl-percent").first.inner_text() == "–"
    height = board.bounding_box()["height"]
    board.scroll_into_view_if_needed()
    settled(board)
    names = [url.rsplit("/", 1)[1].split(".")[0] for url in page.evaluate(ASKED)]
    assert sorted(names) == ["block_worker", run_shown("ResNet-20").name]
    assert abs(board.bounding_box()["height"] - height) < 40, "the page does not jump"
    press(board, "Accuracy over 200 images")
    wait_for_count(board)
    assert page.evaluate(ASKED)[-1].rsplit("/", 1)[1].startswith("test_images.")


def test_a_file_that_does_not_come_is_told_and_asked_for_again(open_board):
    board = open_board(more=FAR, ready=False)
    page = board.page
    page.route("**/_static/files/resnet20*", lambda route: route.fulfill(body=""))
    board.scroll_into_view_if_needed()
    page.wait_for_function(
        "document.querySelector('.rl-verdict').innerText.includes('does not compute')"
    )
    assert re.match(
        rf"ResNet-20 does not compute here: .*{run_shown('ResNet-20').name}\.\w+\.js could not be "
        r"loaded, which this widget needs\. The drawing and the recorded figures stand\.",
        verdict(board),
    )
    switch(board, "stage3_block2").click()  # the rest stands
    assert "this block alone off" in board.locator(".rl-accuracy").inner_text()
    assert "does not compute" in verdict(board)
    press(board, "Accuracy over 200 images")
    page.wait_for_function(
        "document.querySelector('.rl-accuracy [role=status]').innerText.includes('not be counted')"
    )
    pick_net(board, "plain-20")  # another net's file comes
    board.get_by_role("radio", name="ResNet-20", exact=True).click()
    assert "does not compute" in verdict(board)
    page.unroute("**/_static/files/resnet20*")
    press(board, "Try again")
    assert board.evaluate("(root) => root.contains(document.activeElement)"), "it keeps the focus"
    settled(board)
    assert not board.get_by_role("button", name="Try again").is_visible()


def test_blocks_switched_while_the_net_is_loaded_are_off_when_it_speaks(open_board):
    board = open_board(more=FAR, ready=False)
    page, held = board.page, []
    page.route("**/_static/files/resnet20*", lambda route: held.append(route))
    board.scroll_into_view_if_needed()
    page.wait_for_function(
        "document.querySelector('.rl-verdict').innerText.startsWith('Loading ResNet-20')"
    )
    pick_net(board, "plain-20")
    board.get_by_role("radio", name="ResNet-20", exact=True).click()
    assert verdict(board).startswith("Loading ResNet-20")
    off = ("stage1_block2", "stage2_block1")
    for name in off:
        switch(board, name).click()
    held[0].continue_()
    settled(board)
    (probabilities,), (whole,) = (keras_says("ResNet-20", one, 0) for one in (off, ()))
    for shown, probability in zip(percents(board), probabilities, strict=True):
        assert shown == (written(probability) or shown)
    expected = [100 * one if one >= 0.01 else 0 for one in whole]
    assert marks(board) == pytest.approx(expected, abs=0.1)


def test_a_worker_that_cannot_start_is_told(open_board):
    no_worker = "window.Worker = function () { throw new Error('workers are forbidden here'); };"
    board = open_board(more=no_worker, ready=False)
    board.scroll_into_view_if_needed()
    board.page.wait_for_function(
        "document.querySelector('.rl-verdict').innerText.includes('does not compute')"
    )
    assert "workers are forbidden here" in verdict(board)
    assert board.get_by_role("switch").count() == 9


# ---------------------------------------------------------------- the reader's own picture


def test_an_own_picture_is_cropped_averaged_and_shown(open_board):
    board = open_board()
    # Grey margins beside a square of blocks of 7 × 7: red right, green below, and a fine chessboard
    # in blue that must become its mean.
    side = 224
    place = np.arange(side) // 7
    square = np.zeros((side, side, 3), "uint8")
    square[..., 0] = 8 * place
    square[..., 1] = 8 * place[:, None]
    square[..., 2] = 255 * (np.indices((side, side)).sum(0) % 2)
    wide = np.full((side, side + 100, 3), 77, "uint8")
    wide[:, 50:-50] = square
    give(board, "own.png", png_of(wide))
    wait_for_own(board)
    settled(board)
    seen = picture(board).astype(int)
    expected = 8 * np.arange(32)
    assert np.abs(seen[..., 0] - expected).max() <= 1
    assert np.abs(seen[..., 1] - expected[:, None]).max() <= 1
    assert np.abs(seen[..., 2] - 127.5).max() <= 4
    assert "Your own picture" in board.locator(".rl-image-name").inner_text()
    assert verdict(board).endswith("It knows these ten classes and no other.")
    assert board.locator(".rl-true").count() == 0
    assert not board.locator(".rl-key-true").is_visible()
    assert board.locator(".rl-thumb[aria-checked=true]").count() == 0
    back = board.get_by_role("button", name="Back to your picture")
    assert not back.is_visible()
    board.get_by_role("radio", name="cat, test image 1 of its class").click()
    settled(board)
    assert "it is a cat" in verdict(board)
    back.click()
    settled(board)
    assert np.array_equal(picture(board), seen)
    assert not back.is_visible()
    assert verdict(board).endswith("It knows these ten classes and no other.")


def test_pictures_of_any_size(open_board):
    board = open_board()
    for shade, (width, height) in enumerate([(1, 1), (20, 31), (33, 32), (3000, 2000)]):
        colour, before = (10, 120, 60 * shade), picture(board)
        give(board, "own.png", png_of(np.full((height, width, 3), colour, "uint8")))
        wait_for_another(board, before)
        assert np.abs(picture(board).astype(int) - (*colour, 255)).max() <= 1


def test_what_is_see_through_lies_on_white_and_turned_photographs_stand_upright(open_board):
    board = open_board()
    clear = np.zeros((64, 64, 4), "uint8")
    clear[:32] = (0, 0, 255, 255)
    give(board, "clear.png", png_of(clear))
    wait_for_own(board)
    assert picture(board)[4, 4].tolist() == [0, 0, 255, 255]
    assert picture(board)[28, 4].tolist() == [255] * 4
    buffer = io.BytesIO()
    left_red = np.zeros((64, 64, 3), "uint8")
    left_red[:, :32, 0] = 250
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter: what is left comes to the top
    Image.fromarray(left_red).save(buffer, format="jpeg", quality=95, exif=exif)
    before = picture(board)
    give(board, "turned.jpg", buffer.getvalue(), "image/jpeg")
    wait_for_another(board, before)
    assert picture(board)[4, 28, 0] > 200
    assert picture(board)[28, 4, 0] < 30


def header_of(width, height):
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII5x", 13, b"IHDR", width, height)


NOISE = np.random.default_rng(0).integers(0, 256, (64, 64, 3), "uint8")
BAD = (
    ("notes.txt", b"no picture", "is a text file. " + EXPECTED),
    ("notes.png", b"no picture", "is a text file. " + EXPECTED),
    ("empty.png", b"", "is empty: 0 bytes. " + EXPECTED),
    (
        "broken.png",
        header_of(64, 64) + b"\0" * 300,
        "begins as a PNG but cannot be decoded: it is damaged or cut short. Choose another.",
    ),
    ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is an SVG drawing"),
    ("a.html", b"<!doctype html><script>alert(1)</script>", "is an HTML page. " + EXPECTED),
    ("a.pdf", b"%PDF-1.7 ...", "is a PDF. " + EXPECTED),
    ("large.png", png_of(NOISE) + b"\0" * 20_000_000, "20.0 MB, and at most 20 MB are read."),
    (
        "huge.png",
        header_of(60_000, 60_000) + b"\0" * 300,
        "has 60,000 × 60,000 pixels, and at most 50 million are decoded.",
    ),
    ("none.png", header_of(0, 0) + b"\0" * 300, "0 × 0 pixels: there is nothing in it"),
)


def test_bad_uploads_are_told_and_harm_nothing(open_board):
    board = open_board(image=3)
    before, said = picture(board), verdict(board)
    alert = board.locator(".rl-alert")
    for name, content, told in BAD:
        give(board, name, content, "application/octet-stream")
        alert.get_by_text(f"“{name}”").wait_for()
        assert told in alert.inner_text()
        assert np.array_equal(picture(board), before)
        assert verdict(board) == said
        assert board.locator(".rl-thumb[aria-checked=true]").count() == 1
    give(board, "good.png", png_of(NOISE))  # and the next one is taken
    wait_for_own(board)
    assert alert.count() == 0
    assert not np.array_equal(picture(board), before)


HAND_OVER = """(root, [what, base64, name, text]) => {
  const data = new DataTransfer();
  if (text) data.setData("text/plain", text);
  else {
    const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
    data.items.add(new File([bytes], name, { type: "image/png" }));
  }
  const options = { bubbles: true, cancelable: true };
  const event = what === "paste" ? new ClipboardEvent("paste", { ...options, clipboardData: data })
    : new DragEvent(what, { ...options, dataTransfer: data });
  window.reached = 0;
  const count = () => (window.reached += 1);
  document.addEventListener(what, count, { once: true });
  const target = root.querySelector(".rl-verdict");
  target.dispatchEvent(event);
  document.removeEventListener(what, count);
  return [event.defaultPrevented, window.reached];
}"""


@pytest.mark.parametrize("what", ["paste", "drop"])
def test_a_picture_is_pasted_or_dropped(open_board, what):
    board = open_board()
    red = base64.b64encode(png_of(np.full((40, 40, 3), (200, 10, 10), "uint8"))).decode()
    if what == "drop":
        handled, _ = board.evaluate(HAND_OVER, ["dragover", red, "a.png", ""])
        assert handled
        assert "rl-dropping" in board.get_attribute("class")
    assert board.evaluate(HAND_OVER, [what, red, "a.png", ""]) == [True, 0], (
        "the notebook is spared"
    )
    wait_for_own(board)
    assert "rl-dropping" not in board.get_attribute("class")
    assert picture(board)[16, 16].tolist() == [200, 10, 10, 255]
    board.evaluate(HAND_OVER, [what, "", "", "some words"])
    told = {"paste": "pasted", "drop": "dropped"}[what]
    board.locator(".rl-alert").wait_for()
    assert f"What was {told} is no picture file." in board.locator(".rl-alert").inner_text()
    assert picture(board)[16, 16].tolist() == [200, 10, 10, 255]


def test_the_keyboard_s_paste_reaches_it(open_board):
    board = open_board()
    page = board.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate(
        """async () => {
          const canvas = Object.assign(document.createElement("canvas"), { width: 50, height: 50 });
          const to = canvas.getContext("2d");
          to.fillStyle = "rgb(20, 200, 60)";
          to.fillRect(0, 0, 50, 50);
          const blob = await new Promise((resolve) => canvas.toBlob(resolve));
          await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
        }"""
    )
    board.locator(".rl-image").click()  # anywhere in the widget
    page.keyboard.press("Control+V")
    wait_for_own(board)
    assert picture(board)[16, 16].tolist() == [20, 200, 60, 255]


def test_of_several_pictures_the_last_stands(open_board):
    board = open_board()
    large = png_of(np.zeros((3000, 3000, 3), "uint8"))
    give(board, "slow.png", large)
    give(board, "quick.png", png_of(np.full((32, 32, 3), 200, "uint8")))
    board.page.wait_for_timeout(1500)
    assert picture(board)[16, 16].tolist() == [200, 200, 200, 255]


# ---------------------------------------------------------------- the page around it


def test_two_on_one_page_do_not_meet(open_board):
    first = open_board(more=TWICE)
    second = first.page.locator(".rl-switchboard").nth(1)
    second.scroll_into_view_if_needed()
    settled(second)
    before = percents(first)
    pick_net(second, "plain-20")
    switch(second, "stage1_block2").click()
    second.get_by_role("radio", name="dog, test image 4 of its class").click()
    give(second, "notes.txt", b"no picture")
    settled(second)
    assert second.locator(".rl-alert").count() == 1
    assert first.locator(".rl-alert").count() == 0
    assert percents(first) == before
    assert states(first) == [True] * 9
    assert first.get_attribute("data-kind") == "v1"
    assert first.get_by_role("radio", name="ResNet-20", exact=True).is_checked()
    page = first.page
    ids = page.evaluate("[...document.querySelectorAll('.rl [id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))


def test_it_leaves_nothing_behind(open_page):
    """Rendered for a stand-in of a model, without an IntersectionObserver: it loads at once."""
    page = open_page(NAME)
    board = BlockSwitchboard()
    worker = board.files[board.worker].decode()
    left = page.evaluate(
        """async ([source, state, worker]) => {
          const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
          const m = await import(url);
          const listeners = new Map();
          const model = {
            get: (name) => state[name], set: () => {}, save_changes: () => {},
            file: async (name) => { // a net never comes
              if (name !== state.worker) return new Promise(() => {});
              return new TextEncoder().encode(worker);
            },
            on: (event, listener) => listeners.set(event, listener),
            off: (event, listener) => listeners.get(event) === listener && listeners.delete(event),
          };
          let workers = 0;
          const urls = new Set();
          window.Worker = class extends window.Worker {
            constructor(...given) { super(...given); workers += 1; }
            terminate() { workers -= 1; super.terminate(); }
          };
          const [make, revoke] = [URL.createObjectURL, URL.revokeObjectURL];
          URL.createObjectURL = (blob) => {
            const made = make.call(URL, blob);
            urls.add(made);
            return made;
          };
          URL.revokeObjectURL = (made) => urls.delete(made) && revoke.call(URL, made);
          delete window.IntersectionObserver;
          const el = document.createElement("div");
          el.style.marginTop = "9000px"; // far
          document.body.append(el);
          const cleanup = m.default.render({ model, el });
          while (!workers) await new Promise((resolve) => setTimeout(resolve, 20));
          const before = [listeners.size, workers, urls.size];
          cleanup();
          el.remove();
          return [before, [listeners.size, workers, urls.size]];
        }""",
        [module_source("block_switchboard"), board.state(), worker],
    )
    assert left == [[4, 1, 1], [0, 0, 0]]


def test_keys_do_not_reach_the_notebook_around_it(open_board):
    board = open_board()
    board.page.evaluate("document.addEventListener('keydown', () => (window.reached = true))")
    switch(board, "stage1_block1").focus()
    for key in ("ArrowRight", "a", "Space", "Escape"):
        board.page.keyboard.press(key)
    assert board.page.evaluate("window.reached") is None


def test_what_it_says_is_read_aloud_once_it_rests(open_board):
    board = open_board()
    switch(board, "stage2_block1").click()
    settled(board)
    until_said(board, f"1 of 9 blocks off. {verdict(board)}")


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_and_axe_finds_nothing(open_board, assert_fits, axe_violations, width, theme):
    board = open_board(
        off={"stage1_block2": 0.5, "stage2_block2": 0}, how={"width": width, "theme": theme}
    )
    page = board.page

    assert_fits(board, width)
    dark = board.evaluate("(one) => getComputedStyle(one).colorScheme") == "dark"
    assert dark == (theme == "dark")
    assert axe_violations(page, ".rl-switchboard") == []
    give(board, f"{'a-long-name-' * 20}.png", b"no picture")
    board.locator(".rl-alert").wait_for()
    pick_net(board, "plain-20")
    press(board, "Accuracy over 200 images")
    wait_for_count(board)
    assert_fits(board, width)
    assert axe_violations(page, ".rl-switchboard") == []
    pick_net(board, "ResNet-56")
    assert_fits(board, width)
    assert axe_violations(page, ".rl-switchboard") == []


@pytest.mark.parametrize("width", [375, 1280])
def test_nothing_above_the_maps_jumps(open_board, width):
    board = open_board(image=3, how={"width": width})
    tops = ".rl-gallery, .rl-verdict, .rl-removers, .rl-switches, .rl-accuracy, .rl-sizes"

    def places():
        return board.evaluate(
            """(root, names) => [...root.querySelectorAll(names)]
              .map((one) => Math.round(one.getBoundingClientRect().top
                - root.getBoundingClientRect().top))""",
            tops,
        )

    before = places()
    for change in (
        lambda: switch(board, "stage2_block1").click(),
        lambda: board.get_by_role("radio", name="automobile, test image 4 of its class").click(),
        lambda: press(board, "Remove the last 3"),
        lambda: press(board, "Accuracy over 200 images"),
        lambda: press(board, "All on"),
    ):
        change()
        settled(board)
        assert places()[:4] == before[:4]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_forced_colours_leave_bars_and_choices(open_board, theme):
    """Where a reader's system takes every background away."""
    board = open_board(how={"theme": theme})
    board.page.emulate_media(forced_colors="active")

    def grounds(selector, pseudo=None):
        """The background of all of these."""
        return board.locator(selector).evaluate_all(
            "(all, pseudo) => all.map((one) => getComputedStyle(one, pseudo).backgroundColor)",
            pseudo,
        )

    (page,) = set(grounds(".rl-net-controls"))
    assert set(grounds(".rl-choice input:checked + span")).isdisjoint(
        grounds(".rl-choice input:not(:checked) + span")
    )
    for bars in (
        grounds(".rl-now"),
        grounds(".rl-before"),
        grounds(".rl-sizes-key span", "::before"),
    ):
        assert bars
        assert not {page, "rgb(255, 255, 255)" if theme == "light" else "rgb(0, 0, 0)"} & set(bars)
