"""What the figures of the lecture on interpretation are drawn from."""

import numpy as np
import torch

from course_utils import figures
from course_utils.i18n import _
from course_utils.reference.patches import Patch
from course_utils.reference.receptive_field import Box, Geometry, unit_box

IMAGES = torch.rand(3, 3, 20, 20, generator=torch.Generator().manual_seed(0))
GEOMETRY = Geometry((8, 8), (4, 4), (-2, -2))
BOXES = [unit_box(GEOMETRY, i, i, (20, 20)) for i in range(3)]
PATCHES = [
    Patch(3.0 - n, n, (n, n), (20, 20), boxes.clipped, boxes.unclipped)
    for n, boxes in enumerate(BOXES)
]

DRAWN = {
    "agreement_curves": lambda ax: figures.agreement_curves(
        ax, [[0.2, np.nan], [0.5, 0.7]], [[0.2, 0.3]], 0.2
    ),
    "class_rows": lambda ax: figures.class_rows(
        ax, {"none": IMAGES[:2], "priors": IMAGES[:2], "random": IMAGES[:1]}, _names()
    ),
    "climb_curves": lambda ax: figures.climb_curves(
        ax, {0.0: [0, 5, 9], 0.1: [0, 3, 4]}, (0.1, 2)
    ),
    "confidence_curves": lambda ax: figures.confidence_curves(
        ax, [[0.1, 0.2], [0.9, 1.0]], _names()
    ),
    "covered_sheet": lambda ax: figures.covered_sheet(ax, list(IMAGES)),
    "covering_dots": lambda ax: figures.covering_dots(
        ax, {"elsewhere": [1.0, 1.0], "window": [0.0, 0.2]}
    ),
    "filter_sheet": lambda ax: figures.filter_sheet(ax, IMAGES - 0.5, columns=2),
    "gradient_curves": lambda ax: figures.gradient_curves(ax, [1, 1], [1, 0]),
    "growth_bars": lambda ax: figures.growth_bars(ax, [3, 2], [1, 0.9]),
    "influence_map": lambda ax: figures.influence_map(ax, np.ones((20, 20)), Box(5, 5, 15, 15)),
    "layer_sheet": lambda ax: figures.layer_sheet(
        ax, IMAGES, [PATCHES, PATCHES[:1], PATCHES], 1, filters=2
    ),
    "mean_patch_sheet": lambda ax: figures.mean_patch_sheet(ax, IMAGES, columns=2),
    "nested_windows": lambda ax: figures.nested_windows(
        ax, IMAGES[0], [Box(5, 5, 15, 15), Box(-3, -3, 25, 25)]
    ),
    "noise_row": lambda ax: figures.noise_row(ax, IMAGES[0], IMAGES[1:], _names()),
    "norm_curve": lambda ax: figures.norm_curve(
        ax, [[9, 8], [2, 3]], [[30, 40], [10, 9]], [0.0, 0.1], _names()
    ),
    "penalty_curves": lambda ax: figures.penalty_curves(ax, [0.25, 0.5]),
    "repeated_bars": lambda ax: figures.repeated_bars(ax, [9, 9], [3, 5]),
    "response_histogram": lambda ax: figures.response_histogram(ax, [3.0, 2.0, 1.0], 2, 4),
}


def _names():
    return [_("disc"), _("square")]  # when drawn: the test marks what is translated
