"""Features of a named layer, against torchvision's extractor."""

import pytest
import torch
import torchvision.models as zoo
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor

from course_utils.reference.transfer import layer_features


class Reused(nn.Module):
    """A ReLU that runs twice, a layer that never does, and one that returns a pair."""

    def __init__(self):
        super().__init__()
        self.first, self.relu, self.unused = nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3)
        self.pair = nn.LSTM(3, 2)

    def forward(self, x):
        return self.pair(self.relu(self.first(self.relu(x))))


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = self.second = nn.Linear(3, 3)

    def forward(self, x):
        return self.second(x)


class Failing(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.drop = nn.Linear(3, 3), nn.Dropout()

    def forward(self, x):
        self.layer(x)
        raise RuntimeError("out of memory, say")


@pytest.mark.parametrize(
    ("build", "layer"),
    [
        (zoo.resnet18, "layer2"),
        (zoo.resnet18, "layer4.1.conv2"),
        (zoo.mobilenet_v3_small, "features.5"),
        (zoo.squeezenet1_1, "features.8"),
    ],
)
def test_features_equal_those_of_torchvisions_extractor(build, layer):
    torch.manual_seed(0)
    model, images = build(weights=None), torch.randn(2, 3, 64, 64)
    expected = create_feature_extractor(model.eval(), [layer])(images)[layer]
    torch.testing.assert_close(layer_features(model.train(), images, layer), expected)


def test_features_of_a_convolution_are_taken_before_the_relu_that_works_in_place():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True))
    images = torch.randn(1, 3, 8, 8)
    features = layer_features(model, images, "0")
    assert (features < 0).any()
    torch.testing.assert_close(features, model[0](images).detach())


def test_a_layer_registered_under_two_names_answers_to_both():
    model = Twice()
    images = torch.randn(2, 3)
    first, second = (layer_features(model, images, name) for name in ("first", "second"))
    assert torch.equal(first, second)


def test_features_carry_no_gradient_and_can_train_a_head():
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    features = layer_features(model, torch.randn(5, 3, requires_grad=True), "0")
    assert not features.requires_grad
    model[1](features).sum().backward()
    assert model[1].weight.grad is not None


def test_the_model_computes_in_evaluation_mode_and_keeps_every_mode_it_was_in():
    model = nn.Sequential(nn.Dropout(0.9), nn.Linear(3, 3), nn.BatchNorm1d(3)).train()
    model[2].eval()
    images = torch.randn(4, 3)
    torch.testing.assert_close(layer_features(model, images, "0"), images)
    assert [module.training for module in model.modules()] == [True, True, True, False]


def test_hooks_and_modes_are_put_back_after_an_error():
    model = Failing().train()
    with pytest.raises(RuntimeError, match="out of memory"):
        layer_features(model, torch.randn(1, 3), "layer")
    assert not model.layer._forward_hooks
    assert model.drop.training


def test_hooks_are_removed_after_success():
    model = nn.Sequential(nn.Linear(3, 3))
    layer_features(model, torch.randn(1, 3), "0")
    assert not model[0]._forward_hooks


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("frist", "The nearest are first, .*, .*; named"),
        ("relu", "ran 2 times"),
        ("unused", "ran 0 times"),
        ("pair", "return a tensor, got tuple"),
    ],
)
def test_a_layer_without_one_tensor_to_give_is_refused_by_name(layer, message):
    with pytest.raises(ValueError, match=f"'{layer}'.*{message}"):
        layer_features(Reused(), torch.randn(1, 3), layer)
