"""Upsampling, against torch.nn.functional.interpolate and by hand."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from course_utils.reference.upsampling import (
    bilinear_kernel,
    bilinear_transposed_convolution,
    upsample_replicate,
)

small = st.integers(1, 6)


@given(n=small, c=small, h=small, w=small, factor=small)
def test_replication_equals_nearest_interpolation_exactly(n, c, h, w, factor):
    images = torch.rand(n, c, h, w)
    expected = F.interpolate(images, scale_factor=factor, mode="nearest")
    assert torch.equal(upsample_replicate(images, factor), expected)


def test_replication_takes_labels_and_strided_views():
    labels = torch.arange(6, dtype=torch.uint8).view(1, 1, 2, 3)
    assert upsample_replicate(labels.transpose(2, 3), 2)[0, 0].tolist() == [
        [0, 0, 3, 3], [0, 0, 3, 3], [1, 1, 4, 4], [1, 1, 4, 4], [2, 2, 5, 5], [2, 2, 5, 5],
    ]  # fmt: skip


def test_replication_passes_the_gradient():
    images = torch.rand(1, 2, 2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: upsample_replicate(x, 3), images)


def test_tents_by_hand():
    assert bilinear_kernel(1).tolist() == [[1]]
    row = torch.tensor([1, 3, 3, 1]) / 4
    assert torch.equal(bilinear_kernel(2), torch.outer(row, row))
    row = torch.tensor([1, 2, 3, 2, 1], dtype=torch.float64) / 3
    torch.testing.assert_close(bilinear_kernel(3, dtype=torch.float64), torch.outer(row, row))
    assert bilinear_kernel(2, device="meta").is_meta


def require_interpolation_inside(factor, groups, dtype, device):
    torch.manual_seed(factor)
    images = torch.rand(2, 4, 5, 6, dtype=dtype, device=device)
    layer = bilinear_transposed_convolution(4, factor, groups=groups).to(device, dtype)
    actual = layer(images)
    expected = F.interpolate(images, scale_factor=factor, mode="bilinear", align_corners=False)
    assert actual.shape == expected.shape
    border = factor // 2
    inside = (..., slice(border, -border or None), slice(border, -border or None))
    torch.testing.assert_close(actual[inside], expected[inside], atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("factor", [1, 2, 3, 4, 5, 8])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_the_transposed_convolution_interpolates_inside(factor, groups, dtype):
    require_interpolation_inside(factor, groups, dtype, "cpu")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_the_transposed_convolution_interpolates_on_cuda():
    require_interpolation_inside(4, 1, torch.float64, "cuda")


def test_borders_shrink_but_keep_their_labels():
    torch.manual_seed(0)
    images = torch.randn(2, 5, 4, 4)
    actual = bilinear_transposed_convolution(5, 4)(images)
    expected = F.interpolate(images, scale_factor=4, mode="bilinear", align_corners=False)
    ratio = (actual / expected)[..., 0, 8]
    torch.testing.assert_close(ratio, torch.full_like(ratio, 0.625))
    assert torch.equal(actual.argmax(1), expected.argmax(1))


def test_the_layer_is_what_its_docstring_says():
    layer = bilinear_transposed_convolution(6, 4, groups=3)
    assert (layer.kernel_size, layer.stride, layer.padding) == ((8, 8), (4, 4), (2, 2))
    assert (layer.in_channels, layer.out_channels, layer.groups) == (6, 6, 3)
    assert layer.bias is None
    assert layer.weight.requires_grad
    assert bilinear_transposed_convolution(6, 4).groups == 1
    assert bilinear_transposed_convolution(1, 4).weight.shape == (1, 1, 8, 8)


def test_training_mixes_channels_unless_forbidden():
    for groups, mixes in [(1, True), (2, False)]:
        layer = bilinear_transposed_convolution(2, 2, groups=groups)
        layer(torch.ones(1, 2, 2, 2)).sum().backward()
        assert (layer.weight.grad.shape[1] == 2) is mixes
        assert (layer.weight.grad != 0).all()


@pytest.mark.parametrize("factor", [0, -1])
def test_a_factor_below_one_is_refused(factor):
    for call in (
        lambda: upsample_replicate(torch.rand(1, 1, 2, 2), factor),
        lambda: bilinear_kernel(factor),
        lambda: bilinear_transposed_convolution(1, factor),
    ):
        with pytest.raises(ValueError, match=f"factor of at least 1, got {factor}"):
            call()


def test_errors_name_the_cure():
    with pytest.raises(ValueError, match=r"got \(2, 2, 2\).*labels\[:, None\]"):
        upsample_replicate(torch.rand(2, 2, 2), 2)
    for channels, groups in [(4, 3), (0, 1), (4, 0)]:
        with pytest.raises(ValueError, match=f"got {groups} groups of {channels}"):
            bilinear_transposed_convolution(channels, 2, groups=groups)
