"""What the figures of the lecture on dilated convolutions are drawn from."""

import numpy as np

from course_utils import figures
from course_utils.reference.dilated_paths import seen_paths
from tests.figures.drawn.metrics_and_loss import NAMES, TRUTH

RUNS = {"unet": [0.1, 0.2], "front": [0.4, 0.5], "context": [0.5, 0.5]}
POINTS = {"pooling": [(1, 8), (3, 8), (4, 4)], "dilation": [(1, 8), (3, 8), (7, 8)]}

DRAWN = {
    "cost_of_field_curves": lambda ax: figures.cost_of_field_curves(
        ax, [3, 5, 7], [9, 18, 27], [3, 7], [9, 18]
    ),
    "distance_curves": lambda ax: figures.distance_curves(
        ax, {(1, 1): [[1.0, 0.5], [0.9, 0.5]], (2, 2): [[0.5, 1.0], [0.4, 1.0]]}
    ),
    "field_against_size": lambda ax: figures.field_against_size(ax, POINTS),
    "field_and_weight_curves": lambda ax: figures.field_and_weight_curves(
        ax, [1, 2], {"doubling": [3, 7], "plain": [3, 5]}, [9, 18]
    ),
    "identity_scatter": lambda ax: figures.identity_scatter(ax, [-1.0, 2.0], [0.0, 2.0]),
    "quality_bars": lambda ax: figures.quality_bars(ax, RUNS, "slide"),
    "quality_bars of controls": lambda ax: figures.quality_bars(ax, RUNS, "controls"),
    "show_competitor": lambda ax: figures.show_competitor(ax, TRUTH, NAMES, "context"),
    "show_feature_grid": lambda ax: figures.show_feature_grid(
        ax, np.zeros((8, 8)), "kept", marked=(slice(1, None, 4), slice(1, None, 4))
    ),
    "show_kernel": lambda ax: figures.show_kernel(ax, np.ones((3, 3)), 2),
    "show_measured_field": lambda ax: figures.show_measured_field(ax, np.ones((9, 9)), 7),
    "show_paths": lambda ax: figures.show_paths(ax, seen_paths((2, 2)), side=15),
    "show_pixel_numbers": lambda ax: figures.show_pixel_numbers(
        ax, np.ones((7, 7)), which="image", taps=[(1, 1)], centre=(3, 3)
    ),
    "survival_bars": lambda ax: figures.survival_bars(
        ax, {"trained": 0.99, "lowered": 0.8, "lifted": 1.0}
    ),
}
