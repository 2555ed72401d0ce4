"""Test the BlockSwitchboard's results against Keras, and its controls."""

import re

import numpy as np
import pytest
from announcements import expect_announcement
from playwright.sync_api import expect
from reload_widget import LOOKS
from sprite_images import decode_images
from switchboard_page import (
    COUNT,
    FIGURES,
    LISTEN,
    agree,
    button,
    chosen,
    count,
    details,
    figures,
    give,
    keras_says,
    marks,
    percents,
    pick,
    pick_net,
    picture,
    pixels_of,
    press,
    settled,
    states,
    switch,
    verdict,
    whole_marks,
)

from resnet_lib.data.cifar10 import CLASS_NAMES
from resnet_lib.widgets.block_switchboard.widget import BlockSwitchboard
from resnet_lib.widgets.net_in_page.weights_file import list_blocks
from resnet_lib.widgets.shared.widget import module_source

# ---------------------------------------------------------------- what it says


@pytest.mark.parametrize(
    ("label", "off", "image"),
    [
        ("ResNet-20", (), 3),
        ("ResNet-20", ("stage1_block2", "stage2_block1", "stage3_block3"), 17),
        ("plain-20", ("stage2_block2",), 3),
        ("ResNet-56", ("stage1_block5", "stage2_block7"), 25),
    ],
    ids=str,
)
def test_it_says_what_keras_says(open_board, label, off, image):
    board = open_board(net=label, off=off, image=image)
    probabilities, whole = keras_says(label, off, image), keras_says(label, (), image)
    for shown, probability in zip(percents(board), probabilities, strict=True):
        assert agree(shown, probability), (shown, probability)
    best, truth = CLASS_NAMES[probabilities.argmax()], CLASS_NAMES[image % 10]
    assert re.match(rf"The net says {best}, .* %; it is an? {truth}\.", verdict(board))
    assert board.locator(".rl-best-class .rl-class").inner_text().split("\n")[0] == best
    assert board.locator(".rl-true-class .rl-class").inner_text() == f"{truth}\n(what it is)"
    assert states(board) == [name not in off for name in list_blocks(len(states(board)) // 3)]
    before = CLASS_NAMES[whole.argmax()]
    assert (f"With every block on it says {before}" in verdict(board)) == (before != best)
    assert marks(board) == pytest.approx(whole_marks(whole) if off else [0] * 10, abs=0.1)


def test_accuracy_is_what_keras_counts(open_board):
    off = ("stage2_block2", "stage3_block2")
    board = open_board(off=off)
    count(board)
    right = keras_says("ResNet-20", off, None)
    assert details(board)[0].startswith(f"{right} of 200 right, ±")
    assert figures(board)[0] == f"{100 - right / 2:.1f} % wrong"


# ---------------------------------------------------------------- controls


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_every_control_by_mouse(open_board, scheme):
    board = open_board(scheme=scheme)
    assert not board.page.locator(".rl-picture").first.is_visible()
    assert states(board) == [True] * 9
    first = percents(board)
    for on in (False, True):
        switch(board, "stage2_block1").click()
        settled(board)
        assert states(board) == [True] * 3 + [on] + [True] * 5
        assert (percents(board) == first) == on
        assert chosen(board) == "Stage 2, block 1"
        assert board.locator("output").inner_text() == f"{on:.2f}"

    board.locator("input[type=range]").click()  # in its middle
    assert board.locator("output").inner_text() == "0.50"
    assert (figures(board)[1], details(board)[1]) == ("–", "not recorded for this setting")
    assert "1 scaled" in board.locator(".rl-section-title").first.inner_text()
    press(board, "All on")
    settled(board)
    assert percents(board) == first
    lesions = FIGURES[0]["lesions"]
    assert figures(board)[1] == f"{lesions['whole']:.2f} % wrong"
    named = board.locator(".rl-accuracy dt").last.inner_text()
    assert named == "All 10,000 test images, recorded"

    orders, beside = lesions["orders"], board.locator(".rl-removal .rl-field-note")
    # What was recorded for which setting: `recorded_errors.test.mjs`.
    for name, off, error, words in (
        ("the first 3", [0, 1, 2], lesions["first"][2], "the first 3 blocks off"),
        ("the last 3", [6, 7, 8], lesions["last"][2], "the last 3 blocks off"),
        ("3 at random", orders[0][:3], lesions["random"][0][2], "random draw 1 of"),
        ("3 at random", orders[1][:3], lesions["random"][1][2], "random draw 2 of"),
    ):
        press(board, f"Remove {name}")
        assert states(board) == [block not in off for block in range(9)]
        assert figures(board)[1] == f"{error:.2f} % wrong"
        assert details(board)[1].startswith(f"with {words}")
        assert beside.inner_text() == (f"{words} {len(orders)}" if "random" in words else "")
    switch(board, "stage1_block1").click()
    assert beside.inner_text() == "", "it is no draw any more"
    switch(board, "stage1_block1").click()

    pick_net(board, "plain-20")
    assert board.get_attribute("data-kind") == "plain"
    assert states(board) == [block not in orders[1][:3] for block in range(9)], "what is off stays"
    assert board.locator(".rl-shortcut").count() == 0
    assert board.locator(".rl-scaled-down .rl-bypass").count() == 3
    pick_net(board, "ResNet-56")
    assert states(board) == [True] * 27
    assert "resnet56_v1_pad" in board.locator(".rl-weights-note").inner_text()

    board.locator("select").select_option("Stage 3, block 9")
    settled(board)
    assert "Stage 3, block 9" in board.locator(".rl-maps-text").inner_text()
    board.locator(".rl-size").nth(4).click()
    assert chosen(board) == "Stage 1, block 5"
    pick(board, "ship, test image 2 of its class")
    settled(board)
    assert "it is a ship" in verdict(board)
    assert np.array_equal(picture(board)[..., :3], decode_images()[0][18])


def test_every_control_by_keyboard(open_board):
    board = open_board()
    key, page = board.page.keyboard.press, board.page

    def focused(what):
        return page.evaluate(f"document.activeElement.{what}")

    board.locator("input[type=radio]").first.focus()
    key("ArrowRight")
    settled(board)
    assert board.get_attribute("data-kind") == "plain"
    key("Tab")  # to the reader's own picture
    assert focused("type") == "file"
    key("Tab")  # to the gallery
    moves = "ArrowRight ArrowDown End ArrowRight ArrowUp ArrowLeft Home ArrowUp"
    images = "airplane 2,automobile 2,truck 4,truck 4,ship 4,ship 3,airplane 1,airplane 1"
    for move, image in zip(moves.split(), images.split(","), strict=True):
        key(move)
        name = "{}, test image {} of its class".format(*image.split())
        assert focused("ariaLabel") == name
        assert board.locator(".rl-thumbnail[aria-checked=true]").get_attribute("aria-label") == name
        assert board.locator('.rl-thumbnail[tabindex="0"]').count() == 1
    settled(board)
    assert "it is an airplane" in verdict(board)
    key("Tab")  # to all on
    key("Tab")  # to k
    page.keyboard.type("2")
    for expected in ([False] * 2 + [True] * 7, [True] * 7 + [False] * 2):  # the first 2, the last
        key("Tab")
        key("Enter")
        assert states(board) == expected
    key("Tab")
    key("Enter")  # 2 at random
    assert states(board).count(False) == 2
    key("Tab")  # to the switches
    assert focused("getAttribute('role')") == "switch"
    press(board, "All on")
    switch(board, "stage1_block1").focus()
    moves = "ArrowRight ArrowDown PageDown End ArrowRight ArrowLeft PageUp Home"
    for move, place in zip(moves.split(), (12, 13, 23, 33, 33, 32, 22, 11), strict=True):
        key(move)
        name = f"stage{place // 10}_block{place % 10}"
        assert focused("dataset.block") == name
        assert states(board) == [True] * 9, "to come to a block does not switch it"
        assert board.locator(".rl-selected[data-block]").get_attribute("data-block") == name
    assert board.locator('.rl-switches [tabindex="0"]').count() == 1, "one stop for the Tab key"
    for press_key, on in (("Space", False), ("Enter", True)):
        key(press_key)
        assert states(board) == [on] + [True] * 8
        assert focused("dataset.block") == "stage1_block1"
    key("Tab")  # to the chosen block
    key("ArrowDown")
    assert chosen(board) == "Stage 1, block 2"
    key("Tab")  # to its scale
    key("ArrowLeft")
    assert board.locator("output").inner_text() == "0.95"
    assert focused("getAttribute('aria-valuetext')") == "at 0.95"
    label = switch(board, "stage1_block2").get_attribute("aria-label")
    assert label == "Stage 1, block 2, at 0.95"
    key("Home")
    assert states(board) == [True, False] + [True] * 7
    page.evaluate("watched.held = []")  # the count does not end by itself
    key("Tab")  # to the accuracy
    key("Enter")
    assert button(board, "Cancel").is_visible()
    key("Enter")
    assert "Stopped" in board.locator(".rl-accuracy [role=status]").inner_text()


def test_the_number_of_blocks_to_remove_is_held_within_the_net(open_board):
    board = open_board()
    field = board.locator(".rl-removal-count input")
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


def heights(board, selector):
    return board.locator(selector).evaluate_all(
        "all => all.map((one) => Number(one.getAttribute('height')))"
    )


def test_branches_sizes_and_maps_are_drawn_and_told(open_board):
    board = open_board(off={"stage1_block1": 0.25, "stage2_block2": 0}, block="stage2_block2")
    for name, share in (("stage1_block1", 0.25), ("stage2_block2", 0), ("stage3_block1", 1)):
        body, outline = (
            heights(board, f"[data-block={name}] .rl-{one}") for one in ("body", "body-outline")
        )
        assert body == pytest.approx([share * tall for tall in outline]), (
            "turned down it fills less"
        )
        seen = (
            switch(board, name)
            .locator(".rl-body-outline")
            .first.evaluate("(one) => getComputedStyle(one).visibility")
        )
        assert seen == ("hidden" if share == 1 else "visible")

    rows = board.locator(".rl-sizes tbody tr").evaluate_all(
        "rows => rows.map((row) => [...row.querySelectorAll('td')].map((td) => +td.textContent))"
    )
    assert len(rows) == 9
    assert rows[4][0] == 0
    assert min(min(row) for row in rows[:4]) > 0
    said = board.locator(".rl-sizes + p").inner_text()
    assert said == f"Stage 2, block 2: skip {rows[4][1]:.2f}, the branch adds nothing"
    tall, skips = heights(board, ".rl-size-skip"), [row[1] for row in rows]
    assert tall == pytest.approx([max(tall) * one / max(skips) for one in skips], abs=1.5)

    board.locator("select").select_option("Stage 3, block 3")
    settled(board)
    label = board.locator(".rl-maps").get_attribute("aria-label")
    assert label.startswith("Stage 3, block 3 hands on 64 maps of 8 × 8. One scale for all: dark")
    # Some pixel is white, and most are not: the picture is of something.
    drawn = pixels_of(board, ".rl-maps").reshape(-1, 4)
    drawn = drawn[drawn[:, 3] == 255]
    assert (drawn[:, :3].min(1) == 255).any()
    assert len(np.unique(drawn, axis=0)) > 50


# ---------------------------------------------------------------- the page around it


def test_two_on_one_page_do_not_meet(open_board):
    first = open_board(how={"twice": True})
    second = first.page.locator(".rl-switchboard").nth(1)
    second.scroll_into_view_if_needed()
    settled(second)
    before = percents(first)
    pick_net(second, "plain-20")
    switch(second, "stage1_block2").click()
    pick(second, "dog, test image 4 of its class")
    give(second, "notes.txt", b"no picture")
    settled(second)
    expect(second.locator(".rl-alert")).to_have_count(1)
    assert first.locator(".rl-alert").count() == 0
    assert percents(first) == before
    assert states(first) == [True] * 9
    assert first.get_attribute("data-kind") == "v1"
    assert first.get_by_role("radio", name="ResNet-20", exact=True).is_checked()
    ids = first.page.evaluate("[...document.querySelectorAll('.rl [id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))


def test_it_leaves_nothing_behind(open_page):
    """Rendered for a stand-in of a model, without an IntersectionObserver: it loads at once."""
    board = BlockSwitchboard()
    left = open_page("cheat_sheet").evaluate(
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
          let [workers, urls, started] = [0, new Set(), null];
          const working = new Promise((resolve) => (started = resolve));
          window.Worker = class extends window.Worker {
            constructor(...given) { super(...given); workers += 1; started(); }
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
          await working;
          const before = [listeners.size, workers, urls.size];
          cleanup();
          el.remove();
          return [before, [listeners.size, workers, urls.size]];
        }""",
        [
            module_source("block_switchboard/block_switchboard"),
            board.state(),
            board.files[board.worker].decode(),
        ],
    )
    assert left == [[4, 1, 1], [0, 0, 0]]


def test_keys_stay_in_it_and_it_is_read_aloud_once_it_rests(open_board):
    board = open_board()
    page = board.page
    page.evaluate(LISTEN, "keydown")
    switch(board, "stage1_block1").focus()
    for key in ("ArrowRight", "a", "Space", "Escape"):
        page.keyboard.press(key)
    assert page.evaluate("reached") == 0, "the notebook around it is spared"
    settled(board)
    expect_announcement(board, f"1 of 9 blocks off. {verdict(board)}")


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_it_fits_and_axe_finds_nothing(open_board, assert_fits, axe_violations, width, theme):
    off = {"stage1_block2": 0.5, "stage2_block2": 0}
    board = open_board(off=off, how={"width": width, "theme": theme})

    def is_fine():
        assert_fits(board, width)
        assert axe_violations(board.page, ".rl-switchboard") == []

    assert board.evaluate("(one) => getComputedStyle(one).colorScheme") == theme
    is_fine()
    give(board, f"{'a-long-name-' * 20}.png", b"no picture")
    board.locator(".rl-alert").wait_for()
    pick_net(board, "plain-20")
    count(board)
    is_fine()
    pick_net(board, "ResNet-56")
    is_fine()


@pytest.mark.parametrize("width", [375, 1280])
def test_nothing_above_the_maps_jumps(open_board, width):
    board = open_board(image=3, how={"width": width})

    def places():
        return board.evaluate(
            """(root) => [...root.querySelectorAll(
                ".rl-gallery, .rl-verdict, .rl-removal, .rl-switches")]
              .map((one) => Math.round(one.getBoundingClientRect().top
                - root.getBoundingClientRect().top))"""
        )

    before = places()
    assert len(before) == 4
    for change in (
        lambda: switch(board, "stage2_block1").click(),
        lambda: pick(board, "automobile, test image 4 of its class"),
        lambda: press(board, "Remove the last 3"),
        lambda: press(board, COUNT),
        lambda: press(board, "All on"),
    ):
        change()
        settled(board)
        assert places() == before


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
        grounds(".rl-bar"),
        grounds(".rl-bar-before"),
        grounds(".rl-sizes-key span", "::before"),
    ):
        assert bars
        assert not {page, "rgb(255, 255, 255)" if theme == "light" else "rgb(0, 0, 0)"} & set(bars)
