"""List what He et al. 2015 report for ImageNet and COCO."""

from __future__ import annotations

from typing import NamedTuple

PAPER = "He et al. 2015, arXiv 1512.03385"
VALIDATION_IMAGES = 50_000  # of ImageNet 2012; section 4.1


class ClassificationResult(NamedTuple):
    """Hold errors on ImageNet, in per cent, as the paper gives them."""

    name: str
    top1: float | None
    top5: float | None
    source: str  # the table
    net: str | None = None  # one of `IMAGENET_NETS`; None where the library has no such net
    option: str = "B"  # of its shortcuts
    note: str = ""
    digits: int = 2  # after the point, as printed


# On the validation images, ten crops each. Table 2 has no top-5 errors.
TEN_CROP = (
    ClassificationResult("VGG-16", 28.07, 9.33, "Table 3", "vgg16", note="the authors’ own test"),
    ClassificationResult("GoogLeNet", None, 9.15, "Table 3"),
    ClassificationResult("PReLU-net", 24.27, 7.38, "Table 3"),
    ClassificationResult("Plain-18", 27.94, None, "Table 2", "plain18"),
    ClassificationResult("Plain-34", 28.54, 10.02, "Table 3", "plain34"),
    ClassificationResult("ResNet-18", 27.88, None, "Table 2", "resnet18", "A", "option A"),
    ClassificationResult("ResNet-34", 25.03, 7.76, "Table 3", "resnet34", "A", "option A"),
    ClassificationResult("ResNet-34", 24.52, 7.46, "Table 3", "resnet34", "B", "option B"),
    ClassificationResult("ResNet-34", 24.19, 7.40, "Table 3", "resnet34", "C", "option C"),
    ClassificationResult("ResNet-50", 22.85, 6.71, "Table 3", "resnet50"),
    ClassificationResult("ResNet-101", 21.75, 6.05, "Table 3", "resnet101"),
    ClassificationResult("ResNet-152", 21.43, 5.71, "Table 3", "resnet152"),
)
# One net each, on the validation images at several scales, but for the first: on the test images.
SINGLE_MODELS = (
    ClassificationResult("VGG", None, 8.43, "Table 4", note="ILSVRC 2014, test images"),
    ClassificationResult("GoogLeNet", None, 7.89, "Table 4", note="ILSVRC 2014"),
    ClassificationResult("VGG", 24.4, 7.1, "Table 4", note="fifth version of its paper", digits=1),
    ClassificationResult("PReLU-net", 21.59, 5.71, "Table 4"),
    ClassificationResult("BN-inception", 21.99, 5.81, "Table 4"),
    ClassificationResult("ResNet-34", 21.84, 5.71, "Table 4", "resnet34", "B", "option B"),
    ClassificationResult("ResNet-34", 21.53, 5.60, "Table 4", "resnet34", "C", "option C"),
    ClassificationResult("ResNet-50", 20.74, 5.25, "Table 4", "resnet50"),
    ClassificationResult("ResNet-101", 19.87, 4.60, "Table 4", "resnet101"),
    ClassificationResult("ResNet-152", 19.38, 4.49, "Table 4", "resnet152"),
)
# Several nets each, on the test images.
ENSEMBLES = (
    ClassificationResult("VGG", None, 7.32, "Table 5", note="ILSVRC 2014"),
    ClassificationResult("GoogLeNet", None, 6.66, "Table 5", note="ILSVRC 2014"),
    ClassificationResult("VGG", None, 6.8, "Table 5", note="fifth version of its paper", digits=1),
    ClassificationResult("PReLU-net", None, 4.94, "Table 5"),
    ClassificationResult("BN-inception", None, 4.82, "Table 5"),
    ClassificationResult("ResNet", None, 3.57, "Table 5", note="ILSVRC 2015, six nets"),
)
TABLE_1 = {  # multiply-adds in 10⁹; the two VGG nets stand in sections 3.3 and 4.1
    "resnet18": 1.8,
    "plain34": 3.6,
    "resnet34": 3.6,
    "resnet50": 3.8,
    "resnet101": 7.6,
    "resnet152": 11.3,
    "vgg16": 15.3,
    "vgg19": 19.6,
}


class DetectionResult(NamedTuple):
    """Hold the mean average precision of Faster R-CNN on two nets, in per cent."""

    data: str
    measure: str
    vgg16: float
    resnet101: float
    source: str


DETECTION = (
    DetectionResult("PASCAL VOC 2007, test", "mAP at .5", 73.2, 76.4, "Table 7"),
    DetectionResult("PASCAL VOC 2012, test", "mAP at .5", 70.4, 73.8, "Table 7"),
    DetectionResult("COCO, validation", "mAP at .5", 41.5, 48.4, "Table 8"),
    DetectionResult("COCO, validation", "mAP at .5 to .95", 21.2, 27.2, "Table 8"),
)
FIRST_PLACES = (  # of 2015; abstract, section 4.3 and appendices B and C
    ("ILSVRC", "classification", "top-5 error 3.57 %", "six nets"),
    ("ILSVRC", "localisation", "top-5 localisation error 9.0 %", "an ensemble"),
    ("ILSVRC", "detection", "mAP at .5: 62.1 %", "three nets"),
    ("COCO", "detection", "mAP at .5 to .95: 37.4 %", "three nets"),
    ("COCO", "segmentation", "first place; no figure in the paper", "–"),
)


def find_ten_crop(name: str, option: str | None = None) -> ClassificationResult:
    """Find a net in `TEN_CROP` by its name in the library and its option."""
    return next(
        one for one in TEN_CROP if one.net == name and (option is None or one.option == option)
    )
