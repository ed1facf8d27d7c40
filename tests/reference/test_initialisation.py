"""He's initialisation, against the paper's number and by what it is for."""

import math

import pytest
import torch
from torch import nn

from course_utils.reference.initialisation import he_initialise


def deviation(layer):
    torch.manual_seed(0)
    he_initialise(layer)
    return layer.weight.std().item()


def test_a_3x3_convolution_of_64_channels_has_576_inputs():
    assert deviation(nn.Conv2d(64, 200, 3)) == pytest.approx(math.sqrt(2 / 576), rel=0.01)


def test_agrees_with_torch_where_torch_counts_the_same():
    layer = nn.Conv2d(12, 300, (3, 5), groups=2)
    ours = deviation(layer)
    torch.manual_seed(0)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    assert ours == pytest.approx(layer.weight.std().item(), rel=1e-6)


@pytest.mark.parametrize(("kernel", "stride", "groups"), [(2, 2, 1), (4, 2, 1), (3, 3, 2)])
def test_an_up_convolution_keeps_the_power_of_rectified_input(kernel, stride, groups):
    torch.manual_seed(1)
    layer = nn.ConvTranspose2d(64, 64, kernel, stride, groups=groups)
    he_initialise(layer)
    x = torch.randn(4, 64, 16, 16).relu()
    with torch.no_grad():
        inside = layer(x)[..., 4:-4, 4:-4]
    assert inside.var().item() == pytest.approx(2 * x.square().mean().item(), rel=0.1)


def test_biases_start_at_zero_and_other_layers_are_left_alone():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3), nn.Linear(3, 2))
    linear = network[2].weight.clone()
    he_initialise(network)
    assert network[0].bias.abs().max() == 0
    assert network[1].weight.tolist() == [1, 1, 1]
    assert torch.equal(network[2].weight, linear)
    he_initialise(nn.Conv2d(2, 3, 1, bias=False))  # nothing to zero
