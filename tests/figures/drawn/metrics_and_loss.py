"""What the figures of the lectures on metrics and on the loss are drawn from."""

import numpy as np

from course_utils import figures
from course_utils.data import VOID
from course_utils.figures.metrics import CONVENTIONS

NAMES = ("background", "disc", "square")
TRUTH = np.zeros((20, 24), dtype=np.uint8)
TRUTH[3:9, 3:9], TRUTH[12:18, 10:20], TRUTH[2, 3:9] = 1, 2, VOID
ANSWER = np.where(np.roll(TRUTH, 2, axis=1) == VOID, 0, np.roll(TRUTH, 2, axis=1))
IMAGE = np.random.default_rng(0).integers(0, 255, (20, 24, 3), dtype=np.uint8)
COUNTS = np.array([[50, 3, 0], [4, 20, 1], [0, 0, 0]])
SEEDS = {"ignored": [0.9, 0.8], "background": [0.7, 0.6], "class": [0.5, 0.6]}

DRAWN = {
    "show_image": lambda ax: figures.show_image(ax, IMAGE),
    "show_labels": lambda ax: figures.show_labels(ax, TRUTH, NAMES),
    "show_objects": lambda ax: figures.show_objects(ax, TRUTH),
    "show_overlay": lambda ax: figures.show_overlay(ax, IMAGE, TRUTH),
    "show_errors": lambda ax: figures.show_errors(ax, ANSWER, TRUTH),
    "show_overlap": lambda ax: figures.show_overlap(ax, ANSWER, TRUTH, 1),
    "show_overlap of an absent class": lambda ax: figures.show_overlap(ax, ANSWER, TRUTH, 5),
    "show_confusion": lambda ax: figures.show_confusion(ax, COUNTS, NAMES),
    "accuracy_and_jaccard_bars": lambda ax: figures.accuracy_and_jaccard_bars(
        ax, 0.9, [0.9, 0.5, np.nan], NAMES
    ),
    "agreement_curve": lambda ax: figures.agreement_curve(ax, [1, 2, 4], [1, 0.9, 0.8], 0.7),
    "background_curves": lambda ax: figures.background_curves(ax, 0.05),
    "border_curves": lambda ax: figures.border_curves(ax, [4, 8], {1: [0.6, 0.8]}),
    "convention_bars": lambda ax: figures.convention_bars(ax, dict.fromkeys(CONVENTIONS, 0.5)),
    "dice_curve": lambda ax: figures.dice_curve(ax),
    "information_bars": lambda ax: figures.information_bars(ax, 2.8, 3000, 40000),
    "jaccard_and_dice_bars": lambda ax: figures.jaccard_and_dice_bars(ax, [0.5], [0.6]),
    "object_bars": lambda ax: figures.object_bars(ax, {"disc": 5, "square": 7}),
    "share_bars": lambda ax: figures.share_bars(ax, [0.8, 0.1, 0.1], NAMES),
    "small_sets_curves": lambda ax: figures.small_sets_curves(
        ax, [1, 4], {1: [[0.1, 0.2], [0.2, 0.2]], "all": [[0.5, 0.6], [0.5, 0.7]]}
    ),
    "descent_curves": lambda ax: figures.descent_curves(ax, [0.1, 0.9], [0.1, 0.0]),
    "factor_curve": lambda ax: figures.factor_curve(ax, [0.5, 1, 2], [2, 1, 3], 1),
    "gradient_norm_curves": lambda ax: figures.gradient_norm_curves(
        ax, [8, 16], {"sum": [[1, 4]], "mean": [[1, 1]]}
    ),
    "log_curve": lambda ax: figures.log_curve(ax, 0.5),
    "probability_bars": lambda ax: figures.probability_bars(ax, [0.2, 0.7, 0.1], NAMES, 1),
    "probability_bars, times": lambda ax: figures.probability_bars(
        ax, [0.2, 0.7, 0.1], NAMES, 1, times=5
    ),
    "score_bars": lambda ax: figures.score_bars(ax, [-1, 2, 0], NAMES),
    "show_gradient": lambda ax: figures.show_gradient(ax, np.zeros((20, 20)), "disc"),
    "show_loss_map": lambda ax: figures.show_loss_map(ax, np.ones((20, 20))),
    "show_void_answer": lambda ax: figures.show_void_answer(ax, ANSWER, "class"),
    "void_quality_bars": lambda ax: figures.void_quality_bars(ax, SEEDS),
    "void_seam_bars": lambda ax: figures.void_seam_bars(ax, SEEDS),
    "walk_curves": lambda ax: figures.walk_curves(ax, [0, 1], [2, 1], [0.5, 0.9]),
    "weight_bars, found": lambda ax: figures.weight_bars(
        ax, {"equal": [0.5, 0.6], "heavy": [0.7, 0.8]}, "found"
    ),
    "weight_bars, right": lambda ax: figures.weight_bars(
        ax, {"equal": [0.5, 0.6], "heavy": [0.7, 0.8]}, "right"
    ),
}
