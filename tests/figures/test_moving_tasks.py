"""The moving figures of the lecture on tasks: controls move them, and what they say is so."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from course_utils import figures
from course_utils.data.boxes import Objects
from course_utils.reference.detection import Detections
from course_utils.reference.windows import window_grid

NAMES = ("background", "disc", "square")
IMAGES = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
TRUTH = [Objects(torch.tensor([1]), torch.tensor([[8.0, 8, 24, 24]]))] * 2
WINDOWS = window_grid(32, 32, 16, 8)


def probabilities():
    """The window over the object is sure of it, and so, a little less, is its neighbour."""
    values = torch.tensor([0.9, 0.05, 0.05]).repeat(2, len(WINDOWS), 1)
    values[:, 4] = torch.tensor([0.1, 0.8, 0.1])
    values[:, 5] = torch.tensor([0.3, 0.6, 0.1])
    return values


def titles(figure, **values):
    canvas = Figure()
    figure.draw(canvas, **figure.values | values)
    return [ax.get_title() for ax in canvas.axes]


def test_a_window_starts_on_the_surest_place_and_follows_its_sliders():
    maps = {16: probabilities()[0].reshape(3, 3, 3), 24: torch.full((2, 2, 3), 1 / 3)}
    figure = figures.window_figure(
        IMAGES[0], maps | {8: torch.ones(4, 4, 3)}, NAMES, TRUTH[0], 8
    )
    assert figure.values == {"row": 8, "column": 8, "size": 16}
    assert titles(figure) == ["IoU with the nearest object: 1.00", "Answer: disc"]
    assert titles(figure, row=0, column=0)[1] == "Answer: background"
    assert titles(figure, row=24, column=24, size=24)  # stays inside the image
    assert figure.redraw(row=0) != figure.redraw(row=8)


@pytest.mark.parametrize(
    ("threshold", "overlap", "title"),
    [
        (0.5, 0.3, "1 of 1 boxes are right"),
        (0.5, 1.0, "1 of 2 boxes are right"),
        (0.7, 1.0, "1 of 1 boxes are right"),
        (0.9, 0.3, "0 of 0 boxes are right"),
    ],
)
def test_thresholds_decide_which_boxes_stay(threshold, overlap, title):
    figure = figures.detection_figure(IMAGES, probabilities(), WINDOWS, TRUTH, NAMES, 1)
    assert titles(figure, threshold=threshold, overlap=overlap)[0] == title


def test_a_shifted_box_has_the_iou_of_its_pixels():
    figure = figures.box_overlap_figure()
    assert titles(figure, right=4)[0] == "IoU = 96 / 192 = 0.50"
    assert titles(figure, right=4, down=4)[0] == "IoU = 64 / 224 = 0.29"
    assert titles(figure, size=6)[0] == "IoU = 36 / 144 = 0.25"


def test_beside_found_boxes_only_a_missed_object_is_shown(ax):
    far = Objects(torch.tensor([1, 2]), torch.tensor([[0.0, 0, 8, 8], [16, 16, 30, 30]]))
    found = Detections(torch.tensor([0.9]), torch.tensor([1]), torch.tensor([[0.0, 0, 8, 9]]))
    figures.show_boxes(ax, IMAGES[0], NAMES, truth=far, found=found, right=[True])
    frames = sorted(patch.get_xy()[0] for patch in ax.patches)
    assert frames == [-0.5, 15.5]
    assert [text.get_text() for text in ax.texts] == ["disc 0.90"]


def test_the_table_of_answers_counts_their_numbers():
    rows = {row[0]: row[-1] for row in figures.answers_table(128, 6, 5).rows}
    assert rows["Semantic segmentation"] == str(128**2)
    assert rows["Detection"] == "25"
    assert rows["Instance segmentation"] == str(5 + 5 * 128**2)


def test_a_score_map_puts_each_score_in_the_middle_of_its_window(ax):
    scores = np.zeros((5, 5))
    scores[0, 4] = 1
    figures.show_score_map(ax, scores, "disc", size=8, stride=4, side=24)
    left, right, bottom, top = ax.get_images()[0].get_extent()
    cell = (right - left) / 5
    window = window_grid(24, 24, 8, 4)[4]  # the fifth of the first row
    assert left + 4.5 * cell == pytest.approx((window[0] + window[2]) / 2 - 0.5)
    assert top + cell / 2 == pytest.approx((window[1] + window[3]) / 2 - 0.5)
    assert bottom > top
