"""Receptive fields, against gradients, impulses and the figures of the papers."""

import operator

import pytest
import torch
import torchvision
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from course_utils.reference.receptive_field import (
    Box,
    Geometry,
    receptive_field,
    receptive_fields,
    unit_box,
)


def square(size, stride, edge):
    return Geometry((size, size), (stride, stride), (edge, edge))


def without_numbers(build):
    """The network's structure alone: no weights to draw."""
    with torch.device("meta"):
        return build()


# Published figures --------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ("features.0", (11, 4, -2)),
        ("features.3", (51, 8, -18)),
        ("features.6", (99, 16, -34)),
        ("features.8", (131, 16, -50)),
        ("features.10", (163, 16, -66)),
        ("features.12", (195, 32, -66)),
    ],
)
def test_alexnet_has_the_known_geometry(layer, expected):
    model = without_numbers(torchvision.models.alexnet)
    assert receptive_field(model, layer) == square(*expected)
    index = int(layer.split(".")[1])
    assert receptive_field(model.features[: index + 1]) == square(*expected)
    assert receptive_field(model.features, str(index)) == square(*expected)
    assert receptive_field(list(model.features), str(index)) == square(*expected)


def test_vgg16_has_the_known_geometry():
    model = without_numbers(torchvision.models.vgg16)
    assert receptive_field(model, "features.28") == square(196, 16, -90)
    assert receptive_field(model, "features.30") == square(212, 32, -90)


def test_the_convolution_path_of_unet_sees_140_pixels():
    double = [nn.Conv2d(1, 1, 3), nn.ReLU(), nn.Conv2d(1, 1, 3), nn.ReLU()]
    path = [*double, *([nn.MaxPool2d(2), *double] * 4)]
    assert receptive_field(path) == square(140, 16, 0)


def test_the_context_network_gives_the_lectures_table():
    dilations = (1, 1, 2, 4, 8, 16, 1)
    layers = [nn.Conv2d(1, 1, 3, padding=d, dilation=d) for d in dilations]
    fields = receptive_fields([*layers, nn.Conv2d(1, 1, 1)])
    assert list(fields) == [str(layer) for layer in range(8)]
    assert [each.size[0] for each in fields.values()] == [3, 5, 9, 17, 33, 65, 67, 67]
    assert all(each.stride == (1, 1) for each in fields.values())
    assert fields["7"].edge == (-33, -33)


def test_branches_of_a_fire_module_meet_in_the_wider_window():
    fields = receptive_fields(without_numbers(torchvision.models.squeezenet1_0), "features.3")
    assert fields["features.3.expand1x1"] == square(11, 4, 0)
    assert fields["features.3.expand3x3"] == square(19, 4, -4)
    assert list(fields)[-1] == "features.3"
    assert fields["features.3"] == square(19, 4, -4)


def test_resnet18_sees_435_pixels():
    stem = 1 + 6 * 1 + 2 * 2  # 7 x 7 at stride 1, pooling 3 x 3 at stride 2
    blocks = [4 * (2 * 4), 2 * 4 + 3 * (2 * 8), 2 * 8 + 3 * (2 * 16), 2 * 16 + 3 * (2 * 32)]
    assert stem + sum(blocks) == 435
    assert receptive_field(without_numbers(torchvision.models.resnet18), "layer4") == square(
        435, 32, -217
    )


# Independent oracles ------------------------------------------------------------


@st.composite
def windows(draw):
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    stride = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    dilation = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    padding = tuple(draw(st.integers(0, each // 2)) for each in kernel)
    return {"kernel": kernel, "stride": stride, "dilation": dilation, "padding": padding}


@st.composite
def layers(draw, kinds=("convolution", "same", "average", "maximum", "zeros", "relu")):
    kind, w = draw(st.sampled_from(kinds)), draw(windows())
    kernel, stride, padding = w["kernel"], w["stride"], w["padding"]
    if kind == "convolution":
        return nn.Conv2d(1, 1, kernel, stride, padding, w["dilation"], bias=False)
    if kind == "same":
        return nn.Conv2d(1, 1, kernel, 1, "same", w["dilation"], bias=False)
    if kind == "average":
        return nn.AvgPool2d(kernel, stride, padding, ceil_mode=draw(st.booleans()))
    if kind == "maximum":
        ceil = draw(st.booleans())
        return nn.MaxPool2d(kernel, stride, padding, w["dilation"], ceil_mode=ceil)
    if kind == "zeros":
        return nn.ZeroPad2d(tuple(draw(st.integers(0, 3)) for _ in range(4)))
    return nn.ReLU()


def positive(stack):
    network = nn.Sequential(*stack).double()
    with torch.no_grad():
        for weight in network.parameters():
            weight.fill_(1.0)
    return network


def hull(seen):
    """First and last + 1 of the true entries, None without any."""
    places = seen.nonzero().flatten().tolist()
    return (places[0], places[-1] + 1) if places else None


def interior_units_that_fill_their_window(network, geometry, size):
    """Light up one row (column) after another; every unit must answer inside its window.

    Returns how many units lie wholly inside the image: these must answer up to both ends.
    """
    interior = 0
    for axis in (0, 1):
        lines = size[axis]
        impulses = torch.zeros(lines, 1, *size, dtype=torch.float64)
        for line in range(lines):
            impulses.select(axis + 2, line)[line] = 1.0
        answers = (network(impulses) > 0).any(dim=1).any(dim=2 - axis)  # (line, unit)
        for unit in range(answers.shape[1]):
            start = geometry.stride[axis] * unit + geometry.edge[axis]
            end, seen = start + geometry.size[axis], hull(answers[:, unit])
            if start >= 0 and end <= lines:
                assert seen == (start, end)
                interior += 1
            elif seen:
                assert start <= seen[0]
                assert seen[1] <= end
    return interior


@settings(max_examples=60, deadline=None)
@given(st.lists(layers(), min_size=1, max_size=4), st.integers(0, 5))
def test_units_answer_to_impulses_inside_their_window_only(stack, extra):
    geometry = receptive_field(stack)
    reach = zip(geometry.size, geometry.stride, geometry.edge, strict=True)
    size = tuple(max(-e, 0) + s + 2 * t + extra for s, t, e in reach)
    assume(max(size) <= 70)
    assert interior_units_that_fill_their_window(positive(stack), geometry, size) > 0


@settings(max_examples=40, deadline=None)
@given(st.lists(layers(kinds=("convolution", "same", "average")), min_size=1, max_size=4))
def test_the_window_is_where_the_gradient_lives(stack):
    geometry = receptive_field(nn.Sequential(*stack))
    unit = tuple(
        -(-max(-e, 0) // s) for e, s in zip(geometry.edge, geometry.stride, strict=True)
    )
    box = unit_box(geometry, *unit, (10**6, 10**6)).unclipped
    assert box.top >= 0
    assert box.left >= 0
    assume(max(box.bottom, box.right) <= 120)
    image = torch.zeros(1, 1, box.bottom + 1, box.right + 2, dtype=torch.float64)
    image.requires_grad_()
    positive(stack)(image)[0, 0, unit[0], unit[1]].backward()
    seen = image.grad[0, 0] > 0
    assert hull(seen.any(dim=1)) == (box.top, box.bottom)
    assert hull(seen.any(dim=0)) == (box.left, box.right)


class TwoPaths(nn.Module):
    """Branches that meet by sum and by concatenation; poolings called as functions."""

    def __init__(self):
        super().__init__()
        self.tall = nn.Conv2d(1, 1, (3, 1), padding=(1, 0), bias=False)
        self.wide = nn.Conv2d(1, 1, (1, 5), padding=(0, 2), bias=False)
        self.last = nn.Conv2d(2, 1, 3, bias=False)
        self.register_buffer("one", torch.ones(()))

    def forward(self, x):
        tall = F.relu(self.tall(x))
        x = (tall + self.wide(x)) * (self.one + 1)
        x = torch.cat([tall, F.max_pool2d(x, 3, stride=1, padding=1, dilation=1)], dim=1)
        x = self.last(F.max_pool2d(x, kernel_size=2)).relu()
        return F.avg_pool2d(x, (1, 2), stride=1)


def test_a_network_with_branches_and_functional_poolings_is_traced():
    network = positive([TwoPaths()])[0]
    fields = receptive_fields(network)
    assert list(fields) == ["tall", "wide", "last", ""]
    assert fields["tall"] == Geometry((3, 1), (1, 1), (-1, 0))
    assert fields["wide"] == Geometry((1, 5), (1, 1), (0, -2))
    assert fields[""] == receptive_field(network) == receptive_field([network])
    assert fields[""] == Geometry((10, 14), (2, 2), (-2, -3))
    assert interior_units_that_fill_their_window(network, fields[""], (24, 24)) > 0


class OneCall(nn.Module):
    def __init__(self, call):
        super().__init__()
        self.call = call

    def forward(self, x):
        return self.call(x)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: F.max_pool2d(x, 3, 2, 1, 2),
        lambda x: F.max_pool2d(x, (3, 2), padding=(0, 1)),
        lambda x: F.avg_pool2d(x, 2, None, 1),
        lambda x: F.avg_pool2d(x, 3, 1, 0, False),
        lambda x: F.avg_pool2d(x, (2, 3), (1, 2), ceil_mode=True),
        lambda x: torch.cat((x, F.avg_pool2d(x, 3, 1, 1)), dim=-3),
        lambda x: torch.cat((x, F.avg_pool2d(x, 3, 1, 1)), 1),
    ],
)
def test_functional_calls_have_the_window_their_units_show(call):
    network = OneCall(call)
    assert interior_units_that_fill_their_window(network, receptive_field(network), (12, 12))


POINTWISE_LAYERS = [
    nn.Identity(), nn.ReLU(), nn.ReLU6(), nn.LeakyReLU(), nn.PReLU(), nn.ELU(), nn.CELU(),
    nn.SELU(), nn.GELU(), nn.SiLU(), nn.Mish(), nn.Hardswish(), nn.Hardsigmoid(),
    nn.Hardtanh(), nn.Sigmoid(), nn.Tanh(), nn.Softplus(), nn.Dropout(), nn.Dropout2d(),
    nn.AlphaDropout(), nn.BatchNorm2d(1), nn.LocalResponseNorm(2), nn.Softmax2d(),
]  # fmt: skip
POINTWISE_CALLS = [
    lambda x: x + x, lambda x: x - 1, lambda x: x * 2, lambda x: x / 2,
    lambda x: operator.iadd(x, 1), lambda x: operator.imul(x, 2),
    lambda x: torch.add(x, x), lambda x: torch.sub(x, 1), lambda x: torch.mul(x, 2),
    lambda x: torch.div(x, 2), torch.relu, torch.sigmoid, torch.tanh,
    F.relu, F.leaky_relu, F.elu, F.gelu, F.silu, F.sigmoid, F.tanh, F.dropout, F.dropout2d,
    *(lambda x, name=name: getattr(x, name)(1) for name in ("add", "sub", "mul", "div")),
    *(lambda x, name=name: getattr(x.clone(), name)(1) for name in ("add_", "mul_")),
    *(
        lambda x, name=name: getattr(x, name)()
        for name in (
            "relu", "relu_", "sigmoid", "tanh",
            "contiguous", "clone", "detach", "float", "double",
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    "network", [*POINTWISE_LAYERS, *(OneCall(each) for each in POINTWISE_CALLS)]
)
def test_what_works_point_by_point_sees_one_pixel(network):
    assert receptive_field(network) == square(1, 1, 0)
    before, after = torch.rand(2, 1, 1, 5, 5).unbind()
    after = torch.where(torch.arange(5) == 2, after, before)
    answers = []
    for image in (before, after):
        torch.manual_seed(0)  # dropout drops the same places
        with torch.no_grad():
            answers.append(network.eval()(image.clone()))
    assert not (answers[0] != answers[1])[..., [0, 1, 3, 4]].any()


# Small facts --------------------------------------------------------------------


def test_even_same_padding_puts_the_odd_pixel_on_the_right():
    assert receptive_field([nn.Conv2d(1, 1, (4, 3), padding="same")]).edge == (-1, -1)
    assert receptive_field([nn.Conv2d(1, 1, 3, padding="valid")]) == square(3, 1, 0)


def test_a_layer_that_runs_twice_counts_the_first_time():
    layer = nn.Conv2d(1, 1, 3)
    assert receptive_field(nn.Sequential(layer, layer), "0") == square(3, 1, 0)
    assert receptive_field(nn.Sequential(layer, layer)) == square(5, 1, 0)
    assert receptive_field([layer, layer]) == square(5, 1, 0)


def test_no_layer_at_all_sees_one_pixel():
    assert receptive_field([]) == receptive_field(nn.ReLU()) == square(1, 1, 0)
    assert receptive_field(nn.Sequential(nn.Sequential())) == square(1, 1, 0)


def test_a_bare_layer_has_its_own_window():
    fields = receptive_fields(nn.Conv2d(1, 1, (3, 2), 4, 1))
    assert fields == {"": Geometry((3, 2), (4, 4), (-1, -1))}


def test_a_geometry_is_a_value():
    assert {square(3, 1, 0): "key"}[square(3, 1, 0)] == "key"


def test_what_runs_after_the_layer_does_not_matter():
    network = nn.Sequential(nn.Conv2d(1, 1, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert list(receptive_fields(network, "0")) == ["0"]
    assert list(receptive_fields(list(network), "0")) == ["0"]
    assert receptive_field(network, "0") == square(3, 1, 0)


def test_a_window_is_clipped_at_every_border():
    geometry = Geometry(size=(5, 7), stride=(2, 3), edge=(-1, -2))
    box = unit_box(geometry, 0, 0, (10, 4))
    assert box.clipped == Box(top=0, left=0, bottom=4, right=4)
    assert box.unclipped == Box(top=-1, left=-2, bottom=4, right=5)
    assert unit_box(geometry, 4, 1, (10, 12)).clipped == Box(7, 1, 10, 8)
    assert unit_box(geometry, 5, 0, (10, 12)).clipped == Box(9, 0, 10, 5)


# Bad input ----------------------------------------------------------------------


@pytest.mark.parametrize(("i", "j"), [(-1, 0), (0, -1)])
def test_a_negative_unit_is_refused(i, j):
    with pytest.raises(ValueError, match=r"from \(0, 0\) on"):
        unit_box(square(3, 1, 0), i, j, (8, 8))


@pytest.mark.parametrize(("i", "j"), [(4, 0), (0, 6)])
def test_a_unit_outside_the_image_is_refused(i, j):
    with pytest.raises(ValueError, match=r"see some of the 8 x 12 image"):
        unit_box(square(2, 2, 0), i, j, (8, 12))


@pytest.mark.parametrize("edge", [(-3, 0), (0, -3)])
def test_a_unit_that_sees_padding_only_is_refused(edge):
    with pytest.raises(ValueError, match="Check the unit"):
        unit_box(Geometry((3, 3), (1, 1), edge), 0, 0, (8, 8))


@pytest.mark.parametrize(
    "layer",
    [
        nn.ConvTranspose2d(1, 1, 2, stride=2),
        nn.Upsample(scale_factor=2),
        nn.AdaptiveAvgPool2d(1),
        nn.GroupNorm(1, 1),
        nn.Flatten(),
        nn.Linear(3, 3),
    ],
)
def test_a_layer_without_a_common_window_is_named(layer):
    for network in ([nn.ReLU(), layer], nn.Sequential(nn.ReLU(), layer)):
        with pytest.raises(ValueError, match=f"got '1', {type(layer).__name__}"):
            receptive_field(network)


def test_padding_that_shows_other_pixels_is_refused():
    with pytest.raises(ValueError, match="zero padding in '0', got 'reflect'"):
        receptive_field([nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect")])


@pytest.mark.parametrize(
    "call",
    [
        lambda x: F.interpolate(x, scale_factor=2),
        lambda x: torch.cat((x, x)),
        lambda x: torch.cat((x, x), dim=2),
        lambda x: x.mean(dim=(2, 3)),
    ],
)
def test_an_unknown_call_is_named(call):
    with pytest.raises(
        ValueError, match="Expected convolutions, poolings, pointwise operations"
    ):
        receptive_field(OneCall(call))


def test_branches_of_unequal_stride_are_refused():
    with pytest.raises(ValueError, match=r"one stride, got \(2, 2\) and \(1, 1\)"):
        receptive_field(OneCall(lambda x: F.max_pool2d(x, 2) + x))


def test_a_wrong_name_shows_the_right_ones():
    network = nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU())
    with pytest.raises(
        ValueError, match=r"layer of Sequential, got 'conv1'. Its layers: 0, 1\."
    ):
        receptive_field(network, "conv1")
    with pytest.raises(ValueError, match=r"out of \['0', '1'\], got 'conv1'"):
        receptive_field(list(network), "conv1")


def test_a_layer_that_never_runs_is_refused():
    network = OneCall(nn.ReLU())
    network.spare = nn.Conv2d(1, 1, 3)
    with pytest.raises(ValueError, match="'spare' is never called"):
        receptive_field(network, "spare")


def test_a_forward_that_looks_at_its_input_is_sent_to_the_list():
    def looks(x):
        return x if x.shape[2] % 2 else x + 1

    with pytest.raises(ValueError, match=r"got OneCall \(.*Give the layers as a list"):
        receptive_field(OneCall(looks))
