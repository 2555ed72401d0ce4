"""The ArchitectureExplorer: a CIFAR net as blocks and skips, with its shapes and costs."""

import traitlets

from resnet_lib.widgets.architecture_explorer.picture import architecture_picture
from resnet_lib.widgets.shared.widget import Widget, module_source


class ArchitectureExplorer(Widget):
    """The whole of a CIFAR net as blocks and skips, with shapes, parameters and multiply-adds.

    `version` is "v1" or "v2", `n` the blocks in each of its three stages (1 to 200), `shortcut` one
    of `resnet_lib.SHORTCUTS`. Raises `traitlets.TraitError` for anything else.

    >>> ArchitectureExplorer(version="v2", n=6)
    """

    _module = "architecture_explorer"
    _esm = module_source("architecture_explorer/architecture_explorer")
    version = traitlets.Enum(["v1", "v2"], "v1").tag(sync=True)
    n = traitlets.Int(3, min=1, max=200).tag(sync=True)
    shortcut = traitlets.Enum(["projection", "pad", "none", "highway"], "projection").tag(sync=True)

    def picture(self) -> str:
        return architecture_picture(self.version, self.n, self.shortcut)
