"""How well classes lie apart in the features of each layer: by eye and by a linear model."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from course_utils.figures.layout import small_ticks
from course_utils.figures.names import shown
from course_utils.figures.palette import COLOURS
from course_utils.figures.transfer import run_line
from course_utils.i18n import _

__all__ = [
    "PUBLISHED_PROBES",
    "feature_plane",
    "probe_curves",
    "published_probe_curve",
]

# Zeiler & Fergus 2014, arXiv:1311.2901, table 7: accuracy in per cent of a linear SVM on the
# features of a layer of their ImageNet network, on Caltech-101 with 30 images a class.
PUBLISHED_PROBES = {1: 44.8, 2: 66.2, 3: 72.3, 4: 76.6, 5: 86.2, 7: 85.5}

_MARKERS = "os^DvP"


def feature_plane(
    ax: Axes,
    points,
    labels,
    names: Sequence[str],
    share: float,
    layer: int,
    weights: str = "pretrained",
    *,
    finding: bool = False,
    legend: bool = True,
) -> Axes:
    """Images as points of the plane of their first two principal components.

    points: (N, 2); labels: (N,). share: of the variance that the plane keeps, 0..1.
    layer: whose features, 0 for the pixels; weights: "pretrained" or "random".
    finding: the title says what is seen, not only what is shown.
    """
    points, labels = np.asarray(points), np.asarray(labels)
    for k, name in enumerate(names):
        mine = points[labels == k]
        ax.plot(
            *mine.T,
            _MARKERS[k % len(_MARKERS)],
            color=COLOURS[1 + k],
            markeredgecolor="black",
            markeredgewidth=0.4,
            markersize=4.5,
            label=shown(name),
        )
    words = _("{share:.0f}% of the variance").format(share=100 * share)
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8}
    ax.text(0.02, 0.02, words, fontsize=7, transform=ax.transAxes, bbox=paper)
    ax.set_xlabel(_("first principal component"), fontsize=8)
    ax.set_ylabel(_("second principal component"), fontsize=8)
    kinds = {"pretrained": _("pretrained weights"), "random": _("random weights")}
    title = f"{layer_words(layer)}, {kinds[weights]}" if layer else layer_words(layer)
    if finding:
        lying = _("By pixels the classes are mixed"), _("By features they lie apart")
        title = lying[layer > 0]
    ax.set_title(title, fontsize=9)
    if legend:
        ax.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    return small_ticks(ax)


def probe_curves(
    ax: Axes,
    pretrained: Mapping[int, Sequence[float]],
    random: Mapping[int, Sequence[float]],
    classes: int,
    which: str,
) -> Axes:
    """Accuracy of a linear model on the features of each layer.

    pretrained, random: number of layers passed (0: the pixels) -> a share for each run.
    which: "near" or "far". The title says which weights are better on the last layer.
    """
    run_line(ax, pretrained, "o-", COLOURS[4], _("pretrained weights"))
    run_line(ax, random, "s--", COLOURS[3], _("random weights"))
    chance = _("by chance")
    ax.axhline(100 / classes, color="grey", linestyle=":", linewidth=1, label=chance)
    layers = sorted({*pretrained, *random})
    ticks = [_("pixels") if k == 0 else str(k) for k in layers]
    ax.set_xticks(layers, ticks)
    ax.set_ylim(0, 128)  # room for the legend above the curves
    ax.set_yticks(range(0, 101, 20))
    ax.set_xlabel(_("layer whose features are taken"), fontsize=8)
    ax.set_ylabel(_("right answers on new images, %"), fontsize=8)
    ax.legend(fontsize=7, loc="upper left")
    last = layers[-1]
    won = np.mean(pretrained[last]) > np.mean(random[last])
    titles = {
        ("near", True): _("Near task: the last features beat random ones"),
        ("near", False): _("Near task: the last features lose to random ones"),
        ("far", True): _("Far task: the last features beat random ones"),
        ("far", False): _("Far task: the last features lose to random ones"),
    }
    ax.set_title(titles[which, bool(won)], fontsize=9)
    return small_ticks(ax)


def published_probe_curve(ax: Axes) -> Axes:
    """Zeiler & Fergus's row, as published."""
    layers, shares = zip(*PUBLISHED_PROBES.items(), strict=True)
    ax.plot(layers, shares, "o-", color=COLOURS[2], markeredgecolor="black", markersize=5)
    for layer, share in PUBLISHED_PROBES.items():
        ax.annotate(
            f"{share}",
            (layer, share),
            textcoords="offset points",
            xytext=(0, -12),
            ha="center",
            fontsize=7,
        )
    ax.set_xticks(layers)
    ax.set_xlim(0.5, 7.5)
    ax.set_ylim(0, 100)
    ax.set_xlabel(_("layer whose features are taken"), fontsize=8)
    ax.set_ylabel(_("right answers, %"), fontsize=8)
    ax.set_title(_("Published: ImageNet network, 101 classes"), fontsize=9)
    return small_ticks(ax)


def layer_words(layer: int) -> str:
    """Whose features: the pixels, or the layer of this number."""
    return _("pixels") if layer == 0 else _("layer {n}").format(n=layer)
