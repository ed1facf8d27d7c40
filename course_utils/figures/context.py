"""Figures of the context network: its table, its field, what it starts as."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from course_utils.figures.layout import pixel_axes, small_ticks
from course_utils.figures.palette import COLOURS
from course_utils.figures.tables import Table
from course_utils.i18n import _

__all__ = [
    "context_table",
    "cost_of_field_curves",
    "field_against_size",
    "identity_scatter",
    "show_measured_field",
]


def context_table(
    kernels: Sequence[int],
    dilations: Sequence[int],
    truncated: Sequence[bool],
    fields: Sequence[int],
    channels: Mapping[str, Sequence[int]],
    classes: int,
) -> Table:
    """Table 1 of the paper, from the network's own layers.

    channels: "basic" and "large" -> output channels of each layer, shown in units of C.
    """

    def square(side):
        return f"{side} × {side}"

    rows = [
        [_("convolution"), *map(square, kernels)],
        [_("dilation l"), *dilations],
        [_("truncation (ReLU)"), *(_("yes") if each else _("no") for each in truncated)],
        [_("receptive field"), *map(square, fields)],
    ]
    for size, word in (("basic", _("channels, Basic")), ("large", _("channels, Large"))):
        times = [number // classes for number in channels[size]]
        rows.append([word, *("C" if n == 1 else f"{n}C" for n in times)])
    return Table([_("layer"), *range(1, len(kernels) + 1)], rows)


def show_measured_field(ax: Axes, gradient, side: int) -> Axes:
    """Which scores of the input move one score of the output, and the field that was computed.

    gradient: (H, W) sizes of the gradient of the middle output; side: of the frame, units.
    """
    gradient = np.asarray(gradient)
    seen = gradient > 0
    ax.imshow(np.where(seen, 0.55, 0.0), cmap="Greys", vmin=0, vmax=1, interpolation="nearest")
    middle = (np.array(gradient.shape) - 1) / 2
    corner = middle[::-1] - side / 2
    frame = Rectangle(corner, side, side, fill=False, edgecolor=COLOURS[6], linewidth=1.6)
    ax.add_patch(frame)
    title = _("Measured by gradient: {side} × {side}, without holes")
    ax.set_title(title.format(side=side), fontsize=9)
    return pixel_axes(ax, *gradient.shape)


def cost_of_field_curves(
    ax: Axes,
    fields: Sequence[int],
    plain: Sequence[int],
    context: Sequence[int],
    context_weights: Sequence[int],
) -> Axes:
    """Weights by the field reached: plain 3x3 layers, and the layers of the context network.

    fields, plain: of a plain stack of 1, 2, ... layers. context, context_weights: field and
    weights after each layer of the basic context network.
    """
    ax.plot(fields, plain, "--", color=COLOURS[2], label=_("plain 3 × 3 layers"))
    ax.plot([fields[-1]], [plain[-1]], "s", color=COLOURS[2])
    ax.plot(context, context_weights, "o-", color=COLOURS[4], label=_("context network, Basic"))
    # Titles and labels hold exact counts only: nothing here is trained.
    ax.annotate(
        _("{layers} layers, {weights} weights").format(
            layers=len(fields), weights=f"{plain[-1]:,}".replace(",", "\u202f")
        ),
        (fields[-1], plain[-1]),
        xytext=(-8, -3),
        textcoords="offset points",
        ha="right",
        fontsize=7,
    )
    ax.annotate(
        _("{layers} layers, {weights} weights").format(
            layers=len(context), weights=f"{context_weights[-1]:,}".replace(",", "\u202f")
        ),
        (context[-1], context_weights[-1]),
        xytext=(0, 9),
        textcoords="offset points",
        ha="right",
        fontsize=7,
    )
    ax.set_xlabel(_("receptive field, units of the map"), fontsize=8)
    ax.set_ylabel(_("weights"), fontsize=8)
    ax.ticklabel_format(axis="y", style="plain")
    ax.legend(fontsize=7, loc="center left")
    ax.set_title(_("One field of view, two prices"), fontsize=9)
    return small_ticks(ax)


def field_against_size(ax: Axes, ways: Mapping[str, Sequence[tuple[int, int]]]) -> Axes:
    """Side of the map by the receptive field, layer after layer.

    ways: "pooling", "dilation" -> (receptive field in pixels, side of the map) after each
    layer, the image itself first.
    """
    words = {
        "pooling": (_("poolings between the layers"), COLOURS[2], "s", "--"),
        "dilation": (_("dilation 1, 1, 2, 4, 8, 16"), COLOURS[4], "o", "-"),
        "plain": (_("dilation 1 everywhere"), COLOURS[3], "^", "-."),
    }
    for name, points in ways.items():
        label, colour, marker, line = words[name]
        fields, sides = zip(*points, strict=True)
        ax.plot(fields, sides, line, marker=marker, color=colour, label=label, markersize=5)
    ax.set_xscale("log", base=2)
    ax.set_yscale("log", base=2)
    ticks = [1, 3, 5, 9, 17, 33, 65]
    ax.set_xticks(ticks, [str(tick) for tick in ticks])
    sides = sorted({side for points in ways.values() for _field, side in points})
    ax.set_yticks(sides, [str(side) for side in sides])
    ax.minorticks_off()
    ax.set_ylim(sides[0] / 1.3, sides[-1] * 1.35)
    ax.set_xlabel(_("receptive field, pixels"), fontsize=8)
    ax.set_ylabel(_("side of the map, units"), fontsize=8)
    ax.legend(fontsize=7, loc="lower left")
    ax.set_title(_("Dilation: the field grows, the map stays"), fontsize=9)
    return small_ticks(ax)


def identity_scatter(ax: Axes, before, after) -> Axes:
    """Scores before and after an untrained context network: the line of ReLU.

    before, after: arrays of one size, a point each.
    """
    before, after = np.ravel(before), np.ravel(after)
    reach = float(np.abs(before).max()) * 1.05
    line = np.array([-reach, 0.0, reach])
    relu = np.maximum(line, 0)
    ax.plot(line, relu, "-", color=COLOURS[3], linewidth=3, label=r"$\mathrm{ReLU}(x)$")
    ax.plot(before, after, ".", color=COLOURS[0], markersize=3, label=_("scores of one image"))
    ax.plot([-reach, reach], [-reach, reach], ":", color="grey", label="$x$")
    ax.set_xlim(-reach, reach)
    ax.set_ylim(-reach, reach)
    ax.set_xlabel(_("score before"), fontsize=8)
    ax.set_ylabel(_("score after"), fontsize=8)
    ax.legend(fontsize=7, loc="upper left")
    ax.set_title(_("Untrained, it is ReLU, not the identity"), fontsize=9)
    return small_ticks(ax)
