"""The window of an output pixel, against the gradient of a network that lets all through."""

import pytest
import torch
from torch import nn

from course_utils.reference.unet import UNet
from course_utils.reference.unet_field import influence, output_window, square_shares


def open_network(**options):
    """Every pixel of the window moves the answer: positive weights, averages for maxima."""
    network = UNet(1, 1, width=1, **options).double()
    network.pool = nn.AvgPool2d(2)
    for parameter in network.parameters():
        nn.init.constant_(parameter, 0.2)
    return network


def moved_by(network, size, index):
    seen = influence(network, torch.ones(1, 1, size, size).double(), index, index, 0)
    rows = seen.sum(1).nonzero()[:, 0]
    return rows.min().item(), rows.max().item()


@pytest.mark.parametrize("copied", [True, False])
@pytest.mark.parametrize(("depth", "size"), [(1, 20), (2, 60), (3, 108)])
def test_the_window_is_what_moves_the_pixel(depth, size, copied):
    network = open_network(depth=depth, copy_layers=copied)
    for index in range(min(2**depth, network.level_sizes(size)[-1][-1])):
        assert output_window(network, index, size) == moved_by(network, size, index)


@pytest.mark.parametrize("copied", [True, False])
def test_a_padded_network_alike_within_the_image(copied):
    network = open_network(depth=2, padded=True, copy_layers=copied)
    for index in [0, 1, 13, 30, 31, 47]:
        first, last = output_window(network, index, 48)
        assert (max(first, 0), min(last, 47)) == moved_by(network, 48, index)


def test_the_paper_sees_188_or_204_pixels():
    with torch.device("meta"):
        network = UNet(1, 2)
    windows = [output_window(network, index, 572) for index in range(388)]
    assert {last - first + 1 for first, last in windows} == {188, 204}
    with pytest.raises(ValueError, match=r"0..387, got 388"):
        output_window(network, 388, 572)


def test_influence_of_a_linear_network_is_its_kernel():
    network = nn.Conv2d(1, 2, 3, padding=1)
    kernel = network.weight.detach()[:, 0]
    images = torch.rand(3, 1, 7, 7)
    expected = torch.zeros(7, 7)
    expected[2:5, 1:4] = (kernel[1] - kernel.mean(0)).abs()
    torch.testing.assert_close(influence(network, images, 3, 2), expected)


def test_shares_count_squares():
    weights = torch.ones(5, 5)
    assert square_shares(weights, 2, 2).tolist() == pytest.approx([1 / 25, 9 / 25, 1])
    assert square_shares(weights, 0, 0).tolist()[:2] == pytest.approx([1 / 25, 4 / 25])
