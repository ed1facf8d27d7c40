"""What the figures of the lecture on transfer learning are drawn from."""

import numpy as np

from course_utils import figures

DRAW = np.random.default_rng(0)
IMAGES, LABELS = DRAW.random((6, 3, 16, 16)), np.arange(6) % 2
NAMES = ("heart", "moon")
RUNS = {12: [0.8, 0.9], 60: [0.9, 0.95]}
DEPTHS = {1: [0.8, 0.9], 3: [0.5, 0.6]}
LIKENESS = {
    "untrained": [0.2, 0.2],
    "scrambled": [0.4, 0.4],
    "other task": [0.5, 0.4],
    "same task": [0.5],
}

DRAWN = {
    "task_sheet": lambda ax: figures.task_sheet(ax, IMAGES, LABELS, NAMES, "far"),
    "agreement_scatter": lambda ax: figures.agreement_scatter(ax, [0.1, 0.9], [0.2, 0.9], 1.0),
    "size_curves": lambda ax: figures.size_curves(
        ax, {"head": RUNS, "last": RUNS, "most": RUNS, "scratch": {60: [0.2, 0.3]}}, 6
    ),
    "depth_curves": lambda ax: figures.depth_curves(ax, DEPTHS, DEPTHS, 6),
    "rate_curves": lambda ax: figures.rate_curves(
        ax, {0.001: [0.7, 0.8], 0.01: [0.6]}, {0.001: [0.8], 0.01: [0.9, 0.9]}, 6
    ),
    "kept_statistics_bars": lambda ax: figures.kept_statistics_bars(
        ax, {"before": [1.0, 1.0], "no gradient": [0.8, 0.7], "frozen": [1.0, 1.0]}
    ),
    "feature_plane": lambda ax: figures.feature_plane(
        ax, DRAW.random((6, 2)), LABELS, NAMES, 0.5, 6
    ),
    "probe_curves": lambda ax: figures.probe_curves(ax, DEPTHS, DEPTHS, 6, "near"),
    "published_probe_curve": lambda ax: figures.published_probe_curve(ax),
    "first_layer_sheet": lambda ax: figures.first_layer_sheet(
        ax, DRAW.random((4, 3, 8, 8)), "near"
    ),
    "likeness_dots": lambda ax: figures.likeness_dots(ax, LIKENESS),
    "recipe_diagram": lambda ax: figures.recipe_diagram(ax),
}
