"""What a classifier says of windows: score maps, the need of a background, the best window."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from course_utils.figures.layout import pixel_axes, small_ticks
from course_utils.figures.loss import group_bars
from course_utils.figures.names import shown
from course_utils.figures.palette import COLOURS
from course_utils.i18n import _

__all__ = [
    "empty_window_bars",
    "localisation_curves",
    "show_score_map",
    "slid_scatter",
    "window_bars",
    "window_match_curves",
]

DARK, LIGHT, ACCENT = COLOURS[4], COLOURS[3], COLOURS[2]


def window_bars(ax: Axes, probabilities, names: Sequence[str], *, title: str) -> Axes:
    """Probabilities of the classes for one window, the background hatched."""
    values = np.asarray(probabilities, dtype=np.float64)
    places = np.arange(len(values))
    bars = ax.barh(places, values, color=[COLOURS[k % len(COLOURS)] for k in places])
    for bar in bars:
        bar.set(edgecolor="black", linewidth=0.6)
    bars[0].set(hatch="///", facecolor="white")
    for place, value in zip(places, values, strict=True):
        ax.text(value + 0.015, place, f"{value:.2f}", va="center", fontsize=7)
    ax.set_yticks(places, [shown(name) for name in names], fontsize=7)
    ax.invert_yaxis()
    ax.set_xlim(0, 1.18)
    ax.set_xlabel(_("probability"), fontsize=8)
    ax.set_title(title, fontsize=9)
    return small_ticks(ax)


def show_score_map(ax: Axes, scores, name: str, *, size: int, stride: int, side: int) -> Axes:
    """The probability of one class for every window of a size, each at the window's middle.


    scores: (rows, columns). side: pixels of the image. Where no middle can be, it is white.
    """
    scores = np.asarray(scores)
    first = (size - stride) / 2 - 0.5
    end = first + stride * scores.shape[1]
    picture = ax.imshow(
        scores,
        cmap="cividis",
        vmin=0,
        vmax=1,
        extent=(first, end, first + stride * scores.shape[0], first),
        interpolation="nearest",
    )
    pixel_axes(ax, side, side)
    ax.set_xlim(-0.5, side - 0.5)
    ax.set_ylim(side - 0.5, -0.5)
    bar = ax.figure.colorbar(picture, ax=ax, shrink=0.75)
    bar.ax.tick_params(labelsize=7)
    title = _("P({name}), window {size} px").format(name=shown(name), size=size)
    ax.set_title(title, fontsize=9)
    return ax


def window_match_curves(
    ax: Axes, sizes: Sequence[int], groups: Sequence[Sequence[Sequence[float]]]
) -> Axes:
    """The best probability of the right class about an object, by the size of the window.

    groups: small, middle and large objects; of each the values for every size of window.
    """
    words = (_("small objects"), _("middle ones"), _("large ones"))
    for name, group, style, colour in zip(
        words, groups, ("o-", "s--", "^:"), (DARK, LIGHT, ACCENT), strict=True
    ):
        known = [(s, np.asarray(v)) for s, v in zip(sizes, group, strict=True) if len(v) > 1]
        mean = [values.mean() for _size, values in known]
        error = [values.std(ddof=1) / np.sqrt(len(values)) for _size, values in known]
        at = [size for size, _values in known]
        ax.errorbar(at, mean, error, fmt=style, color=colour, capsize=3, label=name)
    ax.set_xticks(sizes, [str(size) for size in sizes])
    ax.set_ylim(0, 1)
    ax.set_xlabel(_("side of the window, pixels"), fontsize=8)
    ax.set_ylabel(_("probability of the right class"), fontsize=8)
    ax.legend(fontsize=7)
    ax.set_title(_("A large window loses small objects"), fontsize=9)
    return small_ticks(ax)


def empty_window_bars(ax: Axes, shares: Mapping[str, Sequence[float]]) -> Axes:
    """Background windows that pass a threshold which most windows with objects pass.

    shares: "without" and "with" a background class -> (runs,) fractions.
    """
    words = {"without": _("classes of objects only"), "with": _("and the background")}
    groups = {words[key]: 100 * np.asarray(values) for key, values in shares.items()}
    ylabel = _("background windows that pass, %")
    title = _("Without a background class, ground passes for an object")
    group_bars(ax, groups, ylabel=ylabel, title=title)
    for place, values in enumerate(groups.values()):
        ax.text(place - 0.28, values.mean() + 2, f"{values.mean():.0f}", ha="left", fontsize=8)
    ax.set_ylim(0, 105)
    return ax


def slid_scatter(ax: Axes, cut, slid, *, padded: bool) -> Axes:
    """Features of windows cut out one by one against those of one pass over the image.

    Some 500 of them are drawn, evenly picked.
    padded: whether the convolutions add zeros at the rim.
    """
    cut, slid = np.asarray(cut).ravel(), np.asarray(slid).ravel()
    end = 1.05 * max(cut.max(), slid.max())
    few = slice(None, None, max(1, len(cut) // 500))
    ax.plot([0, end], [0, end], "-", color="grey", linewidth=0.8)
    ax.plot(cut[few], slid[few], ".", color=DARK, markersize=2.5)
    ax.set_xlim(0, end)
    ax.set_ylim(0, end)
    ax.set_xlabel(_("feature of the window cut out"), fontsize=8)
    ax.set_ylabel(_("the same feature, one pass"), fontsize=8)
    title = (
        _("With zero padding: alike, not equal") if padded else _("Without padding: the same")
    )
    ax.set_title(title, fontsize=9)
    return small_ticks(ax)


def localisation_curves(
    ax: Axes, numbers: Sequence[int], regression, window, bound: float, guess: float
) -> Axes:
    """Mean IoU of one box with the truth, by how many images taught the network.

    numbers: images of the regression. regression: (runs, len(numbers)). window: numbers of
    images -> (runs,). bound: of the best window of the grid. guess: of one constant box.
    """
    regression = np.asarray(regression)
    mean, spread = regression.mean(axis=0), regression.std(axis=0, ddof=1)
    ax.errorbar(
        numbers,
        mean,
        spread,
        fmt="o-",
        color=DARK,
        capsize=3,
        label=_("regression of 4 numbers"),
    )
    for images, values in window.items():
        values = np.asarray(values)
        ax.errorbar(
            [images],
            [values.mean()],
            [values.std(ddof=1)],
            fmt="s",
            color=LIGHT,
            markeredgecolor="black",
            markersize=7,
            capsize=3,
            ecolor="black",
            label=_("best window"),
        )
    ax.axhline(bound, color="black", linestyle="--", linewidth=1, label=_("limit of our grid"))
    ax.axhline(guess, color="grey", linestyle=":", linewidth=1.2, label=_("one box for all"))
    ax.set_xscale("log")
    ax.set_xticks(numbers, [str(n) for n in numbers])
    ax.minorticks_off()
    ax.set_ylim(0, 1)
    ax.set_xlabel(_("images to learn from"), fontsize=8)
    ax.set_ylabel(_("mean IoU with the true box"), fontsize=8)
    ax.legend(fontsize=7, loc="upper left", ncols=2)
    ax.set_title(_("From few images the best window is nearer than regression"), fontsize=9)
    return small_ticks(ax)
