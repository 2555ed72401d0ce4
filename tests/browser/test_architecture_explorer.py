"""The ArchitectureExplorer under a reader's hand: mouse, keyboard, two at once."""

import json

import pytest

NAME = "03_two_architectures"
TWIN = '[data-rl-module="architecture_explorer"]'
ROOT = f"{TWIN} .rl"
# What the page holds is changed before the loader meets it.
BEFORE_LOADER = """document.addEventListener("readystatechange", () => {
  const twin = document.querySelector('[data-rl-module="architecture_explorer"]');
  if (document.readyState === "interactive") { %s }
})"""
TWICE = BEFORE_LOADER % "twin.after(twin.cloneNode(true));"


def figure(widget, name):
    return (
        widget.locator(f".rl-totals div:has(dt:text-is('{name}')) dd").inner_text().split("\n")[0]
    )


def blocks(widget):
    return widget.locator(".rl-block").count() - 2  # less the stem and the classifier


def pick(widget, name):
    widget.get_by_role("radio", name=name, exact=True).click()


@pytest.fixture(params=["http", "file"])
def page(open_page, request):
    return open_page(NAME, scheme=request.param)


@pytest.fixture
def widget(page):
    return page.locator(ROOT).first


def test_it_is_drawn_as_the_page_says(widget):
    assert figure(widget, "Depth") == "20"
    assert figure(widget, "Parameters") == "274,442"
    assert figure(widget, "Multiply-adds") == "40.8 M"
    assert figure(widget, "Activations") == "340 MB"
    assert blocks(widget) == 9
    assert widget.locator(".rl-arc").count() == 9
    assert widget.locator(".rl-arc-projection").count() == 2
    assert not widget.page.locator(f"{TWIN} .rl-picture").first.is_visible()
    assert "resnet_v1((32, 32, 3), depth=20)" in widget.locator("code").inner_text()


def test_every_control_by_mouse(widget):
    pick(widget, "v2")
    assert figure(widget, "Depth") == "29"
    assert figure(widget, "Parameters") == "849,002"
    assert widget.locator(".rl-arc-projection").count() == 3

    pick(widget, "none (plain)")
    assert widget.locator(".rl-arc").count() == 0
    assert widget.get_attribute("data-kind") == "plain"
    assert 'shortcut="none"' in widget.locator("code").inner_text()

    pick(widget, "highway")
    assert widget.locator(".rl-gate").count() == 9
    pick(widget, "pad")
    assert widget.locator(".rl-arc-pad").count() == 3
    pick(widget, "projection")

    slider = widget.locator("input[type=range]")
    box = slider.bounding_box()
    widget.page.mouse.click(box["x"] + box["width"] - 1, box["y"] + box["height"] / 2)
    assert widget.locator("input[type=number]").input_value() == "200"
    assert blocks(widget) == 600

    pick(widget, "v1")
    widget.get_by_role("button", name="ResNet-110").click()
    assert figure(widget, "Parameters") == "1,742,762"
    assert blocks(widget) == 54


def test_every_control_by_keyboard(widget):
    page = widget.page
    widget.locator("input[type=radio]").first.focus()
    page.keyboard.press("ArrowRight")
    assert figure(widget, "Depth") == "29"
    page.keyboard.press("Tab")  # to the slider
    page.keyboard.press("ArrowRight")
    assert figure(widget, "Depth") == "38"
    assert widget.locator("input[type=range]").get_attribute("aria-valuetext") == "n = 4, depth 38"
    page.keyboard.press("Tab")  # to the field
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    assert figure(widget, "Depth") == "65", "what is typed replaces what stood there"
    widget.locator("input[type=number]").fill("9999")
    page.keyboard.press("Enter")
    assert widget.locator("input[type=number]").input_value() == "200", "held within its range"
    widget.locator("input[type=number]").fill("")
    page.keyboard.press("Enter")
    assert widget.locator("input[type=number]").input_value() == "200", "an empty field goes back"
    page.keyboard.press("Tab")  # to the shortcuts
    page.keyboard.press("ArrowRight")
    assert 'shortcut="pad"' in widget.locator("code").inner_text()
    page.keyboard.press("Tab")  # to the first chip
    page.keyboard.press("Enter")
    assert figure(widget, "Depth") == "29"


def test_a_block_tells_what_is_in_it(widget):
    page = widget.page
    title = widget.locator(".rl-detail strong")
    assert title.inner_text() == "Stage 1, block 1"
    widget.locator("[data-block=stage2_block1]").hover()
    assert title.inner_text() == "Stage 2, block 1"
    assert "14,688 parameters" in widget.locator(".rl-detail-head").inner_text()
    assert widget.locator(".rl-detail tbody tr").count() == 8
    assert "1×1 convolution" in widget.locator(".rl-detail .rl-note").inner_text()
    page.mouse.move(0, 0)
    assert title.inner_text() == "Stage 1, block 1", "a pointer that leaves shows the chosen again"

    widget.locator("[data-block=stage3_block2]").click()
    page.mouse.move(0, 0)
    assert title.inner_text() == "Stage 3, block 2", "a click keeps it"
    for key, expected in (
        ("ArrowRight", "Stage 3, block 3"),
        ("ArrowLeft", "Stage 3, block 2"),
        ("PageUp", "Stage 2, block 2"),
        ("Home", "Stem"),
        ("End", "Classifier"),
    ):
        page.keyboard.press(key)
        assert title.inner_text() == expected
    assert widget.locator('.rl-net [tabindex="0"]').count() == 1, "one stop for the Tab key"


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_detail_does_not_make_the_page_jump(open_page, version, width):
    widget = open_page(NAME, width=width).locator(ROOT)
    pick(widget, version)
    for shortcut in ("projection", "pad", "highway", "none (plain)"):
        pick(widget, shortcut)
        heights = set()
        for block in ("stem", "stage1_block1", "stage2_block1", "stage3_block3", "head"):
            widget.locator(f"[data-block={block}]").hover()
            detail = widget.locator(".rl-detail").bounding_box()
            table = widget.locator(".rl-detail table").bounding_box()
            heights.add(detail["height"])
            assert table["x"] + table["width"] < detail["x"] + detail["width"], (shortcut, block)
        assert len(heights) == 1, (shortcut, heights)


def test_copy(open_page):
    page = open_page(NAME)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".rl-code button").click()
    page.wait_for_selector("text=Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator(".rl-code code").inner_text()
    assert "import resnet_v1" in copied


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_without_a_clipboard_the_text_is_marked_for_the_readers_own_copy(open_page, scheme):
    no_clipboard = "Object.defineProperty(navigator, 'clipboard', { value: undefined });"
    page = open_page(NAME, scheme=scheme, prepare=no_clipboard)
    page.locator(".rl-code button").click()
    page.wait_for_selector(".rl-code button:not(:text-is('Copy'))")
    assert page.evaluate("getSelection().toString()") == page.locator(".rl-code code").inner_text()


def test_two_on_one_page_do_not_meet(open_page):
    page = open_page(NAME, prepare=TWICE)
    first, second = page.locator(ROOT).nth(0), page.locator(ROOT).nth(1)
    pick(second, "v2")
    second.get_by_role("button", name="ResNet-110").click()
    assert (figure(first, "Depth"), figure(second, "Depth")) == ("20", "110")
    assert first.locator("input[value=v1]").is_checked()
    assert second.locator("input[value=v2]").is_checked()
    ids = page.evaluate("[...document.querySelectorAll('.rl [id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"version": "v3"}, "version must be v1 or v2; got v3"),
        ({"n": 0}, "n must be a whole number from 1 to 200; got 0"),
        ({"shortcut": "long"}, "shortcut must be one of"),
    ],
)
def test_a_state_that_cannot_be_drawn_is_told(open_page, change, wrong):
    edit = f"""const script = twin.querySelector("script");
      const state = {{ ...JSON.parse(script.textContent), ...{json.dumps(change)} }};
      script.textContent = JSON.stringify(state);"""
    page = open_page(NAME, prepare=BEFORE_LOADER % edit)
    assert wrong in page.locator(".rl-error").inner_text()


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("n", ["3", "18", "200"])
def test_it_fits_and_axe_finds_nothing(open_page, axe_violations, width, theme, n):
    page = open_page(NAME, width=width, theme=theme)
    page.locator(f"{ROOT} input[type=number]").fill(n)
    page.keyboard.press("Enter")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    right = page.evaluate(
        "Math.max(...[...document.querySelectorAll('.rl-stage .rl-body')]"
        ".map((e) => e.getBoundingClientRect().right))"
    )
    assert right <= width
    dark = page.evaluate("getComputedStyle(document.querySelector('.rl')).colorScheme") == "dark"
    assert dark == (theme == "dark")
    if n == "3":
        for kind in ("v2", "highway", "none (plain)"):
            pick(page.locator(ROOT), kind)
            assert axe_violations(page, ROOT) == []


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
