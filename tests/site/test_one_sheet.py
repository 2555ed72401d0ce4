"""The book's one style sheet: what it leaves out, and what it must not."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from assets import style_sheet

STATIC = Path(__file__).parents[2] / "_build" / "html" / "_static"


@pytest.mark.parametrize(
    ("style", "left"),
    [
        (".used { color: red }", ".used{color: red}"),
        (".unused { color: red }", ""),
        (".used, .unused { top: 0 }", ".used{top: 0}"),
        (".used .unused { top: 0 }", ""),
        ("#used > .used { top: 0 }", "#used > .used{top: 0}"),
        ("p:not(.unused) { top: 0 }", "p:not(.unused){top: 0}"),
        (":is(.unused, .used) { top: 0 }", ":is(.unused, .used){top: 0}"),
        ('a[href$=".unused"] { top: 0 }', 'a[href$=".unused"]{top: 0}'),
        ("p { width: 0.5em } /* said */", "p{width: 0.5em}"),
        ("@media print { .used { top: 0 } .unused { top: 0 } }", "@media print {.used{top: 0}\n}"),
        ("@media print { .unused { top: 0 } }", ""),
        ('@import "other.css";', '@import "other.css";'),
        ("@keyframes turn { to { top: 0 } }", "@keyframes turn { to { top: 0 } }"),
    ],
)
def test_a_rule_stays_that_can_have_a_use(style, left):
    assert style_sheet.select_used_rules(style, {"used"}).strip() == left


def test_a_broken_rule_is_told():
    with pytest.raises(ValueError, match=r"a style sheet is broken at line 2"):
        style_sheet.select_used_rules("p { top: 0 }\n.used", {"used"})


def test_icons_are_not_read_out_and_a_sheet_without_any_is_told():
    style = '.fa-x:before{content:"\\f00d"}'
    assert style_sheet.silence_icons(style) == '.fa-x:before{content:"\\f00d";content:"\\f00d"/""}'
    with pytest.raises(ValueError, match="has no icons of the form expected"):
        style_sheet.silence_icons("p{top:0}")


def test_every_page_names_the_sheet_as_it_is():
    sheet = STATIC / style_sheet.SHEET
    pages = [page for page in STATIC.parent.rglob("*.html") if "_static" not in page.parts]
    texts = [page.read_text(encoding="utf-8") for page in pages]
    link = re.compile(r'<link href="(?:\.\./)*_static/([^"]+)" rel="stylesheet"')
    ((named,),) = {tuple(link.findall(text)) for text in texts if "<body" in text}
    assert re.fullmatch(re.escape(sheet.name) + r"\?v=[0-9a-f]{8}", named)
    assert not re.search(r"url\([\"']?\.\./", sheet.read_text(encoding="utf-8"))


def test_a_sheet_that_is_missing_is_told(tmp_path, monkeypatch):
    builder, config = (
        SimpleNamespace(format="html"),
        SimpleNamespace(html_css_files=[("a.css", {})]),
    )
    app = SimpleNamespace(outdir=tmp_path, builder=builder, config=config)
    for sheet in (*style_sheet.EXTENSION_SHEETS, style_sheet.WIDGET_SHEET):
        file = tmp_path / "_static" / sheet.replace("*", "1")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text('.fa-x:before{content:"\\f00d"}')
    (tmp_path / "page.html").write_text('<i class="fa-x">')
    said = []
    monkeypatch.setattr(
        style_sheet.logger, "warning", lambda text, *words: said.append(text % words)
    )
    monkeypatch.setattr(style_sheet, "subset_fonts", lambda *_: None)
    style_sheet.write_sheet(app, None)
    assert said == [
        f"a.css, of which the one style sheet is made, is not in {tmp_path / '_static'}"
    ]
