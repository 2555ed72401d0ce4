"""Test how the BlockSwitchboard loads nets and counts images in its worker."""

import re

import pytest
from playwright.sync_api import expect
from switchboard_page import (
    ASKED,
    COUNT,
    FAR,
    FIGURES,
    LET_GO,
    NAME,
    NEAR,
    WATCH,
    agree,
    button,
    count,
    figures,
    keras_says,
    marks,
    percents,
    pick,
    pick_net,
    pixels_of,
    press,
    settled,
    switch,
    until_counted,
    until_verdict,
    verdict,
    whole_marks,
)
from waiting import wait_until

# ---------------------------------------------------------------- the worker


@pytest.fixture
def counting(open_board):
    """A board that counts and stands at 5 of 200; what its worker says after that is held back."""
    board = open_board()
    board.page.evaluate("watched.held = []")
    press(board, COUNT)
    board.page.wait_for_function("document.querySelector('.rl-progress').value === 5")
    return board


def let_go(board):
    """The page learns how the count has ended."""
    board.page.wait_for_function("watched.ended")
    board.page.evaluate(LET_GO)


def test_it_can_be_asked_while_it_counts(counting):
    pick(counting, "frog, test image 3 of its class")
    settled(counting)
    assert "it is a frog" in verdict(counting)
    assert button(counting, "Cancel").is_visible(), "the count goes on"
    assert re.fullmatch(r"5 of 200, \d right", counting.locator(".rl-phase").inner_text())
    assert counting.get_by_role("progressbar").get_attribute("max") == "200"
    let_go(counting)
    until_counted(counting)


@pytest.mark.parametrize("why", ["", " The setting had changed."], ids=["cancel", "switch"])
def test_a_count_is_cancelled_or_called_off_by_a_switch(counting, why):
    (switch(counting, "stage2_block2") if why else button(counting, "Cancel")).click()
    status = counting.locator(".rl-accuracy [role=status]")
    points = r"\d of 5 right: [\d.]+ % wrong \(± [\d.]+ points, one standard error\)\."
    said = re.compile(f"^Stopped after 5 of 200: {points}{why}$")
    expect(status).to_have_text(said)
    let_go(counting)
    expect(status).to_have_text(said)
    assert figures(counting)[0] == "–", "what the old count came to is not said"
    press(counting, COUNT)
    assert button(counting, "Cancel").is_visible()


@pytest.mark.timed
def test_the_page_does_not_freeze(open_board, watch_for_freezes, capsys):
    """Other work on the machine makes gaps of its own: three attempts."""
    for _ in range(3):
        board = open_board(net="ResNet-56")
        watched = watch_for_freezes(board.page)
        press(board, COUNT)
        pick(board, "frog, test image 3 of its class")
        for _ in range(12):
            board.page.keyboard.press("ArrowRight")
        board.page.wait_for_function("document.querySelector('.rl-progress').value >= 50")
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


def until_gallery(board):
    wait_until(lambda: pixels_of(board, ".rl-thumbnail canvas").any())


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"scales": [1, 0]}, "a number for each of the 9 blocks of ResNet-20, or none; got 2"),
        ({"nets": []}, "There are no trained nets here"),
    ],
    ids=str,
)
def test_a_state_that_cannot_be_shown_is_told(open_board, wrong, told):
    board = open_board(ready=False, **wrong)
    board.scroll_into_view_if_needed()  # here it would let its net compute
    assert told in board.locator(".rl-state-problem").inner_text()
    assert not board.locator(".rl-image-panel").is_visible()
    until_gallery(board)
    assert board.evaluate(NEAR)
    assert board.page.evaluate(ASKED) == []


def test_nothing_is_fetched_before_it_is_near(open_board):
    board = open_board(ready=False, how=FAR)
    page = board.page
    until_gallery(board)
    assert not board.evaluate(NEAR)
    assert page.evaluate(ASKED) == []
    assert board.locator(".rl-thumbnail").count() == 40
    assert board.locator(".rl-probability").first.inner_text() == "–"
    height = board.bounding_box()["height"]
    board.scroll_into_view_if_needed()
    settled(board)
    names = [url.rsplit("/", 1)[1].split(".")[0] for url in page.evaluate(ASKED)]
    assert sorted(names) == ["inference_worker", FIGURES[0]["run"]]
    assert abs(board.bounding_box()["height"] - height) < 40, "the page does not jump"
    count(board)
    assert page.evaluate(ASKED)[-1].rsplit("/", 1)[1].startswith("test_images.")


@pytest.fixture
def board_on_a_new_page(open_board, open_page):
    """A board far down on a page that has fetched no file: Chromium keeps those that it has."""
    return open_board(page=open_page(NAME, prepare=WATCH), ready=False, how=FAR)


def test_a_file_that_does_not_come_is_told_and_asked_for_again(board_on_a_new_page):
    board, page = board_on_a_new_page, board_on_a_new_page.page
    page.route("**/_static/files/resnet20*", lambda route: route.fulfill(body=""))
    board.scroll_into_view_if_needed()
    until_verdict(board, "does not compute")
    assert re.match(
        rf"ResNet-20 does not compute here: .*{FIGURES[0]['run']}\.\w+\.js could not be "
        r"loaded, which this widget needs\. The drawing and the recorded figures stand\.",
        verdict(board),
    )
    switch(board, "stage3_block2").click()  # the rest stands
    assert "this block alone off" in board.locator(".rl-accuracy").inner_text()
    assert "does not compute" in verdict(board)
    press(board, COUNT)
    expect(board.locator(".rl-accuracy [role=status]")).to_contain_text("could not be counted")
    pick_net(board, "plain-20")  # another net's file comes
    pick(board, "ResNet-20")
    assert "does not compute" in verdict(board)
    page.unroute_all()
    press(board, "Try again")
    assert board.evaluate("(root) => root.contains(document.activeElement)"), "it keeps the focus"
    settled(board)
    assert not button(board, "Try again").is_visible()


def test_blocks_switched_while_the_net_is_loaded_are_off_when_it_speaks(board_on_a_new_page):
    board, held = board_on_a_new_page, []
    board.page.route("**/_static/files/resnet20*", lambda route: held.append(route))
    board.scroll_into_view_if_needed()
    until_verdict(board, "Loading ResNet-20")
    pick_net(board, "plain-20")
    pick(board, "ResNet-20")
    assert verdict(board).startswith("Loading ResNet-20")
    off = ("stage1_block2", "stage2_block1")
    for name in off:
        switch(board, name).click()
    held[0].continue_()
    settled(board)
    probabilities, whole = (keras_says("ResNet-20", one, 0) for one in (off, ()))
    assert all(map(agree, percents(board), probabilities))
    assert marks(board) == pytest.approx(whole_marks(whole), abs=0.1)


def test_a_worker_that_cannot_start_is_told(open_board):
    board = open_board(ready=False, how=FAR)
    no_worker = "window.Worker = function () { throw new Error('they are forbidden'); }"
    board.page.evaluate(f"() => {{ {no_worker} }}")
    board.scroll_into_view_if_needed()
    until_verdict(board, "does not compute")
    assert "they are forbidden" in verdict(board)
    assert board.get_by_role("switch").count() == 9
