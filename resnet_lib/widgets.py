"""The widgets: one class each. All drawing and arithmetic stand in `static/<module>.mjs`.

What they have in common is in `widget`; `Prediction` has a file of its own.
"""

import traitlets

from resnet_lib import dense, pictures
from resnet_lib.curves import curves_of, replay_of
from resnet_lib.dashboard import Control, paper_figures, recipe_facts
from resnet_lib.data import CLASS_NAMES
from resnet_lib.page_nets import file_name, v1_blocks
from resnet_lib.prediction import Prediction
from resnet_lib.recipes import RECIPES
from resnet_lib.runs import headline_runs, load_runs
from resnet_lib.switchboard import switchboard
from resnet_lib.widget import STATIC, Widget, module_names, module_source, page_files

__all__ = [
    "STATIC",
    "ArchitectureExplorer",
    "BlockSwitchboard",
    "ErrorCurves",
    "GradientLab",
    "Prediction",
    "TrainingDashboard",
    "Widget",
    "module_names",
    "module_source",
    "page_files",
]


class ArchitectureExplorer(Widget):
    """The whole of a CIFAR net as blocks and skips, with shapes, parameters and multiply-adds.

    `version` is "v1" or "v2", `n` the blocks in each of its three stages (1 to 200), `shortcut` one
    of `resnet_lib.SHORTCUTS`. Raises `traitlets.TraitError` for anything else.

    >>> ArchitectureExplorer(version="v2", n=6)
    """

    _module = "architecture_explorer"
    _esm = module_source(_module)
    version = traitlets.Enum(["v1", "v2"], "v1").tag(sync=True)
    n = traitlets.Int(3, min=1, max=200).tag(sync=True)
    shortcut = traitlets.Enum(["projection", "pad", "none", "highway"], "projection").tag(sync=True)

    def picture(self):
        return pictures.architecture_picture(self.version, self.n, self.shortcut)


class ErrorCurves(Widget):
    """Learning curves of recorded trainings: choose, read them epoch by epoch, replay them.

    `runs` are `Run`s, as `train()` and `load_runs()` give them; left out, the book's own four.
    `shown` names those that are drawn (empty: all), `curves` is "both", "test" or "training",
    `scale` "linear" or "log", `epoch` where they are read (0: at the end). Raises `TypeError` for
    anything but runs, and `traitlets.TraitError` for another state.

    >>> ErrorCurves(load_runs(depth=20), curves="test")
    """

    _module = "error_curves"
    _esm = module_source(_module)
    runs = traitlets.List(traitlets.Dict()).tag(sync=True)
    shown = traitlets.List(traitlets.Unicode()).tag(sync=True)
    curves = traitlets.Enum(["both", "test", "training"], "both").tag(sync=True)
    scale = traitlets.Enum(["linear", "log"], "linear").tag(sync=True)
    epoch = traitlets.Int(0, min=0).tag(sync=True)

    def __init__(self, runs=None, **traits):
        if runs is None:
            runs = headline_runs()
        super().__init__(runs=curves_of(runs), **traits)

    def picture(self):
        shown = [run for run in self.runs if run["name"] in self.shown] or self.runs
        return pictures.error_curves_picture(shown, self.curves, self.scale)


class GradientLab(Widget):
    """A fully connected net that is differentiated and trained in the page itself.

    `depth` (1 to 100 layers with weights), `activation`, `initialization`, `normalization`, `skip`
    and `seed` are those of `resnet_lib.dense.DenseSpec`, and the page computes what that module
    says. `show` is "all", or "slopes" for the controls and the gradient of a one-dimensional net
    alone. Raises `traitlets.TraitError` for anything else.

    >>> GradientLab(depth=56, **dense.PRESETS["residual"])
    """

    _module = "gradient_lab"
    _esm = module_source(_module)
    depth = traitlets.Int(20, min=1, max=100).tag(sync=True)
    activation = traitlets.Enum(list(dense.ACTIVATIONS), "sigmoid").tag(sync=True)
    initialization = traitlets.Enum(list(dense.INITIALIZATIONS), "small").tag(sync=True)
    normalization = traitlets.Enum(list(dense.NORMALIZATIONS), "none").tag(sync=True)
    skip = traitlets.Enum(list(dense.SKIPS), "none").tag(sync=True)
    seed = traitlets.Int(0, min=0, max=999).tag(sync=True)
    show = traitlets.Enum(["all", "slopes"], "all").tag(sync=True)

    def picture(self):
        settings = self.state()
        draw = {"all": pictures.gradient_lab_picture, "slopes": pictures.slopes_picture}
        return draw[settings.pop("show")](dense.DenseSpec(**settings))


class TrainingDashboard(Widget):
    """Train a net from the notebook: choose, start, watch it, stop after an epoch, resume.

    `version`, `n` and `shortcut` are those of `NetSpec`; `recipe` a name in `RECIPES`, `epochs`
    0 for the recipe's own, `seed` 0 to 999. `data` is what `train` takes, CIFAR-10 when left out;
    what is trained goes to `folder`, `devices` is `train`'s. In the built page, where there is no
    kernel, the recorded runs are replayed. Raises `traitlets.TraitError` for anything else.

    >>> TrainingDashboard(version="v1", n=3, recipe="quick")
    """

    _module = "training_dashboard"
    _esm = module_source(_module)
    version = traitlets.Enum(["v1", "v2"], "v1").tag(sync=True)
    n = traitlets.Int(3, min=1, max=200).tag(sync=True)
    shortcut = traitlets.Enum(["projection", "pad", "none", "highway"], "pad").tag(sync=True)
    recipe = traitlets.Enum(list(RECIPES), "quick").tag(sync=True)
    epochs = traitlets.Int(0, min=0, max=1000).tag(sync=True)
    seed = traitlets.Int(0, min=0, max=999).tag(sync=True)
    # What does not change: the recipes, the recorded runs, and the paper's errors.
    recipes = traitlets.Dict().tag(sync=True)
    recorded = traitlets.List(traitlets.Dict()).tag(sync=True)
    paper = traitlets.List(traitlets.Dict()).tag(sync=True)
    # What the kernel says of the training; `resnet_lib.dashboard`, `background`: what is in each.
    live = traitlets.Bool(True).tag(sync=True)
    status = traitlets.Unicode("ready").tag(sync=True)
    message = traitlets.Dict().tag(sync=True)
    found = traitlets.Dict().tag(sync=True)
    forecast = traitlets.Dict().tag(sync=True)
    progress = traitlets.Dict().tag(sync=True)
    run = traitlets.Dict().tag(sync=True)
    saved = traitlets.Dict().tag(sync=True)

    def __init__(self, *, data=None, folder="runs", devices="one", **traits):
        super().__init__(
            recipes=recipe_facts(),
            recorded=[replay_of(run) for run in load_runs(status="finished") if run.net],
            paper=paper_figures(),
            **traits,
        )
        self.control = Control(self, data, folder, devices)

    def state(self):
        """As the built page gets it, where there is no kernel and no training under way."""
        told = ("message", "found", "forecast", "progress", "run", "saved")
        nothing = {name: {} for name in told} | {"status": "ready", "live": False}
        return super().state() | nothing

    def picture(self):
        net = (self.version, self.n, self.shortcut)
        same = [run for run in self.recorded if (run["version"], run["n"], run["shortcut"]) == net]
        return pictures.error_curves_picture(same or self.recorded, "both", "linear")


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
    _esm = module_source(_module)
    net = traitlets.Unicode("ResNet-20").tag(sync=True)
    image = traitlets.Int(0, min=-1).tag(sync=True)
    scales = traitlets.List(traitlets.Float()).tag(sync=True)
    block = traitlets.Unicode("stage1_block1").tag(sync=True)
    # What does not change; `resnet_lib.switchboard` and `page_nets`: what is in each.
    nets = traitlets.List(traitlets.Dict()).tag(sync=True)
    images = traitlets.Dict().tag(sync=True)
    worker = traitlets.Unicode().tag(sync=True)
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    files = traitlets.Dict().tag(sync=True)

    def __init__(self, *, off=(), **traits):
        state, files = switchboard()
        worker = self.worker_file()
        super().__init__(
            **state,
            worker=next(iter(worker)),
            classes=list(CLASS_NAMES),
            files=files | worker,
            **traits,
        )
        if off:
            self.scales = self.scales_with(off)

    @staticmethod
    def worker_file():
        source = module_source("block_worker").encode()
        return {file_name("block_worker", source): source}

    @classmethod
    def files_of_page(cls):
        return switchboard()[1] | cls.worker_file()

    @property
    def blocks(self):
        """The names of the net's blocks, in the order of `scales`."""
        return v1_blocks(next((net["n"] for net in self.nets if net["label"] == self.net), 0))

    def scales_with(self, off):
        factors = dict(off) if hasattr(off, "keys") else dict.fromkeys(off, 0.0)
        if not self.nets:
            raise traitlets.TraitError("no net has its weights recorded, so nothing can be off")
        if wrong := [name for name in factors if name not in self.blocks]:
            raise traitlets.TraitError(
                f"off names blocks of {self.net}, such as {self.blocks[0]}; got {', '.join(wrong)}"
            )
        return [factors.get(name, 1.0) for name in self.blocks]

    @traitlets.validate("net")
    def _known(self, proposal):
        labels = [net["label"] for net in self.nets]
        if labels and proposal.value not in labels:
            raise traitlets.TraitError(
                f"net must be one of {', '.join(labels)}; got {proposal.value!r}"
            )
        return proposal.value

    @traitlets.validate("scales")
    def _one_a_block(self, proposal):
        if (given := len(proposal.value)) and given != len(self.blocks):
            raise traitlets.TraitError(
                f"scales must hold a number for each of the {len(self.blocks)} blocks of "
                f"{self.net}, or none; got {given}"
            )
        if wrong := [scale for scale in proposal.value if not 0 <= scale <= 1]:
            raise traitlets.TraitError(f"scales must be numbers from 0 to 1; got {wrong[0]}")
        return proposal.value

    @traitlets.validate("block")
    def _of_this_net(self, proposal):
        if self.nets and proposal.value not in self.blocks:
            raise traitlets.TraitError(
                f"block must name a block of {self.net}, such as {self.blocks[-1]}; "
                f"got {proposal.value!r}"
            )
        return proposal.value

    @traitlets.validate("image")
    def _there(self, proposal):
        count = len(self.images["gallery"])
        if proposal.value >= count:
            raise traitlets.TraitError(
                f"image must be from 0 to {count - 1}, or -1 for the reader's own; "
                f"got {proposal.value}"
            )
        return proposal.value

    @traitlets.observe("net")
    def _all_on(self, change):
        """Another net of as many blocks keeps what is off; of another number, all are on."""
        if len(self.scales) != len(self.blocks):
            self.scales = []
        if self.blocks and self.block not in self.blocks:
            self.block = self.blocks[0]

    def state(self):
        """As the built page gets it, which has the files beside it."""
        return super().state() | {"files": {}}

    def picture(self):
        net = next((net for net in self.nets if net["label"] == self.net), None)
        if net is None:
            return "No trained net is recorded."
        return pictures.switchboard_picture(net, self.scales or [1.0] * len(self.blocks))
