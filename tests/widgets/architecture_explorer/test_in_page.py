"""The ArchitectureExplorer under a reader's hand: mouse, keyboard, two at once."""

import pytest
from mount_widget import (
    assert_accessible,
    assert_ids_differ,
    button,
    keys,
    mount,
    open_mount_page,
    radio,
    shows,
)
from playwright.sync_api import expect

NAME = "03_two_architectures"
TWIN = '[data-rl-module="architecture_explorer"]'
DRAWN = {"Depth": "20 *", "Parameters": "274,442 *", "Multiply-adds": "40.8 M *"}
DRAWN |= {"Activations": "340 MB *"}


@pytest.fixture(scope="module")
def shared_page(open_shared_page):
    return open_mount_page(open_shared_page, NAME)


@pytest.fixture
def explorer(shared_page):
    """`explorer(**how)`: a fresh one in the shared page; traits are changed by `n`, and so on."""

    def explorer(*, version="v1", n=3, shortcut="projection", **how):
        state = {"version": version, "n": n, "shortcut": shortcut}
        return mount(shared_page, "architecture_explorer", state, **how)

    return explorer


def blocks(widget, count):
    """So many, and the stem and the classifier."""
    expect(widget.locator(".rl-block")).to_have_count(count + 2)


def count(widget, selector, number):
    expect(widget.locator(selector)).to_have_count(number)


def code_holds(widget, text):
    expect(widget.locator("code")).to_contain_text(text)


def pick(widget, name):
    radio(widget, name).click()


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_built_page_draws_what_it_holds_and_copies_it(open_page, scheme):
    page = open_page(NAME, scheme=scheme)
    widget = page.locator(f"{TWIN} .rl").first
    shows(widget, DRAWN)
    blocks(widget, 9)
    count(widget, ".rl-shortcut", 9)
    count(widget, ".rl-shortcut-projection", 2)
    expect(page.locator(f"{TWIN} .rl-picture").first).to_be_hidden()
    code_holds(widget, "resnet_v1((32, 32, 3), depth=20)")
    code_holds(widget, "import resnet_v1")

    copy = widget.locator(".rl-code button")
    if scheme == "http":
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        copy.click()
        expect(copy).to_have_text("Copied")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == widget.locator("code").inner_text()
    # Without a clipboard the text is marked for the reader's own copy.
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    pick(widget, "v2")
    expect(copy).to_have_text("Copy")
    copy.click()
    expect(copy).not_to_have_text("Copy")
    assert page.evaluate("getSelection().toString()") == widget.locator("code").inner_text()


def test_every_control_by_mouse(explorer):
    widget = explorer()
    pick(widget, "v2")
    shows(widget, {"Depth": "29 *", "Parameters": "849,002 *"})
    count(widget, ".rl-shortcut-projection", 3)

    pick(widget, "none (plain)")
    count(widget, ".rl-shortcut", 0)
    expect(widget).to_have_attribute("data-kind", "plain")
    code_holds(widget, 'shortcut="none"')

    pick(widget, "highway")
    count(widget, ".rl-gate", 9)
    pick(widget, "pad")
    count(widget, ".rl-shortcut-pad", 3)
    pick(widget, "projection")

    slider = widget.locator("input[type=range]")
    box = slider.bounding_box()
    slider.click(position={"x": box["width"] - 1, "y": box["height"] / 2})
    expect(widget.locator("input[type=number]")).to_have_value("200")
    blocks(widget, 600)

    pick(widget, "v1")
    button(widget, "ResNet-110").click()
    shows(widget, {"Parameters": "1,742,762 *"})
    blocks(widget, 54)


def test_every_control_by_keyboard(explorer):
    widget = explorer()
    slider, field = (widget.locator(f"input[type={kind}]") for kind in ("range", "number"))
    radio(widget, "v1").focus()
    keys(widget, "ArrowRight")
    shows(widget, {"Depth": "29 *"})
    keys(widget, "Tab", "ArrowRight")  # the slider
    shows(widget, {"Depth": "38 *"})
    expect(slider).to_have_attribute("aria-valuetext", "n = 4, depth 38")
    keys(widget, "Tab", "7", "Enter")  # the field: what is typed replaces what stood there
    shows(widget, {"Depth": "65 *"})
    for typed in ("9999", ""):  # held within its range; an empty field goes back
        field.fill(typed)
        keys(widget, "Enter")
        expect(field).to_have_value("200")
    keys(widget, "Tab", "ArrowRight")  # the shortcuts
    code_holds(widget, 'shortcut="pad"')
    keys(widget, "Tab", "Enter")  # the first chip
    shows(widget, {"Depth": "29 *"})


def test_a_block_tells_what_is_in_it(explorer):
    widget = explorer()
    page = widget.page
    title = widget.locator(".rl-detail strong")
    expect(title).to_have_text("Stage 1, block 1")
    widget.locator("[data-block=stage2_block1]").hover()
    expect(title).to_have_text("Stage 2, block 1")
    shows(widget, {"detail-head": "*14,688 parameters*", "detail .rl-note": "*1×1 convolution*"})
    count(widget, ".rl-detail tbody tr", 8)
    page.mouse.move(0, 0)
    expect(title).to_have_text("Stage 1, block 1")  # a pointer that leaves shows the chosen again

    widget.locator("[data-block=stage3_block2]").click()
    page.mouse.move(0, 0)
    expect(title).to_have_text("Stage 3, block 2")  # a click keeps it
    for key, expected in (
        *(("ArrowRight", "Stage 3, block 3"), ("ArrowLeft", "Stage 3, block 2")),
        *(("PageUp", "Stage 2, block 2"), ("Home", "Stem"), ("End", "Classifier")),
    ):
        keys(widget, key)
        expect(title).to_have_text(expected)
    count(widget, '.rl-net [tabindex="0"]', 1)  # one stop for the Tab key


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_detail_does_not_make_the_page_jump(explorer, version, width):
    widget = explorer(version=version, width=width)
    titles = ["Stem", "Stage 1, block 1", "Stage 2, block 1", "Stage 3, block 3", "Classifier"]
    names = ("stem", "stage1_block1", "stage2_block1", "stage3_block3", "head")
    for shortcut in ("projection", "pad", "highway", "none (plain)"):
        pick(widget, shortcut)
        heights = set()
        for block, title in zip(names, titles, strict=True):
            widget.locator(f"[data-block={block}]").hover()
            expect(widget.locator(".rl-detail strong")).to_have_text(title)
            detail = widget.locator(".rl-detail").bounding_box()
            table = widget.locator(".rl-detail table").bounding_box()
            heights.add(detail["height"])
            assert table["x"] + table["width"] < detail["x"] + detail["width"], (shortcut, block)
        assert len(heights) == 1, (shortcut, heights)


def test_two_on_one_page_do_not_meet(explorer):
    explorer()
    second = explorer(beside=True)
    first = second.page.locator("main > div > .rl").first
    pick(second, "v2")
    button(second, "ResNet-110").click()
    for widget, version, depth in ((second, "v2", 110), (first, "v1", 20)):
        shows(widget, {"Depth": f"{depth} *"})
        expect(radio(widget, version)).to_be_checked()
    assert_ids_differ(second.page)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"version": "v3"}, "version must be v1 or v2; got v3"),
        ({"n": 0}, "n must be a whole number from 1 to 200; got 0"),
        ({"shortcut": "long"}, "shortcut must be one of *"),
    ],
)
def test_a_state_that_cannot_be_drawn_is_told(explorer, wrong, said):
    shows(explorer(**wrong), {"error": f"*{said}"})


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_and_axe_finds_nothing(explorer, axe_violations, width, theme):
    for n in (200, 18, 3):
        widget = explorer(width=width, theme=theme, n=n)
        assert widget.page.evaluate("document.documentElement.scrollWidth") <= width
        right = widget.locator(".rl-stage .rl-body").evaluate_all(
            "all => Math.max(...all.map((one) => one.getBoundingClientRect().right))"
        )
        assert right <= width
    expect(widget).to_have_css("color-scheme", theme)
    for kind in ("v2", "highway", "none (plain)"):
        pick(widget, kind)
        assert_accessible(widget, axe_violations)


@pytest.mark.timed
def test_a_redraw_is_quick(open_page, capsys):
    page = open_page(NAME)
    times = page.evaluate(
        """async () => {
          const field = document.querySelector(".rl input[type=number]");
          const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
          const times = {};
          for (const n of [3, 18, 200]) {
            const taken = [];
            for (let round = 0; round < 9; round += 1) {
              field.value = n - (round % 2);
              const start = performance.now();
              field.dispatchEvent(new Event("change"));
              await Promise.resolve();
              document.body.offsetHeight;
              taken.push(performance.now() - start);
            }
            times[n] = median(taken);
          }
          return times;
        }"""
    )
    with capsys.disabled():
        print("\nArchitectureExplorer redraws in ms:", {n: round(t, 1) for n, t in times.items()})
    assert times["18"] < 40
    assert times["200"] < 200
