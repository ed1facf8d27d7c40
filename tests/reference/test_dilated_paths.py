"""What a unit sees, against counting paths one by one; the kernel with holes."""

from itertools import product

import pytest
import torch
from torch.nn import functional as F

from course_utils.reference.dilated import stack_receptive_fields
from course_utils.reference.dilated_paths import kernel_with_holes, seen_paths


def counted(dilations):
    """Walk every path from the unit down to the pixels."""
    reach = sum(dilations)
    paths = torch.zeros(2 * reach + 1, 2 * reach + 1, dtype=torch.int64)
    for steps in product(product((-1, 0, 1), repeat=2), repeat=len(dilations)):
        row = sum(d * step[0] for d, step in zip(dilations, steps, strict=True))
        column = sum(d * step[1] for d, step in zip(dilations, steps, strict=True))
        paths[reach + row, reach + column] += 1
    return paths


@pytest.mark.parametrize("dilations", [(), (1,), (3,), (1, 2), (2, 2), (2, 2, 2), (1, 2, 4)])
def test_paths_equal_those_walked_one_by_one(dilations):
    assert torch.equal(seen_paths(dilations), counted(dilations))


def test_the_field_is_that_of_the_stack_whatever_the_kernel():
    assert len(seen_paths((2, 3), kernel=5)) == stack_receptive_fields([5, 5], [2, 3])[-1]


@pytest.mark.parametrize("dilation", [1, 2, 5])
def test_a_kernel_with_holes_is_the_dilated_kernel(dilation):
    draw = torch.Generator().manual_seed(0)
    weight = torch.randn(2, 3, 3, 2, generator=draw)
    images = torch.randn(1, 3, 15, 15, generator=draw)
    ordinary = F.conv2d(images, kernel_with_holes(weight, dilation))
    torch.testing.assert_close(ordinary, F.conv2d(images, weight, dilation=dilation))
