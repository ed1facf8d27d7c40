"""Pictures of class maximisation: what a class looks like to a network, and the climb to it.

Class pictures x are (3, H, W) pixels about mid-grey: 0 is grey, -0.5 black, 0.5 white; they may
leave that range. Every function draws into `ax` and returns it.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter
from torch import Tensor

from course_utils.figures.layout import small_ticks
from course_utils.figures.palette import COLOURS
from course_utils.figures.patch_sheets import mosaic
from course_utils.i18n import N_, _

__all__ = [
    "class_rows",
    "climb_curves",
    "confidence_curves",
    "gradient_curves",
    "noise_row",
    "norm_curve",
    "penalty_curves",
    "seen",
]

# ImageNet's names of the classes that the lecture draws, for the catalogue.
_MARKED = (
    N_("bell pepper"),
    N_("cup"),
    N_("dalmatian"),
    N_("dumbbell"),
    N_("lemon"),
    N_("Siberian husky"),
)
STYLES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P")


def seen(pictures, *, stretch: bool = False):
    """Class pictures as images in [0, 1]: (N, 3, H, W) tensors to the same.

    stretch: each with its contrast set so that two and a half standard deviations reach
    black and white; else as it is, cut off below black and above white.
    """
    if stretch:
        deviation = pictures.std(dim=(1, 2, 3), keepdim=True).clamp(min=1e-12)
        pictures = pictures / (5 * deviation)
    return (pictures + 0.5).clamp(0, 1)


def class_rows(ax: Axes, rows: Mapping[str, Tensor], names: Sequence[str]) -> Axes:
    """Class pictures found in several ways, contrast stretched; a way a row, a class a column.

    rows: "none" (no penalty), "penalty", "priors" (blur and shifts too), "again" (from other
    noise), "random" (from a network with random weights) -> (classes, 3, H, W).
    """
    words = {
        "none": _("no penalty"),
        "penalty": _("penalty"),
        "priors": _("penalty,\nblur, shifts"),
        "again": _("the same,\nother noise"),
        "random": _("the same,\nrandom weights"),
    }
    sheets = [list(seen(x, stretch=True)) for x in rows.values()]
    labels = {"row_labels": [words[way] for way in rows], "column_labels": names}
    return mosaic(
        ax, sheets, title=_("What a class looks like to a network"), **labels, cell=64
    )


def noise_row(ax: Axes, noise: Tensor, pictures: Tensor, names: Sequence[str]) -> Axes:
    """The noise (3, H, W) and what a few steps made of it for each class, unstretched."""
    sheet = list(seen(torch.cat([noise[None], pictures])))
    title = _("Noise, and what it was made into")
    labels = [_("noise"), *names]
    return mosaic(ax, [sheet], title=title, column_labels=labels, cell=64)


def confidence_curves(ax: Axes, probabilities, names: Sequence[str]) -> Axes:
    """Probability of the wanted class after each step. probabilities: (steps + 1, classes)."""
    probabilities = np.asarray(probabilities)
    for k, name in enumerate(names):
        style = STYLES[k % len(STYLES)]
        ax.plot(probabilities[:, k], linestyle=style, marker=MARKERS[k % 6], ms=4, label=name)
        ax.lines[-1].set_color(COLOURS[(2, 4, 6, 7, 8, 19)[k % 6]])
    ax.set_xlabel(_("steps"), fontsize=8)
    ax.set_ylabel(_("probability of the class"), fontsize=8)
    ax.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    ax.set_title(_("From noise to certainty in a few steps"), fontsize=9)
    return small_ticks(ax)


def gradient_curves(ax: Axes, of_logit, of_probability) -> Axes:
    """Norms of two gradients by the picture along one climb; exact zeros lie on the floor."""
    floor = 1e-30
    for values, style, colour, label in (
        (of_logit, "-", COLOURS[2], _("of the logit")),
        (of_probability, "--", COLOURS[4], _("of the probability")),
    ):
        values = np.maximum(np.asarray(values, dtype=np.float64), floor)
        ax.semilogy(values, style, color=colour, label=label)
    ax.set_xlabel(_("steps"), fontsize=8)
    ax.set_ylabel(_("norm of the gradient"), fontsize=8)
    ax.legend(fontsize=7)
    ax.set_title(_("The probability's gradient dies, the logit's lives"), fontsize=9)
    return small_ticks(ax)


def climb_curves(
    ax: Axes, logits: Mapping[float, Sequence[float]], mark: tuple[float, int] | None = None
) -> Axes:
    """The logit, step by step, for each lambda.

    logits: lambda -> its values after 0, 1, ... steps. mark: (lambda, step) to point out.
    """
    for number, (lambda_, values) in enumerate(logits.items()):
        label = _("$\\lambda$ = {value:g}").format(value=lambda_)
        ax.plot(values, linestyle=STYLES[number % 5], color=_colour(number))
        last = len(values) - 1
        ax.text(1.04 * last, values[-1], label, va="center", fontsize=7)
    ax.set_xlim(None, 1.3 * last)
    ax.margins(y=0.14)
    if mark is not None:
        lambda_, step = mark
        ax.plot([step], [logits[lambda_][step]], "o", ms=8, color="black", mfc="none", mew=1.5)
    ax.set_xlabel(_("steps"), fontsize=8)
    ax.set_ylabel(_("mean logit"), fontsize=8)
    ax.set_title(_("Without a penalty the climb has no end"), fontsize=9)
    return small_ticks(ax)


def norm_curve(ax: Axes, norms, logits, lambdas: Sequence[float], names) -> Axes:
    """Logit against the norm of the picture, a line a class, a point a lambda.

    norms, logits: (lambdas, classes).
    """
    norms, logits = np.asarray(norms), np.asarray(logits)
    for k, name in enumerate(names):
        colour = COLOURS[(2, 4, 6, 7, 8, 19)[k % 6]]
        style = {"marker": MARKERS[k % 6], "ms": 4, "lw": 1, "color": colour}
        ax.plot(norms[:, k], logits[:, k], label=name, **style)
    middle = norms.mean(axis=1)
    low = logits.min() - 0.06 * np.ptp(logits)
    for lambda_, x in zip(lambdas, middle, strict=True):
        ax.text(x, low, f"{lambda_:g}", fontsize=7, ha="center", va="top")
    ax.text(0.7 * middle.min(), low, r"$\lambda$:", fontsize=8, ha="center", va="top")
    ax.set_ylim(low - 0.14 * np.ptp(logits), None)
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel(_("norm of the picture, $||x||_2$"), fontsize=8)
    ax.set_ylabel(_("logit of the class"), fontsize=8)
    ax.legend(fontsize=7, loc="upper left")
    ax.set_title(_("Lambda trades logit for norm"), fontsize=9)
    return small_ticks(ax)


def penalty_curves(ax: Axes, lambdas: Sequence[float]) -> Axes:
    """a(tw) - lambda ||tw||^2 of a linear model, ||w|| = 1, against t; the best t marked."""
    furthest = 1.25 / (2 * min(lambdas))
    t = np.linspace(0, furthest, 200)
    for number, lambda_ in enumerate(lambdas):
        best = 1 / (2 * lambda_)
        label = _("$\\lambda$ = {value:g}").format(value=lambda_)
        style = {"linestyle": STYLES[number % 5], "color": _colour(number)}
        ax.plot(t, t - lambda_ * t**2, label=label, **style)
        ax.plot([best], [best / 2], MARKERS[number], ms=6, color=_colour(number))
    ax.axhline(0, color="grey", linewidth=0.6)
    ax.set_ylim(-0.6 * furthest / 2, 0.6 * furthest)
    ax.set_xlabel(_("how far along w, $t$"), fontsize=8)
    ax.set_ylabel(_("logit minus penalty"), fontsize=8)
    ax.legend(fontsize=7, loc="lower left")
    ax.set_title(_("The best picture is w; the smaller lambda, the longer"), fontsize=9)
    return small_ticks(ax)


def _colour(number: int) -> str:
    return COLOURS[(6, 3, 11, 2, 0)[number % 5]]
