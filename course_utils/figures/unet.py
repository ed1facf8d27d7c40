"""Figures of the lecture on U-Net: what the copied layers give, and what a pixel sees."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.patches import Rectangle

from course_utils.figures.layout import pixel_axes, small_ticks
from course_utils.figures.loss import group_bars
from course_utils.figures.names import shown
from course_utils.figures.palette import COLOURS
from course_utils.figures.segmentation import show_labels
from course_utils.figures.tables import Table
from course_utils.i18n import N_, _
from course_utils.reference.unet_parts import CopyRow

__all__ = [
    "area_curves",
    "copies_bars",
    "copy_table",
    "few_images_curve",
    "influence_curves",
    "mistake_bars",
    "shape_bars",
    "show_copies_answer",
    "show_influence",
    "spoiled_bars",
]

# Whether layers are copied: word, colour, marker, line.
COPIES = {
    "with": (N_("with copies"), COLOURS[4], "o", "-"),
    "without": (N_("without copies"), COLOURS[3], "s", "--"),
}
PLACES = {
    "border": N_("near borders"),
    "object": N_("inside objects"),
    "background": N_("background"),
}
PARTS = {"copied": N_("copied maps"), "upsampled": N_("maps from below")}
MEANS = {"zero": N_("zeros"), "other": N_("another image's maps")}


def show_influence(ax: Axes, influence, window: tuple[int, int] | None, which: str) -> Axes:
    """How much each input pixel moves one output pixel, the strongest one as 1.

    influence: (H, W), not negative. window: first and last pixel that can move it at all.
    which: "untrained", or a key of COPIES for a trained network.
    """
    title = {
        "untrained": _("Untrained:\nmostly the middle"),
        "with": _("Trained with copies:\nmostly what is near"),
        "without": _("Trained without copies:\nfrom afar"),
    }[which]
    influence = np.asarray(influence, dtype=np.float64)
    shares = influence / influence.max()
    picture = ax.imshow(
        np.maximum(shares, 1e-4), cmap="cividis", norm=LogNorm(1e-4, 1), interpolation="nearest"
    )
    bar = ax.figure.colorbar(picture, ax=ax, shrink=0.8)
    bar.ax.tick_params(labelsize=7)
    bar.set_label(_("influence, share of the greatest"), fontsize=7)
    if window is not None:
        first, last = window
        side = last - first + 1
        square = Rectangle((first - 0.5, first - 0.5), side, side, fill=False, linestyle="--")
        square.set(edgecolor="white", linewidth=1.5)
        ax.add_patch(square)
    ax.set_title(title, fontsize=9)
    return pixel_axes(ax, *influence.shape)


def influence_curves(ax: Axes, shares: Mapping[str, Sequence]) -> Axes:
    """Share of all influence within a square about the pixel, by the side of the square.

    shares: a key of COPIES -> (seeds, R) shares for sides 1, 3, 5, ...
    """
    for way, runs in shares.items():
        word, colour, marker, line = COPIES[way]
        for number, run in enumerate(np.asarray(runs)):
            sides = 2 * np.arange(len(run)) + 1
            label = _(word) if number == 0 else None
            style = {"linestyle": line, "marker": marker, "markersize": 3, "markevery": 3}
            ax.plot(sides, run, color=colour, label=label, linewidth=1, **style)
    ax.set_ylim(0, 1.03)
    ax.set_xlabel(_("side of the square, pixels"), fontsize=8)
    ax.set_ylabel(_("share of the influence inside"), fontsize=8)
    ax.legend(fontsize=7)
    ax.set_title(_("With copies the network relies on near pixels"), fontsize=9)
    return small_ticks(ax)


def copies_bars(ax: Axes, quality: Mapping[str, Sequence[float]]) -> Axes:
    """Jaccard of objects with and without copied layers, each run a dot."""
    groups = {_(COPIES[way][0]): values for way, values in quality.items()}
    title = _("Copies raise the Jaccard index")
    group_bars(ax, groups, ylabel=_("Jaccard index of objects"), title=title)
    ax.set_ylim(0, 1.03)
    return ax


def show_copies_answer(ax: Axes, labels, way: str) -> Axes:
    """Object or background: the answer of a network, or the truth. way: of COPIES, "truth"."""
    title = {
        "with": _("With copies: sharper borders"),
        "without": _("Without: borders are rough"),
        "truth": _("The truth"),
    }[way]
    return show_labels(ax, labels, ("background", "object"), title=title)


def mistake_bars(ax: Axes, mistakes: Mapping[str, Mapping[str, Sequence[float]]]) -> Axes:
    """Shares of wrong pixels by place. mistakes: a key of PLACES -> COPIES -> runs."""
    _paired_bars(
        ax,
        {_(PLACES[place]): ways for place, ways in mistakes.items()},
        scale=100,
    )
    for position, ways in enumerate(mistakes.values()):
        for offset, way in zip((-0.2, 0.2), COPIES, strict=True):
            mean, highest = 100 * np.mean(ways[way]), 100 * max(ways[way])
            text = f"{mean:.2g}"
            ax.text(position + offset, highest, text, ha="center", va="bottom", fontsize=8)
    ax.margins(y=0.12)
    ax.set_ylim(bottom=0)
    ax.set_ylabel(_("wrong pixels, %"), fontsize=8)
    ax.set_title(_("Without copies, borders are wrong"), fontsize=9)
    return small_ticks(ax)


def shape_bars(ax: Axes, qualities: Mapping[str, Mapping[str, Sequence[float]]]) -> Axes:
    """Jaccard about objects of each class. qualities: class -> COPIES -> runs."""
    _paired_bars(ax, {shown(name): ways for name, ways in qualities.items()})
    ax.set_ylim(0, 1.03)
    ax.tick_params(axis="x", rotation=30)
    ax.set_ylabel(_("Jaccard index about the object"), fontsize=8)
    ax.set_title(_("Thin and pointed shapes need the copies most"), fontsize=9)
    return small_ticks(ax)


def area_curves(ax: Axes, areas: Sequence[float], qualities: Mapping[str, np.ndarray]) -> Axes:
    """Jaccard about objects by their area, one point a quarter of the objects.

    areas: (Q,) mean areas, pixels. qualities: a key of COPIES -> (seeds, Q).
    """
    for way, runs in qualities.items():
        word, colour, marker, line = COPIES[way]
        runs = np.asarray(runs)
        style = {"color": colour, "marker": marker, "linestyle": line, "capsize": 3}
        deviation = runs.std(axis=0, ddof=1)
        ax.errorbar(areas, runs.mean(axis=0), deviation, label=_(word), markersize=5, **style)
    ax.set_ylim(0, 1.03)
    ax.set_xscale("log")
    ticks = [round(area) for area in areas]
    ax.set_xticks(ticks, [str(tick) for tick in ticks])
    ax.minorticks_off()
    ax.set_xlabel(_("area of the object, pixels"), fontsize=8)
    ax.set_ylabel(_("Jaccard index about the object"), fontsize=8)
    ax.legend(fontsize=7, loc="lower right")
    ax.set_title(_("The smallest objects lose most"), fontsize=9)
    return small_ticks(ax)


def spoiled_bars(
    ax: Axes, quality: Mapping[tuple[str, int], Sequence[float]], by: str, whole: float
) -> Axes:
    """Jaccard of a trained network while the maps that enter one level are spoiled.

    quality: (key of PARTS, level) -> runs. by: key of MEANS. whole: with nothing spoiled.
    """
    levels = sorted({level for _part, level in quality})
    for offset, (part, word), colour, hatch in zip(
        (-0.2, 0.2), PARTS.items(), (COLOURS[4], COLOURS[3]), (None, "///"), strict=True
    ):
        for level in levels:
            runs = np.asarray(quality[part, level])
            label = _(word) if level == levels[0] else None
            style = {"color": colour, "edgecolor": "black", "linewidth": 0.6, "hatch": hatch}
            ax.bar(level + offset, runs.mean(), width=0.38, label=label, **style)
            ax.errorbar(level + offset, runs.mean(), runs.std(ddof=1), color="black", capsize=3)
            ax.plot([level + offset + 0.1] * len(runs), runs, ".", color="grey", markersize=5)
    ax.axhline(whole, color="black", linestyle="--", linewidth=1, label=_("nothing spoiled"))
    ax.set_xticks(levels, [_("level {level}").format(level=level) for level in levels])
    ax.set_ylim(0, 1.38)
    ax.set_yticks(np.linspace(0, 1, 6))
    ax.set_ylabel(_("Jaccard index of objects"), fontsize=8)
    ax.legend(fontsize=7, ncols=2, loc="upper center")
    ax.set_title(_("In their place: {means}").format(means=_(MEANS[by])), fontsize=9)
    return small_ticks(ax)


def few_images_curve(ax: Axes, numbers: Sequence[int], runs: Sequence[Sequence[float]]) -> Axes:
    """Jaccard on new images by the number of training images; every run is a dot."""
    runs = np.asarray(runs)
    ax.errorbar(
        numbers,
        runs.mean(axis=1),
        runs.std(axis=1, ddof=1),
        fmt="o-",
        color=COLOURS[4],
        capsize=3,
    )
    for number, values in zip(numbers, runs, strict=True):
        ax.plot([1.06 * number] * len(values), values, ".", color="grey", markersize=5)
    ax.set_xscale("log", base=2)
    ax.set_xticks(numbers, [str(number) for number in numbers])
    ax.minorticks_off()
    ax.set_ylim(0, 1.03)
    ax.set_xlabel(_("training images"), fontsize=8)
    ax.set_ylabel(_("Jaccard index of objects"), fontsize=8)
    ax.set_title(_("A few images are enough to begin with"), fontsize=9)
    return small_ticks(ax)


def copy_table(fcn: Mapping[int, int], num_classes: int, rows: Sequence[CopyRow]) -> Table:
    """What FCN-8s and U-Net carry past the bottom, and how it is joined.

    fcn: stride -> channels of its backbone's map. rows: what `copy_rows` gives for U-Net.
    """
    heading = [
        _("network"),
        _("stride"),
        _("channels there"),
        _("carried across"),
        _("joined"),
        _("channels after"),
    ]
    lines = [
        ["FCN-8s", stride, channels, num_classes, _("added"), num_classes]
        for stride, channels in sorted(fcn.items(), reverse=True)
    ]
    lines += [
        [
            _("U-Net, level {level}").format(level=row.level),
            2**row.level,
            row.copied,
            row.copied,
            _("concatenated"),
            row.copied + row.upsampled,
        ]
        for row in rows
    ]
    return Table(heading, lines)


def _paired_bars(
    ax: Axes, groups: Mapping[str, Mapping[str, Sequence[float]]], scale=1
) -> None:
    """Two bars a group, without copies hatched; one standard deviation and every run."""
    for position, ways in enumerate(groups.values()):
        for offset, way in zip((-0.2, 0.2), COPIES, strict=True):
            word, colour, _marker, line = COPIES[way]
            runs = scale * np.asarray(ways[way], dtype=np.float64)
            style = {"color": colour, "edgecolor": "black", "linewidth": 0.6}
            style |= {"hatch": None if line == "-" else "///", "width": 0.38}
            label = _(word) if position == 0 else None
            ax.bar(position + offset, runs.mean(), label=label, **style)
            place = position + offset
            ax.errorbar(place, runs.mean(), runs.std(ddof=1), color="black", capsize=3)
            ax.plot([place + 0.1] * len(runs), runs, ".", color="grey", markersize=4)
    ax.set_xticks(range(len(groups)), list(groups), fontsize=7)
    ax.legend(fontsize=7, loc="lower right" if scale == 1 else "upper right")
