"""The lecture's pictures from AlexNet, over a folder in VOC's layout.

The weights are random here: that patches and climbs are AlexNet's is tested, not what a trained
one would show.
"""

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import models
from torchvision.datasets import VOCSegmentation
from torchvision.transforms.v2 import functional as TF

from course_utils.data.imagenet import LECTURE_CLASSES
from course_utils.reference import pretrained
from course_utils.reference.class_pictures import maximize_class
from course_utils.reference.patches import cut_patches, top_patches, top_patches_of_layers


@pytest.fixture(scope="module")
def alexnet():
    torch.manual_seed(0)
    state = models.alexnet().state_dict()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pretrained, "load_weights", lambda weights: state)
        return pretrained.load_pretrained("voc2012", "alexnet")


@pytest.fixture(scope="module")
def photographs(shapes_tree):
    """Every image of the folder, (3, 224, 224), as a data set that reads them one by one."""

    def picture(image, _mask):
        return TF.to_dtype(
            TF.resize(TF.to_image(image), [224, 224]), torch.float32, scale=True
        ), 0

    return VOCSegmentation(shapes_tree, year="2012", image_set="trainval", transforms=picture)


@pytest.fixture(scope="module")
def found(alexnet, photographs):
    """Patches of all five layers, and how many images AlexNet saw for them."""
    seen = []
    hook = alexnet.model.register_forward_pre_hook(lambda _module, x: seen.append(len(x[0])))
    loader = DataLoader(photographs, batch_size=8)
    patches = top_patches_of_layers(alexnet.model, loader, alexnet.layers)
    hook.remove()
    return patches, seen


def test_one_pass_over_the_folder_gathers_all_five_layers(found, alexnet, photographs):
    patches, seen = found
    assert seen == [8, 8, 4]  # each of the twenty once
    assert len(photographs) == 20
    assert list(patches) == list(alexnet.layers)
    assert [len(each) for each in patches.values()] == [64, 192, 384, 256, 256]
    assert all(len(best) <= 9 for each in patches.values() for best in each)


@pytest.mark.parametrize("number", range(5))
def test_each_layer_has_the_patches_that_a_pass_of_its_own_finds(
    found, alexnet, photographs, number
):
    layer = alexnet.layers[number]
    alone = top_patches(alexnet.model, DataLoader(photographs, batch_size=8), layer)
    for best, expected in zip(found[0][layer], alone, strict=True):
        values = [patch.value for patch in expected]
        assert [patch.value for patch in best] == pytest.approx(values, rel=1e-4, abs=1e-5)
        for patch, other in zip(best, expected, strict=True):
            tied = (
                sum(value == pytest.approx(patch.value, rel=1e-4, abs=1e-5) for value in values)
                > 1
            )
            assert tied or patch.image == other.image  # in it, units may be tied


# FACTS of AlexNet: receptive field, stride and left edge of conv1..conv5.
FIELDS = [(11, 4, -2), (51, 8, -18), (99, 16, -34), (131, 16, -50), (163, 16, -66)]


@pytest.mark.parametrize("number", range(5))
def test_windows_are_alexnets_receptive_fields(found, alexnet, photographs, number):
    field, stride, edge = FIELDS[number]
    patches = [best[0] for best in found[0][alexnet.layers[number]] if best]
    assert len(patches) > 30
    for patch in patches:
        row, column = patch.unit
        top, left, bottom, right = patch.unclipped
        assert (top, left) == (stride * row + edge, stride * column + edge)
        assert (bottom - top, right - left) == (field, field)
    pieces = cut_patches(photographs, patches[:5], fill=0.5)
    assert all(piece.shape == (3, field, field) for piece in pieces)


def test_convolutions_before_their_relu_are_not_changed_by_it(alexnet, photographs):
    """AlexNet's ReLUs work in place: a later layer must not change what an earlier one said."""
    layers = ["model.features.0", "model.features.3"]
    images = [torch.stack([photographs[i][0] for i in range(4)])]
    options = {"count": 2, "above": -float("inf")}
    together = top_patches_of_layers(alexnet.model, images, layers, **options)
    for layer in layers:
        assert together[layer] == top_patches(alexnet.model, images, layer, **options)


def test_the_lectures_classes_have_their_indices_in_imagenet():
    assert LECTURE_CLASSES == {
        "dumbbell": 543,
        "cup": 968,
        "dalmatian": 251,
        "bell pepper": 945,
        "lemon": 951,
        "Siberian husky": 250,
    }
    for network in ("alexnet", "vgg16", "resnet18"):
        names = models.get_model_weights(network).DEFAULT.meta["categories"]
        assert [names[k] for k in LECTURE_CLASSES.values()] == list(LECTURE_CLASSES)


def test_each_of_the_lectures_classes_can_be_climbed(alexnet):
    classes = list(LECTURE_CLASSES.values())
    options = {"lambda_": 1e-6, "steps": 4, "step": 0.05, "noise": 0.1}
    found = maximize_class(alexnet.model, classes, (3, 224, 224), **options)
    assert found.pictures.shape == (6, 3, 224, 224)
    assert (found.logits[-1] > found.logits[0]).all()
    with torch.no_grad():
        logits = alexnet.model(found.pictures)[:, classes]  # (pictures, classes)
    assert logits.argmax(dim=0).tolist() == list(range(6))  # none suits a class as its own


@pytest.mark.parametrize("layers", [[], "features.0"])
def test_layers_that_are_no_list_are_an_error(layers):
    with pytest.raises(ValueError, match="Expected a list of names"):
        top_patches_of_layers(nn.Identity(), [torch.rand(1, 3, 4, 4)], layers)
