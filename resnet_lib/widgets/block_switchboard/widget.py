"""The BlockSwitchboard: a trained net that computes in the page, with a switch on each block."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import traitlets

from resnet_lib.data.cifar10 import CLASS_NAMES
from resnet_lib.widgets.block_switchboard.picture import switchboard_picture
from resnet_lib.widgets.block_switchboard.recorded_nets import switchboard
from resnet_lib.widgets.net_in_page.weights_file import list_blocks, name_by_content
from resnet_lib.widgets.shared.widget import Widget, module_source


class BlockSwitchboard(Widget):
    """A trained net that computes in the page, with a switch on each of its blocks.

    `net` is the label of one of `nets`, the recorded nets whose weights are kept: "ResNet-20",
    "plain-20" or "ResNet-56". `off` names blocks to switch off, or maps names to the scale of
    their branch, from 0 (off) to 1 (as trained); the trait `scales` holds one for each block, and
    nothing where all are on. `image` is a place among the 40 test images to choose from, or -1 for
    the reader's own picture, `block` the block whose maps are shown. Raises `traitlets.TraitError`
    for anything else.

    >>> BlockSwitchboard(net="plain-20", off=["stage2_block1"])
    """

    _module = "block_switchboard"
    _esm = module_source("block_switchboard/block_switchboard")
    net = traitlets.Unicode("ResNet-20").tag(sync=True)
    image = traitlets.Int(0, min=-1).tag(sync=True)
    scales = traitlets.List(traitlets.Float()).tag(sync=True)
    block = traitlets.Unicode("stage1_block1").tag(sync=True)
    # These traits do not change. `recorded_nets` and `net_in_page` say what each one holds.
    nets = traitlets.List(traitlets.Dict()).tag(sync=True)
    images = traitlets.Dict().tag(sync=True)
    worker = traitlets.Unicode().tag(sync=True)
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    files = traitlets.Dict().tag(sync=True)

    def __init__(self, *, off: Iterable[str] | Mapping[str, float] = (), **traits: Any) -> None:
        state, files = switchboard()
        worker = self.load_worker()
        super().__init__(
            **state,
            worker=next(iter(worker)),
            classes=list(CLASS_NAMES),
            files=files | worker,
            **traits,
        )
        if off:
            self.scales = self.create_scales(off)

    @staticmethod
    def load_worker() -> dict[str, bytes]:
        source = module_source("net_in_page/inference_worker").encode()
        return {name_by_content("inference_worker", source): source}

    @classmethod
    def page_files(cls) -> dict[str, bytes]:
        return switchboard()[1] | cls.load_worker()

    @property
    def blocks(self) -> list[str]:
        """The names of the net's blocks, in the order of `scales`."""
        return list_blocks(next((net["n"] for net in self.nets if net["label"] == self.net), 0))

    def create_scales(self, off: Iterable[str] | Mapping[str, float]) -> list[float]:
        factors = dict(off) if isinstance(off, Mapping) else dict.fromkeys(off, 0.0)
        if not self.nets:
            raise traitlets.TraitError("no net has its weights recorded, so nothing can be off")
        if wrong := [name for name in factors if name not in self.blocks]:
            raise traitlets.TraitError(
                f"off names blocks of {self.net}, such as {self.blocks[0]}; got {', '.join(wrong)}"
            )
        return [factors.get(name, 1.0) for name in self.blocks]

    @traitlets.validate("net")
    def _validate_net(self, proposal: Any) -> str:
        labels = [net["label"] for net in self.nets]
        if labels and proposal.value not in labels:
            raise traitlets.TraitError(
                f"net must be one of {', '.join(labels)}; got {proposal.value!r}"
            )
        return proposal.value

    @traitlets.validate("scales")
    def _validate_scales(self, proposal: Any) -> list[float]:
        if (given := len(proposal.value)) and given != len(self.blocks):
            raise traitlets.TraitError(
                f"scales must hold a number for each of the {len(self.blocks)} blocks of "
                f"{self.net}, or none; got {given}"
            )
        if wrong := [scale for scale in proposal.value if not 0 <= scale <= 1]:
            raise traitlets.TraitError(f"scales must be numbers from 0 to 1; got {wrong[0]}")
        return proposal.value

    @traitlets.validate("block")
    def _validate_block(self, proposal: Any) -> str:
        if self.nets and proposal.value not in self.blocks:
            raise traitlets.TraitError(
                f"block must name a block of {self.net}, such as {self.blocks[-1]}; "
                f"got {proposal.value!r}"
            )
        return proposal.value

    @traitlets.validate("image")
    def _validate_image(self, proposal: Any) -> int:
        count = len(self.images["gallery"])
        if proposal.value >= count:
            raise traitlets.TraitError(
                f"image must be from 0 to {count - 1}, or -1 for the reader's own; "
                f"got {proposal.value}"
            )
        return proposal.value

    @traitlets.observe("net")
    def _adapt_to_net(self, change: Any) -> None:
        """Another net of as many blocks keeps what is off; of another number, all are on."""
        if len(self.scales) != len(self.blocks):
            self.scales = []
        if self.blocks and self.block not in self.blocks:
            self.block = self.blocks[0]

    def state(self) -> dict[str, Any]:
        """As the built page gets it, which has the files beside it."""
        return super().state() | {"files": {}}

    def picture(self) -> str:
        net = next((net for net in self.nets if net["label"] == self.net), None)
        if net is None:
            return "No trained net is recorded."
        return switchboard_picture(net, self.scales or [1.0] * len(self.blocks))
