"""Pictures of what units see: windows, influence, responses, one class or many.

Every function draws into the `ax` it is given and returns it. Images are (3, H, W) floats in
[0, 1]; layers are numbered 1..5 from the image on.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from course_utils.figures.layout import small_ticks
from course_utils.figures.palette import COLOURS
from course_utils.figures.patch_sheets import PAPER, coarse
from course_utils.figures.segmentation import show_image
from course_utils.figures.tables import Table
from course_utils.i18n import _
from course_utils.reference.receptive_field import Box, Geometry

__all__ = [
    "agreement_curves",
    "covering_dots",
    "field_table",
    "growth_bars",
    "influence_map",
    "nested_windows",
    "repeated_bars",
    "response_histogram",
]

STYLES = ("-", "--", ":", "-.", (0, (6, 1, 1, 1, 1, 1)))  # layers 1..5, also in grey


def field_table(fields: Sequence[Geometry], others: Sequence[Geometry], names) -> Table:
    """Size, stride and first pixel of the windows of layers 1..5 of two networks.

    names: of the two networks. Rows and columns are alike in both, so one number stands.
    """
    parts = (_("window"), _("stride"), _("first pixel"))
    heading = [_("layer"), *(f"{name}: {part}" for name in names for part in parts)]
    rows = []
    for number, pair in enumerate(zip(fields, others, strict=True), start=1):
        numbers = [each[0] for g in pair for each in (g.size, g.stride, g.edge)]
        rows.append([number, *(str(each).replace("-", "−") for each in numbers)])
    return Table(heading, rows)


def nested_windows(ax: Axes, image, windows: Sequence[Box]) -> Axes:
    """The window of one unit of each layer 1, 2, ... on the image, whole, border or not."""
    show_image(ax, coarse(image), title=_("The deeper the layer, the wider its units see"))
    height, width = image.shape[1:]
    for number, window in enumerate(windows, start=1):
        label = _("layer {number}: {side} pixels").format(
            number=number, side=window.bottom - window.top
        )
        _frame(ax, window, STYLES[number - 1], label)
    low = min(0, *(window.top for window in windows)), min(0, *(w.left for w in windows))
    high = max(height, *(w.bottom for w in windows)), max(width, *(w.right for w in windows))
    ax.set_xlim(low[1] - 6, high[1] + 5)
    ax.set_ylim(high[0] + 5, low[0] - 6)
    ax.set_facecolor(str(PAPER))
    ax.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
    return ax


def influence_map(ax: Axes, influence, window: Box) -> Axes:
    """How strongly each pixel moves one unit, its theoretical window framed.

    influence: (H, W), not negative; shown as a share of its maximum.
    """
    influence = np.asarray(influence)
    picture = ax.imshow(coarse(influence / influence.max()), cmap="Greys", vmin=0, vmax=1)
    _frame(ax, window, "--", _("the window"))
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_xlabel(_("pixels"), fontsize=7)
    ax.set_ylabel(_("pixels"), fontsize=7)
    ax.figure.colorbar(picture, ax=ax, shrink=0.8).ax.tick_params(labelsize=6)
    ax.set_title(_("The middle of the window weighs most"), fontsize=9)
    return ax


def covering_dots(ax: Axes, left: Mapping[str, Sequence[float]]) -> Axes:
    """What is left of each filter's best response, a dot a filter.

    left: "elsewhere" (all but the window covered) and "window" -> shares of the response.
    """
    words = {
        "elsewhere": _("everything\nbut the window"),
        "window": _("the window"),
    }
    random = np.random.default_rng(0)
    for place, (name, marker) in enumerate((("elsewhere", "o"), ("window", "x"))):
        values = np.asarray(left[name])
        spread = random.uniform(-0.25, 0.25, len(values))
        ax.scatter(
            place + spread, values, s=14, marker=marker, color=COLOURS[2 + 2 * place], lw=0.8
        )
    ax.set_xticks([0, 1], [words["elsewhere"], words["window"]], fontsize=7)
    ax.set_xlim(-0.5, 1.5)
    ax.set_xlabel(_("what is covered with grey"), fontsize=8)
    ax.set_ylabel(_("share of the response left"), fontsize=8)
    ax.set_ylim(-0.05, 1.15)
    ax.set_title(_("Only the window counts"), fontsize=9)
    return small_ticks(ax)


def repeated_bars(ax: Axes, with_rule, without_rule) -> Axes:
    """How many different images stand in each filter's nine best, with and without the rule.

    with_rule, without_rule: one whole number a filter, 1..9.
    """
    numbers = np.arange(1, 10)
    series = (
        (without_rule, -0.2, _("the nine best units"), COLOURS[4], "//"),
        (with_rule, 0.2, _("one patch an image"), COLOURS[5], ""),
    )
    for values, shift, label, colour, hatch in series:
        counts = [np.sum(np.asarray(values) == number) for number in numbers]
        style = {"color": colour, "hatch": hatch, "edgecolor": "white", "label": label}
        ax.bar(numbers + shift, counts, width=0.4, **style)
    ax.set_xticks(numbers)
    ax.set_xlabel(_("different images among nine patches"), fontsize=8)
    ax.set_ylabel(_("filters"), fontsize=8)
    ax.legend(fontsize=7)
    ax.set_title(_("Without the rule images repeat"), fontsize=9)
    return small_ticks(ax)


def response_histogram(ax: Axes, values: Sequence[float], best: int, silent: int) -> Axes:
    """The strongest response of one filter in every image; the best ones marked.

    values: positive responses, the strongest first; silent: images without one.
    """
    values = np.asarray(list(values) + [0.0] * silent)
    edges = np.linspace(0, max(values.max(), 1e-6), 21)
    ax.hist(values, edges, color=COLOURS[2], edgecolor="white", linewidth=0.4)
    marked = values[:best]
    ax.hist(marked, edges, color=COLOURS[1], edgecolor="black", hatch="//", linewidth=0.4)
    ax.set_xlabel(_("strongest response in an image"), fontsize=8)
    ax.set_ylabel(_("images"), fontsize=8)
    ax.set_title(_("Hatched: the images shown"), fontsize=9)
    return small_ticks(ax)


def agreement_curves(
    ax: Axes, trained: Sequence[Sequence[float]], random: Sequence, chance: float
) -> Axes:
    """How often two best patches of a filter hold one class, layer by layer.

    trained: for each layer, one value a filter; drawn as mean and one standard error.
    random: for each network with random weights, for each layer, the mean over filters.
    """
    layers = np.arange(1, len(trained) + 1)
    mean = [np.nanmean(values) for values in trained]
    error = [np.nanstd(v) / np.sqrt(np.isfinite(v).sum()) for v in trained]
    ax.errorbar(
        layers, mean, error, marker="o", color=COLOURS[2], capsize=3, label=_("trained")
    )
    for number, means in enumerate(random):
        label = _("random weights, one line a run") if number == 0 else None
        ax.plot(layers, means, "s--", color=COLOURS[4], lw=1, ms=4, label=label)
    ax.axhline(chance, color="grey", linestyle=":", label=_("two objects at random"))
    ax.set_xticks(layers)
    ax.set_ylim(0, 1)
    ax.set_xlabel(_("layer"), fontsize=8)
    ax.set_ylabel(_("share of pairs of one class"), fontsize=8)
    ax.legend(fontsize=7, loc="upper left")
    ax.set_title(_("Training, not depth alone, makes filters choosy"), fontsize=9)
    return small_ticks(ax)


def growth_bars(ax: Axes, dreamt: Sequence[float], shuffled: Sequence[float]) -> Axes:
    """How many times each layer's norm grew in its dream, and with the change shuffled."""
    layers = np.arange(1, len(dreamt) + 1)
    for values, shift, label, colour, hatch in (
        (dreamt, -0.2, _("its dream"), COLOURS[2], ""),
        (shuffled, 0.2, _("the same change, pixels shuffled"), COLOURS[3], "//"),
    ):
        style = {"color": colour, "hatch": hatch, "edgecolor": "black", "linewidth": 0.5}
        ax.bar(layers + shift, values, width=0.4, label=label, **style)
    ax.axhline(1, color="grey", linestyle=":")
    ax.set_xticks(layers)
    ax.set_xlabel(_("layer"), fontsize=8)
    ax.set_ylabel(_("norm of the map, times"), fontsize=8)
    ax.legend(fontsize=7)
    ax.set_title(_("A dream excites its layer; a shuffled one does not so much"), fontsize=9)
    return small_ticks(ax)


def _frame(ax: Axes, box: Box, style, label: str | None = None) -> None:
    """A rectangle along the outer edges of the box's pixels: black, with a yellow core."""
    place = (box.left - 0.5, box.top - 0.5), box.right - box.left, box.bottom - box.top
    ax.add_patch(Rectangle(*place, fill=False, edgecolor="white", linewidth=2.6))
    ax.add_patch(
        Rectangle(
            *place, fill=False, edgecolor="black", linewidth=1.5, linestyle=style, label=label
        )
    )
