"""The moving figures on dilation follow their controls and show what they claim."""

import numpy as np
import pytest
import torch

from course_utils import figures
from course_utils.data import VOID
from course_utils.figures.dilated_comparison import competitor_name
from course_utils.i18n import speaking
from course_utils.reference.dilated_paths import seen_paths

IMAGE = np.random.default_rng(0).random((3, 64, 64))
NAMES = ("background", "disc", "square")


@pytest.mark.parametrize("moved", [{"first": 2}, {"second": 0}, {"third": 8}])
def test_every_dilation_changes_the_field(moved):
    figure = figures.dilation_figure(IMAGE)
    before = figure.redraw()
    assert figure.redraw(**moved) != before


def test_a_stack_without_layers_sees_its_own_pixel():
    figure = figures.dilation_figure(IMAGE)
    assert figure.redraw(first=0, second=0, third=0)


@pytest.mark.parametrize("moved", [{"dilation": 8}, {"row": 3}, {"column": 60}])
def test_the_sliding_kernel_follows(moved):
    figure = figures.sliding_kernel_figure(IMAGE[0], np.ones((3, 3)))
    before = figure.redraw()
    assert figure.redraw(**moved) != before


def test_every_scene_and_every_network_can_be_looked_at():
    labels = torch.zeros(2, 32, 32, dtype=torch.uint8)
    labels[0, :8, :8], labels[1, 4:9, 4:9], labels[1, 20] = 1, 2, VOID
    answers = {"fcn8": labels.where(labels != VOID, 0).long(), "front": torch.zeros(2, 32, 32)}
    answers["front"] = answers["front"].long()
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    figure = figures.comparison_browser(images, labels, answers, NAMES)
    pictures = {figure.redraw(scene=j, network=key) for j in (0, 1) for key in answers}
    assert len(pictures) == 4


def test_unseen_pixels_are_crossed_and_seen_ones_counted(ax):
    paths = seen_paths((2, 2, 2))
    figures.show_paths(ax, paths)
    (crosses,) = (line for line in ax.lines if line.get_marker() == "x")
    assert len(crosses.get_xdata()) == int((paths == 0).sum()) == 120
    assert sorted(int(text.get_text()) for text in ax.texts) == sorted(
        paths[paths > 0].tolist()
    )


def test_the_table_of_competitors_is_in_russian():
    row = figures.CompetitorRow("front", 27783, 473223, True, 100, 16, None)
    with speaking("ru"):
        table = figures.competitors_table([row])
        assert table.heading[0] == "сеть"
        assert competitor_name("unet") == "U-Net с нуля"
    assert table.rows[0][1:] == ["27\u202f783", "473\u202f223", "да", "100", "16 × 16", "—"]


def test_context_table_counts_channels_in_classes():
    table = figures.context_table(
        [3, 1], [2, 1], [True, False], [5, 5], {"basic": [4, 4], "large": [8, 4]}, 4
    )
    assert [row[1:] for row in table.rows[-2:]] == [["C", "C"], ["2C", "C"]]
