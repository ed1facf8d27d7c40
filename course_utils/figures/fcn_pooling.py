"""Figures of the trade between the size of the last map and the receptive field."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from course_utils.figures.layout import small_ticks
from course_utils.figures.palette import COLOURS
from course_utils.figures.segmentation import show_image
from course_utils.figures.tables import Table
from course_utils.i18n import N_, _, ngettext

__all__ = [
    "field_and_map_curves",
    "pooled_curves",
    "poolings_table",
    "show_field_and_map",
]

# What is measured of networks with 1, 2, ... poolings.
MEASURES = {
    "border": N_("object or background? (Jaccard index, band of 1 px)"),
    "size": N_("small or large? (share of right answers)"),
    "mean": N_("both at once (mean Jaccard index)"),
}
_STYLES = {
    "border": (COLOURS[2], "s", "--"),
    "size": (COLOURS[3], "^", "-."),
    "mean": (COLOURS[4], "o", "-"),
}


def poolings_table(rows: Sequence[tuple[str, int, int, int, int]]) -> Table:
    """rows: network, poolings left, stride, receptive field in pixels, side of the last map."""
    heading = [
        _("network"),
        _("poolings"),
        _("stride, pixels"),
        _("receptive field, pixels"),
        _("map of a 224 × 224 image"),
    ]
    return Table(heading, [(*row[:4], f"{row[4]} × {row[4]}") for row in rows])


def field_and_map_curves(
    ax: Axes, poolings: Sequence[int], fields: Sequence[int], sides: Sequence[int]
) -> Axes:
    """Receptive field and side of the last map by the number of poolings, exact numbers."""
    ax.plot(poolings, fields, "o-", color=COLOURS[4], label=_("receptive field, pixels"))
    ax.plot(poolings, sides, "s--", color=COLOURS[3], label=_("side of the last map, units"))
    for x, field, side in zip(poolings, fields, sides, strict=True):
        low, high = sorted((field, side))
        ax.text(x, high * 1.2, str(high), ha="center", va="bottom", fontsize=7)
        ax.text(x, low / 1.25, str(low), ha="center", va="top", fontsize=7)
    ax.set_yscale("log", base=2)
    ticks = [2**power for power in range(1, 11) if min(sides) / 2 <= 2**power]
    ax.set_yticks(ticks, [str(tick) for tick in ticks])
    ax.set_ylim(min(sides) / 2, max(*fields, *sides) * 2)
    ax.set_xticks(poolings)
    ax.set_xlabel(_("poolings that are left"), fontsize=8)
    ax.set_ylabel(_("pixels or units"), fontsize=8)
    ax.legend(fontsize=7, loc="center right")
    ax.set_title(_("VGG16: a larger map is paid for with the receptive field"), fontsize=9)
    return small_ticks(ax)


def pooled_curves(
    ax: Axes,
    fields: Sequence[int],
    measures: Mapping[str, np.ndarray],
) -> Axes:
    """Networks with 1, 2, ... poolings. measures: key of MEASURES -> (poolings, runs)."""
    poolings = range(1, len(fields) + 1)
    for key, values in measures.items():
        values = np.asarray(values, dtype=float)
        colour, marker, line = _STYLES[key]
        style = {"color": colour, "marker": marker, "linestyle": line, "markersize": 5}
        style |= {"capsize": 3, "markeredgecolor": "black", "markeredgewidth": 0.4}
        means, spread = values.mean(axis=1), values.std(axis=1, ddof=1)
        ax.errorbar(poolings, means, spread, label=_(MEASURES[key]), **style)
    both = zip(poolings, fields, strict=True)
    label = _("small or large by guessing")
    ax.axhline(0.5, color="black", linewidth=0.8, linestyle=":", label=label)
    ticks = [_("{p}\n{field} px").format(p=p, field=f) for p, f in both]
    ax.set_xticks(poolings, ticks)
    ax.set_ylim(0, 1.02)
    ax.set_xlabel(_("poolings, and below them the receptive field"), fontsize=8)
    ax.set_ylabel(_("quality on new images"), fontsize=8)
    ax.legend(fontsize=7, loc="lower left", ncols=2)
    ax.set_title(_("Poolings blur the borders, but show what is further away"), fontsize=9)
    return small_ticks(ax)


def show_field_and_map(
    ax: Axes, image, stride: int, field: int, edge: int, unit: tuple[int, int]
) -> Axes:
    """A unit's receptive field over the image; the grid (from stride 8 on) is the map.

    stride, field, edge: pixels; unit (i, j) sees [stride * i + edge, + field) of the rows.
    """
    show_image(ax, image, title="")
    height, width = ax.get_images()[0].get_array().shape[:2]
    if stride >= 8:  # a finer grid would hide the image
        for position in range(stride, max(height, width), stride):
            style = {"color": "white", "linewidth": 0.5, "alpha": 0.6}
            ax.axvline(position - 0.5, **style)
            ax.axhline(position - 0.5, **style)
    top, left = (stride * n + edge - 0.5 for n in unit)
    for colour, thick in (("black", 3.6), ("#f2e702", 2.0)):
        box = Rectangle(
            (left, top), field, field, fill=False, edgecolor=colour, linewidth=thick
        )
        ax.add_patch(box)
    corner = [stride * n - 0.5 for n in reversed(unit)]
    cell = {"facecolor": COLOURS[6], "edgecolor": "black", "linewidth": 0.8}
    ax.add_patch(Rectangle(corner, stride, stride, **cell))
    ax.set_facecolor("#d9d9d9")  # beyond the image there are zeros
    ax.set_xlim(min(-0.5, left - 1), max(width - 0.5, left + field + 1))
    ax.set_ylim(max(height - 0.5, top + field + 1), min(-0.5, top - 1))
    poolings = stride.bit_length() - 1
    title = ngettext(
        "{n} pooling: map {h} × {w}, receptive field {field} px",
        "{n} poolings: map {h} × {w}, receptive field {field} px",
        poolings,
    )
    title = title.format(n=poolings, h=height // stride, w=width // stride, field=field)
    ax.set_title(title, fontsize=9)
    return ax
