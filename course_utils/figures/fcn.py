"""Figures of the lecture on fully convolutional networks: curves, bars, maps, one table."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from course_utils.data.published import PublishedSegmentation
from course_utils.data.voc import VOID
from course_utils.figures.layout import pixel_axes, small_ticks
from course_utils.figures.names import shown
from course_utils.figures.palette import COLOURS, colorize
from course_utils.figures.segmentation import show_image
from course_utils.figures.tables import Table
from course_utils.i18n import N_, _

__all__ = [
    "FCN_NAMES",
    "band_curves",
    "cell_bound_curves",
    "fcn_bars",
    "published_fcn_table",
    "show_band",
    "show_cells",
    "show_fcn_answer",
    "show_window_answers",
]

# Key of a network -> its name, its colour, marker and line: the same in every figure.
FCN_NAMES = {
    32: N_("FCN-32s"),
    16: N_("FCN-16s"),
    8: N_("FCN-8s"),
    "long": N_("FCN-32s, three times as long"),
    "coarse": N_("FCN-8s, scores averaged over 32 × 32"),
}
WINDOW_WAYS = {
    "cut": N_("Windows cut out, one by one"),
    "slid": N_("One pass of the convolutional network"),
}
_STYLES = {
    32: (COLOURS[4], "o", "-"),
    16: (COLOURS[2], "s", "--"),
    8: (COLOURS[3], "^", "-."),
    4: (COLOURS[11], "v", (0, (1, 1))),
    "long": ("#8a8a8a", "D", ":"),
    "coarse": (COLOURS[5], "P", (0, (5, 1))),
}


def show_window_answers(
    ax: Axes, image, answers, names: Sequence[str], way: str, *, size: int, stride: int
) -> Axes:
    """What the classifier says of each window: a square in its middle, over the image.

    way: "cut", the windows one by one, or "slid", one pass of the convolutional network.

    answers: (rows, columns) classes; window (i, j) covers the pixels [stride * i, stride * i
    + size) and alike in columns. names: of the classes; the legend is
    left out where more than eight occur.
    """
    answers = np.asarray(answers)
    show_image(ax, image, title=_(WINDOW_WAYS[way]))
    found = np.unique(answers).tolist()
    colour_of = {k: COLOURS[1 + k % (len(COLOURS) - 1)] for k in found}
    side = 0.42 * stride
    for (row, column), k in np.ndenumerate(answers):
        x, y = (stride * n + (size - side) / 2 for n in (column, row))
        style = {"edgecolor": "white", "linewidth": 0.8}
        ax.add_patch(Rectangle((x, y), side, side, facecolor=colour_of[k], **style))
    frame = {"fill": False, "edgecolor": "white", "linewidth": 1.4, "linestyle": "--"}
    ax.add_patch(Rectangle((0, 0), size - 0.5, size - 0.5, **frame))
    if len(found) <= 8:
        handles = [
            Rectangle((0, 0), 1, 1, facecolor=colour_of[k], label=shown(names[k]))
            for k in found
        ]
        ax.legend(
            handles=handles,
            fontsize=7,
            loc="upper center",
            bbox_to_anchor=(0.5, -0.06),
            ncols=3,
            frameon=False,
            handlelength=1.0,
        )
    return ax


def show_band(ax: Axes, truth, band, width: int, *, predicted=None, title=None) -> Axes:
    """The band about the borders: inside it the labels, outside all is pale.

    truth: (H, W) labels with VOID; band: (H, W) bool. predicted: shown in place of the truth.
    """
    truth, band = np.asarray(truth), np.asarray(band)
    labels = truth if predicted is None else np.asarray(predicted)
    picture = colorize(labels).astype(np.float64)
    pale = 0.15 * picture + 0.85 * 235
    picture = np.where(band[..., None], picture, pale)
    picture[truth == VOID] = 255
    ax.imshow(picture.astype(np.uint8), interpolation="nearest")
    if title is None:
        title = _("The band of {w} px").format(w=width)
    ax.set_title(title, fontsize=9)
    return pixel_axes(ax, *truth.shape)


def show_cells(ax: Axes, labels, stride: int) -> Axes:
    """Labels that are constant on cells, and the cells. labels: (H, W)."""
    labels = np.asarray(labels)
    ax.imshow(colorize(labels), interpolation="nearest")
    for edge in range(stride, max(labels.shape), stride):
        ax.axvline(edge - 0.5, color="grey", linewidth=0.4)
        ax.axhline(edge - 0.5, color="grey", linewidth=0.4)
    ax.set_title(_("Best on {s} × {s} cells").format(s=stride), fontsize=9)
    return pixel_axes(ax, *labels.shape)


def show_fcn_answer(ax: Axes, labels, key: int | str) -> Axes:
    """The labels that a network gave, or the "truth". key: of FCN_NAMES, or "truth"."""
    labels = np.asarray(labels)
    ax.imshow(colorize(labels), interpolation="nearest")
    ax.set_title(_("The truth") if key == "truth" else _(FCN_NAMES[key]), fontsize=9)
    return pixel_axes(ax, *labels.shape)


def cell_bound_curves(
    ax: Axes, widths: Sequence[int], values: Mapping[int, Sequence[float]]
) -> Axes:
    """What the commonest class of every cell gets, by the width of the band.

    values: stride of the cells -> a fraction for each width, then one for the whole image.
    """
    for stride, numbers in values.items():
        colour, marker, line = _STYLES[stride]
        label = _("cells of {s} × {s}").format(s=stride)
        _curve(ax, np.asarray(numbers, dtype=float)[None], colour, marker, line, label)
    _band_axis(ax, widths)
    ax.legend(fontsize=7, loc="lower right")
    ax.set_ylabel(_("mean Jaccard index"), fontsize=8)
    ax.set_title(_("Perfect labels on a coarse grid lose the borders first"), fontsize=9)
    return small_ticks(ax)


def band_curves(
    ax: Axes, widths: Sequence[int], values: Mapping[int | str, np.ndarray], of: str = "classes"
) -> Axes:
    """Mean Jaccard in the band by its width, one line a network; bars: a standard deviation.

    of: "classes", or "object" where all classes were counted as one.

    values: key of FCN_NAMES -> (runs, widths + 1) fractions; the last is the whole image.
    """
    for key, numbers in values.items():
        colour, marker, line = _STYLES[key]
        _curve(ax, np.asarray(numbers), colour, marker, line, _(FCN_NAMES[key]))
    _band_axis(ax, widths)
    ax.set_ylabel(_("mean Jaccard index"), fontsize=8)
    titles = {
        "classes": _("All classes: finer maps are better everywhere"),
        "object": _("Object or background: worst at the borders"),
    }
    if of == "classes":
        ax.legend(fontsize=7, loc="upper left")
    ax.set_title(titles[of], fontsize=9)
    return small_ticks(ax)


def fcn_bars(ax: Axes, values: Mapping[int | str, Sequence[float]]) -> Axes:
    """Mean Jaccard of each network: bars are means, dots are runs, whiskers one deviation.

    values: key of FCN_NAMES -> one fraction a run.
    """
    hatches = {32: "", 16: "//", 8: "..", "long": "\\\\", "coarse": "xx"}
    for height, (key, runs) in enumerate(values.items()):
        runs = np.asarray(runs, dtype=float)
        style = {"facecolor": _STYLES[key][0], "edgecolor": "black", "linewidth": 0.6}
        ax.barh(height, runs.mean(), hatch=hatches[key], height=0.62, **style)
        ax.errorbar(runs.mean(), height, xerr=runs.std(ddof=1), color="black", capsize=3)
        ax.plot(runs, [height + 0.2] * len(runs), "o", color="white", markeredgecolor="black",
                markersize=4)  # fmt: skip
        ax.text(runs.max() + 0.03, height, f"{runs.mean():.2f}", va="center", fontsize=8)
    ax.set_yticks(range(len(values)), [_(FCN_NAMES[key]) for key in values], fontsize=8)
    ax.invert_yaxis()
    ax.set_xlim(0, 1)
    ax.set_xlabel(_("mean Jaccard index, whole image"), fontsize=8)
    ax.set_title(_("It is the finer maps that help, not the longer training"), fontsize=9)
    return small_ticks(ax)


def published_fcn_table(rows: Mapping[int, PublishedSegmentation]) -> Table:
    """What Long et al. published. rows: stride -> measures in per cent."""
    heading = [
        _("network"),
        _("pixel accuracy, %"),
        _("mean accuracy of classes, %"),
        _("mean Jaccard index, %"),
    ]
    return Table(
        heading,
        [
            [_(FCN_NAMES[stride]), row.pixel_accuracy, row.mean_accuracy, row.mean_jaccard]
            for stride, row in rows.items()
        ],
    )


def _curve(ax: Axes, runs: np.ndarray, colour, marker, line, label: str) -> None:
    """(runs, points): the mean, and one standard deviation where there are several runs."""
    spread = runs.std(axis=0, ddof=1) if len(runs) > 1 else None
    style = {"color": colour, "marker": marker, "linestyle": line, "markersize": 4}
    style |= {"linewidth": 1.3, "capsize": 2.5, "markeredgecolor": "black"}
    style["markeredgewidth"] = 0.4
    ax.errorbar(range(runs.shape[1]), runs.mean(axis=0), spread, label=label, **style)


def _band_axis(ax: Axes, widths: Sequence[int]) -> None:
    """Widths at equal steps, and the whole image at the end, apart from them."""
    ticks = [str(width) for width in widths]
    ax.set_xticks(range(len(widths) + 1), [*ticks, _("whole\nimage")])
    ax.axvline(len(widths) - 0.5, color="grey", linewidth=0.6, linestyle=":")
    ax.set_ylim(0, 1.02)
    ax.set_xlabel(_("width of the band about the borders, pixels"), fontsize=8)
