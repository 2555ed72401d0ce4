"""The GradientLab: a fully connected net that the page differentiates and trains."""

import traitlets

from resnet_lib.inside import dense
from resnet_lib.widgets.gradient_lab.picture import gradient_lab_picture, slopes_picture
from resnet_lib.widgets.shared.widget import Widget, module_source


class GradientLab(Widget):
    """A fully connected net that is differentiated and trained in the page itself.

    `depth` (1 to 100 layers with weights), `activation`, `initialization`, `normalization`, `skip`
    and `seed` are those of `resnet_lib.inside.dense.DenseSpec`, and the page computes what that
    module says. `show` is "all", or "slopes" for the controls and the gradient of a net with one
    input. Raises `traitlets.TraitError` for anything else.

    >>> GradientLab(depth=56, **dense.PRESETS["residual"])
    """

    _module = "gradient_lab"
    _esm = module_source("gradient_lab/gradient_lab")
    depth = traitlets.Int(20, min=1, max=100).tag(sync=True)
    activation = traitlets.Enum(list(dense.ACTIVATIONS), "sigmoid").tag(sync=True)
    initialization = traitlets.Enum(list(dense.INITIALIZATIONS), "small").tag(sync=True)
    normalization = traitlets.Enum(list(dense.NORMALIZATIONS), "none").tag(sync=True)
    skip = traitlets.Enum(list(dense.SKIPS), "none").tag(sync=True)
    seed = traitlets.Int(0, min=0, max=999).tag(sync=True)
    show = traitlets.Enum(["all", "slopes"], "all").tag(sync=True)

    def picture(self) -> str:
        settings = self.state()
        draw = {"all": gradient_lab_picture, "slopes": slopes_picture}
        return draw[settings.pop("show")](dense.DenseSpec(**settings))
