"""A page looks as it would with every style sheet whole."""

import pytest
import yaml
from assets import style_sheet
from built_site import BUILT, ROOT

OPEN_ALL = """async () => {
  for (const one of document.querySelectorAll("details, dialog")) one.open = true;
  const still = "*, ::before, ::after { animation: none !important; transition: none !important }";
  document.head.append(Object.assign(document.createElement("style"), { textContent: still }));
  await document.fonts.ready;
}"""
# Of every element, and of what stands before and after it; but an icon's content, which says too
# that it is not to be read out, and a widget's clip, whose id changes when it is drawn again.
LOOKS = """() => [...document.querySelectorAll("body, body *")].flatMap((one) =>
  [null, "::before", "::after"].map((part) => {
    const style = getComputedStyle(one, part);
    if (part && style.content === "none") return "";
    const names = [...style].filter((name) => !/^(--.*|content|clip-path)$/.test(name));
    const said = names.map((name) => `${name}: ${style.getPropertyValue(name)}`);
    return [`${one.tagName}.${one.className}${part ?? ""}`, ...said].join("; ");
  }))"""
# `[who, what it was, what it is]` of the first few.
DIFFERING = f"""(before) => ({LOOKS})().map((now, at) => [before[at].split("; "), now.split("; ")])
  .flatMap(([was, is]) => is.map((one, at) => [is[0], was[at], one]))
  .filter(([, was, is]) => was !== is).slice(0, 9)"""
SWAP = """async (hrefs) => {
  const one = document.querySelector("link[rel=stylesheet]");
  const links = hrefs.map((href) => Object.assign(document.createElement("link"),
    { rel: "stylesheet", href: new URL(href, one.href).href }));
  const loaded = links.map((link) => new Promise((resolve) => { link.onload = resolve; }));
  one.before(...links);
  await Promise.all(loaded);
  one.remove();
  document.body.getBoundingClientRect();  // asks for the fonts
  await document.fonts.ready;
}"""


def whole_sheets():
    static = BUILT / "_static"
    config = yaml.safe_load((ROOT / "_config.yml").read_text())["sphinx"]["config"]
    for sheet in (
        *style_sheet.EXTENSION_SHEETS,
        style_sheet.WIDGET_SHEET,
        *config["html_css_files"],
    ):
        (file,) = static.glob(sheet)
        yield str(file.relative_to(static))


@pytest.mark.parametrize(
    ("name", "width", "theme"),
    [
        ("01_more_layers_more_error", 375, "light"),
        ("../search", 1280, "dark"),
        pytest.param("intro", 1280, "dark", marks=pytest.mark.slow),
        pytest.param("instructors", 375, "dark", marks=pytest.mark.slow),
        pytest.param("references", 1280, "light", marks=pytest.mark.slow),
    ],
)
def test_nothing_looks_other_than_with_all_sheets(open_page, name, width, theme):
    page = open_page(name, width=width, theme=theme)
    page.evaluate(OPEN_ALL)
    in_one = page.evaluate_handle(LOOKS)
    assert page.evaluate("(all) => all.length", in_one) > 300
    page.evaluate(SWAP, list(whole_sheets()))
    assert page.evaluate(DIFFERING, in_one) == []
