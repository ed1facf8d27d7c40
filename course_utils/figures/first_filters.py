"""The filters of the first layer: what they look like, and how alike they are over networks."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from course_utils.figures.layout import small_ticks
from course_utils.figures.palette import COLOURS
from course_utils.i18n import N_, _

__all__ = ["first_layer_sheet", "likeness_dots"]

# Which filters are compared, from the least to the most that they have in common.
PAIRS = {
    "untrained": N_("with untrained filters"),
    "scrambled": N_("with scrambled filters"),
    "other task": N_("networks of two tasks"),
    "same task": N_("two networks of one task"),
}

# Whose filters are shown.
NETWORKS = {
    "untrained": N_("Untrained: noise"),
    "near": N_("Near task, from scratch"),
    "far": N_("Far task, from scratch"),
    "pretrained": N_("Pretrained: spots and edges"),
}


def first_layer_sheet(
    ax: Axes, filters, which: str, *, columns: int = 8, most: int = 32
) -> Axes:
    """First-layer filters as small colour pictures, each stretched to the full range.

    filters: (n, 3, h, w) weights; the first `most` are shown. which: a key of NETWORKS.
    """
    filters = np.asarray(filters, dtype=np.float64)[:most]
    filters = filters - filters.mean(axis=(1, 2, 3), keepdims=True)
    reach = np.abs(filters).max(axis=(1, 2, 3), keepdims=True)
    pictures = 0.5 + 0.5 * filters / np.maximum(reach, 1e-12)  # grey is zero
    height, width = filters.shape[2:]
    rows = -(-len(filters) // columns)
    sheet = np.ones((rows * (height + 1) - 1, columns * (width + 1) - 1, 3))
    for number, picture in enumerate(pictures):
        row, column = divmod(number, columns)
        top, left = row * (height + 1), column * (width + 1)
        sheet[top : top + height, left : left + width] = picture.transpose(1, 2, 0)
    ax.imshow(sheet, interpolation="nearest")
    ax.set_axis_off()
    ax.set_title(_(NETWORKS[which]), fontsize=9)
    return ax


def likeness_dots(ax: Axes, values: Mapping[str, Sequence[float]]) -> Axes:
    """How alike first-layer filters are, one dot a pair of networks. Keys as in PAIRS."""
    for height, (pair, words) in enumerate(PAIRS.items()):
        found = np.asarray(values[pair], dtype=np.float64)
        colour = COLOURS[4] if "task" in pair else COLOURS[3]
        ax.plot(found, [height] * len(found), "o", color=colour, markersize=5, alpha=0.7)
        ax.plot(found.mean(), height, "|", color="black", markersize=18)
        ax.text(0.02, height + 0.22, _(words), fontsize=8)
    ax.set_yticks([])
    ax.set_ylim(-0.5, len(PAIRS) - 0.3)
    ax.set_xlim(0, 1)
    ax.set_ylabel(_("which filters"), fontsize=8)
    ax.set_xlabel(_("mean correlation of a filter with its best match"), fontsize=8)
    title = _("The task matters little; most of the likeness is smoothness")
    ax.set_title(title, fontsize=9)
    return small_ticks(ax)
