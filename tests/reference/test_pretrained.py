"""The trained classifier of each data set: what it says of itself is true."""

import pytest
import torch
from torch import nn
from torchvision import models

from course_utils.data.downloads import Unavailable
from course_utils.reference import pretrained
from course_utils.reference.class_pictures import Normalized
from course_utils.reference.fcn import FeatureMaps
from course_utils.reference.pretrained import IMAGENET_MEAN, IMAGENET_STD, load_pretrained
from course_utils.reference.transfer import layer_features

NETWORKS = ("alexnet", "vgg16", "resnet18")


@pytest.fixture(scope="module", params=["small_net", *NETWORKS])
def network(request):
    """Each network once; torchvision's with random weights, as none can be downloaded here."""
    if request.param == "small_net":
        return load_pretrained("shapes")
    state = models.get_model(request.param).state_dict()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pretrained, "load_weights", lambda weights: state)
        return load_pretrained("voc2012", request.param)


@pytest.fixture(scope="module")
def images(network):
    draw = torch.Generator().manual_seed(0)
    return torch.rand(2, 3, network.size, network.size, generator=draw)


def test_a_logit_for_every_class_in_evaluation_mode(network, images):
    with torch.no_grad():
        assert network.model(images).shape == (2, len(network.classes))
    assert not any(module.training for module in network.model.modules())


def test_five_layers_that_come_out_of_a_relu_and_shrink(network, images):
    assert len(network.layers) == 5
    answers = [layer_features(network.model, images, layer) for layer in network.layers]
    assert all(answer.min() == 0 < answer.max() for answer in answers)
    sides = [answer.shape[-1] for answer in answers]
    assert sides == sorted(sides, reverse=True)
    assert network.size >= sides[0] > sides[-1]  # VGG's first layer keeps the size


def test_maps_are_there_with_their_strides_and_channels(network, images):
    nodes = {stride: node for stride, (node, _channels) in network.maps.items()}
    with torch.no_grad():
        maps = FeatureMaps(network.model, nodes)(images)
    assert set(maps) == {8, 16, 32}
    for stride, answer in maps.items():
        assert answer.shape[1] == network.maps[stride][1]
        assert 0 <= network.size // stride - answer.shape[-1] <= 1


def test_a_fresh_one_is_the_same_network_with_other_weights(network):
    fresh = network.fresh()
    shapes = {name: value.shape for name, value in network.model.state_dict().items()}
    assert {name: value.shape for name, value in fresh.state_dict().items()} == shapes
    assert fresh.training
    first = next(iter(fresh.parameters()))
    assert not torch.equal(first, next(iter(network.model.parameters())))


def test_the_normalisation_is_inside(network, images):
    if network.trained_on == "ShapesVOC":
        assert not isinstance(network.model, Normalized)
        return
    mean, std = (
        torch.tensor(numbers).reshape(3, 1, 1) for numbers in (IMAGENET_MEAN, IMAGENET_STD)
    )
    with torch.no_grad():
        bare = network.model.model((images - mean) / std)
        assert torch.allclose(network.model(images), bare, atol=1e-5)


def test_the_means_are_those_of_torchvisions_own_transforms():
    preset = models.AlexNet_Weights.DEFAULT.transforms()
    assert (tuple(preset.mean), tuple(preset.std)) == (IMAGENET_MEAN, IMAGENET_STD)


def test_where_weights_cannot_be_had_a_sentence_says_so(monkeypatch, capsys):
    def no_network(weights):
        raise Unavailable("Not a word of this.", "no route to host")

    monkeypatch.setattr(pretrained, "load_weights", no_network)
    found = load_pretrained("voc2012", "alexnet")
    assert found.name == "SmallNet"
    said = capsys.readouterr().err
    assert "AlexNet" in said
    assert "(no route to host)" in said


def test_the_built_in_data_ask_for_no_weights(monkeypatch):
    monkeypatch.setattr(pretrained, "_from_torchvision", lambda name: pytest.fail("asked"))
    assert isinstance(load_pretrained("shapes", "vgg16").model, nn.Module)


@pytest.mark.parametrize(
    ("arguments", "words"), [(("coco",), "coco"), (("shapes", "lenet"), "lenet")]
)
def test_an_unknown_name_is_an_error(arguments, words):
    with pytest.raises(ValueError, match=words):
        load_pretrained(*arguments)
