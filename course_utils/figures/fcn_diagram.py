"""Diagrams of fully convolutional networks, drawn from sizes that a real pass gave."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Polygon, Rectangle

from course_utils.figures.palette import COLOURS
from course_utils.i18n import _

__all__ = ["show_dense_as_convolution", "show_fcn", "show_one_by_one"]

FRONT, TOP, SIDE = "#dfe7ef", "#f3f6f9", "#b9c6d3"
SCORE = COLOURS[3]

Size = tuple[int, int, int]  # channels, height, width


def show_fcn(ax: Axes, maps: Mapping[int, Size], scores: Mapping[int, Size]) -> Axes:
    """The maps of a network as blocks, and below them the scores on their way up.

    maps: stride -> size of the map, from fine to coarse, stride 1 being the image.
    scores: stride -> size of the scores that are added to the ones from below; the coarsest
    is where they start.
    """
    x, places = 0.0, {}
    image_side = next(iter(maps.values()))[1]
    for stride, size in maps.items():
        places[stride] = x
        width = _thickness(size[0])
        side = _side(size[1], image_side)
        _block(ax, x, 2.0 - side / 2, width, side, FRONT)
        text = _("image") if stride == 1 else _("stride {stride}").format(stride=stride)
        ax.text(x + width / 2, 3.25, text, ha="center", fontsize=7.5)
        ax.text(x + width / 2, 0.92, _shape(size), ha="center", va="top", fontsize=7)
        x += width + 0.95
    end = x + 0.1
    coarsest = max(scores)
    ordered = sorted(scores, reverse=True)
    for stride in ordered:
        centre = places[stride] + _thickness(maps[stride][0]) / 2
        _arrow(ax, (centre, 0.05), (centre, -0.55), _("1×1") if stride == coarsest else "+1×1")
        _plate(ax, centre, -0.92, _side(scores[stride][1], image_side), scores[stride])
    for coarse, fine in pairwise(ordered):
        start, stop = (
            places[stride] + _thickness(maps[stride][0]) / 2 for stride in (coarse, fine)
        )
        _arrow(ax, (start - 0.3, -0.95), (stop + 0.35, -0.95), "×2")
    finest = places[ordered[-1]] + _thickness(maps[ordered[-1]][0]) / 2
    factor = f"×{ordered[-1]}"
    _arrow(ax, (finest - 0.35, -0.95), (0.75, -0.95), factor)
    _plate(ax, 0.25, -0.92, 1.0, (scores[coarsest][0], *maps[1][1:]))
    ax.set_xlim(-0.6, end)
    ax.set_ylim(-2.05, 3.6)
    title = _("Maps shrink {stride} times; class scores are added up and enlarged by {factors}")
    factors = " · ".join(["2"] * (len(ordered) - 1) + [str(ordered[-1])])
    ax.set_title(title.format(stride=coarsest, factors=factors), fontsize=9)
    ax.set_axis_off()
    return ax


def show_dense_as_convolution(
    ax: Axes, kernel: Sequence[int], larger: Sequence[int], shape: Size
) -> Axes:
    """A window of a map and the unit computed from it; on a larger map the window slides.

    kernel: (h, w) of the window, in units of the map. larger: (H, W) of the larger map.
    shape: channels of the map, of the outputs and classes, to be written.
    """
    h, w = kernel
    rows, columns = larger
    _grid(ax, 0.0, 0.0, h, w, filled=(0, 0, h, w))
    ax.text(w / 2, -0.75, _("{c} channels").format(c=shape[0]), ha="center", fontsize=8)
    _arrow(ax, (w + 0.3, h / 2), (w + 2.0, h / 2), "")
    _grid(ax, w + 2.3, h / 2 - 0.5, 1, 1, filled=(0, 0, 1, 1))
    ax.text(w + 2.8, -0.75, _("{c} numbers").format(c=shape[1]), ha="center", fontsize=8)
    start = w + 5.6
    _grid(ax, start, 0.0, rows, columns, filled=(1, 1, h, w))
    _arrow(ax, (start + columns + 0.3, rows / 2), (start + columns + 2.0, rows / 2), "")
    left = start + columns + 2.4
    out = rows - h + 1, columns - w + 1
    _grid(ax, left, (rows - out[0]) / 2, *out, filled=(1, 1, 1, 1))
    words = _("the same numbers, {n} windows").format(n=out[0] * out[1])
    ax.text(left + out[1] / 2, -0.75, words, ha="center", fontsize=8)
    ax.set_xlim(-0.5, left + out[1] + 2.2)
    ax.set_ylim(rows + 0.4, -1.4)
    ax.set_aspect("equal")
    ax.set_title(
        _("A dense layer over a {h}×{w} map is a {h}×{w} convolution: it can slide").format(
            h=h, w=w
        ),
        fontsize=9,
    )
    ax.set_axis_off()
    return ax


def show_one_by_one(ax: Axes, channels: int, classes: int, side: int) -> Axes:
    """One position of a map through a 1 x 1 convolution: a linear classifier of its numbers."""
    _block(ax, 0.0, 0.0, 2.2, 2.2, FRONT)
    _lines(ax, 0.0, 2.2, side)
    _rod(ax, 2.2 / side * (side // 2), 2.2 / side * (side // 2), COLOURS[2], 2.2 / side)
    ax.text(1.3, -0.4, f"{channels} × {side} × {side}", ha="center", fontsize=8)
    _arrow(ax, (3.2, 1.3), (4.9, 1.3), "")
    words = _("weights {k} × {c},\nthe same everywhere").format(k=classes, c=channels)
    ax.text(4.05, 1.55, words, ha="center", va="bottom", fontsize=8)
    _block(ax, 5.4, 0.0, 2.2, 2.2, "#fbe3cf", depth=0.25)
    _lines(ax, 5.4, 2.2, side)
    _rod(ax, 5.4 + 2.2 / side * (side // 2), 2.2 / side * (side // 2), COLOURS[3], 2.2 / side)
    ax.text(6.6, -0.4, f"{classes} × {side} × {side}", ha="center", fontsize=8)
    ax.set_xlim(-0.4, 8.2)
    ax.set_ylim(-0.8, 3.0)
    ax.set_aspect("equal")
    title = _("A 1×1 convolution: one linear classifier at every position")
    ax.set_title(title, fontsize=9)
    ax.set_axis_off()
    return ax


def _shape(size: Size) -> str:
    return "\n×".join(str(number) for number in size)


def _thickness(channels: int) -> float:
    return 0.1 + 0.045 * np.sqrt(channels)


def _side(size: int, image_side: int) -> float:
    """Drawn size: the root keeps the smallest map in sight."""
    return 2.0 * np.sqrt(size / image_side)


def _block(ax: Axes, x, y, width, height, colour, depth: float = 0.7) -> None:
    """A box seen from the front and a little from above."""
    dx, dy = 0.35 * depth * height / 2, 0.25 * depth * height / 2
    edge = {"edgecolor": "black", "linewidth": 0.7}
    ax.add_patch(Rectangle((x, y), width, height, facecolor=colour, **edge))
    top = [
        (x, y + height),
        (x + dx, y + height + dy),
        (x + width + dx, y + height + dy),
        (x + width, y + height),
    ]
    right = [
        (x + width, y),
        (x + width + dx, y + dy),
        (x + width + dx, y + height + dy),
        (x + width, y + height),
    ]
    ax.add_patch(Polygon(top, facecolor=TOP, **edge))
    ax.add_patch(Polygon(right, facecolor=SIDE, **edge))


def _plate(ax: Axes, x, y, side, size: Size) -> None:
    """A map of scores as a slanted plate, its size below."""
    half = 0.32 * side + 0.06
    corners = [
        (x - half, y - 0.18),
        (x + half * 0.6, y - 0.18),
        (x + half, y + 0.18),
        (x - half * 0.6, y + 0.18),
    ]
    ax.add_patch(
        Polygon(corners, facecolor=SCORE, edgecolor="black", linewidth=0.7, hatch="//")
    )
    ax.text(x, y - 0.3, _shape(size), ha="center", va="top", fontsize=7)


def _arrow(ax: Axes, start, stop, words: str) -> None:
    arrow = FancyArrowPatch(start, stop, arrowstyle="-|>", mutation_scale=9, color="black")
    ax.add_patch(arrow)
    if words:
        vertical = start[0] == stop[0]
        x, y = (start[0] + stop[0]) / 2, (start[1] + stop[1]) / 2
        ax.text(
            x + (0.08 if vertical else 0),
            y + (0 if vertical else 0.08),
            words,
            ha="left" if vertical else "center",
            va="center" if vertical else "bottom",
            fontsize=7.5,
        )


def _grid(ax: Axes, left, top, rows, columns, filled) -> None:
    """Cells of a map; those of `filled` (row, column, rows, columns) are marked."""
    for row, column in np.ndindex(rows, columns):
        inside = (
            filled[0] <= row < filled[0] + filled[2]
            and filled[1] <= column < filled[1] + filled[3]
        )
        ax.add_patch(
            Rectangle(
                (left + column, top + row),
                1,
                1,
                facecolor=SCORE if inside else FRONT,
                edgecolor="black",
                linewidth=0.6,
                hatch="//" if inside else None,
            )
        )


def _lines(ax: Axes, left: float, width: float, cells: int) -> None:
    """The positions of a square map on the front of its block."""
    for edge in np.linspace(0, width, cells + 1)[1:-1]:
        ax.plot([left + edge] * 2, [0, width], color="black", linewidth=0.4)
        ax.plot([left, left + width], [edge] * 2, color="black", linewidth=0.4)


def _rod(ax: Axes, x: float, y: float, colour: str, size: float) -> None:
    """One position, with all its channels behind it."""
    style = {"facecolor": colour, "edgecolor": "black", "linewidth": 1.0, "hatch": "//"}
    ax.add_patch(Rectangle((x, y), size, size, **style))
