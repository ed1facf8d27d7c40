"""Figures of the dilated convolution itself: its taps, what it sees, its holes."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from course_utils.figures.layout import pixel_axes, small_ticks
from course_utils.figures.palette import COLOURS
from course_utils.figures.tables import Table
from course_utils.i18n import _, ngettext

__all__ = [
    "distance_curves",
    "field_and_weight_curves",
    "padding_table",
    "show_kernel",
    "show_paths",
    "show_pixel_numbers",
]

TAP, HOLE, INK = COLOURS[3], "#e4e4e4", COLOURS[0]
# Colour, marker and line of up to four stacks of layers.
STYLES = (
    (COLOURS[4], "o", "-"),
    (COLOURS[2], "s", "--"),
    (COLOURS[3], "^", "-."),
    (COLOURS[5], "D", ":"),
)


def show_pixel_numbers(
    ax: Axes, values, *, which: str, taps: Sequence[tuple[int, int]] = (), centre=None
) -> Axes:
    """A small map as squares with their numbers; framed are the pixels under the taps.

    values: (H, W). which: "image" or "result", for the title. taps: (row, column) of each.
    centre: (row, column) of the unit that the taps give.
    """
    title = {
        "image": _("The image; framed: under the taps"),
        "result": _("The result; framed: their sum"),
    }[which]
    values = np.asarray(values)
    reach = max(1.0, 2.2 * np.abs(values).max())
    ax.imshow(values, cmap="Greys", vmin=0, vmax=reach, interpolation="nearest")
    for (row, column), value in np.ndenumerate(values):
        ax.text(column, row, f"{value:g}", ha="center", va="center", fontsize=7, color=INK)
    for row, column in taps:
        _frame(ax, row, column, TAP, 2.2)
    if centre is not None:
        _frame(ax, *centre, COLOURS[4], 2.6)
    ax.set_title(title, fontsize=9)
    return pixel_axes(ax, *values.shape)


def show_kernel(ax: Axes, weight, dilation: int) -> Axes:
    """A kernel and its holes. weight: (k, k), the taps; between them zeros, drawn hatched."""
    weight = np.asarray(weight)
    side = dilation * (len(weight) - 1) + 1
    ax.set_xlim(-0.5, side - 0.5)
    ax.set_ylim(side - 0.5, -0.5)
    ax.set_aspect("equal")
    for row, column in np.ndindex(side, side):
        tap = row % dilation == 0 and column % dilation == 0
        style = {"facecolor": TAP} if tap else {"facecolor": HOLE, "hatch": "///"}
        square = Rectangle(
            (column - 0.5, row - 0.5), 1, 1, edgecolor="grey", linewidth=0.6, **style
        )
        ax.add_patch(square)
        value = weight[row // dilation, column // dilation] if tap else 0
        paper = None if tap else {"facecolor": HOLE, "edgecolor": "none", "pad": 0.6}
        ax.text(
            column,
            row,
            f"{value:g}",
            ha="center",
            va="center",
            fontsize=8,
            bbox=paper,
            color=INK,
        )
    title = _("The kernel, $l$ = {dilation}: {taps} weights span {side} × {side}")
    ax.set_title(title.format(dilation=dilation, taps=weight.size, side=side), fontsize=9)
    return pixel_axes(ax, 1, 1) if side == 1 else _bare_pixels(ax)


def show_paths(ax: Axes, paths, *, title: str | None = None, side: int | None = None) -> Axes:
    """What one unit sees: darker is more paths, their number inside; unseen pixels are crossed.

    paths: (S, S) counts of `seen_paths`. side: pixels of the panel, when wider than S, so
    that panels side by side share one scale.
    """
    paths = np.asarray(paths)
    own = len(paths)
    side = max(side or own, own)
    rim = (side - own) // 2
    shares = np.where(paths > 0, 0.12 + 0.6 * np.sqrt(paths / paths.max()), 0)
    extent = (rim - 0.5, rim + own - 0.5, rim + own - 0.5, rim - 0.5)
    ax.imshow(shares, cmap="Greys", vmin=0, vmax=1, extent=extent)
    rows, columns = np.nonzero(paths == 0)
    ax.plot(
        columns + rim, rows + rim, "x", color="#9a9a9a", markersize=60 / side, linewidth=0.5
    )
    if side <= 15:
        style = {"ha": "center", "va": "center", "fontsize": 7 if paths.max() < 10 else 6}
        for row, column in np.argwhere(paths > 0):
            colour = "white" if shares[row, column] > 0.5 else "black"
            number = str(paths[row, column])
            ax.text(column + rim, row + rim, number, color=colour, **style)
    whole = Rectangle((rim - 0.5, rim - 0.5), own, own, fill=False, linewidth=0.8)
    ax.add_patch(whole)
    middle = rim + own // 2
    _frame(ax, middle, middle, COLOURS[6], 1.8)
    ax.set_xlim(-0.5, side - 0.5)
    ax.set_ylim(side - 0.5, -0.5)
    if title is None:
        seen = int((paths > 0).sum())
        title = ngettext(
            "{side} × {side}, {n} pixel seen", "{side} × {side}, {n} pixels seen", seen
        )
        title = title.format(side=own, n=seen)
    ax.set_title(title, fontsize=9)
    return _bare_pixels(ax)


def field_and_weight_curves(
    ax: Axes, layers: Sequence[int], fields: Mapping[str, Sequence[int]], weights: Sequence[int]
) -> Axes:
    """Receptive field by the number of layers, and the weights, which are the same for all.

    fields: "doubling", "plain" and, if wished, "pooling" -> side in pixels after each layer.
    weights: of a stack with one channel.
    """
    words = {
        "doubling": _("field, $l$ = 1, 2, 4, 8, ..."),
        "plain": _("field, $l$ = 1 everywhere"),
    }
    for (name, values), (colour, marker, line) in zip(fields.items(), STYLES, strict=False):
        ax.plot(layers, values, line, marker=marker, color=colour, label=words[name])
        for x, value in zip(layers, values, strict=True):
            place = {"va": "bottom"} if name == "doubling" else {"va": "top"}
            y = value * 1.15 if name == "doubling" else value / 1.2
            ax.text(x, y, str(value), ha="center", fontsize=7, **place)
    colour, marker, line = STYLES[2]
    ax.plot(
        layers, weights, line, marker=marker, color=colour, label=_("weights of either stack")
    )
    ax.set_yscale("log", base=2)
    ax.set_ylim(1.6, 2.2 * max(max(values) for values in fields.values()))
    ax.set_xticks(list(layers))
    ax.set_xlabel(_("3 × 3 layers"), fontsize=8)
    ax.set_ylabel(_("pixels of a side; weights"), fontsize=8)
    ax.legend(fontsize=7, loc="upper left")
    ax.set_title(_("The field doubles with a layer, the weights only add up"), fontsize=9)
    return small_ticks(ax)


def padding_table(dilations: Sequence[int], sizes: Mapping[str, Sequence[int]]) -> Table:
    """Side of the map after each layer, in pixels, by how it pads.

    sizes: "none", "one", "grown" -> the image's side and those after each layer.
    """
    words = {
        "none": _("no padding"),
        "one": _("padding 1 everywhere"),
        "grown": _("padding l"),
    }
    steps = [_("image"), *(_("after l = {dilation}").format(dilation=d) for d in dilations)]
    return Table(
        [_("side of the map, pixels"), *steps],
        [[words[name], *values] for name, values in sizes.items()],
    )


def distance_curves(
    ax: Axes, accuracies: Mapping[tuple[int, ...], Sequence[Sequence[float]]]
) -> Axes:
    """Share of right answers by the distance of the mark that decides.

    accuracies: dilations of the layers -> (seeds, distances) fractions, distance 1, 2, ...
    Lines are means, small marks single runs.
    """
    for (dilations, runs), (colour, marker, line) in zip(
        accuracies.items(), STYLES, strict=False
    ):
        runs = 100 * np.asarray(runs)
        distances = np.arange(1, runs.shape[1] + 1)
        label = _("$l$ = {dilations}").format(dilations=", ".join(map(str, dilations)))
        ax.plot(
            distances,
            runs.mean(0),
            line,
            marker=marker,
            color=colour,
            label=label,
            markersize=5,
        )
        ax.plot(distances, runs.T, ".", color=colour, markersize=3)
    ax.axhline(50, color="grey", linewidth=0.8)
    ax.text(2, 51, _("guessing"), ha="center", fontsize=7, color="grey")
    ax.set_xticks(distances)
    ax.set_ylim(35, 104)
    ax.set_xlabel(_("distance from the unit to the mark, pixels"), fontsize=8)
    ax.set_ylabel(_("right answers, %"), fontsize=8)
    ax.legend(fontsize=7, loc="center left", bbox_to_anchor=(0.02, 0.62))
    ax.set_title(_("Equal weights, equal training: what is not seen is not learnt"), fontsize=9)
    return small_ticks(ax)


def _frame(ax: Axes, row: int, column: int, colour: str, width: float) -> None:
    ax.add_patch(
        Rectangle(
            (column - 0.46, row - 0.46),
            0.92,
            0.92,
            fill=False,
            edgecolor=colour,
            linewidth=width,
            zorder=5,
        )
    )


def _bare_pixels(ax: Axes) -> Axes:
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_xlabel(_("pixels"), fontsize=7)
    ax.set_ylabel(_("pixels"), fontsize=7)
    return ax
