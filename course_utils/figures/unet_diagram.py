"""The picture of U-Net, drawn from sizes and channels that were computed, and its tiles."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from course_utils.figures.layout import pixel_axes
from course_utils.figures.palette import COLOURS
from course_utils.i18n import _

__all__ = ["show_seams", "show_tiles", "show_unet"]

BOX, COPIED, BROKEN = "#9cc4e4", "#ffffff", COLOURS[6]
CONVOLVE, POOL, ENLARGE, COPY, SCORE = "#1b2430", "#b20021", "#006f35", "#6a6a6a", "#8243de"
STEP = 0.52  # from one map to the next one of its level
LEVEL = (
    2 * STEP
)  # the map after the second convolution stands over the one that it is pooled to


@dataclass(frozen=True)
class _Box:
    """A map as drawn: its left side, its top, its width and height."""

    x: float
    top: float
    width: float
    height: float

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.top - self.height / 2

    @property
    def bottom(self) -> float:
        return self.top - self.height


def show_unet(
    ax: Axes,
    sizes: Sequence[tuple[int, int, int]],
    width: int,
    in_channels: int,
    num_classes: int,
    *,
    depth: int = 4,
    title: str | None = None,
    legend: bool = True,
) -> Axes:
    """U-Net level by level: channels over every map, its size in pixels under it.

    sizes: what `level_sizes` gives for this depth, or only its beginning: then the last map,
    which can't be halved, is marked. width: channels of the first level.
    """
    complete = len(sizes) == 2 * depth + 1
    tops = _tops(depth)
    largest = sizes[0][0]

    def box(x, level, size, channels):
        return _Box(x, tops[level], 0.1 + 0.018 * np.log2(channels + 1), _height(size, largest))

    last = {}
    for level, triple in enumerate(sizes[: depth + 1]):
        channels = [in_channels if level == 0 else width * 2 ** (level - 1)]
        channels += [width * 2**level] * 2
        row = [
            box(level * LEVEL + j * STEP, level, size, number)
            for j, (size, number) in enumerate(zip(triple, channels, strict=True))
        ]
        _draw_row(ax, row, triple, channels)
        if level:
            _arrow(ax, last[level - 1], row[0], POOL, down=True)
        last[level] = row[-1]
    if not complete:
        text = _("{size} is odd: it can't be halved").format(size=sizes[-1][-1])
        if len(sizes) == depth + 1:
            text = _("too small: nothing is left on the way up")
        _mark(ax, last[len(sizes) - 1], text)
    below = last[max(last)]
    for position, triple in enumerate(sizes[depth + 1 :] if complete else ()):
        level = depth - 1 - position
        start = (depth + 1 + position) * LEVEL
        channels = [width * 2 ** (level + 1), width * 2**level, width * 2**level]
        row = [
            box(start + j * STEP, level, size, number)
            for j, (size, number) in enumerate(zip(triple, channels, strict=True))
        ]
        _draw_row(ax, row, triple, channels, copied=True)
        _arrow(ax, below, row[0], ENLARGE, down=False)
        _copy(ax, last[level], row[0])
        below = row[-1]
    if complete:
        answer = box(below.x + STEP, 0, sizes[-1][-1], num_classes)
        _draw_row(ax, [answer], [sizes[-1][-1]], [num_classes])
        _across(ax, below, answer, SCORE)
    if title is None:
        title = _("U-Net: {before} pixels in, {after} out").format(
            before=sizes[0][0], after=sizes[-1][-1]
        )
    ax.set_title(title, fontsize=9)
    ax.set_xlim(-0.25, (2 * depth + 1) * LEVEL + STEP + 0.3)
    ax.set_ylim(tops[depth] - _height(1, 4) - 0.25, 0.42)
    ax.set_axis_off()
    if legend:
        _legend(ax)
    return ax


def show_tiles(ax: Axes, image, tile: int, lost: int) -> Axes:
    """The overlap-tile strategy: the image mirrored at its rim, one tile and what it needs.

    image: (3, H, W) floats in [0, 1], H and W multiples of `tile`. tile: pixels of a side of
    the answer; lost: pixels that the network takes off each side.
    """
    picture = np.asarray(image).transpose(1, 2, 0)
    height, width = picture.shape[:2]
    mirrored = np.pad(picture, ((lost, lost), (lost, lost), (0, 0)), mode="reflect")
    pale = 0.45 * mirrored + 0.55
    pale[lost:-lost, lost:-lost] = picture
    extent = (-lost - 0.5, width + lost - 0.5, height + lost - 0.5, -lost - 0.5)
    ax.imshow(pale, extent=extent, interpolation="nearest")
    for edge in range(0, height + 1, tile):
        ax.plot([-0.5, width - 0.5], [edge - 0.5] * 2, color="white", linewidth=0.8)
    for edge in range(0, width + 1, tile):
        ax.plot([edge - 0.5] * 2, [-0.5, height - 0.5], color="white", linewidth=0.8)
    for start, side, style, label in (
        (0, tile, "-", _("answer of one run")),
        (-lost, tile + 2 * lost, "--", _("what it needs")),
    ):
        square = Rectangle((start - 0.5, start - 0.5), side, side, fill=False, label=label)
        square.set(edgecolor=COLOURS[1], linewidth=2, linestyle=style)
        ax.add_patch(square)
    ax.set_xlim(-lost - 3, width + lost + 2)
    ax.set_ylim(height + lost + 2, -lost - 3)
    ax.legend(
        fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2, frameon=False
    )
    ax.set_xlabel(_("pixels"), fontsize=8)
    ax.set_ylabel(_("pixels"), fontsize=8)
    ax.tick_params(labelsize=7)
    ax.set_title(_("A large image, tile by tile; beyond the rim, a mirror"), fontsize=9)
    return ax


def show_seams(ax: Axes, differences) -> Axes:
    """How far the answer glued from tiles is from the whole one, where zeros were padded.

    differences: (H, W), not negative.
    """
    differences = np.asarray(differences)
    picture = ax.imshow(differences, cmap="cividis", vmin=0, interpolation="nearest")
    bar = ax.figure.colorbar(picture, ax=ax, shrink=0.8)
    bar.ax.tick_params(labelsize=7)
    bar.set_label(_("difference of the scores"), fontsize=7)
    ax.set_title(_("With zero padding the seams stay"), fontsize=9)
    return pixel_axes(ax, *differences.shape)


def _height(size: int, largest: int) -> float:
    """Not in proportion: the smallest map would be a dot."""
    return 0.12 + 1.35 * (size / largest) ** 0.6


def _tops(depth: int) -> list[float]:
    """Where the maps of each level begin; from sizes halved, so that nothing jumps."""
    tops = [0.0]
    for level in range(depth):
        tops.append(tops[-1] - _height(1, 2**level) - 0.66)
    return tops


def _draw_row(ax, row, sizes, channels, *, copied=False):
    for j, (box, size, number) in enumerate(zip(row, sizes, channels, strict=True)):
        style = {"edgecolor": "black", "linewidth": 0.6}
        ax.add_patch(
            Rectangle((box.x, box.bottom), box.width, box.height, facecolor=BOX, **style)
        )
        if copied and j == 0:  # the first half of its channels has come from the side
            half = Rectangle((box.x, box.bottom), box.width / 2, box.height, hatch="/////")
            half.set(facecolor=COPIED, **style)
            ax.add_patch(half)
        centre = box.middle[0]
        ax.text(centre, box.top + 0.03, str(number), ha="center", va="bottom", fontsize=6)
        ax.text(centre, box.bottom - 0.04, str(size), ha="center", va="top", fontsize=6.5)
        if j:
            _across(ax, row[j - 1], box, CONVOLVE)


def _across(ax, left: _Box, right: _Box, colour: str) -> None:
    height = right.top - min(left.height, right.height) / 2
    _line(ax, (left.x + left.width, height), (right.x, height), colour, "-")


def _arrow(ax, before: _Box, after: _Box, colour: str, *, down: bool) -> None:
    x = after.middle[0]
    start, end = (
        (before.bottom - 0.2, after.top + 0.17)
        if down
        else (
            before.top + 0.17,
            after.bottom - 0.2,
        )
    )
    _line(ax, (x, start), (x, end), colour, "-" if down else (0, (3, 1)))


def _copy(ax, left: _Box, right: _Box) -> None:
    height = right.top - 0.3 * right.height
    _line(ax, (left.x + left.width, height), (right.x, height), COPY, ":")


def _line(ax, start, end, colour, style) -> None:
    arrow = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.2, "linestyle": style}
    arrow |= {"shrinkA": 0, "shrinkB": 0, "mutation_scale": 7}
    ax.annotate("", xy=end, xytext=start, arrowprops=arrow)


def _mark(ax, box: _Box, text: str) -> None:
    frame = Rectangle((box.x, box.bottom), box.width, box.height, fill=False, linewidth=2.5)
    frame.set(edgecolor=BROKEN, hatch="xxx")
    ax.add_patch(frame)
    place = (box.x + box.width + 0.25, box.middle[1])
    ax.text(*place, text, va="center", fontsize=9, color=POOL)


def _legend(ax) -> None:
    lines = [
        (CONVOLVE, "-", _("3×3 convolution, ReLU")),
        (POOL, "-", _("2×2 max pooling")),
        (ENLARGE, (0, (3, 1)), _("2×2 up-convolution")),
        (COPY, ":", _("copy and crop")),
        (SCORE, "-", _("1×1 convolution: scores")),
    ]
    handles = [Line2D([], [], color=c, linestyle=s, label=label) for c, s, label in lines]
    handles.append(Patch(facecolor=COPIED, edgecolor="black", hatch="/////", label=_("copied")))
    ax.legend(
        handles=handles,
        fontsize=7,
        loc="lower center",
        bbox_to_anchor=(0.5, -0.12),
        ncols=3,
        frameon=False,
    )
