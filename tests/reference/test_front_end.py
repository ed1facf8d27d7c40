"""The front end, against VGG-16 itself and the sizes of the paper."""

import pytest
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from course_utils.reference.dilated import ContextNetwork
from course_utils.reference.front_end import DilatedSegmenter, FrontEnd
from course_utils.reference.receptive_field import receptive_field


def small(**options):
    torch.manual_seed(0)
    return FrontEnd(4, width=2, hidden=8, **options).eval()


class SmallVGG(nn.Module):
    """torchvision's vgg16 with a sixteenth of its channels."""

    def __init__(self):
        super().__init__()
        plan = [4, 4, "M", 8, 8, "M", 16, 16, 16, "M", 32, 32, 32, "M", 32, 32, 32, "M"]
        self.features = torchvision.models.vgg.make_layers(plan)
        self.classifier = nn.Sequential(
            nn.Linear(32 * 7 * 7, 40),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(40, 40),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(40, 10),
        )


@pytest.mark.parametrize("padded", [False, True])
def test_parameters_are_the_papers(padded):
    with torch.device("meta"):
        network = FrontEnd(21, padded=padded)
    assert sum(p.numel() for p in network.parameters()) == 134_346_581


@given(height=st.integers(380, 420), width=st.integers(380, 420))
@settings(max_examples=15, deadline=None)
def test_valid_output_is_an_eighth_of_what_372_leaves(height, width):
    with torch.device("meta"):
        scores = FrontEnd(21, width=2)(torch.rand(1, 3, height, width))
    assert scores.shape == (1, 21, (height - 372) // 8, (width - 372) // 8)


@given(height=st.integers(8, 60), width=st.integers(8, 60))
@settings(max_examples=15, deadline=None)
def test_padded_output_is_an_eighth(height, width):
    with torch.device("meta"):
        scores = FrontEnd(3, width=2, padded=True)(torch.rand(2, 3, height, width))
    assert scores.shape == (2, 3, height // 8, width // 8)


def test_a_score_stands_over_its_eight_pixels():
    for padded, edge in [(False, 0), (True, -186)]:
        network = small(padded=padded)
        field = receptive_field([*network.features, *network.classifier])
        assert (field.size, field.stride, field.edge) == ((380, 380), (8, 8), (edge, edge))
    # The middle of the window: 186 pixels before 8 and as many behind, 380 in all.
    assert 2 * FrontEnd.margin + 8 == 380


def test_layers_are_those_of_vgg16_without_two_poolings():
    features = small().features
    kinds = [type(layer).__name__[:4] for layer in features]
    conv = ["Conv", "ReLU"]
    assert kinds == conv * 2 + ["MaxP"] + conv * 2 + ["MaxP"] + conv * 3 + ["MaxP"] + conv * 6
    layers = [m for m in small().modules() if isinstance(m, nn.Conv2d)]
    assert [m.dilation[0] for m in layers] == [1] * 10 + [2] * 3 + [4, 1, 1]
    assert [m.kernel_size[0] for m in layers] == [3] * 13 + [7, 1, 1]
    assert [m.out_channels for m in layers] == [2] * 2 + [4] * 2 + [8] * 3 + [16] * 6 + [
        8,
        8,
        4,
    ]
    assert [m.p for m in small(dropout=0.2).modules() if isinstance(m, nn.Dropout)] == [0.2] * 2
    assert [m.p for m in small().modules() if isinstance(m, nn.Dropout)] == [0.5] * 2
    assert FrontEnd(1, width=1).classifier[0].out_channels == 64


def slid_vgg(model, images):
    """What fc7 says at every window, from VGG's own layers: after a pooling that is left out
    taps stand twice as far apart, and fc6 is a dense layer over 7 x 7 places 4 apart.
    """
    x = images
    poolings, dilation = 0, 1
    for layer in model.features:
        if isinstance(layer, nn.Conv2d):
            x = F.conv2d(x, layer.weight, layer.bias, dilation=dilation)
        elif isinstance(layer, nn.ReLU):
            x = x.relu()
        else:
            poolings += 1
            if poolings > 3:
                dilation *= 2  # the pooling is gone, its stride goes to what follows
            else:
                x = F.max_pool2d(x, 2)
    fc6, fc7 = model.classifier[0], model.classifier[3]
    window = (F.unfold(x, 7, dilation=4)).transpose(1, 2)  # (N, places, C * 49)
    hidden = fc7(fc6(window).relu()).relu()
    side = [s - 24 for s in x.shape[-2:]]
    return hidden.transpose(1, 2).unflatten(2, side)


def test_takes_over_the_weights_of_vgg16():
    model = SmallVGG()
    network = FrontEnd.from_vgg16(model, 5).eval()
    images = torch.rand(1, 3, 396, 388)
    with torch.no_grad():
        hidden = network.classifier[:-1](network.features(images))
        assert hidden.abs().max() > 0
        torch.testing.assert_close(hidden, slid_vgg(model, images))
        assert torch.equal(network(images), torch.zeros(1, 5, 3, 2))
        before = model.features[0].weight.clone()
        network.features[0].weight.zero_()
    assert torch.equal(model.features[0].weight, before)


def test_takes_over_dtype_and_padding():
    network = FrontEnd.from_vgg16(SmallVGG().double(), 5, padded=True)
    scores = network(torch.rand(1, 3, 16, 24, dtype=torch.float64))
    assert scores.shape == (1, 5, 2, 3)
    assert scores.dtype == torch.float64
    assert not FrontEnd.from_vgg16(SmallVGG(), 5).padded


def test_takes_over_the_real_vgg16():
    with torch.device("meta"):
        network = FrontEnd.from_vgg16(torchvision.models.vgg16(weights=None), 21)
    assert sum(p.numel() for p in network.parameters()) == 134_346_581


def test_other_models_are_refused():
    for name, found in {
        "resnet18": "ResNet with 0 and 0",
        "vgg13": "VGG with 10 and 3",
        "vgg16_bn": "VGG with 26 and 3",
        "alexnet": "AlexNet with 5 and 3",
    }.items():
        with torch.device("meta"):
            model = getattr(torchvision.models, name)(weights=None)
        with pytest.raises(ValueError, match=f"torchvision's vgg16.*got {found}"):
            FrontEnd.from_vgg16(model, 21)


def test_bad_input_is_named():
    with pytest.raises(
        ValueError, match=r"at least 380 pixels.*\(1, 3, 379, 380\).*padded=True"
    ):
        small()(torch.rand(1, 3, 379, 380))
    with pytest.raises(ValueError, match=r"at least 8 pixels.*\(1, 3, 8, 7\)"):
        small(padded=True)(torch.rand(1, 3, 8, 7))
    for shape in [(1, 1, 8, 8), (3, 8, 8)]:
        with pytest.raises(ValueError, match=r"images \(N, 3, H, W\)"):
            small(padded=True)(torch.rand(shape))
    for bad in [(0, 2), (2, 0)]:
        with pytest.raises(ValueError, match=f"got {bad[0]}, {bad[1]}"):
            FrontEnd(bad[0], width=bad[1])


# To the size of the image -------------------------------------------------------


@given(height=st.integers(1, 40), width=st.integers(1, 40), n=st.integers(1, 2))
@settings(max_examples=20, deadline=None)
def test_logits_have_the_size_of_any_image(height, width, n):
    network = DilatedSegmenter(FrontEnd(4, width=1, hidden=2, padded=True), ContextNetwork(4))
    assert network(torch.rand(n, 3, height, width)).shape == (n, 4, height, width)


def test_logits_are_scores_interpolated_and_cut_back():
    network = DilatedSegmenter(small(padded=True), nn.Tanh())
    images = torch.rand(2, 3, 21, 30)
    padded = F.pad(images, (0, 2, 0, 3))
    scores = torch.tanh(network.front_end(padded))
    expected = F.interpolate(scores, size=(24, 32), mode="bilinear", align_corners=False)
    assert torch.equal(network(images), expected[..., :21, :30])
    alone = DilatedSegmenter(small(padded=True))
    torch.testing.assert_close(alone(images).shape, images[:, :1].expand(-1, 4, -1, -1).shape)


def test_a_valid_front_end_sees_the_image_reflected():
    front_end = small()
    network = DilatedSegmenter(front_end)
    images = torch.rand(1, 3, 192, 200)
    scores = front_end(F.pad(images, [186] * 4, mode="reflect"))
    assert scores.shape[-2:] == (24, 25)
    expected = F.interpolate(scores, scale_factor=8, mode="bilinear", align_corners=False)
    torch.testing.assert_close(network(images), expected)
    with pytest.raises(ValueError, match=r"more than 186 pixels.*got 180 x 300.*padded=True"):
        network(torch.rand(1, 3, 180, 300))


def require_equal_under_autocast(device):
    network = DilatedSegmenter(small(padded=True), ContextNetwork(4)).to(device).eval()
    nn.init.constant_(network.front_end.classifier[-1].bias, 3.0)  # above the first truncation
    images = torch.rand(1, 24, 32, 3, device=device).permute(0, 3, 1, 2)
    expected = network(images.contiguous()).detach()
    torch.testing.assert_close(network(images), expected)
    with torch.autocast(device, dtype=torch.bfloat16):
        actual = network(images)
    assert (actual.float() - expected).abs().max() < 0.05 * expected.abs().max()


def test_autocast_and_strided_images_change_little():
    require_equal_under_autocast("cpu")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_works_on_cuda():
    require_equal_under_autocast("cuda")


def test_gradients_reach_every_layer():
    network = DilatedSegmenter(small(padded=True), ContextNetwork(4, noise=0.1))
    nn.init.constant_(network.front_end.classifier[-1].bias, 3.0)
    network(torch.rand(1, 3, 40, 40)).square().sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in network.parameters())


def test_gradient_against_finite_differences():
    network = DilatedSegmenter(small(padded=True), ContextNetwork(4)).double()
    for p in network.parameters():
        nn.init.uniform_(p, 0, 0.1)  # positive: away from the corners of the ReLU
    images = torch.rand(1, 3, 9, 10, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(network, images, fast_mode=True)
