"""Make the fonts of the book from Adobe's Source fonts: `python tools/fonts.py`.

Fetches Source Serif 4 and Source Sans 3 from the npm registry and keeps the characters that the
pages use. The licence reserves the name "Source" for the complete fonts, so the subsets are called
"Residual". Look at the pages before you commit.
"""

import subprocess
import tarfile
import tempfile
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

ROOT = Path(__file__).parents[1]
FONTS = ROOT / "book" / "_static" / "fonts"
FIGURE_FONTS = ROOT / "resnet_lib" / "chapters" / "fonts"  # for matplotlib, which reads no woff2
PACKAGES = {
    "serif": "@expo-google-fonts/source-serif-4@0.4.1",
    "sans": "@expo-google-fonts/source-sans-3@0.4.1",
    "display": "@fontsource-variable/source-serif-4@5.3.1",
}
LATIN = {*range(0x20, 0x7F), *range(0xA0, 0x100)}
LATIN |= set(map(ord, "ĄąĆćČčĘęĞğıŁłŃńŐőŒœŘřŚśŞşŠšŮůŰűŹźŻżŽž"))
FOR_TITLES = LATIN | set(map(ord, "–—‘’“”…−√"))  # also of emphasized text
SIGNS = set(map(ord, "–—‘’“”…′″←↑→↓−√∞≈≠≤≥∂∑ℓ⁰¹²³⁴⁵⁶⁷⁸⁹⁻ ●○✓✗"))
GREEK = set(map(ord, "αβγδεηθλμπρστφωΔΣΩ"))
FOR_TEXT = LATIN | SIGNS | GREEK
# By the name of the subset: package, file in it, characters.
SUBSETS = {
    "serif-regular": ("serif", "400Regular/SourceSerif4_400Regular.ttf", FOR_TEXT),
    "serif-italic": (
        "serif",
        "400Regular_Italic/SourceSerif4_400Regular_Italic.ttf",
        FOR_TITLES,
    ),
    "serif-semibold": ("serif", "600SemiBold/SourceSerif4_600SemiBold.ttf", FOR_TITLES),
    "sans-regular": ("sans", "400Regular/SourceSans3_400Regular.ttf", FOR_TEXT),
    "sans-semibold": ("sans", "600SemiBold/SourceSans3_600SemiBold.ttf", FOR_TEXT),
    "display": ("display", "files/source-serif-4-latin-opsz-normal.woff2", FOR_TITLES),
}
FEATURES = ("kern", "liga")
DISPLAY = {"opsz": 48, "wght": 480}
SANS_UNITS = 943  # per em instead of 1000: enlarges the sans to the size of system fonts


def fetch_package(package, folder):
    """Fetch an npm package into `folder`, and return the folder of its content."""
    output = subprocess.check_output(["npm", "pack", package], cwd=folder, text=True)
    with tarfile.open(folder / output.split()[-1]) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def write_subset(source, target, characters, family):
    """Write the subset of the font `source` with `characters`, named `family`, to `target`."""
    font = TTFont(source, recalcTimestamp=False)
    if "fvar" in font:
        font = instantiateVariableFont(font, DISPLAY)
    options = Options(layout_features=FEATURES, hinting=False, name_IDs=[0, 1, 2, 13, 14])
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=characters)
    subsetter.subset(font)
    for record in font["name"].names:
        if record.nameID == 1:
            record.string = family
    style = {"semibold": "SemiBold", "italic": "Italic"}.get(target.stem.split("-")[-1], "Regular")
    postscript = f"{family.replace(' ', '')}-{style}"  # the font's name in a PDF
    font["name"].setName(postscript, 6, 3, 1, 0x409)
    if family == "Residual Sans":
        font["head"].unitsPerEm = SANS_UNITS
    if target.suffix == ".ttf" and "semibold" in target.stem:
        font["OS/2"].usWeightClass = 700  # matplotlib's "bold", which DejaVu has too
    font.flavor = "woff2" if target.suffix == ".woff2" else None
    font.save(target)
    print(f"{target.name}: {target.stat().st_size / 1000:.1f} kB")


def main():
    FONTS.mkdir(exist_ok=True)
    folders = {
        name: fetch_package(pack, Path(tempfile.mkdtemp())) for name, pack in PACKAGES.items()
    }
    for name, (package, file, characters) in SUBSETS.items():
        family = "Residual " + name.split("-")[0].title()
        targets = [FONTS / f"{name}.woff2"]
        targets += [FIGURE_FONTS / f"{name}.ttf"] if package == "sans" else []
        for target in targets:
            write_subset(folders[package] / file, target, characters, family)


if __name__ == "__main__":
    main()
