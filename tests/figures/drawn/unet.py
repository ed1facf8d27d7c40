"""What the figures of the lecture on U-Net are drawn from."""

import numpy as np

from course_utils import figures
from course_utils.reference.unet import level_sizes

COPIES = {"with": [0.9, 0.95], "without": [0.7, 0.8]}
MAP = np.random.default_rng(0).random((9, 9))
SPOILED = {(part, level): [0.3, 0.5] for part in ("copied", "upsampled") for level in (0, 1)}

DRAWN = {
    "show_unet": lambda ax: figures.show_unet(ax, level_sizes(572), 64, 1, 2),
    "show_unet, a size that does not fit": lambda ax: figures.show_unet(
        ax, [(512, 510, 508), (254, 252, 250), (125, 123, 121)], 64, 1, 2, legend=False
    ),
    "show_tiles": lambda ax: figures.show_tiles(ax, np.zeros((3, 16, 16)), 8, 4),
    "show_seams": lambda ax: figures.show_seams(ax, MAP),
    "show_numbers": lambda ax: figures.show_numbers(ax, np.eye(3), title="«»", frame=(0, 0, 2)),
    "show_stamp_counts": lambda ax: figures.show_stamp_counts(ax, np.ones((6, 6)), 2, 2),
    "show_matrix": lambda ax: figures.show_matrix(ax, np.eye(4), "convolution"),
    "show_upsampling": lambda ax: figures.show_upsampling(ax, MAP, "even", spread=True),
    "show_upsampling, one run": lambda ax: figures.show_upsampling(
        ax, MAP - 1, "overlap", spread=False
    ),
    "copies_bars": lambda ax: figures.copies_bars(ax, COPIES),
    "mistake_bars": lambda ax: figures.mistake_bars(ax, {"border": COPIES, "object": COPIES}),
    "show_copies_answer": lambda ax: figures.show_copies_answer(
        ax, np.eye(9, dtype=int), "with"
    ),
    "shape_bars": lambda ax: figures.shape_bars(ax, {"ring": COPIES, "disc": COPIES}),
    "area_curves": lambda ax: figures.area_curves(
        ax, [30.0, 90.0], {way: [[0.5, 0.6], [0.5, 0.7]] for way in COPIES}
    ),
    "spoiled_bars": lambda ax: figures.spoiled_bars(ax, SPOILED, "zero", 0.9),
    "show_influence": lambda ax: figures.show_influence(ax, MAP, (1, 6), "untrained"),
    "influence_curves": lambda ax: figures.influence_curves(
        ax, {way: [[0.5, 1.0], [0.6, 1.0]] for way in COPIES}
    ),
    "few_images_curve": lambda ax: figures.few_images_curve(
        ax, [1, 4], [[0.5, 0.6], [0.8, 0.9]]
    ),
}
