"""The architecture explorer's arithmetic against Keras and against `counting`, layer by layer."""

import math

import pytest

from resnet_lib import SHORTCUTS, depth_from_n, resnet_v1, resnet_v2
from resnet_lib.nets.counting import layer_costs, multiply_adds, net_cost
from resnet_lib.widgets.shared.widget import module_source

BUILDERS = {"v1": resnet_v1, "v2": resnet_v2}
# From the second block of a stage on, blocks repeat.
# `cifar_net.test.mjs` has published counts up to n = 18.
SETTINGS = [
    pytest.param(version, n, shortcut, marks=[] if n in (1, 3) else [pytest.mark.slow])
    for version in BUILDERS
    for shortcut in SHORTCUTS
    for n in range(1, 13)
]
DESCRIBE = """async ([source, settings]) => {
    const blob = new Blob([source], { type: "text/javascript" });
    const { describeNet } = await import(URL.createObjectURL(blob));
    return settings.map(([version, n, shortcut]) => describeNet({ version, n, shortcut }));
}"""


@pytest.fixture(scope="module")
def described(browser):
    """What the explorer's module says of each setting."""
    settings = [one.values for one in SETTINGS]
    source = module_source("architecture_explorer/architecture_explorer")
    page = browser.new_page()
    nets = page.evaluate(DESCRIBE, [source, settings])
    page.close()
    return dict(zip(settings, nets, strict=True))


def count(weights):
    return sum(math.prod(weight.shape) for weight in weights)


def products(layer):
    """Multiply-adds: every pixel of the output, 1 of a dense layer, times all weights."""
    pixels = math.prod(layer.output.shape[1:-1])
    return pixels * math.prod(layer.kernel.shape) if hasattr(layer, "kernel") else 0


@pytest.mark.parametrize(("version", "n", "shortcut"), SETTINGS)
def test_layer_by_layer(described, version, n, shortcut):
    net, depth = described[version, n, shortcut], depth_from_n(version, n)
    model = BUILDERS[version]((32, 32, 3), depth, shortcut=shortcut)
    layers = model.layers[1:]  # all but the input
    expected = {
        layer.name: (
            list(layer.output.shape[1:]),
            count(layer.weights),
            count(layer.trainable_weights),
            products(layer),
        )
        for layer in layers
    }
    told = ("shape", "params", "trainable", "macs")
    assert {one["name"]: tuple(map(one.get, told)) for one in net["layers"]} == expected
    assert len(net["layers"]) == len(layers)
    trained, macs = count(model.trainable_weights), sum(map(products, layers))
    found = [net[name] for name in ("depth", "params", "trainable", "macs")]
    assert found == [depth, model.count_params(), trained, macs]
    values = sum(math.prod(layer.output.shape[1:]) for layer in layers)
    assert net["activationBytes"] == 4 * 128 * values
    # What counting.py says of the same net.
    assert (multiply_adds(model), net_cost(model).parameters) == (macs, trained)
    counted = {layer.name: macs for layer in layers if (macs := products(layer))}
    assert {one.name: one.multiply_adds for one in layer_costs(model)} == counted
