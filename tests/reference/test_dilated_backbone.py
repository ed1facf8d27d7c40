"""Strides turned into dilation: the à trous identity, against the strided network itself."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torchvision import models

from course_utils.data.small_net import MAPS, SmallNet
from course_utils.reference.dilated_backbone import ToPixels, dilated_copy, matching_units
from course_utils.reference.fcn import TORCHVISION_NODES, FeatureMaps
from course_utils.reference.named_layers import activation
from course_utils.reference.receptive_field import Geometry, receptive_field


def lively(model):
    """In evaluation mode, with BatchNorm statistics and weights that are not trivial."""
    torch.manual_seed(0)
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_(std=0.1)
            layer.running_var.uniform_(0.5, 1.5)
    return model.eval()


NETWORKS = {
    "small": (lambda: SmallNet(6), MAPS[32][0]),
    "vgg11": (lambda: models.vgg11(), "features.20"),
    "resnet18": (lambda: models.resnet18(), TORCHVISION_NODES["resnet18"][32][0]),
}


@pytest.fixture(params=NETWORKS, scope="module")
def network(request):
    torch.manual_seed(1)
    build, layer = NETWORKS[request.param]
    return lively(build()), layer


@pytest.mark.parametrize("stride", [4, 8, 16])
def test_the_dense_map_holds_the_strided_one_up_to_the_border(network, stride):
    model, layer = network
    images = torch.rand(2, 3, 128, 128, generator=torch.Generator().manual_seed(2))
    dense = dilated_copy(model, stride=stride)
    geometry = receptive_field(dense, layer)
    with torch.no_grad():
        coarse, fine = activation(model, layer, images), activation(dense, layer, images)
    rows, columns = matching_units(receptive_field(model, layer), geometry)
    assert geometry.stride == (stride, stride)
    assert fine.shape[-2:] == (128 // stride, 128 // stride)
    torch.testing.assert_close(fine[..., rows, columns], coarse, atol=1e-4, rtol=1e-4)
    assert fine[..., rows, columns].shape == coarse.shape


def test_the_original_is_left_as_it_was_and_weights_are_copied():
    model = lively(SmallNet(6))
    before = receptive_field(model, MAPS[32][0])
    dense = dilated_copy(model, poolings="removed")
    assert receptive_field(model, MAPS[32][0]) == before
    theirs = [p.clone() for p in dense.parameters()]
    with torch.no_grad():
        for p in model.parameters():
            p.add_(1)
    assert all(torch.equal(a, b) for a, b in zip(theirs, dense.parameters(), strict=True))


def test_removed_poolings_are_another_function_of_the_same_weights():
    model = lively(SmallNet(6))
    images = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    kept, removed = (dilated_copy(model, poolings=way) for way in ("kept", "removed"))
    layer = MAPS[32][0]
    with torch.no_grad():
        maps = [activation(each, layer, images) for each in (kept, removed)]
    assert maps[0].shape == maps[1].shape == (1, 192, 8, 8)
    assert not torch.allclose(*maps)
    geometry = receptive_field(removed, layer)
    first = receptive_field(removed, MAPS[8][0])
    assert (geometry.edge[0] + geometry.size[0] / 2) == (first.edge[0] + first.size[0] / 2)
    with pytest.raises(ValueError, match="kept"):
        matching_units(receptive_field(model, layer), geometry)


def test_earlier_maps_stay_bit_for_bit():
    model = lively(SmallNet(6))
    images = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    node = {8: MAPS[8][0]}
    with torch.no_grad():
        ours, theirs = (FeatureMaps(m, node)(images)[8] for m in (dilated_copy(model), model))
    assert torch.equal(ours, theirs)


def test_what_cannot_be_dilated_is_named():
    with pytest.raises(ValueError, match="removed"):
        dilated_copy(nn.Sequential(nn.Conv2d(1, 1, 3)), poolings="gone")
    averaged = nn.Sequential(nn.Conv2d(1, 1, 3, stride=8), nn.AvgPool2d(2))
    with pytest.raises(ValueError, match="'1'"):
        dilated_copy(averaged)
    layer = nn.Conv2d(1, 1, 3, padding=1)
    twice = nn.Sequential(nn.Conv2d(1, 1, 8, 8), layer, nn.MaxPool2d(2), layer)
    with pytest.raises(ValueError, match="once"):
        dilated_copy(twice)


def test_to_pixels_equals_interpolation_where_units_tile_the_image():
    scores = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    tiles = Geometry(size=(8, 8), stride=(8, 8), edge=(0, 0))
    expected = F.interpolate(scores, size=(32, 40), mode="bilinear", align_corners=False)
    torch.testing.assert_close(ToPixels(tiles, (32, 40))(scores), expected)


def test_to_pixels_puts_a_unit_over_the_middle_of_its_window():
    shifted = Geometry(size=(17, 17), stride=(8, 8), edge=(-4, -4))  # middles 4, 12, 20, ...
    scores = torch.zeros(1, 1, 4, 4)
    scores[0, 0, 1, 2] = 1
    pixels = ToPixels(shifted, (32, 32))(scores)[0, 0]
    assert pixels[12, 20] == 1
    assert pixels.argmax() == 12 * 32 + 20
    torch.testing.assert_close(pixels[12, 16], torch.tensor(0.5))
    ones = ToPixels(shifted, (32, 32))(torch.ones(1, 1, 4, 4))
    torch.testing.assert_close(ones, torch.ones(1, 1, 32, 32))
