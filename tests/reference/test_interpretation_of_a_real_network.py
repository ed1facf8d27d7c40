"""Interpretation tried on a network that was trained on ImageNet, where it is at hand."""

import pytest
import torch
import torchvision
from torch import nn

from course_utils.reference.class_pictures import maximize_class
from course_utils.reference.dream import dream
from course_utils.reference.patches import cut_patches, top_patches
from course_utils.reference.picture_priors import blurred, total_variation
from course_utils.reference.receptive_field import receptive_field, unit_box

MEAN = torch.tensor([104.0, 117.0, 123.0]).reshape(3, 1, 1)  # blue, green, red
DALMATIAN, BANANA = 251, 954


@pytest.fixture(scope="module")
def squeezenet(imagenet_net):
    model = torchvision.models.squeezenet1_0()
    model.classifier[1].padding = (1, 1)
    model.load_state_dict(torch.load(imagenet_net, weights_only=True))
    model.classifier[2] = nn.Identity()  # the ReLU that would hide the logit's gradient
    return model.eval()


@pytest.fixture(scope="module")
def photographs(voc_sample):
    paths = sorted((voc_sample / "VOCdevkit/VOC2012/JPEGImages").glob("*.jpg"))
    read = torchvision.io.decode_image
    return [read(str(path)).float().flip(0) - MEAN for path in paths]


@pytest.mark.parametrize("layer", ["features.0", "features.3", "features.7", "features.12"])
def test_a_unit_of_a_trained_layer_listens_to_its_window_only(squeezenet, photographs, layer):
    layers = squeezenet.features[: int(layer.split(".")[1]) + 1]
    image = photographs[0][None, :, :260, :260].clone().requires_grad_()
    maps = layers(image)
    i, j = (side // 2 for side in maps.shape[2:])
    box = unit_box(receptive_field(squeezenet, layer), i, j, (260, 260))
    maps[0, :, i, j].sum().backward()
    heard = image.grad[0].abs().sum(dim=0)
    top, left, bottom, right = box.unclipped
    assert heard.count_nonzero() == heard[top:bottom, left:right].count_nonzero() > 0
    rim = heard[top:bottom, left:right].clone()
    rim[2:-2, 2:-2] = 0
    assert rim.any()  # the window is not too large either


def test_the_best_patch_alone_gives_its_response(squeezenet, photographs):
    """The window of fire2 begins at its unit (1, 1), so a cut window can be shown again."""
    found = top_patches(squeezenet, [each[None] for each in photographs], "features.3", count=3)
    shown = 0
    for f, patches in enumerate(found):
        whole = [patch for patch in patches if not any(patch.clipped)]
        for patch, pixels in zip(whole, cut_patches(photographs, whole), strict=True):
            with torch.no_grad():
                answer = squeezenet.features[:4](pixels[None])[0, f, 1, 1].item()
            assert answer == pytest.approx(patch.value, rel=1e-4)
            shown += 1
    assert shown > 200


def test_a_larger_lambda_gives_up_logit_for_a_smaller_norm(squeezenet):
    logits, norms = [], []
    for lambda_ in (0.0, 1e-5, 1e-4, 1e-3):
        options = {"lambda_": lambda_, "steps": 25, "step": 2.0}
        result = maximize_class(squeezenet, [DALMATIAN, BANANA], (3, 115, 115), **options)
        logits.append(result.logits[-1])
        norms.append(result.pictures.square().sum(dim=(1, 2, 3)))
        if lambda_ == 0:
            assert squeezenet(result.pictures).argmax(dim=1).tolist() == [DALMATIAN, BANANA]
            assert (result.logits[-1] > result.logits[0] + 30).all()
    assert (torch.stack(logits[1:]).diff(dim=0) < 0).all()
    assert (torch.stack(norms).diff(dim=0) < 0).all()


def test_a_dream_excites_its_layer_more(squeezenet, photographs):
    photograph = photographs[0][None, :, ::2, ::2]
    options = {"octaves": 2, "steps": 5, "step": 1.5, "jitter": 4, "limits": (-123.0, 151.0)}
    result = dream(squeezenet, photograph, "features.7", **options)
    for norms in result.norms:
        assert (norms[-1] > 1.2 * norms[0]).all()


# dumbbell, cup, dalmatian, bell pepper, lemon
CLASSES = [543, 968, 251, 945, 951]


@pytest.fixture(scope="module")
def in_unit_pixels(squeezenet):
    """Takes pixels as the lecture does: RGB about mid-grey, -0.5 black, 0.5 white."""

    class AboutGrey(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = squeezenet

        def forward(self, x):
            return self.model(255 * (x + 0.5).flip(1) - MEAN)

    return AboutGrey().eval()


@pytest.fixture(scope="module")
def class_pictures(in_unit_pixels):
    """With the lecture's priors, and without a penalty or any prior."""
    options = {"steps": 40, "step": 0.02, "noise": 0.1}
    size = (3, 128, 128)
    priors = {"lambda_": 0.03, "blur": 0.8, "jitter": 8}
    return {
        "priors": maximize_class(in_unit_pixels, CLASSES, size, **priors, **options).pictures,
        "none": maximize_class(in_unit_pixels, CLASSES, size, lambda_=0.0, **options).pictures,
    }


def recognised(model, pictures):
    with torch.no_grad():
        return (model(pictures).argmax(dim=1) == torch.tensor(CLASSES)).sum().item()


def test_class_pictures_with_priors_stand_a_shift_and_a_blur(in_unit_pixels, class_pictures):
    x = class_pictures["priors"]
    assert recognised(in_unit_pixels, x) == len(CLASSES)
    assert recognised(in_unit_pixels, x.roll((7, -9), dims=(2, 3))) >= 4
    assert recognised(in_unit_pixels, blurred(x, 1.0)) >= 4


def test_class_pictures_without_penalty_do_not_stand_a_blur(in_unit_pixels, class_pictures):
    x = class_pictures["none"]
    assert recognised(in_unit_pixels, x) == len(CLASSES)  # sure of them all the same
    assert recognised(in_unit_pixels, blurred(x, 1.0)) <= 3
    priors = class_pictures["priors"]
    assert x.norm() > 3 * priors.norm()


def test_priors_make_a_class_picture_smooth(class_pictures):
    roughness = {
        way: (total_variation(x) / x.abs().sum(dim=(1, 2, 3))).mean()
        for way, x in class_pictures.items()
    }
    assert roughness["priors"] < 0.6 * roughness["none"]


def test_noise_is_made_into_any_class_by_a_change_that_leaves_it_noise(in_unit_pixels):
    noise = 0.1 * torch.randn(1, 3, 96, 96, generator=torch.Generator().manual_seed(1))
    start = noise.expand(len(CLASSES), 3, 96, 96)
    options = {"lambda_": 0.0, "steps": 40, "step": 0.01, "start": start}
    found = maximize_class(in_unit_pixels, CLASSES, (3, 96, 96), **options).pictures
    with torch.no_grad():
        probabilities = in_unit_pixels(found).softmax(dim=1)[range(len(CLASSES)), CLASSES]
    assert probabilities.min() > 0.8
    assert (found - start).norm() < 1.25 * start.norm()  # 1.07 to 1.10 under noise
    assert total_variation(found).min() > total_variation(start).min()  # no smoother than it
