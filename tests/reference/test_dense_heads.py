"""Heads on frozen maps: sizes, what learns, what is remembered."""

import torch
from torch import nn

from course_utils.reference.dense_heads import (
    FieldsOfView,
    FrozenMaps,
    Segmenter,
    field_head,
    plain_context,
)
from course_utils.reference.dilated import ContextNetwork, stack_receptive_fields
from course_utils.reference.receptive_field import Geometry

TILES = Geometry(size=(8, 8), stride=(8, 8), edge=(0, 0))
IMAGES = torch.rand(5, 3, 32, 32, generator=torch.Generator().manual_seed(0))


class Backbone(nn.Module):
    """Two maps at stride 8; counts the images that it has seen."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Conv2d(3, 6, 8, stride=8)
        self.norm = nn.BatchNorm2d(6)
        self.images = 0

    def forward(self, images):
        self.images += len(images)
        maps = self.layer(images)
        return {8: maps, 32: self.norm(maps)}


def segmenter(**more):
    torch.manual_seed(1)
    backbone = FrozenMaps(Backbone())
    return Segmenter(backbone, field_head(6, 4, hidden=5, dilation=2), TILES, (32, 32), **more)


def test_remembered_maps_are_the_backbones_own_and_computed_once():
    backbone = Backbone()
    maps = FrozenMaps(backbone)
    first = maps(IMAGES)
    again = maps(IMAGES[[3, 1]])
    assert backbone.images == 5
    torch.testing.assert_close(again[8], first[8][[3, 1]])
    torch.testing.assert_close(first[8], backbone.layer(IMAGES).detach())


def test_a_repeated_image_in_one_batch_is_answered_twice():
    maps = FrozenMaps(Backbone())(IMAGES[[0, 1, 0]])[32]
    assert torch.equal(maps[0], maps[2])
    assert not torch.equal(maps[0], maps[1])


def test_standard_maps_have_mean_0_and_deviation_1_and_dead_channels_stay():
    backbone = Backbone()
    with torch.no_grad():
        backbone.layer.weight[2], backbone.layer.bias[2] = 0, 3
    maps = FrozenMaps(backbone, standard=IMAGES)(IMAGES)[8]
    mean, deviation = maps.mean(dim=(0, 2, 3)), maps.std(dim=(0, 2, 3))
    alive = [0, 1, 3, 4, 5]
    torch.testing.assert_close(mean[alive], torch.zeros(5), atol=1e-4, rtol=0)
    torch.testing.assert_close(deviation[alive], torch.ones(5), atol=1e-4, rtol=0)
    assert max(mean[2].abs(), deviation[2]) < 1e-4  # rounding is not made larger


def test_training_mode_does_not_wake_the_backbone():
    network = segmenter().train()
    assert not network.backbone.backbone.norm.training
    network(IMAGES).sum().backward()
    learning = {name for name, p in network.named_parameters() if p.grad is not None}
    assert learning == {
        name for name, _ in network.named_parameters() if "backbone" not in name
    }


def test_logits_have_the_images_size_and_skips_start_without_effect():
    plain, skipping = segmenter(), segmenter(skips={8: 6}, num_classes=4)
    skipping.head.load_state_dict(plain.head.state_dict())
    assert plain(IMAGES).shape == (5, 4, 32, 32)
    torch.testing.assert_close(plain(IMAGES), skipping(IMAGES))


def test_only_the_context_network_learns_behind_a_copied_front_end():
    front = segmenter()
    behind = front.with_context(ContextNetwork(4))
    behind(IMAGES).sum().backward()
    assert all(p.grad is None for p in behind.head.parameters())
    assert any(p.grad is not None for p in behind.context.parameters())
    assert all(p.requires_grad for p in front.head.parameters())
    torch.testing.assert_close(behind.scores(IMAGES), front.scores(IMAGES))


def test_fields_of_view_are_the_sum_of_their_branches():
    torch.manual_seed(0)
    head = FieldsOfView(6, 4, hidden=3, dilations=(1, 2, 4))
    maps = torch.randn(1, 6, 9, 9)
    expected = sum(branch(maps) for branch in head.branches)
    torch.testing.assert_close(head(maps), expected)
    assert [branch[0].dilation[0] for branch in head.branches] == [1, 2, 4]
    assert head(maps).shape == (1, 4, 9, 9)


def test_the_first_layer_of_a_head_learns_from_the_first_step():
    torch.manual_seed(0)
    head = field_head(6, 4, hidden=3)
    head(torch.randn(1, 6, 9, 9)).square().sum().backward()
    assert head[0].weight.grad.abs().max() > 0


def test_the_plain_context_network_has_as_many_weights_and_a_smaller_field():
    plain, context = plain_context(5), ContextNetwork(5)
    assert [p.shape for p in plain.parameters()] == [p.shape for p in context.parameters()]
    kernels = [layer.kernel_size[0] for layer in plain if isinstance(layer, nn.Conv2d)]
    dilations = [layer.dilation[0] for layer in plain if isinstance(layer, nn.Conv2d)]
    assert stack_receptive_fields(kernels, dilations)[-1] == 15
    x = torch.randn(1, 5, 20, 20)
    assert torch.equal(plain(x), x.relu())
