"""Likeness of filters: what it does not see, what scrambling keeps, against a plain loop."""

import numpy as np
import pytest
import torch

from course_utils.reference.filter_likeness import likeness, scrambled
from course_utils.reference.principal_plane import principal_plane


def draw(seed, number=5, side=4):
    return torch.randn(number, 3, side, side, generator=torch.Generator().manual_seed(seed))


def test_equal_filters_in_any_order_sign_and_contrast_are_wholly_alike():
    filters = draw(0)
    other = -3 * filters[torch.tensor([2, 0, 4, 1, 3])] + 0.7
    assert likeness(filters, other) == pytest.approx(1)


def test_equals_a_plain_loop():
    one, other = draw(1), draw(2, number=7)
    best = [
        max(abs(np.corrcoef(a.flatten().numpy(), b.flatten().numpy())[0, 1]) for b in other)
        for a in one
    ]
    assert likeness(one, other) == pytest.approx(np.mean(best), abs=1e-6)


def test_a_constant_filter_is_like_nothing():
    assert likeness(torch.ones(2, 3, 4, 4), draw(0)) == 0


def test_filters_of_two_sizes_are_an_error():
    with pytest.raises(ValueError, match=r"\(5, 3, 3, 3\)"):
        likeness(draw(0), draw(0, side=3))


def test_scrambling_keeps_the_spectrum_and_the_colours_and_loses_the_pattern():
    smooth = torch.nn.functional.avg_pool2d(draw(3, number=40, side=10), 3, stride=1)
    other = scrambled(smooth, 0)
    assert other.shape == smooth.shape
    power, again = (torch.fft.fft2(x).abs() for x in (smooth, other))
    assert torch.allclose(power, again, atol=1e-3)
    together = [torch.einsum("ncij,ndij->ncd", x, x) for x in (smooth, other)]
    assert torch.allclose(*together, atol=1e-3)
    assert likeness(smooth, other) < 0.8


def test_the_plane_is_that_of_the_largest_variance():
    points = torch.randn(50, 4, generator=torch.Generator().manual_seed(0)) * torch.tensor(
        [5.0, 3.0, 0.1, 0.1]
    )
    found, share = principal_plane(points)
    centred = points - points.mean(dim=0)
    variances = np.sort(np.linalg.eigvalsh((centred.T @ centred).numpy()))[::-1]
    assert found.square().sum(dim=0).tolist() == pytest.approx(variances[:2].tolist(), rel=1e-4)
    assert share == pytest.approx(variances[:2].sum() / variances.sum(), rel=1e-5)
    assert (found[:, 0] @ found[:, 1]).abs() < 1e-4


def test_the_plane_has_one_sign():
    points = torch.randn(20, 6, generator=torch.Generator().manual_seed(1))
    one, other = principal_plane(points)[0], principal_plane(points.flip(0))[0].flip(0)
    assert torch.allclose(one, other, atol=1e-9)


@pytest.mark.parametrize("shape", [(1, 5), (5, 1)])
def test_too_few_points_or_numbers_are_an_error(shape):
    with pytest.raises(ValueError, match="at least 2"):
        principal_plane(torch.zeros(shape))
