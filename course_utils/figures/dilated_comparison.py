"""Figures of the closing comparison: one backbone, several heads; what was published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from course_utils.data.published_dilated import PublishedMean
from course_utils.figures.layout import pixel_axes, small_ticks
from course_utils.figures.palette import COLOURS
from course_utils.figures.segmentation import show_labels
from course_utils.figures.tables import Table
from course_utils.i18n import N_, _

__all__ = [
    "CompetitorRow",
    "competitor_name",
    "competitors_table",
    "published_dilated_table",
    "quality_bars",
    "show_competitor",
    "show_feature_grid",
    "survival_bars",
]

# The networks that are compared.
NAMES = {
    "unet": N_("U-Net, from scratch"),
    "fcn32": N_("FCN-32s"),
    "fcn8": N_("FCN-8s"),
    "deeplab": N_("DeepLab-style"),
    "front": N_("front end"),
    "context": N_("front end + context"),
    "kept": N_("front end, poolings kept"),
    "longer": N_("front end, trained on"),
    "plain": N_("front end + context, l = 1"),
    "skips": N_("front end + earlier maps"),
    "truth": N_("truth"),
}
# Every network looks the same wherever it is drawn: its colour and its hatch.
HATCHES = ("", "///", "...", "\\\\\\", "xx", "--", "oo", "||", "++", "//..")
SHADES = (2, 3, 5, 9, 1, 13, 15, 17, 10, 11)


@dataclass(frozen=True)
class CompetitorRow:
    """What one network had. trained, total: parameters. side: of its last map of scores.

    field: of a score in pixels; None where it differs from pixel to pixel.
    """

    key: str
    trained: int
    total: int
    pretrained: bool
    steps: int
    side: int
    field: int | None


def competitor_name(key: str) -> str:
    """A network's name in the reader's language; what is unknown stays."""
    return _(NAMES[key]) if key in NAMES else key


def competitors_table(rows: Sequence[CompetitorRow]) -> Table:
    """What is equal between the networks, and what is not."""
    heading = [
        _("network"),
        _("trained parameters"),
        _("all parameters"),
        _("pretrained"),
        _("steps"),
        _("map of scores"),
        _("receptive field, pixels"),
    ]
    return Table(
        heading,
        [
            [
                competitor_name(row.key),
                f"{row.trained:,}".replace(",", "\u202f"),
                f"{row.total:,}".replace(",", "\u202f"),
                _("yes") if row.pretrained else _("no"),
                row.steps,
                f"{row.side} × {row.side}",
                row.field or "—",
            ]
            for row in rows
        ],
    )


def quality_bars(
    ax: Axes, quality: Mapping[str, Sequence[float]], which: str, *, limit: float = 0.8
) -> Axes:
    """Mean Jaccard index of each network: mean of the runs, one deviation, runs as dots.

    quality: key of NAMES -> one number a run. which: "slide" or "controls", for the title.
    """
    title = {
        "slide": _("The networks of the slide, trained alike"),
        "controls": _("Where the differences come from"),
    }[which]
    for position, (key, values) in enumerate(quality.items()):
        values = np.asarray(values, dtype=np.float64)
        mean, number = values.mean(), list(NAMES).index(key)
        style = {"color": COLOURS[SHADES[number]], "hatch": HATCHES[number]}
        ax.barh(position, mean, edgecolor="black", linewidth=0.6, **style)
        deviation = values.std(ddof=1) if len(values) > 1 else 0
        ax.errorbar(mean, position, xerr=deviation, color="black", capsize=3)
        ax.plot(values, [position + 0.22] * len(values), ".", color="black", markersize=4)
        ax.text(
            max(mean, values.max()) + deviation + 0.012,
            position,
            f"{mean:.2f}",
            va="center",
            fontsize=7,
        )
    ax.set_yticks(range(len(quality)), [competitor_name(key) for key in quality], fontsize=8)
    ax.invert_yaxis()
    ax.set_xlim(0, limit)
    ax.set_xlabel(_("mean Jaccard index on new scenes"), fontsize=8)
    ax.set_title(title, fontsize=9)
    return small_ticks(ax)


def show_competitor(ax: Axes, labels, names: Sequence[str], key: str, legend=False) -> Axes:
    """The answer of one network, or the truth, under its name."""
    show_labels(ax, labels, names, title=competitor_name(key), legend=legend)
    return ax


def show_feature_grid(ax: Axes, feature, way: str, *, marked=None) -> Axes:
    """One channel of a map. way: "strided", or what became of the poolings, for the title.

    marked: slices of the units that the coarser map has too.
    """
    words = {
        "strided": _("Stride 32: {side} × {side}"),
        "kept": _("Poolings kept: {side} × {side}"),
        "removed": _("Poolings removed: {side} × {side}"),
    }
    title = words[way].format(side=len(feature))
    feature = np.asarray(feature)
    ax.imshow(feature, cmap="cividis", interpolation="nearest")
    if marked is not None:
        rows, columns = (np.arange(feature.shape[0])[cut] for cut in marked)
        for row in rows:
            ax.plot(columns, [row] * len(columns), "o", color="white", markeredgecolor="black")
    ax.set_title(title, fontsize=8)
    pixel_axes(ax, *feature.shape)
    ax.set_xlabel(_("units"), fontsize=7, labelpad=-6)
    ax.set_ylabel(_("units"), fontsize=7, labelpad=-6)
    return ax


def survival_bars(ax: Axes, shares: Mapping[str, float]) -> Axes:
    """Share of units whose class an untrained context network leaves as it was, %.

    shares: "trained" (the scores as they are), "lowered" (one number subtracted from all)
    and "lifted" (each unit's least score subtracted from it) -> fraction.
    """
    words = {
        "trained": _("scores as trained"),
        "lowered": _("all scores\nlowered alike"),
        "lifted": _("each unit's least\nscore subtracted"),
    }
    for position, (name, share) in enumerate(shares.items()):
        style = {"color": COLOURS[(3, 6, 5)[position]], "hatch": HATCHES[position]}
        ax.bar(position, 100 * share, edgecolor="black", width=0.6, **style)
        ax.text(position, 100 * share + 2, f"{100 * share:.1f}", ha="center", fontsize=8)
        ax.text(position, -1, words[name], ha="center", va="top", fontsize=7)
    ax.set_xticks([])
    ax.set_xlabel(_("what the context network is given"), fontsize=8, labelpad=26)
    ax.set_ylim(0, 115)
    ax.set_ylabel(_("units that keep their class, %"), fontsize=8)
    ax.set_title(_("A class survives where a positive score wins"), fontsize=9)
    ax.tick_params(axis="y", labelsize=7)
    return ax


def published_dilated_table(
    test: Mapping[str, PublishedMean], validation: Mapping[str, float]
) -> Table:
    """Published means and what the background must have had; validation below."""
    keys = {"FCN-8s": "fcn8", "DeepLab": "DeepLab", "front end": "front"}
    rows = [
        [
            competitor_name(keys[name]),
            _("test"),
            each.mean,
            f"{each.objects:.1f}",
            f"{each.background:.1f}",
        ]
        for name, each in test.items()
    ]
    behind = {
        "front end": competitor_name("front"),
        "basic": _("front end + context, Basic"),
        "large": _("front end + context, Large"),
    }
    rows += [[behind[name], _("validation"), mean, "", ""] for name, mean in validation.items()]
    heading = [
        _("network"),
        _("set"),
        _("mean over 21 classes, %"),
        _("sum over 20 classes, %"),
        _("left for the background, %"),
    ]
    return Table(heading, rows)
