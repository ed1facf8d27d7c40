"""A classifier that somebody has trained already: what transfer and interpretation start from.

    network = load_pretrained(session.current().data)

On the built-in data that is the small network of the package, trained on drawn objects; on
VOC 2012 one of torchvision's, trained on ImageNet. Both take images (N, 3, H, W), RGB in
[0, 1]: the normalisation is inside. The same cells run on either.
Where the weights can't be had, one sentence says so and the small network stands in.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from torch import nn

from course_utils.data.downloads import Unavailable
from course_utils.data.imagenet import load_weights
from course_utils.data.shapes import SHAPES
from course_utils.data.small_net import MAPS, SmallNet, small_net
from course_utils.i18n import _
from course_utils.reference.class_pictures import Normalized
from course_utils.reference.fcn import TORCHVISION_NODES

__all__ = ["IMAGENET_MEAN", "IMAGENET_STD", "Pretrained", "load_pretrained"]

# Of the pixels of ImageNet, RGB in [0, 1]: what torchvision's classifiers were trained with.
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

# Outputs of the five convolutional layers, after their ReLUs.
_LAYERS = {
    "alexnet": ("features.1", "features.4", "features.7", "features.9", "features.11"),
    "vgg16": ("features.3", "features.8", "features.15", "features.22", "features.29"),
    "resnet18": ("relu", "layer1", "layer2", "layer3", "layer4"),
}
_SHOWN = {"alexnet": "AlexNet", "vgg16": "VGG-16", "resnet18": "ResNet-18"}


@dataclass(frozen=True)
class Pretrained:
    """A trained classifier, and what one has to know to work with it.

    model: images (N, 3, H, W) in [0, 1] -> logits (N, classes), in evaluation mode.
    name: as a reader should see it. trained_on: "ShapesVOC" or "ImageNet".
    size: pixels of a side of the images that it was trained on.
    classes: their names, in the order of the logits.
    layers: dotted names of its five convolutional layers (blocks, in deeper networks), each
        as it comes out of its ReLU: what `layer_features` and `top_patches` take.
    maps: stride -> (name of the node, channels), as FeatureMaps and FCN take them.
    fresh: () -> the same network with random weights, in training mode.
    """

    model: nn.Module
    name: str
    trained_on: str
    size: int
    classes: tuple[str, ...]
    layers: tuple[str, ...]
    maps: Mapping[int, tuple[str, int]]
    fresh: Callable[[], nn.Module]


def load_pretrained(data: str = "shapes", network: str = "alexnet") -> Pretrained:
    """The trained classifier that goes with a data set.

    data: "shapes" for the small network of the package, whatever `network` is; "voc2012" for
    torchvision's `network` ("alexnet", "vgg16" or "resnet18") with its ImageNet weights, which
    are downloaded on first use (45 to 530 MB).
    Raises ValueError for another data set or network.
    """
    if data not in ("shapes", "voc2012"):
        raise ValueError(f'Expected data "shapes" or "voc2012", got {data!r}.')
    if network not in _LAYERS:
        raise ValueError(f"Expected a network out of {', '.join(_LAYERS)}, got {network!r}.")
    if data == "voc2012" and (found := _from_torchvision(network)):
        return found
    return Pretrained(
        model=small_net(),
        name="SmallNet",
        trained_on="ShapesVOC",
        size=64,
        classes=tuple(kind.name for kind in SHAPES),
        layers=tuple(f"features.layer{number}" for number in range(1, 6)),
        maps=MAPS,
        fresh=partial(SmallNet, len(SHAPES)),
    )


def _from_torchvision(network: str) -> Pretrained | None:
    """torchvision's network; None and a sentence where its weights can't be had."""
    from torchvision import models  # here, so that nobody waits for it who has no use for it

    weights = models.get_model_weights(network).DEFAULT
    try:
        state = load_weights(weights)
    except Unavailable as error:
        sentence = _(
            "{network}'s ImageNet weights can't be had ({reason}): the built-in network "
            "stands in."
        )
        print(sentence.format(network=_SHOWN[network], reason=error.reason), file=sys.stderr)
        return None
    model = models.get_model(network)
    model.load_state_dict(state)
    return Pretrained(
        model=_normalized(model).eval(),
        name=_SHOWN[network],
        trained_on="ImageNet",
        size=224,
        classes=tuple(weights.meta["categories"]),
        layers=tuple(f"model.{layer}" for layer in _LAYERS[network]),
        maps={
            stride: (f"model.{node}", channels)
            for stride, (node, channels) in TORCHVISION_NODES[network].items()
        },
        fresh=lambda: _normalized(models.get_model(network)),
    )


def _normalized(model: nn.Module) -> nn.Module:
    return Normalized(model, IMAGENET_MEAN, IMAGENET_STD)
