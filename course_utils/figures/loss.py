"""Figures of the lecture on the loss: what each says stands in its title."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from course_utils.figures.layout import pixel_axes, small_ticks
from course_utils.figures.names import shown
from course_utils.figures.palette import COLOURS
from course_utils.figures.segmentation import show_labels
from course_utils.figures.tables import Table
from course_utils.i18n import N_, _

__all__ = [
    "descent_curves",
    "factor_curve",
    "gradient_norm_curves",
    "group_bars",
    "log_curve",
    "probability_bars",
    "score_bars",
    "show_gradient",
    "show_loss_map",
    "show_void_answer",
    "stability_table",
    "void_quality_bars",
    "void_seam_bars",
    "walk_curves",
    "weight_bars",
]

# What can be done with 255 in training.
WAYS = {
    "ignored": N_("left out"),
    "background": N_("as background"),
    "class": N_("as a class"),
}

DARK, LIGHT, ACCENT = COLOURS[4], COLOURS[3], COLOURS[2]


def score_bars(ax: Axes, scores, names: Sequence[str]) -> Axes:
    """The logits b_ik of one pixel, one bar a class."""
    scores = np.asarray(scores, dtype=np.float64)
    _upright_bars(ax, scores, names)
    ax.axhline(0, color="black", linewidth=0.8)
    reach = max(1.0, 1.2 * np.abs(scores).max())
    ax.set_ylim(-reach, reach)
    ax.set_ylabel(_("logit $b_{ik}$"), fontsize=8)
    ax.set_title(_("Logits: any numbers"), fontsize=9)
    return small_ticks(ax)


def probability_bars(
    ax: Axes, probabilities, names: Sequence[str], truth: int, *, times: float = 1
) -> Axes:
    """The probabilities a_ik of one pixel; its true class is hatched, its loss in the title.

    times: what the logits were multiplied by, for the title.
    """
    probabilities = np.asarray(probabilities, dtype=np.float64)
    bars = _upright_bars(ax, probabilities, names)
    bars[truth].set_hatch("///")
    for k, value in enumerate(probabilities):
        ax.text(k, value + 0.02, f"{value:.2f}", ha="center", fontsize=8)
    ax.set_ylim(0, 1.15)
    ax.set_ylabel(_("probability $a_{ik}$"), fontsize=8)
    title = _("True class: {name}, loss {loss:.2f}")
    if times != 1:
        title = _("Logits times {times:g}: loss {loss:.2f}")
    # A probability of 0 has an infinite loss; the format writes it as "inf".
    with np.errstate(divide="ignore"):
        loss = -np.log(probabilities[truth])
    title = title.format(name=shown(names[truth]), loss=loss + 0.0, times=times)
    ax.set_title(title, fontsize=9)
    return small_ticks(ax)


def log_curve(ax: Axes, probability: float | None = None) -> Axes:
    """The price of a pixel, -log a, by the probability of its true class."""
    grid = np.linspace(0.005, 1, 200)
    ax.plot(grid, -np.log(grid), color=DARK)
    if probability is not None and probability > 0.005:
        price = -np.log(probability)
        ax.plot(probability, price, "o", color=LIGHT, markeredgecolor="black", clip_on=False)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 5.4)
    ax.set_xlabel(_("probability of the true class"), fontsize=8)
    ax.set_ylabel(_("loss of the pixel, nats"), fontsize=8)
    ax.set_title(_("A confident mistake is costly"), fontsize=9)
    return small_ticks(ax)


def descent_curves(ax: Axes, with_minus: Sequence[float], without: Sequence[float]) -> Axes:
    """Mean probability of the true class by descent step, for both signs of the formula."""
    ax.plot(with_minus, "-", color=DARK, label=_("with the minus: the loss"))
    ax.plot(without, "--", color=LIGHT, label=_("without: the log-likelihood"))
    ax.set_ylim(-0.03, 1.03)
    ax.set_xlabel(_("step of gradient descent"), fontsize=8)
    ax.set_ylabel(_("probability of the true class"), fontsize=8)
    ax.legend(fontsize=7)
    ax.set_title(_("Without the minus, descent unlearns"), fontsize=9)
    return small_ticks(ax)


def gradient_norm_curves(
    ax: Axes, sides: Sequence[int], norms: Mapping[str, np.ndarray]
) -> Axes:
    """Norm of a layer's gradient by the image's side; a line joins means, small marks are runs.

    norms: "sum" and "mean" -> (seeds, sides).
    """
    for way, style, colour, label in (
        ("sum", "o-", DARK, _("sum over pixels")),
        ("mean", "s--", LIGHT, _("mean over pixels")),
    ):
        ax.plot(sides, np.mean(norms[way], axis=0), style, color=colour, label=label)
        for run in np.asarray(norms[way]):
            ax.plot(sides, run, style[0], color="black", markersize=2)
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.set_xticks(sides, [str(side) for side in sides])
    ax.set_xlabel(_("side of the image, pixels"), fontsize=8)
    ax.set_ylabel(_("norm of the gradient"), fontsize=8)
    ax.legend(fontsize=7)
    title = _("The sum's gradient grows with the image, the mean's hardly does")
    ax.set_title(title, fontsize=9)
    return small_ticks(ax)


def show_gradient(ax: Axes, gradient, name: str) -> Axes:
    """The gradient by the logits of one class over the image, times n. gradient: (H, W)."""
    gradient = np.asarray(gradient)
    picture = ax.imshow(gradient, cmap="cividis", vmin=-1, vmax=1, interpolation="nearest")
    bar = ax.figure.colorbar(picture, ax=ax, shrink=0.8)
    bar.ax.tick_params(labelsize=7)
    title = _("n · logit gradient: {name}").format(name=shown(name))
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


def void_quality_bars(ax: Axes, quality: Mapping[str, Sequence[float]]) -> Axes:
    """Jaccard of objects by what was done with 255 in training. Keys as in WAYS."""
    groups = {_(WAYS[way]): values for way, values in quality.items()}
    ylabel = _("Jaccard index of objects")
    return group_bars(ax, groups, ylabel=ylabel, title=_("Leaving 255 out is best"))


def void_seam_bars(ax: Axes, shares: Mapping[str, Sequence[float]]) -> Axes:
    """Share of the seam that is answered "object", by what was done with 255 in training."""
    groups = {_(WAYS[way]): 100 * np.asarray(values) for way, values in shares.items()}
    ylabel = _('seam pixels answered "object", %')
    return group_bars(ax, groups, ylabel=ylabel, title=_("Otherwise objects grow thin"))


def show_void_answer(ax: Axes, predicted, way: str) -> Axes:
    """The answer of a network that was trained with 255 as `way` says: a key of WAYS."""
    names = ("background", "object", "seam")
    return show_labels(ax, predicted, names, title=f"255: {_(WAYS[way])}")


def walk_curves(ax: Axes, shares, losses, accuracies) -> Axes:
    """Loss and accuracy on the way from untrained weights (0) to trained ones (1)."""
    ax.plot(shares, losses, "-", color=DARK, label=_("loss, nats"))
    ax.set_xlabel(_("share of the way from untrained to trained weights"), fontsize=8)
    ax.set_ylabel(_("loss, nats"), fontsize=8)
    right = ax.twinx()
    label = _("pixel accuracy")
    right.step(shares, accuracies, "--", where="mid", color=ACCENT, label=label)
    right.set_ylabel(label, fontsize=8)
    lines = [*ax.get_lines(), *right.get_lines()]
    ax.legend(handles=lines, fontsize=7, loc="center right")
    small_ticks(right)
    ax.set_title(_("The loss glides, accuracy goes in steps"), fontsize=9)
    return small_ticks(ax)


def factor_curve(ax: Axes, factors: Sequence[float], losses, at: float | None = None) -> Axes:
    """The loss of one answer by the number that all its logits are multiplied by.

    at: one of the factors, marked on the curve.
    """
    losses = np.asarray(losses)
    ax.plot(factors, losses, color=DARK)
    if at is not None:
        place = int(np.abs(np.asarray(factors) - at).argmin())
        ax.plot(factors[place], losses[place], "o", color=LIGHT, markeredgecolor="black")
    ax.set_ylim(bottom=0)
    ax.set_xlabel(_("factor of all logits"), fontsize=8)
    ax.set_ylabel(_("loss, nats"), fontsize=8)
    ax.set_title(_("The best factor lies in between"), fontsize=9)
    return small_ticks(ax)


def weight_bars(ax: Axes, shares: Mapping[str, Sequence[float]], which: str) -> Axes:
    """Recall or precision of the objects with equal and with tenfold weight.

    shares: "equal" and "heavy" -> (seeds,) fractions. which: "found" (recall) or "right"
    (precision).
    """
    words = {"equal": _("equal weights"), "heavy": _("object ten times heavier")}
    groups = {words[name]: 100 * np.asarray(values) for name, values in shares.items()}
    if which == "found":
        ylabel, title = (
            _("object's pixels found, %"),
            _("With the weight, more of the object is found ..."),
        )
    else:
        ylabel, title = _("right among those found, %"), _("... and more that is not there")
    return group_bars(ax, groups, ylabel=ylabel, title=title)


def stability_table(rows: Sequence[Sequence[float]]) -> Table:
    """What large logits do to softmax and its logarithm in float32.

    rows: the logit of class 2 (class 1 has 0), its probability by the formula and stably, the
    logarithm of class 1's probability, taken after softmax and at once.
    """
    heading = [
        _("logits"),
        _("probability by the formula"),
        _("largest subtracted"),
        _("log after softmax"),
        "log_softmax",
    ]
    return Table(heading, [[f"0, {row[0]:g}", *(f"{x:.4g}" for x in row[1:])] for row in rows])


def _upright_bars(ax: Axes, values: np.ndarray, names: Sequence[str]):
    colours = [COLOURS[k % len(COLOURS)] for k in range(len(values))]
    bars = ax.bar(range(len(values)), values, color=colours, edgecolor="black", linewidth=0.6)
    labels = [shown(name) for name in names]
    ax.set_xticks(range(len(values)), labels, fontsize=8)
    return bars
