"""The explorer's arithmetic against Keras, layer by layer."""

import json
import math
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from resnet_lib import SHORTCUTS, depth_from_n, resnet_v1, resnet_v2, widgets

BUILDERS = {"v1": resnet_v1, "v2": resnet_v2}
SETTINGS = [
    {"version": version, "n": n, "shortcut": shortcut}
    for version in BUILDERS
    for shortcut in SHORTCUTS
    for n in range(1, 13)
]
MODULE = Path(widgets.__file__).parent / "static" / "cifar_net.mjs"


def describe_all(settings):
    """What the module says of each setting: in node, or where that is missing in Chromium."""
    if shutil.which("node"):
        script = (
            f"import {{ describe }} from {json.dumps(MODULE.as_uri())};"
            f"console.log(JSON.stringify({json.dumps(settings)}.map(describe)))"
        )
        done = subprocess.run(
            ["node", "--input-type=module", "--eval", script], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    from playwright.sync_api import sync_playwright

    sys.path.append(str(Path(__file__).parent / "browser"))
    from chromium import ARGUMENTS, find_chromium

    source = widgets.module_source("architecture_explorer")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        return browser.new_page().evaluate(
            """async ([source, settings]) => {
                const blob = new Blob([source], { type: "text/javascript" });
                const { describe } = await import(URL.createObjectURL(blob));
                return settings.map(describe);
            }""",
            [source, settings],
        )


@pytest.fixture(scope="module")
def described():
    nets = describe_all(SETTINGS)
    return {tuple(s.values()): net for s, net in zip(SETTINGS, nets, strict=True)}


def multiply_adds(layer):
    if not hasattr(layer, "kernel"):
        return 0
    pixels = math.prod(layer.output.shape[1:-1])  # 1 for a dense layer
    return pixels * math.prod(layer.kernel.shape)


def count(weights):
    return sum(math.prod(weight.shape) for weight in weights)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: "-".join(map(str, s.values())))
def test_layer_by_layer(described, setting):
    version, n, shortcut = setting.values()
    depth = depth_from_n(version, n)
    model = BUILDERS[version]((32, 32, 3), depth, shortcut=shortcut)
    layers = model.layers[1:]  # all but the input
    expected = {
        layer.name: [
            list(layer.output.shape[1:]),
            count(layer.weights),
            count(layer.trainable_weights),
            multiply_adds(layer),
        ]
        for layer in layers
    }
    net = described[version, n, shortcut]
    assert {
        layer["name"]: [layer["shape"], layer["params"], layer["trainable"], layer["macs"]]
        for layer in net["layers"]
    } == expected
    assert len(net["layers"]) == len(layers)
    assert net["depth"] == depth
    assert net["params"] == model.count_params()
    assert net["trainable"] == count(model.trainable_weights)
    assert net["macs"] == sum(map(multiply_adds, layers))
    values = sum(math.prod(layer.output.shape[1:]) for layer in layers)
    assert net["activationBytes"] == 4 * 128 * values
    if n == 12:
        keras.backend.clear_session()
