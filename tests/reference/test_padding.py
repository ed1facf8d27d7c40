"""Padding to a multiple, against its definition."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_utils.reference.padding import pad_to_multiple

sides = st.integers(1, 40)


@given(sides, sides, st.integers(1, 33))
def test_gives_the_least_multiple_and_keeps_the_pixels(height, width, multiple):
    images = torch.rand(2, 1, height, width)
    padded = pad_to_multiple(images, multiple)
    for before, after in zip(images.shape[-2:], padded.shape[-2:], strict=True):
        assert after == min(n for n in range(before, before + multiple) if n % multiple == 0)
    assert torch.equal(padded[..., :height, :width], images)
    assert padded.sum().item() == pytest.approx(images.sum().item())  # the rest is zeros


def test_errors_name_what_came():
    with pytest.raises(ValueError, match=r"at least 1, got 0"):
        pad_to_multiple(torch.rand(1, 1, 4, 4), 0)
    with pytest.raises(ValueError, match=r"got \(1, 4, 4\).*images\[None\]"):
        pad_to_multiple(torch.rand(1, 4, 4), 2)
