"""Build, train and examine residual networks.

Every public name can be imported from here. A module is imported when one of its names is first
used, so that loading data or drawing a figure does not import TensorFlow.
"""

from importlib import import_module
from typing import Any

from resnet_lib.processor import enable_onednn, hide_jax

enable_onednn()
hide_jax()

_NAMES_BY_MODULE = {
    "nets.options": "SHORTCUTS depth_from_n",
    "nets.spec": "NetSpec",
    "nets.resnet": "PadShortcut resnet_layer resnet_v1 resnet_v2",
    "nets.imagenet": "IMAGENET_NETS imagenet_net",
    "data.cifar10": "CLASS_NAMES DataError import_cifar10 load_cifar10 load_sample",
    "data.augmentation": "PixelMeanNormalization RandomCropFlip RandomShiftFlip",
    "runs.recipes": "RECIPES Recipe lr_schedule recipe_called",
    "runs.run": "Run headline_runs load_runs",
    "runs.weights": "saved_model trained_model",
    "training.train": "train",
    "training.preflight": "Preflight preflight",
    "inside.evaluation": "Evaluation evaluate recorded_evaluations",
    "inside.diagnostics": (
        "gradient_norms signal_statistics gradient_correlation path_gradients loss_surface"
    ),
    "inside.lesions": "block_names lesion",
    "chapters.exercises": "check",
    "widgets.architecture_explorer.widget": "ArchitectureExplorer",
    "widgets.block_switchboard.widget": "BlockSwitchboard",
    "widgets.error_curves.widget": "ErrorCurves",
    "widgets.gradient_lab.widget": "GradientLab",
    "widgets.prediction.widget": "Prediction",
    "widgets.training_dashboard.widget": "TrainingDashboard",
}
_MODULE_BY_NAME = {
    name: module for module, names in _NAMES_BY_MODULE.items() for name in names.split()
}

__version__ = "0.1.0"
__all__ = sorted(_MODULE_BY_NAME)


def __getattr__(name: str) -> Any:
    if name not in _MODULE_BY_NAME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_BY_NAME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
