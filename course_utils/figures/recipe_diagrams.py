"""What is kept, what is replaced and what is trained, layer by layer."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, Patch

from course_utils.figures.palette import COLOURS
from course_utils.i18n import _

__all__ = ["recipe_diagram"]

KEPT, LEARNS, NEW = "#d9d9d9", COLOURS[1], COLOURS[3]
_LAYERS = 7
_STYLES = {
    "kept": {"facecolor": KEPT, "hatch": "////", "edgecolor": "grey"},
    "learns": {"facecolor": LEARNS, "edgecolor": "black"},
    "new": {"facecolor": NEW, "edgecolor": "black", "linewidth": 2},
}


def recipe_diagram(ax: Axes) -> Axes:
    """Four recipes side by side: the layers from the image (bottom) to the answer (top)."""
    columns = (
        (_("trained before"), ["learns"] * _LAYERS, [None] * _LAYERS),
        (_("the head alone"), ["kept"] * 6 + ["new"], [None] * 6 + [1.0]),
        (_("a few last layers"), ["kept"] * 4 + ["learns"] * 2 + ["new"], [None] * 4 + [1] * 3),
        (
            _("all, by falling steps"),
            ["learns"] * 6 + ["new"],
            [(1 / 2.6) ** (6 - k) for k in range(7)],
        ),
    )
    for place, (words, states, steps) in enumerate(columns):
        layer_column(ax, 2.6 * place, states, steps)
        ax.text(2.6 * place + 0.7, _LAYERS + 0.15, words, ha="center", va="bottom", fontsize=8)
    for k in range(_LAYERS):
        ax.text(-0.15, k + 0.42, layer_name(k + 1), ha="right", va="center", fontsize=8)
    ax.text(0.7, -0.28, _("image"), ha="center", va="top", fontsize=8)
    words = _("the length of an arrow: the learning rate of the layer")
    ax.text(6.2, -0.28, words, ha="center", va="top", fontsize=8)
    handles = [
        Patch(**_STYLES["kept"], label=_("frozen")),
        Patch(**_STYLES["learns"], label=_("is trained")),
        Patch(**_STYLES["new"], label=_("replaced and trained")),
    ]
    ax.legend(handles=handles, fontsize=8, ncols=3, loc="upper center", frameon=False,
              bbox_to_anchor=(0.5, 0.0), handleheight=1.4)  # fmt: skip
    ax.set_xlim(-2.2, 10.6)
    ax.set_ylim(-0.8, _LAYERS + 0.9)
    ax.set_axis_off()
    ax.set_title(_("The head is always replaced; the rest is kept or corrected"), fontsize=9)
    return ax


def layer_column(
    ax: Axes, left: float, states: Sequence[str], steps: Sequence[float | None]
) -> None:
    """One network: a box a layer, its state ("kept", "learns", "new"), its learning rate.

    steps: a share of the largest rate, drawn as an arrow; None for no arrow.
    """
    for k, (state, step) in enumerate(zip(states, steps, strict=True)):
        box = FancyBboxPatch(
            (left, k + 0.08), 1.4, 0.68, boxstyle="round,pad=0.02", **_STYLES[state]
        )
        ax.add_patch(box)
        if step is not None:
            tail = (left + 1.5, k + 0.42)
            head = (left + 1.5 + max(0.85 * step, 0.03), k + 0.42)
            arrow = {"arrowstyle": "-|>" if step > 0.2 else "-", "linewidth": 1.6}
            ax.annotate("", head, tail, arrowprops=arrow | {"shrinkA": 0, "shrinkB": 0})


def layer_name(number: int, layers: int = _LAYERS) -> str:
    """What a layer is: convolutions first, then dense ones, the head last."""
    if number == layers:
        return _("head")
    if number > 5:
        return _("dense {n}").format(n=number)
    return _("convolution {n}").format(n=number)
