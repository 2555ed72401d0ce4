"""List all widgets, and give the built book their modules and files."""

from resnet_lib.widgets.architecture_explorer.widget import ArchitectureExplorer
from resnet_lib.widgets.block_switchboard.widget import BlockSwitchboard
from resnet_lib.widgets.error_curves.widget import ErrorCurves
from resnet_lib.widgets.gradient_lab.widget import GradientLab
from resnet_lib.widgets.prediction.widget import Prediction
from resnet_lib.widgets.training_dashboard.widget import TrainingDashboard

WIDGETS = {
    widget.__name__: widget
    for widget in (
        *(ArchitectureExplorer, BlockSwitchboard, ErrorCurves),
        *(GradientLab, Prediction, TrainingDashboard),
    )
}


def page_modules() -> dict[str, str]:
    """Return the module of each widget with its imports, `{name: source}`."""
    return {widget._module: widget._esm for widget in WIDGETS.values()}


def page_files() -> dict[str, bytes]:
    """Return the files of all widgets, `{name: bytes}`."""
    return {
        name: content
        for widget in WIDGETS.values()
        for name, content in widget.page_files().items()
    }
