"""The moving figures of the lecture on transfer learning: all was computed before."""

from collections.abc import Mapping, Sequence

import numpy as np

from course_utils.figures.feature_planes import feature_plane, layer_words
from course_utils.figures.palette import COLOURS
from course_utils.figures.recipe_diagrams import layer_column, layer_name
from course_utils.figures.transfer import images_in_words, run_line
from course_utils.figures.widgets import Choice, InteractiveFigure, interactive_figure
from course_utils.i18n import _

__all__ = ["features_figure", "transfer_figure"]

Scores = Mapping[str, Mapping[int, Mapping[int, Sequence[float]]]]
Planes = Mapping[tuple[str, str, int], tuple[object, float]]


def transfer_figure(scores: Scores, layers: int, classes: int) -> InteractiveFigure:
    """Accuracy for a task, a size of the training set and a number of layers trained.

    scores: "near" and "far" -> layers trained -> images -> a share for each run.
    layers: of the whole network.
    """
    depths = sorted(scores["near"])
    sizes = sorted(scores["near"][depths[0]])
    tasks = {"near": _("near task"), "far": _("far task")}

    def draw(figure, task, size, trained):
        left, right = figure.subplots(1, 2, width_ratios=[1, 1.9])
        states = ["kept"] * (layers - trained) + ["learns"] * (trained - 1) + ["new"]
        layer_column(left, 0, states, [None] * (layers - trained) + [1.0] * trained)
        for k in range(layers):
            words = layer_name(k + 1, layers)
            left.text(-0.15, k + 0.42, words, ha="right", va="center", fontsize=8)
        left.set_xlim(-1.9, 2.6)
        left.set_ylim(-0.1, layers + 0.1)
        left.set_axis_off()
        left.set_title(_("What is trained"), fontsize=9)
        for n, style, shade in zip(sizes, ("^:", "s--", "o-"), (3, 2, 4), strict=False):
            runs = {depth: scores[task][depth][n] for depth in depths}
            run_line(right, runs, style, COLOURS[shade], images_in_words(n))
        chosen = 100 * np.mean(scores[task][trained][size])
        right.plot(
            trained, chosen, "o", markersize=15, fillstyle="none", color="black", mew=1.8
        )
        paper = {"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.85}
        right.annotate(
            f"{chosen:.0f}%",
            (trained, chosen),
            textcoords="offset points",
            xytext=(12, 9 if chosen < 80 else -16),
            fontsize=9,
            bbox=paper,
        )
        right.axhline(100 / classes, color="grey", linestyle=":", linewidth=1)
        right.set_xticks(depths)
        right.set_xlim(min(depths) - 0.4, max(depths) + 0.7)
        right.set_ylim(0, 100)
        right.tick_params(labelsize=7)
        right.set_xlabel(_("last layers that were trained (1: the head alone)"), fontsize=8)
        right.set_ylabel(_("right answers on new images, %"), fontsize=8)
        right.legend(fontsize=7)
        right.set_title(tasks[task], fontsize=9)

    controls = {
        "task": Choice(_("task"), {words: task for task, words in tasks.items()}, "near"),
        "size": Choice(_("training images"), {str(n): n for n in sizes}, sizes[0]),
        "trained": Choice(_("layers trained"), {str(k): k for k in depths}, depths[0]),
    }
    far = {"task": "far", "size": sizes[-1], "trained": depths[-1]}
    frames = [{"trained": depths[-2]}, far]
    return interactive_figure(draw, controls, frames, height=3.0, columns=1)


def features_figure(
    planes: Planes, labels: Mapping[str, object], names: Mapping[str, Sequence[str]]
) -> InteractiveFigure:
    """Test images in the plane of their features' principal components, layer by layer.

    planes: (task, weights, layer) -> (points (N, 2), share of variance); task "near" or
    "far", weights "pretrained" or "random", layer 0 the pixels. labels, names: by task.
    """
    last = max(layer for _task, _weights, layer in planes)
    tasks = {_("near task"): "near", _("far task"): "far"}
    kinds = {_("pretrained weights"): "pretrained", _("random weights"): "random"}

    def draw(figure, task, weights, layer):
        points, share = planes[task, weights, layer]
        ax = figure.subplots()
        feature_plane(ax, points, labels[task], names[task], share, layer, weights)

    controls = {
        "task": Choice(_("task"), tasks, "near"),
        "weights": Choice(_("weights"), kinds, "pretrained"),
        "layer": Choice(
            _("features"), {layer_words(layer): layer for layer in range(last + 1)}, last
        ),
    }
    frames = [
        {"layer": 0},
        {"layer": 3},
        {"weights": "random"},
        {"task": "far"},
    ]
    return interactive_figure(draw, controls, frames, height=3.3, columns=2)
