"""Fine-tuning on answers kept: the same as inside the whole network, layer for layer."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torchvision import models

from course_utils.data.small_net import small_net
from course_utils.reference import fine_tuning
from course_utils.reference.class_pictures import Normalized
from course_utils.reference.fine_tuning import (
    answers_by_layer,
    fit_part,
    last_layers,
    layer_stack,
    share_right,
)

IMAGES = torch.rand(12, 3, 64, 64, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(12) % 3


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def model():
    return small_net()


def test_a_stack_answers_as_its_network(model):
    with torch.no_grad():
        assert torch.equal(layer_stack(model)(IMAGES), model(IMAGES))
    assert len(layer_stack(model)) == 7


def test_the_normalisation_belongs_to_the_first_layer():
    torch.manual_seed(0)
    network = Normalized(models.alexnet(), (0.5,) * 3, (0.25,) * 3).eval()
    images = torch.rand(1, 3, 224, 224)
    with torch.no_grad():
        assert torch.allclose(layer_stack(network)(images), network(images), atol=1e-5)
    assert len(layer_stack(network)) == 8


def test_another_network_is_refused():
    with pytest.raises(ValueError, match="ResNet"):
        layer_stack(models.resnet18())


def test_answers_by_layer_are_those_of_each_layer_whatever_the_batch(model):
    stack = layer_stack(model)
    found = answers_by_layer(stack, IMAGES, batch=5)
    assert len(found) == 8
    assert torch.equal(found[0], IMAGES)
    with torch.no_grad():
        x = IMAGES
        for layer, answer in zip(stack, found[1:], strict=True):
            x = layer(x)
            assert torch.allclose(answer, x, atol=1e-5)
    assert (found[1] >= 0).all()  # kept before the next layer works in place


def test_last_layers_are_a_copy_with_a_new_head(model):
    above = last_layers(model, 3, 5, seed=1)
    before = copy.deepcopy(model.state_dict())
    with torch.no_grad():
        for parameter in above.parameters():
            parameter.zero_()
    after = model.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert above[-1][-1].out_features == 5
    assert above.training
    assert len(above) == 3


def test_the_seed_decides_the_head_and_nothing_of_the_caller_s_random_numbers(model):
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    one, other, third = (last_layers(model, 1, 4, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(one[-1][-1].weight, other[-1][-1].weight)
    assert not torch.equal(one[-1][-1].weight, third[-1][-1].weight)


@pytest.mark.parametrize("trained", [0, 8])
def test_so_many_layers_there_are_not(model, trained):
    with pytest.raises(ValueError, match=r"1\.\.7"):
        last_layers(model, trained, 3, seed=0)


def test_training_on_kept_answers_is_training_inside_the_network(model):
    """One step of the head by hand, through the whole frozen network."""
    maps = answers_by_layer(layer_stack(model), IMAGES)[-2]
    above = last_layers(model, 1, 3, seed=0)
    whole = copy.deepcopy(model).eval()
    whole.classifier[-1] = copy.deepcopy(above[-1][-1])
    fit_part(above, maps, LABELS, lr=0.01, seed=0, steps=1, weight_decay=0.0)
    loss = F.cross_entropy(whole(IMAGES), LABELS)
    (slope,) = torch.autograd.grad(loss, whole.classifier[-1].weight)
    moved = above[-1][-1].weight - whole.classifier[-1].weight
    assert torch.allclose(moved, -0.01 * slope.sign(), atol=1e-4)  # Adam's first step


def test_it_learns_and_tells_the_share(model):
    maps = answers_by_layer(layer_stack(model), IMAGES)[-3]
    above = last_layers(model, 2, 3, seed=0)
    assert share_right(above, maps, LABELS) < 1
    fit_part(above, maps, LABELS, lr=0.01, seed=0, steps=150)
    assert not above.training
    assert share_right(above, maps, LABELS, batch=5) == 1


def test_falling_steps_move_earlier_layers_less(model):
    maps = answers_by_layer(layer_stack(model), IMAGES)[-3]
    moved = {}
    for decay in (1.0, 0.1):
        above = last_layers(model, 2, 3, seed=0)
        before = above[0][0].weight.detach().clone()
        fit_part(above, maps, LABELS, lr=0.01, decay=decay, seed=0, steps=1)
        moved[decay] = (above[0][0].weight - before).abs().max().item()
    assert moved[0.1] < 0.2 * moved[1.0]


def test_the_same_seed_trains_the_same_weights():
    maps, labels = torch.rand(20, 4), torch.arange(20) % 2
    weights = []
    for seed in (0, 0, 1):
        above = nn.Linear(4, 2)
        nn.init.constant_(above.weight, 0.1)
        nn.init.zeros_(above.bias)
        fit_part(above, maps, labels, lr=0.1, seed=seed, steps=5, batch=6)
        weights.append(above.weight.detach())
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_a_large_network_is_trained_on_all_threads_and_comes_to_the_same(
    monkeypatch, two_threads
):
    """AdamW's fused step on every thread against the plain one on a single thread."""
    maps, labels = torch.rand(20, 4), torch.arange(20) % 2
    threads, weights = [], []
    for most in (0, 10**6):
        monkeypatch.setattr(fine_tuning, "_SMALL", most)
        above = nn.Linear(4, 2)
        nn.init.constant_(above.weight, 0.1)
        nn.init.zeros_(above.bias)
        above.register_forward_hook(lambda *_: threads.append(torch.get_num_threads()))
        fit_part(above, maps, labels, lr=0.1, seed=0, steps=5)
        weights.append(above.weight.detach())
    assert set(threads[:5]) == {2}
    assert set(threads[5:]) == {1}
    assert torch.allclose(*weights, atol=1e-5)
