"""Fully convolutional networks: a classifier that labels every pixel.

A dense layer over a C x h x w map computes what an h x w convolution with the same numbers
computes, so a classifier turned into convolutions takes an image of any size and gives a
map of class scores, one for every window. The map is coarse (stride 32): its scores are
upsampled, and corrected on the way by scores of finer maps (strides 16 and 8).

Source: Long, Shelhamer, Darrell 2015, arXiv:1411.4038, sections 3.1 and 4.
"""

from collections import OrderedDict
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.reference.padding import pad_to_multiple
from course_utils.reference.upsampling import bilinear_transposed_convolution

__all__ = [
    "FCN",
    "TORCHVISION_NODES",
    "FeatureMaps",
    "classifier_to_convolutions",
    "dense_to_convolution",
]

STRIDES = (32, 16, 8)  # coarse to fine

# Where torchvision's networks have the last map of each stride, and its channels.
TORCHVISION_NODES = {
    "alexnet": {8: ("features.2", 64), 16: ("features.5", 192), 32: ("features.12", 256)},
    "vgg16": {8: ("features.16", 256), 16: ("features.23", 512), 32: ("features.30", 512)},
    "resnet18": {8: ("layer2", 128), 16: ("layer3", 256), 32: ("layer4", 512)},
    "resnet50": {8: ("layer2", 512), 16: ("layer3", 1024), 32: ("layer4", 2048)},
}


def dense_to_convolution(
    linear: nn.Linear, channels: int, height: int, width: int
) -> nn.Conv2d:
    """The convolution that equals a dense layer over a flattened map.

    linear: over channels * height * width numbers, flattened in that order (C, H, W).
    Returns a height x width convolution with a copy of the numbers: over the map of that
    size it gives (N, out, 1, 1), equal to the layer; over a larger one, the layer on every
    window. Keeps dtype, device and the absence of a bias.
    Raises ValueError when the sizes don't multiply to the layer's inputs.

        >>> layer = dense_to_convolution(nn.Linear(2 * 3 * 3, 5), channels=2, height=3, width=3)
        >>> layer(torch.zeros(1, 2, 3, 3)).shape, layer(torch.zeros(1, 2, 4, 6)).shape
        (torch.Size([1, 5, 1, 1]), torch.Size([1, 5, 2, 4]))
    """
    if channels * height * width != linear.in_features:
        raise ValueError(
            f"Expected channels * height * width = {linear.in_features}, the layer's inputs, "
            f"got {channels} * {height} * {width} = {channels * height * width}. "
            "Take the shape of the map that was flattened."
        )
    convolution = nn.Conv2d(
        channels,
        linear.out_features,
        (height, width),
        bias=linear.bias is not None,
        dtype=linear.weight.dtype,
        device=linear.weight.device,
    )
    with torch.no_grad():
        convolution.weight.copy_(linear.weight.view_as(convolution.weight))
        if linear.bias is not None:
            convolution.bias.copy_(linear.bias)
    return convolution


def classifier_to_convolutions(
    model: nn.Module, map_size: tuple[int, int] | None = None, *, same_size: bool = False
) -> nn.Sequential:
    """A classifier (AlexNet, VGG or alike) made fully convolutional, with equal numbers.

    model: has `features`, `avgpool` (adaptive) and `classifier` (a Sequential whose Linears
    become convolutions; its ReLU and Dropout stay; a Flatten goes).
    map_size: (h, w) of the features at the classifier's native image size; by default the
    size that `avgpool` gives, where pooling does nothing (224 pixels for torchvision's
    AlexNet and VGG). For a global average pool give the size: it becomes an h x w average
    at stride 1.
    same_size: pad the first convolution so that scores keep the size of the features (h, w
    odd); what FCN wants. Without it a window must lie inside the map.

    Returns Sequential(features, [avgpool], classifier): (N, 3, H, W) -> (N, classes, H', W'),
    and (N, classes, 1, 1) at the native size. Features are shared with `model`, not copied.

    Every score equals `model` on its window when the features pad nothing. Where they do
    (VGG, AlexNet), a window cut out of an image meets zeros at its edge, and the same window
    inside the image meets pixels: equal then is only the classifier over windows of the map.
    Raises ValueError for a model of another kind or a map_size that can't be.
    """
    for part in ("features", "avgpool", "classifier"):
        if not hasattr(model, part):
            raise ValueError(
                f"Expected a model with features, avgpool and classifier, got "
                f"{type(model).__name__} without {part}."
            )
    pooled = _pair(model.avgpool.output_size)
    map_size = map_size or pooled
    parts = OrderedDict(features=model.features)
    if map_size != pooled:
        if pooled != (1, 1):
            raise ValueError(
                f"Expected map_size {pooled}, the size that avgpool gives, got {map_size}. "
                "Only a global average pool can be slid over a larger map."
            )
        padding = _half(map_size) if same_size else 0
        parts["avgpool"] = nn.AvgPool2d(map_size, stride=1, padding=padding)

    layers: list[nn.Module] = []
    height, width = pooled
    for layer in model.classifier:
        if isinstance(layer, nn.Linear):
            channels = layer.in_features // (height * width)
            convolution = dense_to_convolution(layer, channels, height, width)
            if same_size:
                convolution.padding = _half((height, width))
            layers.append(convolution)
            height = width = 1  # the layers after the first see single pixels
        elif not isinstance(layer, nn.Flatten):
            layers.append(layer)
    parts["classifier"] = nn.Sequential(*layers)
    return nn.Sequential(parts)


class FeatureMaps(nn.Module):
    """Maps of several strides out of one network: images -> {8: map, 16: map, 32: map}.

    model: any network that torch.fx can trace (torchvision's do).
    nodes: stride -> name of the node, such as TORCHVISION_NODES["vgg16"] has; all names:
    `torchvision.models.feature_extraction.get_graph_node_names(model)`.
    """

    def __init__(self, model: nn.Module, nodes: Mapping[int, str]):
        super().__init__()
        # Here, so that nobody waits for torchvision who only wants the rest of the package.
        from torchvision.models.feature_extraction import create_feature_extractor

        named = {name: str(stride) for stride, name in nodes.items()}
        self.extractor = create_feature_extractor(model, return_nodes=named)

    def forward(self, images: Tensor) -> dict[int, Tensor]:
        return {int(stride): maps for stride, maps in self.extractor(images).items()}


class FCN(nn.Module):
    """FCN-32s, FCN-16s and FCN-8s: (N, C, H, W) images -> (N, K, H, W) logits.

    backbone: images -> {32: map, 16: map, 8: map}, (N, C_s, H/s, W/s) each; FeatureMaps makes
    one out of a classifier. Unit i of a map should stand over pixels [s*i, s*(i+1)), as in VGG.
    channels: stride -> C_s. stride: 32, 16 or 8, the finest map used.
    head: layers between the coarsest map and its scores that keep height and width, such
    as `classifier_to_convolutions(vgg, same_size=True).classifier[:-1]` with the channels it
    ends with given as channels[32]; none by default.

    Any H and W: images are padded with zeros at the right and below to a multiple of 32, and
    the logits cut back. A map short by a unit (AlexNet doesn't pad) repeats its last row and
    column; ResNet's units stand half a unit to the left. Learned upsampling must absorb these
    shifts; the paper crops by computed offsets.

    As in section 4: score layers are 1x1 convolutions that start at zero; x2 steps start
    bilinear and are learned; the last step is bilinear and stays so.
    Not as in section 4: we go in steps x2, x2, x8 for every stride, where the paper's 32s does
    x32 at once. Bilinear x2 then x16 isn't bilinear x32 (it cuts the corners of the tents), so
    only in equal steps does 16s start with exactly the predictions of 32s (`start_from`).
    """

    def __init__(
        self,
        backbone: nn.Module,
        channels: Mapping[int, int],
        num_classes: int,
        *,
        stride: int = 32,
        head: nn.Module | None = None,
    ):
        super().__init__()
        if stride not in STRIDES:
            raise ValueError(f"Expected stride 32, 16 or 8, got {stride}.")
        self.used = [s for s in STRIDES if s >= stride]
        missing = [s for s in self.used if s not in channels]
        if missing:
            raise ValueError(
                f"Expected channels of the maps at strides {self.used}, got none for {missing}."
            )
        self.stride = stride
        self.backbone = backbone
        self.head = head or nn.Identity()
        self.scores = nn.ModuleDict(
            {str(s): nn.Conv2d(channels[s], num_classes, kernel_size=1) for s in self.used}
        )
        for layer in self.scores.values():
            _zero(layer)
        self.upsample_by_two = nn.ModuleDict(
            {str(s): bilinear_transposed_convolution(num_classes, 2) for s in (16, 8)}
        )
        self.enlarge = bilinear_transposed_convolution(num_classes, 8, groups=num_classes)
        self.enlarge.requires_grad_(False)

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, K, H, W) logits. Raises ValueError on a map of a wrong size."""
        height, width = images.shape[-2:]
        images = pad_to_multiple(images, 32)  # (N, C, h, w): multiples of 32
        maps = self.backbone(images)  # {s: (N, C_s, h / s, w / s)}
        logits = self._scores(maps, 32, images, self.head)  # (N, K, h / 32, w / 32)
        for stride in (16, 8):
            logits = self.upsample_by_two[str(stride)](logits)  # (N, K, h / stride, w / stride)
            if stride in self.used:
                logits = logits + self._scores(maps, stride, images)
        logits = self.enlarge(logits)  # (N, K, h, w)
        return logits[..., :height, :width]  # (N, K, H, W)

    def start_from(self, coarser: "FCN") -> "FCN":
        """Take the weights of a trained coarser net; new skip scores become zero.

        The logits then equal the coarser net's exactly, and training goes on from there
        (section 4.2: 8s from 16s from 32s). Returns self.
        Raises ValueError when `coarser` has what this net lacks.
        """
        theirs, ours = coarser.state_dict(), self.state_dict()
        unknown = sorted(theirs.keys() - ours.keys())
        if unknown:
            raise ValueError(
                f"Expected a coarser FCN on the same backbone than stride {self.stride}, "
                f"got stride {coarser.stride} with {unknown[0]}, absent here."
            )
        self.load_state_dict(theirs, strict=False)
        for stride in self.used:
            if stride not in coarser.used:
                _zero(self.scores[str(stride)])
        return self

    def _scores(
        self,
        maps: Mapping[int, Tensor],
        stride: int,
        images: Tensor,
        head: nn.Module | None = None,
    ) -> Tensor:
        """Class scores of one map, (N, K, H / stride, W / stride)."""
        if stride not in maps:
            raise ValueError(
                f"Expected maps at strides {self.used}, got {sorted(maps)} from the backbone."
            )
        features = maps[stride] if head is None else head(maps[stride])
        height, width = (size // stride for size in images.shape[-2:])
        short = (height - features.shape[-2], width - features.shape[-1])
        if not all(0 <= units <= 1 for units in short):
            raise ValueError(
                f"Expected the map at stride {stride} to be {height} x {width} or a unit less, "
                f"got {features.shape[-2]} x {features.shape[-1]}. "
                "Check the node's stride and that the head keeps the size."
            )
        scores = self.scores[str(stride)](features)  # (N, K, height, width) or a unit less
        return F.pad(scores, (0, short[1], 0, short[0]), mode="replicate")


def _zero(layer: nn.Conv2d) -> None:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)


def _pair(size: int | tuple[int, int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else tuple(size)


def _half(size: tuple[int, int]) -> tuple[int, int]:
    """Padding that keeps the size under a window of `size`."""
    if size[0] % 2 == 0 or size[1] % 2 == 0:
        raise ValueError(
            f"Expected an odd window for same_size, got {size[0]} x {size[1]}. "
            "An even one can't be centred: take same_size=False."
        )
    return size[0] // 2, size[1] // 2
