"""Heads on the maps of a frozen backbone, to be compared on equal terms.

    maps = FrozenMaps(FeatureMaps(dilated_copy(model), nodes), standard=images)
    network = Segmenter(maps, field_head(192, K, hidden=16, dilation=2), geometry, (128, 128))

The backbone is the same for all, and its answers are remembered, so that a head is trained in a
second. Heads take maps (N, C, h, w) and give scores (N, K, h, w) on the same grid.
Sources: Yu, Koltun 2016, arXiv:1511.07122, sections 3 and 4; Chen et al. 2017,
arXiv:1606.00915, section 3.2 and figure 7 (several fields of view, summed).
"""

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from course_utils.reference.dilated import CONTEXT_KERNELS, ContextNetwork, identity_initialise
from course_utils.reference.dilated_backbone import ToPixels
from course_utils.reference.receptive_field import Geometry
from course_utils.reference.short_training import one_thread

__all__ = ["FieldsOfView", "FrozenMaps", "Segmenter", "field_head", "plain_context"]

COARSEST = 32  # the key under which a backbone gives its last map


class Segmenter(nn.Module):
    """Images (N, 3, H, W) -> logits (N, K, H, W): backbone, head, context network, pixels.

    backbone: images -> {32: last map, ...}, all maps on one grid; geometry: of its units.
    head: last map -> scores. skips: stride -> channels of earlier maps whose scores, a 1x1
    convolution that starts at zero, are added as in an FCN; keyed by the stride that the map
    had before its dilation. context: scores -> scores. size: (H, W) of the images.
    """

    def __init__(
        self,
        backbone: nn.Module,
        head: nn.Module,
        geometry: Geometry,
        size: tuple[int, int],
        *,
        num_classes: int | None = None,
        skips: Mapping[int, int] | None = None,
        context: nn.Module | None = None,
    ):
        super().__init__()
        self.backbone, self.head = backbone, head
        self.skips = nn.ModuleDict(
            {str(s): nn.Conv2d(c, num_classes, 1) for s, c in (skips or {}).items()}
        )
        for layer in self.skips.values():
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        self.context = context or nn.Identity()
        self.to_pixels = ToPixels(geometry, size)

    def scores(self, images: Tensor) -> Tensor:
        """(N, K, h, w): before the context network."""
        maps = self.backbone(images)  # {stride: (N, C_stride, h, w)}, all on one grid
        scores = self.head(maps[COARSEST])  # (N, K, h, w)
        for stride, layer in self.skips.items():
            scores = scores + layer(maps[int(stride)])  # (N, K, h, w)
        return scores

    def forward(self, images: Tensor) -> Tensor:
        scores = self.scores(images)  # (N, K, h, w)
        scores = self.context(scores)  # (N, K, h, w)
        return self.to_pixels(scores)  # (N, K, H, W)

    def with_context(self, context: nn.Module) -> "Segmenter":
        """A new network with this head, copied and frozen, and a context network behind it.

        As in the paper: the front end is trained first and stays; only the context network
        learns then. The backbone is shared.
        """
        head = copy.deepcopy(self.head).requires_grad_(False)
        return Segmenter(
            self.backbone, head, self.to_pixels.geometry, self.to_pixels.size, context=context
        )


class FieldsOfView(nn.Module):
    """DeepLab's head: branches that look at one map with different dilations, then a sum.

    Each branch: a 3x3 convolution to `hidden` channels with its own dilation, a ReLU and a 1x1
    convolution to the scores. One branch with dilation 12 is the "large field of view" of
    DeepLab v1, four with 6, 12, 18, 24 the pyramid of v2. DeepLab's last stage, a CRF over
    the image's colours, is not here.
    """

    def __init__(
        self, channels: int, num_classes: int, *, hidden: int, dilations: tuple[int, ...]
    ):
        super().__init__()
        self.branches = nn.ModuleList(
            field_head(channels, num_classes, hidden=hidden, dilation=dilation)
            for dilation in dilations
        )

    def forward(self, maps: Tensor) -> Tensor:
        return sum(branch(maps) for branch in self.branches)  # of (N, K, h, w) each


def field_head(
    channels: int, num_classes: int, *, hidden: int, dilation: int = 1
) -> nn.Sequential:
    """3x3 convolution (dilated, size kept), ReLU, 1x1 convolution to the scores.

    The scores start near zero, not at it: from zero the first layer gets no gradient, and a
    short training is half over before it moves.
    """
    field = nn.Conv2d(channels, hidden, 3, padding=dilation, dilation=dilation)
    nn.init.kaiming_normal_(field.weight, nonlinearity="relu")
    score = nn.Conv2d(hidden, num_classes, 1)
    nn.init.normal_(score.weight, std=0.05)
    nn.init.zeros_(field.bias)
    nn.init.zeros_(score.bias)
    return nn.Sequential(field, nn.ReLU(), score)


def plain_context(channels: int) -> ContextNetwork:
    """The basic context network with every dilation 1: as many weights, a field of 15 x 15.

    For the question how much of the context network's work its dilation does.
    """
    network = ContextNetwork(channels)
    layers = [layer for layer in network if isinstance(layer, nn.Conv2d)]
    for layer, kernel in zip(layers, CONTEXT_KERNELS, strict=True):
        layer.dilation, layer.padding = (1, 1), (kernel // 2, kernel // 2)
    identity_initialise(network)
    return network


class FrozenMaps(nn.Module):
    """A backbone that is not trained, always in evaluation mode, and remembers its answers.

    Heads are trained on the same images again and again, and a frozen backbone answers them the
    same: each image goes through it once. An image is known by its bytes.
    backbone: (N, 3, H, W) -> {key: map (N, C, h, w)}.
    standard: images over which every channel of every map gets mean 0 and deviation 1, so that
    one learning rate suits all heads.
    """

    def __init__(self, backbone: nn.Module, *, standard: Tensor | None = None):
        super().__init__()
        self.backbone = backbone.requires_grad_(False).eval()
        self.known: dict[int, dict[int, Tensor]] = {}
        self.scales: dict[int, tuple[Tensor, Tensor]] = {}
        if standard is not None:
            self.scales = {key: _scale(maps) for key, maps in self._answers(standard).items()}

    def train(self, mode: bool = True) -> "FrozenMaps":
        """Stays in evaluation mode, whatever the network around it does."""
        return super().train(False)

    @torch.no_grad()
    def forward(self, images: Tensor) -> dict[int, Tensor]:
        keys = [hash(each.tobytes()) for each in images.cpu().numpy()]
        new = {key: i for i, key in enumerate(keys) if key not in self.known}
        if new:
            answers = self._answers(images[list(new.values())])
            for key, (mean, deviation) in self.scales.items():
                answers[key] = (answers[key] - mean) / deviation
            for position, key in enumerate(new):
                self.known[key] = {name: maps[position] for name, maps in answers.items()}
        found = [self.known[key] for key in keys]  # for each image {key: (C, h, w)}
        return {  # {key: (N, C, h, w)}
            name: torch.stack([each[name] for each in found]) for name in found[0]
        }

    @torch.no_grad()
    def _answers(self, images: Tensor, batch: int = 8) -> dict[int, Tensor]:
        with one_thread():
            parts = [self.backbone(some) for some in images.split(batch)]
        return {key: torch.cat([part[key] for part in parts]) for key in parts[0]}


def _scale(maps: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of every channel, (C, 1, 1); a dead channel, of which rounding is all
    that varies, stays as it is."""
    mean = maps.mean(dim=(0, 2, 3))[:, None, None]
    deviation = maps.std(dim=(0, 2, 3))[:, None, None]
    alive = deviation > 1e-6 + 1e-5 * mean.abs()
    return mean, deviation.where(alive, torch.ones_like(deviation))
