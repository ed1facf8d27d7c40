"""Figures of U-Net: what the picture, the stamps and the level browser really say."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from torch.nn import functional as F

from course_utils import figures
from course_utils.reference.unet import UNet, level_sizes
from course_utils.reference.unet_parts import level_maps


def written(ax):
    return [text.get_text() for text in ax.texts if text.get_text()]


@pytest.mark.parametrize("size", [188, 572])
def test_the_picture_names_every_size_and_every_number_of_channels(ax, size):
    figures.show_unet(ax, level_sizes(size), 64, 1, 2)
    numbers = [int(text) for text in written(ax)]
    channels, sizes = numbers[::2], numbers[1::2]
    across = [side for level in level_sizes(size) for side in level]
    assert sizes == [*across, across[-1]]
    assert channels == [
        1, 64, 64, 64, 128, 128, 128, 256, 256, 256, 512, 512, 512, 1024, 1024,
        1024, 512, 512, 512, 256, 256, 256, 128, 128, 128, 64, 64, 2,
    ]  # fmt: skip


def drawn(moving, **values):
    """The axes of the moving figure with these values, after a redraw that must not fail."""
    moving.redraw(**values)
    figure = Figure()
    moving.draw(figure, **moving.values)
    return figure.axes


@pytest.mark.parametrize(("size", "odd"), [(512, 121), (190, 89), (500, 55)])
def test_a_size_that_does_not_fit_stops_where_it_turns_odd(size, odd):
    (ax,) = drawn(figures.unet_size_figure(), size=size)
    assert f"{odd} is odd: it can't be halved" in written(ax)
    assert f"{size} does not fit" in ax.get_title()
    (ax,) = drawn(figures.unet_size_figure(), size=size, padded=True)
    assert not any("odd" in text for text in written(ax))


def test_a_size_that_is_too_small_says_so_at_the_bottom():
    (ax,) = drawn(figures.unet_size_figure(), size=172)  # 12 mod 16, yet below 188
    assert "too small: nothing is left on the way up" in written(ax)


def test_every_size_of_the_slider_can_be_drawn_and_says_whether_it_fits():
    moving = figures.unet_size_figure()
    slider = moving.controls["size"]
    for size in [slider.low, 150, 172, 187, 188, 189, slider.high]:
        (ax,) = drawn(moving, size=size)
        assert ("does not fit" in ax.get_title()) is (size < 188 or size % 16 != 12)


def numbers_in(ax):
    cells = [float(text) for text in written(ax)]
    height, width = ax.get_images()[0].get_array().shape
    return torch.tensor(cells).reshape(height, width)


X = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
KERNELS = {2: torch.tensor([[1.0, 0.0], [2.0, 1.0]]), 3: torch.ones(3, 3)}


@pytest.mark.parametrize("side", [2, 3])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_the_last_stamp_completes_the_up_convolution(side, stride):
    moving = figures.stamp_figure(X, KERNELS)
    _, stamp, total, counts = drawn(moving, step=4, side=side, stride=stride)
    expected = F.conv_transpose2d(X[None, None], KERNELS[side][None, None], stride=stride)
    assert torch.equal(numbers_in(total), expected[0, 0])
    assert torch.equal(numbers_in(stamp), 4 * KERNELS[side])
    ones = F.conv_transpose2d(
        torch.ones(1, 1, 2, 2), torch.ones(1, 1, side, side), stride=stride
    )
    assert torch.equal(numbers_in(counts), ones[0, 0])


def test_half_way_only_the_stamps_so_far_are_summed():
    _, stamp, total, counts = drawn(figures.stamp_figure(X, KERNELS), step=2)
    assert torch.equal(numbers_in(total)[:2, :2], KERNELS[2])
    assert torch.equal(numbers_in(total)[:2, 2:], 2 * KERNELS[2])
    assert numbers_in(total)[2:].sum() == 0
    assert numbers_in(counts).sum() == 8
    _, stamp, total, _ = drawn(figures.stamp_figure(X, KERNELS), step=0)
    assert numbers_in(total).sum() == numbers_in(stamp).sum() == 0


@pytest.mark.parametrize(("kernel", "even"), [(2, True), (3, False), (4, True)])
def test_counts_are_judged_inside(ax, kernel, even):
    counts = F.conv_transpose2d(
        torch.ones(1, 1, 5, 5), torch.ones(1, 1, kernel, kernel), stride=2
    )
    figures.show_stamp_counts(ax, counts[0, 0], kernel, 2)
    assert ("even" in ax.get_title()) is even


def test_the_level_browser_shows_the_maps_of_the_level():
    torch.manual_seed(0)
    network, images = UNet(3, 2, width=4, depth=2, padded=True), torch.rand(2, 3, 16, 16)
    moving = figures.level_figure(network, images, images)
    maps = level_maps(network, images)
    for level, side in ((0, 16), (1, 8)):
        axes = drawn(moving, level=level, image=1)
        shown = [np.asarray(ax.get_images()[0].get_array()) for ax in axes if ax.get_images()][
            1:
        ]
        assert len(shown) == 5
        assert all(each.shape == (side, side) for each in shown)
        copied = maps[level].copied[1].numpy()
        assert any(np.array_equal(shown[0], channel) for channel in copied)
        decoded = maps[level].decoded[1].numpy()
        assert any(np.array_equal(shown[-1], channel) for channel in decoded)


def test_the_table_of_copies_counts_both_networks():
    from course_utils.reference.unet_parts import copy_rows

    with torch.device("meta"):
        table = figures.copy_table({16: 512, 8: 256}, 21, copy_rows(UNet(1, 2), 572))
    assert [row[1:4] for row in table.rows] == [
        ["16", "512", "21"], ["8", "256", "21"],
        ["8", "512", "512"], ["4", "256", "256"], ["2", "128", "128"], ["1", "64", "64"],
    ]  # fmt: skip
    assert table.rows[2][5] == "1024"
