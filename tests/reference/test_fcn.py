"""FCN: dense layers as convolutions, slid windows, and the three heads."""

import pytest
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from course_utils.reference.fcn import (
    FCN,
    TORCHVISION_NODES,
    FeatureMaps,
    classifier_to_convolutions,
    dense_to_convolution,
)


class Classifier(nn.Module):
    """VGG in little, 4 x 4 maps out of 20 x 20 pixels; valid convolutions unless padded."""

    def __init__(self, padding=0, pooled=(4, 4)):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=padding),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(6, 8, 2),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.avgpool = nn.AdaptiveAvgPool2d(pooled)
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(8 * pooled[0] * pooled[1], 10),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(10, 5),
        )

    def forward(self, images):
        return self.classifier(self.avgpool(self.features(images)))


class Pyramid(nn.Module):
    """A backbone of average pools: maps of strides 8, 16, 32 with 2, 3, 4 channels."""

    def __init__(self):
        super().__init__()
        self.mix = nn.ModuleDict({str(s): nn.Conv2d(3, c, 1) for s, c in CHANNELS.items()})

    def forward(self, images):
        return {s: self.mix[str(s)](F.avg_pool2d(images, s)) for s in CHANNELS}


CHANNELS = {8: 2, 16: 3, 32: 4}


def trained(network):
    """Weights as training might leave them: nothing is zero."""
    torch.manual_seed(5)
    for parameter in network.parameters():
        if parameter.requires_grad:
            nn.init.normal_(parameter, std=0.5)
    return network.eval()


def fcn(stride, **options):
    return FCN(Pyramid(), CHANNELS, 5, stride=stride, **options)


# Dense layers -------------------------------------------------------------------


@given(
    channels=st.integers(1, 4),
    height=st.integers(1, 4),
    width=st.integers(1, 4),
    bias=st.booleans(),
    seed=st.integers(0, 99),
)
@settings(max_examples=30, deadline=None)
def test_a_dense_layer_equals_its_convolution(channels, height, width, bias, seed):
    torch.manual_seed(seed)
    linear = nn.Linear(channels * height * width, 3, bias=bias).double()
    maps = torch.randn(2, channels, height, width, dtype=torch.float64)
    convolution = dense_to_convolution(linear, channels, height, width)
    assert (convolution.bias is not None) is bias
    torch.testing.assert_close(convolution(maps).flatten(1), linear(maps.flatten(1)))


def test_the_convolution_is_a_copy_and_meta_stays_meta():
    linear = nn.Linear(4, 1)
    before = linear.weight.clone()
    with torch.no_grad():
        dense_to_convolution(linear, 1, 2, 2).weight.zero_()
    assert torch.equal(linear.weight, before)
    assert dense_to_convolution(nn.Linear(4, 1, device="meta"), 4, 1, 1).weight.is_meta


def test_sizes_that_do_not_multiply_are_named():
    with pytest.raises(ValueError, match=r"= 12, .*got 2 \* 2 \* 2 = 8"):
        dense_to_convolution(nn.Linear(12, 3), 2, 2, 2)


# Classifiers --------------------------------------------------------------------


def slid(model, images, window, stride):
    """The classifier on every window, one at a time."""
    rows = range(0, images.shape[-2] - window + 1, stride)
    columns = range(0, images.shape[-1] - window + 1, stride)
    scores = [
        torch.stack([model(images[..., y : y + window, x : x + window]) for x in columns], -1)
        for y in rows
    ]
    return torch.stack(scores, -2)


@pytest.mark.parametrize(("pooled", "map_size"), [((4, 4), None), ((1, 1), (4, 4))])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_scores_equal_the_classifier_slid_over_a_larger_image(pooled, map_size, dtype):
    torch.manual_seed(0)
    model = Classifier(pooled=pooled).to(dtype).eval()
    images = torch.rand(2, 3, 36, 28, dtype=dtype)
    with torch.no_grad():
        scores = classifier_to_convolutions(model, map_size)(images)
        assert scores.shape == (2, 5, 5, 3)
        torch.testing.assert_close(scores, slid(model, images, window=20, stride=4))


def test_padded_features_see_more_inside_an_image_than_in_a_cut_window():
    torch.manual_seed(0)
    model = Classifier(padding=1).eval()  # 4 x 4 maps out of 18 x 18 pixels
    images = torch.rand(1, 3, 18, 26)
    with torch.no_grad():
        convolutions = classifier_to_convolutions(model)
        scores, windows = convolutions(images), slid(model, images, window=18, stride=4)
        maps = model.features(images)
        over_maps = slid(model.classifier, maps, window=4, stride=1)
    assert (scores - windows).abs().max() > 1e-3
    torch.testing.assert_close(scores, over_maps)


def test_alexnet_gives_equal_scores_at_its_native_size_and_a_map_beyond():
    torch.manual_seed(0)
    model = torchvision.models.alexnet(weights=None, num_classes=7).eval()
    convolutions = classifier_to_convolutions(model).eval()
    image = torch.rand(1, 3, 224, 224)
    with torch.no_grad():
        torch.testing.assert_close(convolutions(image).flatten(1), model(image))
    kernels = [m.kernel_size for m in convolutions.classifier if isinstance(m, nn.Conv2d)]
    assert kernels == [(6, 6), (1, 1), (1, 1)]


def test_vgg16_maps_a_larger_image_to_a_map_of_scores():
    with torch.device("meta"):
        model = torchvision.models.vgg16(weights=None)
        convolutions = classifier_to_convolutions(model)
        assert convolutions(torch.rand(1, 3, 224, 224)).shape == (1, 1000, 1, 1)
        assert convolutions(torch.rand(1, 3, 384, 320)).shape == (1, 1000, 6, 4)
        kept = classifier_to_convolutions(model, same_size=True)
        assert kept(torch.rand(1, 3, 384, 320)).shape == (1, 1000, 12, 10)
    assert sum(p.numel() for p in convolutions.parameters()) == 138_357_544


def test_features_are_shared_and_dropout_stays():
    model = Classifier()
    convolutions = classifier_to_convolutions(model)
    assert convolutions.features is model.features
    pooled = classifier_to_convolutions(Classifier(pooled=(1, 1)), (4, 4))
    assert list(dict(pooled.named_children())) == ["features", "avgpool", "classifier"]
    names = [type(layer).__name__ for layer in convolutions.classifier]
    assert names == ["Conv2d", "ReLU", "Dropout", "Conv2d"]


def test_same_size_keeps_the_inside_scores():
    torch.manual_seed(0)
    images = torch.rand(1, 3, 30, 34)
    for model, size in [
        (Classifier(pooled=(3, 3)), None),
        (Classifier(pooled=(1, 1)), (5, 3)),
    ]:
        model.eval()
        with torch.no_grad():
            valid = classifier_to_convolutions(model, size)(images)
            kept = classifier_to_convolutions(model, size, same_size=True)(images)
            maps = model.features(images)
        assert kept.shape[-2:] == maps.shape[-2:]
        top, left = ((k - 1) // 2 for k in size or (3, 3))
        inside = kept[..., top : top + valid.shape[-2], left : left + valid.shape[-1]]
        torch.testing.assert_close(inside, valid)


def test_a_square_pool_given_as_one_number_is_understood():
    model = Classifier()
    model.avgpool = nn.AdaptiveAvgPool2d(4)
    assert classifier_to_convolutions(model)(torch.rand(1, 3, 20, 20)).shape == (1, 5, 1, 1)


def test_other_models_and_sizes_are_refused():
    with pytest.raises(ValueError, match="ResNet without features"):
        classifier_to_convolutions(torchvision.models.resnet18(weights=None))
    with pytest.raises(ValueError, match=r"map_size \(4, 4\).*got \(5, 4\)"):
        classifier_to_convolutions(Classifier(), (5, 4))
    for pooled, size in [((4, 4), None), ((1, 1), (3, 2)), ((1, 1), (2, 3))]:
        height, width = size or pooled
        with pytest.raises(ValueError, match=f"odd window.*got {height} x {width}"):
            classifier_to_convolutions(Classifier(pooled=pooled), size, same_size=True)


# Heads --------------------------------------------------------------------------


@given(
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    stride=st.sampled_from([32, 16, 8]),
    n=st.integers(1, 2),
)
@settings(max_examples=30, deadline=None)
def test_logits_have_the_size_of_the_image(height, width, stride, n):
    logits = fcn(stride)(torch.rand(n, 3, height, width))
    assert logits.shape == (n, 5, height, width)


def test_a_finer_net_starts_with_the_predictions_of_the_coarser():
    images = torch.rand(2, 3, 50, 70)
    coarse = trained(fcn(32))
    for stride in (16, 8):
        finer = trained(fcn(stride))  # even if it was trained before
        assert finer.start_from(coarse) is finer
        assert torch.equal(finer(images), coarse(images))
        coarse = trained(finer)


def test_8s_can_start_from_32s_at_once():
    images, coarse = torch.rand(1, 3, 64, 64), trained(fcn(32))
    assert torch.equal(fcn(8).eval().start_from(coarse)(images), coarse(images))


def by_interpolation(network, images, stride):
    """FCN with F.interpolate in place of transposed convolutions: the same inside."""
    maps = network.backbone(images)
    logits = network.scores["32"](maps[32])
    for s in (16, 8):
        logits = F.interpolate(logits, scale_factor=2, mode="bilinear", align_corners=False)
        if s >= stride:
            logits = logits + network.scores[str(s)](maps[s])
    return F.interpolate(logits, scale_factor=8, mode="bilinear", align_corners=False)


def require_interpolation_and_sum_inside(stride, dtype, device):
    network = fcn(stride).to(device, dtype).eval()
    torch.manual_seed(1)
    for layer in network.scores.values():
        nn.init.normal_(layer.weight)
        nn.init.normal_(layer.bias)
    images = torch.randn(1, 3, 192, 160, dtype=dtype, device=device)
    inside = (..., slice(64, -64), slice(64, -64))
    expected = by_interpolation(network, images, stride)[inside]
    assert expected.abs().max() > 0.1
    rounding = (1e-4 if dtype == torch.float32 else 1e-7) * expected.abs().max().item()
    torch.testing.assert_close(network(images)[inside], expected, atol=rounding, rtol=0)


@pytest.mark.parametrize("stride", [32, 16, 8])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_heads_equal_interpolation_and_sum_inside(stride, dtype):
    require_interpolation_and_sum_inside(stride, dtype, "cpu")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_heads_work_on_cuda():
    require_interpolation_and_sum_inside(8, torch.float64, "cuda")


def test_steps_are_equal_for_every_stride_because_two_tents_are_not_one():
    scores = torch.zeros(1, 1, 5, 5)
    scores[..., 2, 2] = 1
    at_once = F.interpolate(scores, scale_factor=32, mode="bilinear")
    by_steps = F.interpolate(
        F.interpolate(scores, scale_factor=2, mode="bilinear"), scale_factor=16, mode="bilinear"
    )
    assert (at_once - by_steps).abs().max() > 0.1


def test_scores_start_at_zero_and_only_the_last_step_is_fixed():
    network = fcn(8)
    assert network(torch.rand(1, 3, 40, 40)).abs().max() == 0
    assert sorted(network.scores) == ["16", "32", "8"]
    assert network.enlarge.groups == 5  # fixed, so channels need not be able to mix
    assert {layer.kernel_size for layer in network.scores.values()} == {(1, 1)}
    fixed = [name for name, p in network.named_parameters() if not p.requires_grad]
    assert fixed == ["enlarge.weight"]
    trained(network)(torch.rand(1, 3, 64, 64)).square().sum().backward()
    learned = [p for p in network.parameters() if p.requires_grad]
    assert all(p.grad.abs().sum() > 0 for p in learned)


def test_coarse_heads_have_no_skip_scores():
    assert list(fcn(32).scores) == ["32"]
    assert FCN(Pyramid(), CHANNELS, 5).stride == 32
    assert list(fcn(16).scores) == ["32", "16"]


def test_a_head_is_applied_to_the_coarsest_map_only():
    head = nn.Conv2d(4, 6, 3, padding=1)
    network = FCN(Pyramid(), {**CHANNELS, 32: 6}, 5, stride=8, head=head)
    calls = []
    head.register_forward_hook(lambda _, inputs, __: calls.append(inputs[0].shape))
    network(torch.rand(1, 3, 64, 96))
    assert calls == [(1, 4, 2, 3)]


def test_vgg_head_of_dense_layers_fits():
    with torch.device("meta"):
        vgg = torchvision.models.vgg16(weights=None)
        nodes = TORCHVISION_NODES["vgg16"]
        dense = classifier_to_convolutions(vgg, same_size=True).classifier[:-1]
        network = FCN(
            FeatureMaps(vgg, {s: name for s, (name, _) in nodes.items()}),
            {s: c for s, (_, c) in nodes.items()} | {32: 4096},
            21,
            stride=8,
            head=dense,
        )
        assert network(torch.rand(1, 3, 375, 500)).shape == (1, 21, 375, 500)


@pytest.mark.parametrize("name", sorted(TORCHVISION_NODES))
def test_torchvision_networks_serve_as_backbones(name):
    nodes = TORCHVISION_NODES[name]
    with torch.device("meta"):
        model = getattr(torchvision.models, name)(weights=None)
        backbone = FeatureMaps(model, {s: node for s, (node, _) in nodes.items()})
        maps = backbone(torch.rand(1, 3, 128, 160))
        network = FCN(backbone, {s: c for s, (_, c) in nodes.items()}, 21, stride=8)
        assert network(torch.rand(1, 3, 97, 130)).shape == (1, 21, 97, 130)
    short = int(name == "alexnet")  # it pads less than it takes off
    for stride, (_, channels) in nodes.items():
        assert maps[stride].shape == (1, channels, 128 // stride - short, 160 // stride - short)


def test_feature_maps_are_those_of_the_network():
    torch.manual_seed(0)
    model = torchvision.models.alexnet(weights=None).eval()
    images = torch.rand(1, 3, 96, 96)
    maps = FeatureMaps(model, {8: "features.2", 32: "features.12"})(images)
    assert list(maps) == [8, 32]
    torch.testing.assert_close(maps[8], model.features[:3](images))
    torch.testing.assert_close(maps[32], model.features(images))


def test_a_map_short_by_a_unit_repeats_its_last_row_and_column():
    class Short(Pyramid):
        def forward(self, images):
            maps = super().forward(images)
            return maps | {32: maps[32][..., :-1, :]} | {16: maps[16][..., :-1]}

    network = trained(FCN(Short(), CHANNELS, 5, stride=16))
    images = torch.rand(1, 3, 64, 64)
    images[..., 32:, :] = images[..., :32, :]  # so that what is repeated is what was there
    images[..., 48:] = images[..., 32:48]
    whole = FCN(network.backbone, CHANNELS, 5, stride=16).eval()
    whole.load_state_dict(network.state_dict())
    whole.backbone = Pyramid()
    whole.backbone.load_state_dict(network.backbone.state_dict())
    torch.testing.assert_close(network(images), whole(images), atol=1e-4, rtol=1e-4)


def test_wrong_maps_and_options_are_named():
    with pytest.raises(ValueError, match="32, 16 or 8, got 4"):
        fcn(4)
    with pytest.raises(ValueError, match=r"strides \[32, 16\], got none for \[16\]"):
        FCN(Pyramid(), {32: 4}, 5, stride=16)
    with pytest.raises(
        ValueError, match=r"coarser.*than stride 16, got stride 8 with scores.8.bias"
    ):
        fcn(16).start_from(fcn(8))

    for change, message in [
        (lambda maps: {32: maps[32]}, r"strides \[32, 16\], got \[32\]"),
        (lambda maps: {**maps, 16: maps[8]}, "stride 16 to be 4 x 6 .*got 8 x 12"),
        (lambda maps: {**maps, 16: maps[16][..., :4]}, "got 4 x 4"),
        (lambda maps: {**maps, 16: maps[16][..., :2, :]}, "got 2 x 6"),
    ]:
        network = fcn(16)
        network.backbone.register_forward_hook(lambda _, __, maps, change=change: change(maps))
        with pytest.raises(ValueError, match=message):
            network(torch.rand(1, 3, 64, 96))


def test_gradient_against_finite_differences():
    network = trained(fcn(8)).double()
    images = torch.rand(1, 3, 33, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(network, images, fast_mode=True)


def test_autocast_and_strided_images_change_little():
    network = trained(fcn(8))
    images = torch.rand(2, 64, 48, 3).permute(0, 3, 1, 2)
    expected = network(images.contiguous()).detach()
    rounding = 1e-4 * expected.abs().max().item()
    torch.testing.assert_close(network(images), expected, atol=rounding, rtol=0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        actual = network(images)
    assert actual.dtype == torch.bfloat16
    torch.testing.assert_close(
        actual.float(), expected, atol=0.05 * expected.abs().max(), rtol=0
    )
