"""What the figures of the lecture on the tasks of computer vision are drawn from."""

import numpy as np
import torch

from course_utils import figures
from course_utils.data.boxes import Objects
from course_utils.reference.detection import Detections
from tests.figures.drawn.metrics_and_loss import IMAGE, NAMES, TRUTH

OBJECTS = Objects(torch.tensor([1, 2]), torch.tensor([[3.0, 2, 9, 9], [10, 12, 20, 18]]))
FOUND = Detections(
    torch.tensor([0.9, 0.6, 0.5]),
    torch.tensor([1, 1, 2]),
    torch.tensor([[3.0, 3, 9, 9], [14, 2, 20, 8], [4, 4, 10, 10]]),
)
RUNS = [0.7, 0.8, 0.9]
MEASURES = {"precision": RUNS, "recall": RUNS, "ap": RUNS}
CURVE = (torch.tensor([1.0, 0.5]), torch.tensor([0.5, 1.0]))


def task(ax, name):
    return figures.show_task(ax, name, IMAGE, TRUTH, TRUTH, OBJECTS, NAMES)


DRAWN = {
    "show_boxes, truth": lambda ax: figures.show_boxes(ax, IMAGE, NAMES, truth=OBJECTS),
    "show_boxes, found": lambda ax: figures.show_boxes(
        ax, IMAGE, NAMES, truth=OBJECTS, found=FOUND, right=[True, False, False]
    ),
    "show_windows": lambda ax: figures.show_windows(ax, IMAGE, FOUND.boxes, number=243),
    "show_box_overlap": lambda ax: figures.show_box_overlap(
        ax, (2, 2, 8, 8), (4, 4, 10, 10), 12
    ),
    "show_task, classification": lambda ax: task(ax, "classification"),
    "show_task, semantic": lambda ax: task(ax, "semantic"),
    "show_task, localisation": lambda ax: task(ax, "localisation"),
    "show_task, detection": lambda ax: task(ax, "detection"),
    "show_task, instances": lambda ax: task(ax, "instances"),
    "whole_scene_bars": lambda ax: figures.whole_scene_bars(
        ax, [1, 1, 2], [True, False, True], [0.2, 0.2, 0.4]
    ),
    "view_bars": lambda ax: figures.view_bars(ax, [1, 0, 0], [1, 1, 0]),
    "window_bars": lambda ax: figures.window_bars(
        ax, [0.7, 0.2, 0.1], NAMES, title=figures.suppression_title(True)
    ),
    "show_score_map": lambda ax: figures.show_score_map(
        ax, np.full((5, 5), 0.5), "disc", size=8, stride=4, side=24
    ),
    "window_match_curves": lambda ax: figures.window_match_curves(
        ax, [32, 46, 64], [[RUNS] * 3, [RUNS] * 3, [RUNS, RUNS, []]]
    ),
    "empty_window_bars": lambda ax: figures.empty_window_bars(
        ax, {"without": RUNS, "with": [0.1, 0.1, 0.2]}
    ),
    "slid_scatter": lambda ax: figures.slid_scatter(ax, [1, 2], [1, 2], padded=False),
    "slid_scatter, padded": lambda ax: figures.slid_scatter(ax, [1, 2], [2, 1], padded=True),
    "localisation_curves": lambda ax: figures.localisation_curves(
        ax, [10, 20], [[0.1, 0.2], [0.2, 0.3]], {10: RUNS}, 0.8, 0.1
    ),
    "precision_recall_curves": lambda ax: figures.precision_recall_curves(
        ax, {"«curve»": CURVE}, point=(0.5, 0.5), title=figures.suppression_title(False)
    ),
    "suppression_curves": lambda ax: figures.suppression_curves(ax, CURVE, CURVE),
    "suppression_bars": lambda ax: figures.suppression_bars(ax, MEASURES, MEASURES),
    "ap_bars": lambda ax: figures.ap_bars(ax, [0.5, np.nan], NAMES[1:]),
    "reach_bars": lambda ax: figures.reach_bars(ax, [[1, 0], [1, 1], []]),
    "crowd_bars": lambda ax: figures.crowd_bars(ax, [[1, 0], [1, 1], []]),
    "show_window_answer": lambda ax: figures.show_window_answer(ax, TRUTH, NAMES, 24),
    "show_window_answer of the truth": lambda ax: figures.show_window_answer(ax, TRUTH, NAMES),
    "stride_curves": lambda ax: figures.stride_curves(
        ax, [16, 64, 256], {24: [[0.1, 0.2], [0.2, 0.3]], 48: [[0.1, 0.2], [0.3, 0.3]]}, RUNS
    ),
    "window_size_bars": lambda ax: figures.window_size_bars(
        ax, {24: RUNS, 48: RUNS}, {24: RUNS, 48: RUNS}
    ),
    "touching_bars": lambda ax: figures.touching_bars(ax, [1, 0], [1, 1]),
    "piece_bars": lambda ax: figures.piece_bars(ax, {"parts": RUNS, "boxes": RUNS}),
}
