"""Dilated convolutions and the context network, against torch's convolution and table 1."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from course_utils.reference.dilated import (
    CONTEXT_DILATIONS,
    CONTEXT_KERNELS,
    ContextNetwork,
    dilated_block,
    dilated_convolution,
    identity_initialise,
    stack_receptive_fields,
)
from course_utils.reference.receptive_field import receptive_field

TABLE = [3, 5, 9, 17, 33, 65, 67, 67]


def counts(network):
    weights = sum(p.numel() for p in network.parameters() if p.dim() > 1)
    return weights, sum(p.numel() for p in network.parameters())


# By hand ------------------------------------------------------------------------


@given(
    n=st.integers(1, 2),
    channels=st.integers(1, 3),
    outputs=st.integers(1, 3),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    dilation=st.integers(1, 3),
    padding=st.integers(0, 3),
    extra=st.tuples(st.integers(0, 4), st.integers(0, 4)),
    bias=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_equals_the_librarys_value_and_gradients(
    n, channels, outputs, kernel, dilation, padding, extra, bias
):
    span = [dilation * (k - 1) + 1 for k in kernel]
    size = [max(1, s - 2 * padding) + e for s, e in zip(span, extra, strict=True)]
    draw = torch.Generator().manual_seed(n + channels)
    inputs = [
        torch.randn(shape, dtype=torch.float64, generator=draw).requires_grad_()
        for shape in [(n, channels, *size), (outputs, channels, *kernel), (outputs,)][
            : 2 + bias
        ]
    ]
    ours = dilated_convolution(*inputs, dilation=dilation, padding=padding)
    theirs = F.conv2d(*inputs, dilation=dilation, padding=padding)
    torch.testing.assert_close(ours, theirs)
    upstream = torch.randn(ours.shape, dtype=torch.float64, generator=draw)
    for a, b in zip(
        torch.autograd.grad(ours, inputs, upstream),
        torch.autograd.grad(theirs, inputs, upstream),
        strict=True,
    ):
        torch.testing.assert_close(a, b)


def test_gradient_against_finite_differences():
    torch.manual_seed(0)
    inputs = [
        torch.randn(shape, dtype=torch.float64, requires_grad=True)
        for shape in [(1, 2, 6, 5), (2, 2, 3, 2), (2,)]
    ]
    assert torch.autograd.gradcheck(
        lambda *given: dilated_convolution(*given, dilation=2, padding=1), inputs
    )


def test_the_sum_of_the_definition_by_loops():
    images = torch.arange(49.0).view(1, 1, 7, 7)
    weight = torch.tensor([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0], [2.0, 0.0, 1.0]])
    result = dilated_convolution(images, weight[None, None], dilation=2)
    for y in range(3):
        for x in range(3):
            taps = [
                images[0, 0, y + 2 * i, x + 2 * j] * weight[i, j]
                for i in range(3)
                for j in range(3)
            ]
            assert result[0, 0, y, x] == sum(taps)


def test_defaults_are_an_ordinary_convolution_without_padding():
    images, weight = torch.rand(1, 2, 4, 5), torch.rand(3, 2, 3, 3)
    torch.testing.assert_close(dilated_convolution(images, weight), F.conv2d(images, weight))


def test_autocast_float32_and_strided_images_change_little():
    torch.manual_seed(0)
    images, weight = torch.rand(2, 9, 8, 3).permute(0, 3, 1, 2), torch.rand(4, 3, 3, 3)
    expected = F.conv2d(images.double(), weight.double(), dilation=2).float()
    torch.testing.assert_close(dilated_convolution(images, weight, dilation=2), expected)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        actual = dilated_convolution(images, weight, dilation=2)
    assert actual.dtype == torch.bfloat16
    assert (actual.float() - expected).abs().max() < 0.02 * expected.abs().max()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_works_on_cuda():
    images, weight = (
        torch.rand(2, 3, 9, 8).cuda().double(),
        torch.rand(4, 3, 3, 3).cuda().double(),
    )
    expected = F.conv2d(images, weight, dilation=2, padding=2)
    ours = dilated_convolution(images, weight, dilation=2, padding=2)
    torch.testing.assert_close(ours, expected)
    network = ContextNetwork(3, "large").cuda().double()
    torch.testing.assert_close(network(images), images.relu())


def test_bad_input_is_named():
    x = torch.rand(1, 2, 5, 7)
    for images, weight in [(x[0], x), (x, x[0]), (x, torch.rand(1, 3, 3, 3))]:
        with pytest.raises(ValueError, match=r"of one C, got .* and "):
            dilated_convolution(images, weight)
    with pytest.raises(ValueError, match=r"dilation >= 1.*got 0 and 0"):
        dilated_convolution(x, x, dilation=0)
    with pytest.raises(ValueError, match="got 1 and -1"):
        dilated_convolution(x, x, padding=-1)
    with pytest.raises(
        ValueError, match=r"got 5 x 7 with padding 1 for a kernel spanning 9 x 5"
    ):
        dilated_convolution(x, torch.rand(1, 2, 3, 2), dilation=4, padding=1)
    with pytest.raises(ValueError, match=r"spanning 5 x 9"):
        dilated_convolution(x, torch.rand(1, 2, 2, 3), dilation=4)
    assert dilated_convolution(x, torch.rand(1, 2, 5, 7)).shape == (1, 1, 1, 1)


# Stacks -------------------------------------------------------------------------


def test_the_table_of_the_lecture_is_computed():
    assert CONTEXT_DILATIONS == (1, 1, 2, 4, 8, 16, 1, 1)
    assert stack_receptive_fields(CONTEXT_KERNELS, CONTEXT_DILATIONS) == TABLE
    assert stack_receptive_fields([], []) == []


def test_computing_the_table_draws_no_random_numbers():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    stack_receptive_fields(CONTEXT_KERNELS, CONTEXT_DILATIONS)
    assert torch.equal(torch.rand(1), expected)


def width_by_gradient(layers):
    """How wide a window the middle output really sees."""
    stack = nn.Sequential(*layers).double()
    images = torch.rand(1, 1, 31, 31, dtype=torch.float64, requires_grad=True)
    output = stack(images)
    output[0, 0, output.shape[2] // 2, output.shape[3] // 2].backward()
    rows = images.grad[0, 0].abs().sum(1).nonzero()
    return (rows.max() - rows.min() + 1).item()


@given(
    st.lists(st.tuples(st.sampled_from([1, 2, 3]), st.integers(1, 3)), min_size=1, max_size=4)
)
@settings(max_examples=20, deadline=None)
def test_receptive_fields_are_those_of_gradients(layers):
    kernels, dilations = zip(*layers, strict=True)
    torch.manual_seed(0)
    stack = [nn.Conv2d(1, 1, k, dilation=d) for k, d in layers]
    seen = [width_by_gradient(stack[: i + 1]) for i in range(len(stack))]
    assert stack_receptive_fields(kernels, dilations) == seen


def test_lists_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="2 kernels and 1 dilations"):
        stack_receptive_fields([3, 3], [1])


@pytest.mark.parametrize("batch_norm", [False, True])
def test_a_block_keeps_the_size_and_sees_15_pixels(batch_norm):
    block = dilated_block(3, 5, batch_norm=batch_norm)
    assert block(torch.rand(2, 3, 6, 9)).shape == (2, 5, 6, 9)
    assert receptive_field(block).size == (15, 15)
    assert receptive_field(dilated_block(3, 5, (1, 1, 1))).size == (7, 7)
    assert block(torch.randn(2, 3, 6, 9)).min() == 0
    assert len(dilated_block(3, 5)) == 6  # without batch normalisation by default
    names = ["Conv2d", "BatchNorm2d", "ReLU"] if batch_norm else ["Conv2d", "ReLU"]
    assert [type(layer).__name__ for layer in block] == 3 * names
    convolutions = [layer for layer in block if isinstance(layer, nn.Conv2d)]
    assert [layer.in_channels for layer in convolutions] == [3, 5, 5]
    assert all((layer.bias is None) is batch_norm for layer in convolutions)


def test_a_block_without_dilations_is_refused():
    with pytest.raises(ValueError, match="at least one dilation"):
        dilated_block(3, 5, ())


# Context network ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "expected"), [("basic", (28_224, 28_392)), ("large", (6_801_102, 6_803_139))]
)
def test_parameters_and_field_are_the_papers(size, expected):
    network = ContextNetwork(21, size)
    assert counts(network) == expected
    convolutions = [layer for layer in network if isinstance(layer, nn.Conv2d)]
    field = receptive_field(network)
    assert (field.size, field.stride) == ((67, 67), (1, 1))
    dilations = [layer.dilation for layer in convolutions]
    assert dilations == [(d, d) for d in CONTEXT_DILATIONS]
    assert [type(layer).__name__ for layer in network] == ["Conv2d", "ReLU"] * 7 + ["Conv2d"]
    assert convolutions[-1].kernel_size == (1, 1)


def test_widths_are_those_of_table_1():
    for size, widths in [("basic", [1] * 8), ("large", [2, 2, 4, 8, 16, 32, 32, 1])]:
        network = ContextNetwork(3, size)
        outputs = [layer.out_channels for layer in network if isinstance(layer, nn.Conv2d)]
        assert outputs == [3 * w for w in widths]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("n", [1, 2])
def test_starts_as_relu(n, dtype):
    torch.manual_seed(0)
    scores = torch.randn(n, 21, 20, 23, dtype=dtype)
    basic = ContextNetwork(21).to(dtype)
    assert torch.equal(basic(scores), scores.relu())
    large = ContextNetwork(5, "large").to(dtype)
    torch.testing.assert_close(
        large(scores[:, :5]), scores[:, :5].relu(), atol=0, rtol=89 * torch.finfo(dtype).eps / 2
    )


def test_the_large_network_of_21_classes_starts_as_relu_to_the_rounding_of_89_additions():
    """On any processor, whatever the order of its sums.

    All weights are powers of two, so products are exact. A channel of a layer adds k equal
    numbers, k its inputs over 21; each of the k - 1 additions errs by half an epsilon at most.
    """
    torch.manual_seed(0)
    scores = torch.randn(1, 21, 4, 5)
    network = ContextNetwork(21, "large")
    layers = [layer for layer in network if isinstance(layer, nn.Conv2d)]
    additions = sum(layer.in_channels // 21 - 1 for layer in layers)
    assert additions == 89
    with torch.no_grad():
        difference = (network(scores) - scores.relu()).abs()
    half = torch.finfo(scores.dtype).eps / 2
    assert (difference <= additions * half * scores.relu()).all()


def test_labels_survive_only_under_a_positive_maximum():
    scores = torch.tensor([[-1.0, -3.0], [-2.0, 0.5]]).view(1, 2, 1, 2)
    network = ContextNetwork(2)
    assert network(scores).flatten(1).tolist() == [[0, 0, 0, 0.5]]
    shifted = scores - scores.amin(1, keepdim=True) + 1
    assert torch.equal(network(shifted).argmax(1), scores.argmax(1))


def test_unpadded_and_padded_agree_33_pixels_inside():
    torch.manual_seed(0)
    padded = ContextNetwork(2, noise=0.3).double()
    for p in padded.parameters():
        if p.dim() == 1:
            nn.init.constant_(p, 0.1)
    unpadded = ContextNetwork(2, padded=False).double()
    unpadded.load_state_dict(padded.state_dict())
    scores = torch.rand(1, 2, 70, 71, dtype=torch.float64)
    small = unpadded(scores)
    assert small.shape == (1, 2, 4, 5)
    torch.testing.assert_close(padded(scores)[..., 33:-33, 33:-33], small)
    # As in the paper: pad once, before; the border then differs from padding every layer.
    once = unpadded(F.pad(scores, [unpadded.margin] * 4))
    assert once.shape == scores.shape
    assert (once - padded(scores)).abs().max() > 1e-3


def test_padding_1_would_shrink_the_map():
    images, weight = torch.rand(1, 1, 20, 20), torch.rand(1, 1, 3, 3)
    assert dilated_convolution(images, weight, dilation=4, padding=1).shape[-2:] == (14, 14)
    assert dilated_convolution(images, weight, dilation=4, padding=4).shape[-2:] == (20, 20)


# Identity -----------------------------------------------------------------------


def paper_weight(layer, c):
    """Equations 4 and 5, element by element."""
    weight = torch.zeros(layer.weight.shape)
    outputs, inputs, *taps = weight.shape
    for b in range(outputs):
        for a in range(inputs):
            if a * c // inputs == b * c // outputs:
                weight[b, a, taps[0] // 2, taps[1] // 2] = c / outputs
    return weight


@pytest.mark.parametrize("widths", [(3, 3), (3, 6), (6, 3), (6, 12), (12, 6)])
@pytest.mark.parametrize("kernel", [1, 3, (3, 5), (5, 3)])
def test_weights_are_those_of_equation_5(widths, kernel):
    layer = nn.Conv2d(*widths, kernel)
    identity_initialise(layer, 3)
    torch.testing.assert_close(layer.weight.detach(), paper_weight(layer, 3), rtol=0, atol=1e-7)
    assert layer.bias.abs().max() == 0


def test_channels_are_by_default_those_of_the_first_layer():
    network = nn.Sequential(nn.Conv2d(2, 4, 3, bias=False), nn.ReLU(), nn.Conv2d(4, 2, 1))
    identity_initialise(network)
    torch.testing.assert_close(network[0].weight.detach(), paper_weight(network[0], 2))
    torch.testing.assert_close(network[2].weight.detach(), paper_weight(network[2], 2))


def test_noise_replaces_the_zeros_and_only_them():
    torch.manual_seed(0)
    layer = nn.Conv2d(20, 40, 3)
    identity_initialise(layer, 10, noise=0.1)
    exact = paper_weight(layer, 10)
    fixed = exact != 0
    assert torch.equal(layer.weight[fixed], exact[fixed])
    others = layer.weight[~fixed]
    assert others.std().item() == pytest.approx(0.1 * 10 / 40, rel=0.05)
    assert others.mean().abs() < 0.001
    torch.testing.assert_close(others.count_nonzero().item(), others.numel())


def twins_part(noise):
    torch.manual_seed(0)
    network = ContextNetwork(2, "large", noise=noise)
    network(torch.rand(1, 2, 6, 6)).square().sum().backward()
    first = network[0].weight.grad  # (4, 2, 3, 3); outputs 0 and 1 carry score 0
    return (first[0] - first[1]).abs().max().item() > 1e-4 * first.abs().max().item()


def test_twin_channels_of_large_learn_apart_only_with_noise():
    assert not twins_part(0.0)
    assert twins_part(0.1)


def test_widths_without_whole_groups_are_refused():
    for layer in [nn.Conv2d(3, 4, 3), nn.Conv2d(4, 3, 3), nn.Conv2d(6, 6, 3, groups=2)]:
        with pytest.raises(ValueError, match="widths that 3 divides"):
            identity_initialise(layer, 3)
    for kernel in [(2, 3), (3, 2)]:
        with pytest.raises(ValueError, match="odd kernels"):
            identity_initialise(nn.Conv2d(3, 3, kernel))
    with pytest.raises(ValueError, match="got 'huge'"):
        ContextNetwork(3, "huge")
