"""What the BlockSwitchboard gets: recorded nets with their figures, test images, and their files.

A module of its own, as nothing here needs Keras or a page.
"""

import base64
import io
from functools import cache

from PIL import Image

from resnet_lib.nets.options import net_kind
from resnet_lib.runs.curves import run_to_curve, runs_caption
from resnet_lib.runs.measurements import load_measurements
from resnet_lib.runs.run import RECORDED, headline_runs
from resnet_lib.widgets.net_in_page.image_sprite import GALLERY_ROWS, TEST_IMAGES, read_sprite
from resnet_lib.widgets.net_in_page.weights_file import name_by_content, pack_weights

SHOWN = ("ResNet-20", "plain-20", "ResNet-56")  # in this order, where their weights are kept
ONE_FIGURE = ("whole", "single", "first", "last", "orders", "random")  # of a measured lesion


def switchboard(folder=RECORDED):
    """`(state, files)`: the traits that do not change, and `{name: bytes}` that they name.

    The state holds `nets`, a dict each, and `images`; `files` a net file each and the test images.
    Nets whose weights are not kept are left out.
    """
    lesions = load_measurements("lesions", folder)
    nets, files = [], {}
    for label, run in sorted(labelled(headline_runs(folder)), key=lambda one: SHOWN.index(one[0])):
        try:
            content = pack_weights(run, folder)
        except FileNotFoundError:
            continue
        name = name_by_content(run.name, content)
        files[name] = content
        nets.append(
            {
                "label": label,
                "kind": net_kind(run.net.version, run.net.shortcut),
                "n": run.net.n,
                "shortcut": run.net.shortcut,
                "run": run.name,
                "test_error": round(run.test_error, 3),
                "caption": runs_caption([run_to_curve(run)]),
                "file": name,
                "lesions": figures_of(lesions[run.name]) if run.name in lesions else None,
            }
        )
    png, labels, gallery = read_sprite()
    name = name_by_content("test_images", png)
    files[name] = png
    images = {"file": name, "labels": labels, "gallery": gallery, "sprite": gallery_sprite()}
    return {"nets": nets, "images": images}, files


def labelled(runs):
    """The runs that are shown, each with its name: "ResNet-20" or "plain-20"."""
    for run in runs:
        label = f"{'plain' if run.net.shortcut == 'none' else 'ResNet'}-{run.net.depth}"
        if label in SHOWN:
            yield label, run


def figures_of(lesion):
    """A measured lesion as the page takes it: per cent of `images` wrong, by setting."""
    figures = {name: lesion.values[name][0] for name in ONE_FIGURE}
    return figures | {"removed": lesion.settings["removed"], "images": lesion.settings["images"]}


@cache
def gallery_sprite():
    """The images that are there to choose from, a column a class, as the URL of a lossless PNG."""
    with Image.open(TEST_IMAGES) as sprite:
        top = sprite.crop((0, 0, sprite.width, 32 * GALLERY_ROWS))
    buffer = io.BytesIO()
    top.save(buffer, format="png", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
