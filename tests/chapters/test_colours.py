"""One palette for figures and widgets, and kinds of nets that colour-blind readers tell apart."""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from colorspacious import cspace_convert
from matplotlib.colors import to_rgb
from pages import social_cards

from resnet_lib.chapters import plots

CSS = Path(plots.__file__).parents[1] / "widgets" / "shared" / "palette.css"
BOOK = Path(__file__).parents[2] / "book" / "_static" / "type.css"
FIGURES = {kind: to_rgb(colour) for kind, colour in plots.COLOURS.items()}
# Dichromats, by Machado et al. 2009 at full severity.
VIEWS = ("as it is", "protanomaly", "deuteranomaly", "tritanomaly")
LEAST_APART = 10  # in CAM02-UCS, where about 1 is just seen between large patches
LEAST_CONTRAST = 3  # of a line against its ground: WCAG 2.2, 1.4.11


def variable(name, theme):
    """A colour of the widgets' style sheet on a light or a dark page."""
    pair = re.search(rf"--rl-{name}: light-dark\((#\w+), (#\w+)\);", CSS.read_text())
    return to_rgb(pair[("light", "dark").index(theme) + 1])


def widgets(theme):
    names = {kind: "ink" if kind == "own" else kind for kind in FIGURES}
    return {kind: variable(name, theme) for kind, name in names.items()}


PALETTES = {
    "figures": (FIGURES, to_rgb("white")),
    "widgets, light": (widgets("light"), variable("ground", "light")),
    "widgets, dark": (widgets("dark"), variable("ground", "dark")),
}


def seen(colour, view):
    if view != VIEWS[0]:
        space = {"name": "sRGB1+CVD", "cvd_type": view, "severity": 100}
        colour = np.clip(cspace_convert(colour, space, "sRGB1"), 0, 1)
    return cspace_convert(colour, "sRGB1", "CAM02-UCS")


def apart(one, other, view):
    return np.linalg.norm(seen(one, view) - seen(other, view))


def contrast(one, other):
    """The ratio of WCAG 2."""
    linear = [np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
              for c in (np.array(one), np.array(other))]  # fmt: skip
    darker, lighter = sorted(0.05 + c @ [0.2126, 0.7152, 0.0722] for c in linear)
    return lighter / darker


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("palette", PALETTES)
def test_no_two_kinds_of_nets_look_alike(palette, view):
    colours, _ = PALETTES[palette]
    for one, other in combinations(colours, 2):
        assert apart(colours[one], colours[other], view) >= LEAST_APART, (one, other)


@pytest.mark.parametrize("palette", PALETTES)
def test_every_kind_stands_out_from_its_ground(palette):
    colours, ground = PALETTES[palette]
    for kind, colour in colours.items():
        assert contrast(colour, ground) >= LEAST_CONTRAST, kind


def test_figures_and_widgets_have_one_palette():
    assert widgets("light") == FIGURES


def test_cover_cards_and_links_take_their_colours_from_it():
    css = BOOK.read_text(encoding="utf-8")
    for theme in ("light", "dark"):
        block = css.split(f'html[data-theme="{theme}"] {{')[1].split("}")[0]
        for kind in ("plain", "v1", "highway"):
            (colour,) = re.findall(rf"--book-{kind}: (#\w+);", block)
            assert to_rgb(colour) == variable(kind, theme)
    assert {kind: variable(kind, "dark") for kind in social_cards.COLOURS} == {
        kind: to_rgb(colour) for kind, colour in social_cards.COLOURS.items()
    }


def test_colours_that_one_cannot_tell_apart_are_found():
    """Red and green of one lightness, which only some of the views bring together."""
    red, green = (0.80, 0.27, 0.20), (0.45, 0.45, 0.05)
    assert apart(red, green, "as it is") > 25
    assert min(apart(red, green, view) for view in VIEWS) < LEAST_APART
