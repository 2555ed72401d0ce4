"""Cut the book's fonts anew: `python tools/fonts.py`, then look at the pages, and commit.

Adobe's Source Serif 4 and Source Sans 3 come from the npm registry and are cut down to the
characters that the pages use. Their licence reserves the name "Source" to the whole fonts, so the
cuts are called "Residual".
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
FIGURES = ROOT / "resnet_lib" / "chapters" / "fonts"  # for matplotlib, which reads no woff2
PACKAGES = {
    "serif": "@expo-google-fonts/source-serif-4@0.4.1",
    "sans": "@expo-google-fonts/source-sans-3@0.4.1",
    "display": "@fontsource-variable/source-serif-4@5.3.1",
}
LATIN = {*range(0x20, 0x7F), *range(0xA0, 0x100)}
LATIN |= set(map(ord, "ĄąĆćČčĘęĞğıŁłŃńŐőŒœŘřŚśŞşŠšŮůŰűŹźŻżŽž"))
WORDS = LATIN | set(map(ord, "–—‘’“”…−√"))  # what a title or an emphasis needs
SIGNS = set(map(ord, "–—‘’“”…′″←↑→↓−√∞≈≠≤≥∂∑ℓ⁰¹²³⁴⁵⁶⁷⁸⁹⁻ ●○✓✗"))
GREEK = set(map(ord, "αβγδεηθλμπρστφωΔΣΩ"))
WHOLE = LATIN | SIGNS | GREEK
# By the name of the cut: package, file in it, characters.
CUTS = {
    "serif-regular": ("serif", "400Regular/SourceSerif4_400Regular.ttf", WHOLE),
    "serif-italic": ("serif", "400Regular_Italic/SourceSerif4_400Regular_Italic.ttf", WORDS),
    "serif-semibold": ("serif", "600SemiBold/SourceSerif4_600SemiBold.ttf", WORDS),
    "sans-regular": ("sans", "400Regular/SourceSans3_400Regular.ttf", WHOLE),
    "sans-semibold": ("sans", "600SemiBold/SourceSans3_600SemiBold.ttf", WHOLE),
    "display": ("display", "files/source-serif-4-latin-opsz-normal.woff2", WORDS),
}
FEATURES = ("kern", "liga")
DISPLAY = {"opsz": 48, "wght": 480}
SANS_UNITS = 943  # an em, of 1000: so many times larger, the sans stands beside a system's font


def unpack(package, folder):
    """The folder of an npm package's content, fetched into `folder`."""
    said = subprocess.check_output(["npm", "pack", package], cwd=folder, text=True)
    with tarfile.open(folder / said.split()[-1]) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def cut(source, target, characters, name):
    font = TTFont(source, recalcTimestamp=False)
    if "fvar" in font:
        font = instantiateVariableFont(font, DISPLAY)
    options = Options(layout_features=FEATURES, hinting=False, name_IDs=[0, 1, 2, 13, 14])
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=characters)
    subsetter.subset(font)
    for record in font["name"].names:
        if record.nameID == 1:
            record.string = name
    style = {"semibold": "SemiBold", "italic": "Italic"}.get(target.stem.split("-")[-1], "Regular")
    postscript = f"{name.replace(' ', '')}-{style}"  # a PDF's name for it
    font["name"].setName(postscript, 6, 3, 1, 0x409)
    if name == "Residual Sans":
        font["head"].unitsPerEm = SANS_UNITS
    if target.suffix == ".ttf" and "semibold" in target.stem:
        font["OS/2"].usWeightClass = 700  # matplotlib's "bold", which DejaVu has too
    font.flavor = "woff2" if target.suffix == ".woff2" else None
    font.save(target)
    print(f"{target.name}: {target.stat().st_size / 1000:.1f} kB")


def main():
    FONTS.mkdir(exist_ok=True)
    folders = {name: unpack(pack, Path(tempfile.mkdtemp())) for name, pack in PACKAGES.items()}
    for name, (package, file, characters) in CUTS.items():
        family = "Residual " + name.split("-")[0].title()
        targets = [FONTS / f"{name}.woff2"]
        targets += [FIGURES / f"{name}.ttf"] if package == "sans" else []
        for target in targets:
            cut(folders[package] / file, target, characters, family)


if __name__ == "__main__":
    main()
