"""The networks of the recipes: given weights fit, new layers are found, starts are exact."""

import pytest
import torch
from torchvision import models

from course_utils.recipes.networks import (
    NonNegative,
    fcn,
    front_end,
    new_layers,
    parameter_groups,
    start_from,
    unet,
    vgg16,
)
from course_utils.recipes.registry import IMAGENET_WEIGHTS, RECIPES, recipe_named


def test_vgg16_has_torchvisions_names_and_shapes():
    with torch.device("meta"):
        ours, theirs = vgg16(64).state_dict(), models.vgg16(init_weights=False).state_dict()
    assert {k: v.shape for k, v in ours.items()} == {k: v.shape for k, v in theirs.items()}
    assert sum(v.numel() for v in ours.values()) == 138_357_544
    with pytest.raises(ValueError, match="at least 1"):
        vgg16(0)


def test_vgg16_computes_what_torchvisions_computes():
    torch.manual_seed(0)
    ours = vgg16(2).eval()
    theirs = models.VGG(models.vgg.make_layers(plan()), init_weights=False)
    theirs.classifier = ours.classifier
    theirs.features.load_state_dict(ours.features.state_dict())
    images = torch.randn(1, 3, 64, 96)
    torch.testing.assert_close(ours(images), theirs.eval()(images))


def plan():
    return [n if n == "M" else n // 32 for n in models.vgg.cfgs["D"]]


@pytest.mark.parametrize("backbone", ["vgg16", "resnet18"])
def test_the_backbone_gets_the_weights_that_are_given(backbone):
    torch.manual_seed(1)
    source = vgg16(4) if backbone == "vgg16" else models.resnet18()
    net = fcn(5, stride=8, backbone=backbone, width=4, weights=source.state_dict())
    torch.manual_seed(2)
    images = torch.randn(1, 3, 64, 64)
    source.eval(), net.eval()
    maps = net.backbone(images)
    if backbone == "vgg16":
        torch.testing.assert_close(maps[32], source.features(images))
        assert torch.equal(net.head[3].weight.flatten(), source.classifier[3].weight.flatten())
    else:
        deep = torch.nn.Sequential(*list(source.children())[:-2])
        torch.testing.assert_close(maps[32], deep(images))


def test_the_front_end_gets_the_weights_that_are_given():
    source = vgg16(4)
    net = front_end(5, width=4, weights=source.state_dict())
    assert torch.equal(net.front_end.features[0].weight, source.features[0].weight)
    assert torch.equal(
        net.front_end.classifier[0].weight.flatten(), source.classifier[0].weight.flatten()
    )


def test_every_backbone_has_a_name_for_its_imagenet_weights():
    used = {backbone for recipe in RECIPES.values() for backbone in recipe.backbones}
    assert used == IMAGENET_WEIGHTS.keys()
    assert not RECIPES["unet"].backbones
    with pytest.raises(ValueError, match="fcn32s"):
        recipe_named("fcn4s")


@pytest.mark.parametrize("context", ["basic", "large"])
def test_a_context_network_starts_with_the_front_ends_answers(context):
    torch.manual_seed(0)
    alone = front_end(5, width=4).eval()
    torch.nn.init.normal_(alone.front_end.classifier[-1].weight, std=3.0)
    both = front_end(5, context=context, width=4).eval()
    start_from(both, alone.state_dict())
    images = torch.randn(2, 3, 64, 48)
    with torch.no_grad():
        first, second = alone(images), both(images)
    assert first.min() < -0.1  # what a ReLU alone would cut off
    error = (second - first) - (second - first).mean(dim=1, keepdim=True)
    spread = first - first.mean(dim=1, keepdim=True)
    share = float(error.norm() / spread.norm())
    assert share < (0.2 if context == "large" else 1e-5)  # Large starts with noise


def test_non_negative_scores_keep_their_softmax_and_their_gradient():
    torch.manual_seed(0)
    scores = torch.randn(2, 4, 3, 3, requires_grad=True)
    shifted = NonNegative()(scores)
    assert shifted.amin().item() == pytest.approx(1)
    torch.testing.assert_close(shifted.softmax(1), scores.softmax(1))
    (gradient,) = torch.autograd.grad((shifted * 2).sum(), scores)
    assert torch.equal(gradient, torch.full_like(gradient, 2))


def test_a_context_network_learns_from_equal_scores():
    """As at the start, the front end's last layer at zero: ReLU(0) would stop gradients."""
    net = front_end(5, context="basic", width=4)
    net(torch.randn(1, 3, 64, 64))[:, 2].mean().backward()
    assert net.front_end.classifier[-1].bias.grad.abs().sum() > 0


@pytest.mark.parametrize("name", RECIPES)
def test_every_parameter_is_in_one_group_and_new_layers_are_faster(name):
    recipe = RECIPES[name]
    options = {"backbone": "vgg16", "weights": None} if recipe.backbones else {}
    net = recipe.build(5, width=2, **options)
    groups = parameter_groups(net, 0.1, 10.0)
    found = [id(p) for group in groups for p in group["params"]]
    assert sorted(found) == sorted(id(p) for p in net.parameters() if p.requires_grad)
    fast = [p for layer in new_layers(net) for p in layer.parameters()]
    rates = {id(p): group["lr"] for group in groups for p in group["params"]}
    assert {rates[id(p)] for p in fast} == ({1.0} if fast else set())
    assert rates[id(next(net.parameters()))] == 0.1
    assert bool(fast) == bool(recipe.backbones)


@pytest.mark.parametrize("size", [(64, 64), (65, 90)])
def test_logits_have_the_images_size(size):
    images = torch.randn(1, 3, *size)
    for net in (
        fcn(5, stride=16, backbone="vgg16", width=2),
        fcn(5, stride=8, backbone="resnet18"),
        unet(5, width=2),
        front_end(5, context="basic", width=2),
    ):
        assert net(images).shape == (1, 5, *size)
