"""Figures of the lecture on the loss: what each says stands in its title."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from course_utils.figures.layout import pixel_axes, small_ticks
from course_utils.figures.names import shown
from course_utils.figures.palette import COLOURS
from course_utils.i18n import _

__all__ = [
    "descent_curves",
    "gradient_norm_curves",
    "group_bars",
    "log_curve",
    "loss_and_accuracy_curves",
    "probability_bars",
    "score_bars",
    "show_gradient",
    "show_loss_map",
]

DARK, LIGHT, ACCENT = COLOURS[4], COLOURS[3], COLOURS[2]


def score_bars(ax: Axes, scores, names: Sequence[str]) -> Axes:
    """The scores b_ik of one pixel, one bar a class."""
    scores = np.asarray(scores, dtype=np.float64)
    _upright_bars(ax, scores, names)
    ax.axhline(0, color="black", linewidth=0.8)
    reach = max(1.0, 1.2 * np.abs(scores).max())
    ax.set_ylim(-reach, reach)
    ax.set_ylabel(_("score $b_{ik}$"), fontsize=8)
    ax.set_title(_("Scores: any numbers"), fontsize=9)
    return small_ticks(ax)


def probability_bars(ax: Axes, probabilities, names: Sequence[str], truth: int) -> Axes:
    """The probabilities a_ik of one pixel; its true class is hatched, its loss in the title."""
    probabilities = np.asarray(probabilities, dtype=np.float64)
    bars = _upright_bars(ax, probabilities, names)
    bars[truth].set_hatch("///")
    for k, value in enumerate(probabilities):
        ax.text(k, value + 0.02, f"{value:.2f}", ha="center", fontsize=8)
    ax.set_ylim(0, 1.15)
    ax.set_ylabel(_("probability $a_{ik}$"), fontsize=8)
    title = _("True class: {name}, loss {loss:.2f}")
    # A probability of 0 has an infinite loss; the format writes it as "inf".
    with np.errstate(divide="ignore"):
        loss = -np.log(probabilities[truth])
    ax.set_title(title.format(name=shown(names[truth]), loss=loss + 0.0), fontsize=9)
    return small_ticks(ax)


def log_curve(ax: Axes, probability: float | None = None) -> Axes:
    """The price of a pixel, -log a, by the probability of its true class."""
    grid = np.linspace(0.005, 1, 200)
    ax.plot(grid, -np.log(grid), color=DARK)
    if probability is not None and probability > 0.005:
        ax.plot(
            [probability], [-np.log(probability)], "o", color=LIGHT, markeredgecolor="black"
        )
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 5.4)
    ax.set_xlabel(_("probability of the true class"), fontsize=8)
    ax.set_ylabel(_("loss of the pixel, nats"), fontsize=8)
    ax.set_title(_("A confident mistake costs without bound"), fontsize=9)
    return small_ticks(ax)


def descent_curves(ax: Axes, curves: Mapping[str, Sequence[float]]) -> Axes:
    """Mean probability of the true class by descent step. curves: shown name -> values."""
    styles = zip(("-", "--"), (DARK, LIGHT), strict=True)
    for (name, values), (style, colour) in zip(curves.items(), styles, strict=False):
        ax.plot(range(len(values)), values, style, color=colour, label=name)
    ax.set_ylim(-0.03, 1.03)
    ax.set_xlabel(_("step of gradient descent"), fontsize=8)
    ax.set_ylabel(_("probability of the true class"), fontsize=8)
    ax.legend(fontsize=7)
    ax.set_title(_("Without the minus, descent unlearns"), fontsize=9)
    return small_ticks(ax)


def gradient_norm_curves(
    ax: Axes, sides: Sequence[int], curves: Mapping[str, Sequence]
) -> Axes:
    """Norm of a weight's gradient by the image's side. curves: shown name -> norms."""
    styles = zip(("o-", "s--"), (DARK, LIGHT), strict=True)
    for (name, values), (style, colour) in zip(curves.items(), styles, strict=False):
        ax.plot(sides, values, style, color=colour, label=name, markersize=4)
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.set_xticks(sides, [str(side) for side in sides])
    ax.set_xlabel(_("side of the image, pixels"), fontsize=8)
    ax.set_ylabel(_("norm of the gradient"), fontsize=8)
    ax.legend(fontsize=7)
    ax.set_title(_("The sum's gradient grows with the image, the mean's does not"), fontsize=9)
    return small_ticks(ax)


def show_gradient(ax: Axes, gradient, name: str) -> Axes:
    """The gradient by the scores of one class over the image, times n. gradient: (H, W)."""
    gradient = np.asarray(gradient)
    picture = ax.imshow(gradient, cmap="cividis", vmin=-1, vmax=1, interpolation="nearest")
    bar = ax.figure.colorbar(picture, ax=ax, shrink=0.8)
    bar.ax.tick_params(labelsize=7)
    title = _("n times the gradient by the score: {name}").format(name=shown(name))
    ax.set_title(title, fontsize=9)
    return pixel_axes(ax, *gradient.shape)


def show_loss_map(ax: Axes, losses, *, title: str | None = None, highest: float = 4.0) -> Axes:
    """What each pixel adds to the loss, in nats; void (NaN) is white. losses: (H, W)."""
    losses = np.asarray(losses)
    picture = ax.imshow(losses, cmap="cividis", vmin=0, vmax=highest, interpolation="nearest")
    bar = ax.figure.colorbar(picture, ax=ax, shrink=0.8, extend="max")
    bar.ax.tick_params(labelsize=7)
    bar.set_label(_("loss, nats"), fontsize=7)
    if title is None:
        title = _("The mean over labelled pixels is {loss:.2f}").format(loss=np.nanmean(losses))
    ax.set_title(title, fontsize=9)
    return pixel_axes(ax, *losses.shape)


def group_bars(ax: Axes, groups: Mapping[str, np.ndarray], *, ylabel: str, title: str) -> Axes:
    """The mean over seeds of each group, with one standard deviation and every run as a dot.

    groups: shown name -> (seeds,) values.
    """
    colours = (DARK, LIGHT, ACCENT, COLOURS[5])
    for position, (values, colour) in enumerate(zip(groups.values(), colours, strict=False)):
        values = np.asarray(values, dtype=np.float64)
        mean = values.mean()
        ax.bar(position, mean, color=colour, edgecolor="black", linewidth=0.6, width=0.6)
        ax.errorbar(position, mean, values.std(ddof=1), color="black", capsize=4)
        ax.plot([position + 0.18] * len(values), values, ".", color="grey", markersize=5)
    ax.set_xticks(range(len(groups)), list(groups), fontsize=7)
    ax.set_ylabel(ylabel, fontsize=8)
    ax.set_title(title, fontsize=9)
    return small_ticks(ax)


def loss_and_accuracy_curves(ax: Axes, x, loss, accuracy, *, xlabel: str, title: str) -> Axes:
    """The loss (left axis) and pixel accuracy (right axis) along one line."""
    ax.plot(x, loss, "-", color=DARK, label=_("loss, nats"))
    ax.set_xlabel(xlabel, fontsize=8)
    ax.set_ylabel(_("loss, nats"), fontsize=8)
    right = ax.twinx()
    right.plot(x, accuracy, "--", color=ACCENT, label=_("pixel accuracy"))
    right.set_ylabel(_("pixel accuracy"), fontsize=8)
    lines = [*ax.get_lines(), *right.get_lines()]
    ax.legend(handles=lines, fontsize=7, loc="center right")
    small_ticks(right)
    ax.set_title(title, fontsize=9)
    return small_ticks(ax)


def _upright_bars(ax: Axes, values: np.ndarray, names: Sequence[str]):
    colours = [COLOURS[k % len(COLOURS)] for k in range(len(values))]
    bars = ax.bar(range(len(values)), values, color=colours, edgecolor="black", linewidth=0.6)
    labels = [shown(name) for name in names]
    ax.set_xticks(range(len(values)), labels, fontsize=8)
    return bars
