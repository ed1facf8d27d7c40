"""Total variation, blur and jitter, against other libraries and by their laws."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.filters import gaussian
from torchmetrics.functional.image import total_variation as torchmetrics_total_variation

from course_utils.reference.picture_priors import blurred, jittered, total_variation


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.integers(1, 5)] * 4), st.integers(0, 99))
def test_total_variation_equals_torchmetrics(shape, seed):
    pictures = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    expected = torchmetrics_total_variation(pictures, reduction="none")
    assert torch.allclose(total_variation(pictures), expected)


def test_total_variation_by_hand():
    picture = torch.tensor([[[[0.0, 1.0, 3.0], [0.0, 1.0, 3.0]]]])
    assert total_variation(picture).tolist() == [6.0]
    assert total_variation(picture.mT).tolist() == [6.0]
    assert total_variation(torch.ones(2, 3, 4, 4)).tolist() == [0.0, 0.0]


def test_total_variation_has_the_right_gradient():
    pictures = torch.randn(2, 1, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(total_variation, pictures)


@pytest.mark.parametrize("sigma", [0.5, 1.0, 1.4])
def test_blur_equals_scikit_images(sigma):
    pictures = torch.rand(2, 3, 12, 9, generator=torch.Generator().manual_seed(0)).double()
    reach = int(np.ceil(3 * sigma))
    for picture, answer in zip(pictures, blurred(pictures, sigma), strict=True):
        expected = gaussian(
            picture.numpy(), sigma, mode="mirror", truncate=reach / sigma, channel_axis=0
        )
        assert np.allclose(answer, expected, atol=1e-6)


def test_blur_keeps_a_flat_picture():
    flat = torch.full((1, 2, 5, 6), 7.0)
    assert torch.allclose(blurred(flat, 1.0), flat)


@pytest.mark.parametrize("sigma", [0.0, -1.0, float("nan")])
def test_a_sigma_that_does_not_blur_is_refused(sigma):
    with pytest.raises(ValueError, match="positive sigma"):
        blurred(torch.rand(1, 1, 9, 9), sigma)


@pytest.mark.parametrize("shape", [(1, 1, 3, 9), (1, 1, 9, 3)])
def test_a_picture_narrower_than_the_blur_is_refused(shape):
    with pytest.raises(ValueError, match=f"got {shape[2]} x {shape[3]}"):
        blurred(torch.rand(shape), 1.0)
    assert blurred(torch.rand(1, 1, 4, 4), 1.0).shape == (1, 1, 4, 4)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=1, max_size=3))
def test_jitter_moves_each_picture_by_its_own_offset(offsets):
    pictures = torch.arange(len(offsets) * 2 * 4 * 5).reshape(-1, 2, 4, 5)
    moved = jittered(pictures, torch.tensor(offsets)).numpy()
    for picture, answer, (down, right) in zip(pictures.numpy(), moved, offsets, strict=True):
        for i, j in np.ndindex(4, 5):
            assert (answer[:, (i + down) % 4, (j + right) % 5] == picture[:, i, j]).all()


def test_the_gradient_moves_back_with_the_picture():
    pictures = torch.zeros(1, 1, 3, 3, requires_grad=True)
    jittered(pictures, torch.tensor([[1, 0]]))[0, 0, 2, 1].backward()
    assert pictures.grad[0, 0].nonzero().tolist() == [[1, 1]]
