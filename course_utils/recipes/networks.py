"""The networks of the recipes: the course's own, on torchvision's backbones.

All take images (N, 3, H, W), normalised as ImageNet's were, of any H and W, and give logits
(N, K, H, W). `width` is the number of channels of the first layer: 64 is the papers', and with
it VGG-16 has the names and shapes of torchvision's, so that ImageNet's weights fit.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torchvision import models
from torchvision.models import vgg

from course_utils.reference.dilated import ContextNetwork
from course_utils.reference.fcn import (
    FCN,
    TORCHVISION_NODES,
    FeatureMaps,
    classifier_to_convolutions,
)
from course_utils.reference.front_end import DilatedSegmenter, FrontEnd
from course_utils.reference.initialisation import he_initialise
from course_utils.reference.unet import UNet

__all__ = [
    "NonNegative",
    "fcn",
    "front_end",
    "new_layers",
    "parameter_groups",
    "start_from",
    "unet",
    "vgg16",
]

Weights = Mapping[str, Tensor] | None


def fcn(
    num_classes: int, *, stride: int, backbone: str, width: int = 64, weights: Weights = None
) -> FCN:
    """FCN-32s, 16s or 8s. weights: the backbone's, as torchvision names them; None: random.

    On VGG-16 the two dense layers are kept as convolutions, the first padded; on a ResNet,
    whose end is an average over the map, the scores stand on the last map itself.
    """
    classifier = _backbone(backbone, width, weights)
    nodes = {s: node for s, (node, channels) in TORCHVISION_NODES[backbone].items()}
    channels = {s: channels for s, (node, channels) in TORCHVISION_NODES[backbone].items()}
    head = None
    if backbone == "vgg16":
        channels = {s: number * width // 64 for s, number in channels.items()}
        head = classifier_to_convolutions(classifier, same_size=True).classifier[:-1]
        channels[32] = head[0].out_channels
    maps = FeatureMaps(classifier, nodes)
    return FCN(maps, channels, num_classes, stride=stride, head=head)


def unet(num_classes: int, *, width: int = 64) -> UNet:
    """U-Net with padded convolutions, so that sizes stay, and batch normalisation."""
    return UNet(3, num_classes, width=width, padded=True, batch_norm=True)


def front_end(
    num_classes: int, *, context: str | None = None, width: int = 64, weights: Weights = None
) -> DilatedSegmenter:
    """The dilated front end on VGG-16, and a context network ("basic", "large") behind it.

    Every convolution pads, where the paper pads the image once by 186 pixels and mirrors it:
    a 480-pixel crop would become 852 pixels, three times the work and the memory.
    """
    scores = FrontEnd.from_vgg16(_backbone("vgg16", width, weights), num_classes, padded=True)
    if context is None:
        return DilatedSegmenter(scores)
    noise = 0.01 if context == "large" else 0.0  # without it twin channels stay twins
    refined = ContextNetwork(num_classes, context, noise=noise)
    return DilatedSegmenter(scores, nn.Sequential(NonNegative(), refined))


class NonNegative(nn.Module):
    """Scores (N, K, H, W) plus a constant of each pixel, which makes the least of them 1.

    A softmax doesn't notice. The context network does: it starts as ReLU(x), which is x then,
    and passes gradients on even where all scores are equal, as they are at the start.
    """

    def forward(self, scores: Tensor) -> Tensor:
        least = scores.detach().amin(dim=1, keepdim=True)  # (N, 1, H, W)
        return scores + (1 - least)  # (N, K, H, W)


def vgg16(width: int = 64) -> nn.Module:
    """VGG-16, He's random weights; with width 64 torchvision's, 138,357,544 parameters.

    features, avgpool, classifier; images (N, 3, H, W) -> logits (N, 1000).
    Raises ValueError for a width below 1.
    """
    if width < 1:
        raise ValueError(f"Expected a width of at least 1 channel, got {width}.")
    plan = [n if n == "M" else max(1, n * width // 64) for n in vgg.cfgs["D"]]
    network = _VGG16(plan, hidden=64 * width)
    he_initialise(network)
    for layer in network.classifier:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
    return network


def new_layers(network: nn.Module) -> list[nn.Module]:
    """The layers of a network of ours that no classifier gives weights to."""
    if isinstance(network, FCN):
        return [network.scores]
    if isinstance(network, DilatedSegmenter):
        return [network.front_end.classifier[-1], network.context]
    return []


def parameter_groups(
    network: nn.Module, learning_rate: float, times: float
) -> list[dict[str, object]]:
    """Trained parameters for an optimizer: new layers learn `times` faster than the others."""
    fast = {id(p) for layer in new_layers(network) for p in layer.parameters()}
    trained = [p for p in network.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if id(p) not in fast], "lr": learning_rate},
        {"params": [p for p in trained if id(p) in fast], "lr": learning_rate * times},
    ]
    return [group for group in groups if group["params"]]


def start_from(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Take over the weights of another recipe's network, in place; the new parts stay.

    FCN-16s starts from 32s and 8s from 16s as FCN.start_from does, a context network from the
    front end that it stands behind. Raises ValueError where the weights don't belong there.
    """
    new: Sequence[str] = ()
    if isinstance(network, FCN):
        new = tuple(f"scores.{stride}." for stride in network.used if stride != 32)
    elif isinstance(network, DilatedSegmenter):
        new = ("context.",)
    ours = network.state_dict()
    strange = sorted(weights.keys() - ours.keys())
    missing = sorted(k for k in ours.keys() - weights.keys() if not k.startswith(tuple(new)))
    for name in strange or missing:
        raise ValueError(
            f"Expected weights that {type(network).__name__} can start from, got "
            f"{'one unknown to it' if strange else 'none for'}: {name}."
        )
    for name, value in weights.items():
        if value.shape != ours[name].shape:
            raise ValueError(
                f"Expected weights of this width and these classes, got {name} of "
                f"{tuple(value.shape)} in place of {tuple(ours[name].shape)}."
            )
    network.load_state_dict(weights, strict=False)


class _VGG16(nn.Module):
    def __init__(self, plan: list[int | str], hidden: int):
        super().__init__()
        self.features = vgg.make_layers(plan)
        self.avgpool = nn.AdaptiveAvgPool2d(7)
        self.classifier = nn.Sequential(
            nn.Linear(plan[-2] * 49, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(hidden, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(hidden, 1000),
        )

    def forward(self, images: Tensor) -> Tensor:
        maps = self.features(images)  # (N, C, H / 32, W / 32)
        maps = self.avgpool(maps)  # (N, C, 7, 7)
        return self.classifier(torch.flatten(maps, 1))  # (N, 1000)


def _backbone(name: str, width: int, weights: Weights) -> nn.Module:
    network = vgg16(width) if name == "vgg16" else models.get_model(name)
    if weights is not None:
        network.load_state_dict(weights)
    return network
