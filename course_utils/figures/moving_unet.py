"""U-Net that moves: sizes for any input, and the maps of every level."""

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from course_utils.figures.segmentation import show_image
from course_utils.figures.unet_diagram import show_unet
from course_utils.figures.widgets import (
    Choice,
    InteractiveFigure,
    Slider,
    Switch,
    interactive_figure,
)
from course_utils.i18n import _
from course_utils.reference.unet import UNet, level_sizes, nearest_valid_sizes
from course_utils.reference.unet_parts import LevelMaps, level_maps

__all__ = ["level_figure", "unet_size_figure"]

DEPTH = 4


def unet_size_figure(width: int = 64, in_channels: int = 1, num_classes: int = 2):
    """The picture of U-Net for any size of the input, and where a wrong size breaks it."""

    def draw(figure, size, padded):
        ax = figure.subplots()
        below, above = nearest_valid_sizes(size)
        sizes, title = _beginning(size), None
        if padded or size == above:
            sizes = level_sizes(size, padded=padded)
        elif below is None:
            title = _("{size} does not fit; the least that does is {above}")
        else:
            title = _("{size} does not fit; the nearest that do are {below} and {above}")
        title = title and title.format(size=size, below=below, above=above)
        show_unet(ax, sizes, width, in_channels, num_classes, title=title, legend=False)

    controls = {
        "size": Slider(_("input, pixels"), 140, 620, 572),
        "padded": Switch(_("pad with zeros before every convolution"), False),
    }
    frames = [{"size": 500}]
    return interactive_figure(draw, controls, frames, height=4.3, columns=1)


def level_figure(network: UNet, images: Tensor, shown: Tensor) -> InteractiveFigure:
    """The maps of a trained U-Net at a chosen level for a chosen image.

    images: (N, C, H, W), what the network takes. shown: (N, 3, H, W) in [0, 1], to look at.
    Of each kind those channels are drawn that vary most over the image.
    """
    levels = level_maps(network, images)
    pictures = shown.detach().cpu()

    def draw(figure, level, image):
        maps = levels[level]
        axes = iter(figure.subplots(1, 6))
        show_image(next(axes), pictures[image], title=_("The image"))
        for ax, (kind, channel) in zip(axes, _chosen(maps, image), strict=True):
            _show_map(ax, getattr(maps, kind)[image, channel].cpu(), _words(kind))

    numbers = {str(i + 1): i for i in range(len(images))}
    words = {
        _("{level}: 1/{stride} of the side").format(level=level, stride=2**level): level
        for level in range(len(levels))
    }
    controls = {
        "level": Choice(_("level"), words, 0),
        "image": Choice(_("image"), numbers, 0),
    }
    frames = [{"level": 0}, {"level": len(levels) - 1}]
    return interactive_figure(draw, controls, frames, height=1.75, columns=1)


def _beginning(size: int) -> list[tuple[int, int, int]]:
    """Levels on the way down as far as the valid network comes."""
    levels = []
    for _level in range(DEPTH + 1):
        levels.append((size, size - 2, size - 4))
        if (size - 4) % 2:
            break
        size = (size - 4) // 2
    return levels


def _words(kind: str) -> str:
    return {
        "copied": _("copied"),
        "upsampled": _("from below"),
        "decoded": _("after convolutions"),
    }[kind]


def _chosen(maps: LevelMaps, image: int) -> list[tuple[str, int]]:
    """Two copied channels, one from below, and two of the decoder."""
    chosen = []
    for kind, number in (("copied", 2), ("upsampled", 1), ("decoded", 2)):
        spread = getattr(maps, kind)[image].std(dim=(1, 2))
        chosen += [(kind, int(channel)) for channel in spread.argsort(descending=True)[:number]]
    return chosen


def _show_map(ax: Axes, values: Tensor, title: str) -> Axes:
    values = np.asarray(values)
    ax.imshow(values, cmap="gray", interpolation="nearest")
    ax.set_title(title, fontsize=8)
    ends = [0, len(values) - 1]
    ax.set_xticks(ends, [str(end) for end in ends], fontsize=7)
    ax.set_yticks([])
    ax.set_xlabel(_("pixels"), fontsize=7, labelpad=-6)
    return ax
