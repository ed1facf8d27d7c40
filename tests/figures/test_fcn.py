"""Figures of the lecture on fully convolutional networks: what they say, and that they move."""

import numpy as np
import pytest
import torch

from course_utils import figures
from course_utils.data import VOID
from course_utils.data.published import FCN_PUBLISHED

TRUTH = torch.zeros(2, 32, 32, dtype=torch.uint8)
TRUTH[0, 8:20, 8:20], TRUTH[0, 7, 8:20] = 1, VOID
ANSWERS = {32: TRUTH.roll(4, 2).clamp(max=1), 8: TRUTH.clamp(max=1)}
IMAGES = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def test_every_choice_of_the_band_figure_shows():
    figure = figures.band_figure(IMAGES, TRUTH, ANSWERS, 2)
    seen = {figure.redraw()}
    for moved in ({"network": 8}, {"width": 8}, {"scene": 2}, {"network": 32}):
        seen.add(figure.redraw(**moved))
    assert len(seen) == 5


def test_an_image_without_borders_can_be_chosen():
    figure = figures.band_figure(IMAGES, TRUTH, ANSWERS, 2)
    assert figure.redraw(scene=2, width=1)


@pytest.mark.parametrize("moved", [{"poolings": 5}, {"convolutions": 3}, {"row": 0}])
def test_poolings_convolutions_and_the_place_move_the_field(moved):
    figure = figures.poolings_figure(torch.zeros(3, 64, 64))
    start = figure.redraw()
    assert figure.redraw(**moved) != start


def test_the_field_of_the_moving_figure_is_computed(monkeypatch):
    from course_utils.figures import moving_fcn

    drawn = []
    monkeypatch.setattr(moving_fcn, "show_field_and_map", lambda *args: drawn.append(args[2:]))
    figure = figures.poolings_figure(torch.zeros(3, 64, 64))
    drawn.clear()
    figure.redraw(poolings=2, convolutions=1, row=100)
    assert drawn == [(4, 18, -7, (15, 15))]  # conv, pool, conv, pool, conv


def test_an_uneven_cover_is_called_a_checkerboard(ax):
    uneven = np.tile([[1, 2], [2, 4]], (8, 8))
    figures.show_kernel_cover(ax, uneven, 3, 2)
    assert "checkerboard" in ax.get_title()
    figures.show_kernel_cover(ax, np.ones((16, 16)), 4, 2)
    assert "equally often" in ax.get_title()


def test_outside_the_band_labels_are_pale_and_the_void_is_white(ax):
    band = np.zeros((32, 32), dtype=bool)
    band[8:12, 8:12] = True
    figures.show_band(ax, TRUTH[0], band, 2)
    picture = ax.get_images()[0].get_array()
    assert (picture[7, 8:20] == 255).all()
    assert (picture[9, 9] != picture[15, 15]).any()
    assert (picture[9, 9] == picture[11, 11]).all()


def test_the_published_table_shows_the_published_digits():
    table = figures.published_fcn_table(FCN_PUBLISHED)
    assert table.rows[0] == ["FCN-32s", "89.1", "73.3", "59.4"]
    assert [row[3] for row in table.rows] == ["59.4", "62.4", "62.7"]
