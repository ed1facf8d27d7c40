"""The band along borders, against a plain loop over pairs of pixels and by hand."""

import pytest
import torch

from course_utils.data import VOID
from course_utils.reference.border_band import border_band, only_band
from course_utils.reference.metrics import confusion_counts


def loop_band(labels, width):
    """The definition, slowly: every pixel against every pixel."""
    n, h, w = labels.shape
    cells = [(row, column) for row in range(h) for column in range(w)]
    found = torch.zeros(n, h, w, dtype=torch.bool)
    for i in range(n):
        for r, c in cells:
            other = any(
                labels[i, s, d] != labels[i, r, c] and max(abs(r - s), abs(c - d)) <= width
                for s, d in cells
            )
            found[i, r, c] = labels[i, r, c] != VOID and other
    return found


@pytest.mark.parametrize("width", [1, 2, 3, 20])
@pytest.mark.parametrize("seed", range(3))
def test_equals_a_plain_loop(width, seed):
    draw = torch.Generator().manual_seed(seed)
    blocks = torch.randint(3, (2, 3, 4), generator=draw).byte()
    blocks[blocks == 2] = VOID
    labels = blocks.repeat_interleave(4, 1).repeat_interleave(3, 2)[:, :10, :]
    assert torch.equal(border_band(labels, width), loop_band(labels, width))


def test_the_width_is_counted_from_the_rim_of_the_seam():
    row = torch.tensor([[[0, 0, 0, VOID, VOID, 1, 1, 1]]])
    assert border_band(row, 1)[0, 0].tolist() == [0, 0, 1, 0, 0, 1, 0, 0]
    assert border_band(row, 2)[0, 0].tolist() == [0, 1, 1, 0, 0, 1, 1, 0]


def test_the_rim_of_the_image_is_no_border():
    assert not border_band(torch.ones(1, 6, 6, dtype=torch.uint8), 5).any()


def test_only_the_band_is_counted():
    truth = torch.tensor([[[0, 0, 0, 1, 1, 1]]], dtype=torch.uint8)
    assert only_band(truth, 1).tolist() == [[[VOID, VOID, 0, 1, VOID, VOID]]]
    assert only_band(truth, 1).dtype == truth.dtype
    counts = confusion_counts(torch.zeros_like(truth), only_band(truth, 1), 2)
    assert counts.tolist() == [[1, 0], [1, 0]]


def test_a_wider_band_holds_the_narrower():
    labels = torch.randint(3, (1, 1, 9, 9), generator=torch.Generator().manual_seed(0))
    labels = labels[0].repeat_interleave(5, 1).repeat_interleave(5, 2)
    sizes = [int(border_band(labels, width).sum()) for width in (1, 2, 4)]
    assert sizes == sorted(sizes)
    assert (border_band(labels, 2) | ~border_band(labels, 1)).all()


def test_a_band_without_width_and_scores_are_refused():
    with pytest.raises(ValueError, match="at least 1"):
        border_band(torch.zeros(1, 4, 4, dtype=torch.uint8), 0)
    with pytest.raises(TypeError, match="argmax"):
        border_band(torch.zeros(1, 4, 4), 1)


def test_minus_one_in_int8_is_a_label_and_not_void():
    truth = torch.tensor([[[-1, 1, 1]]], dtype=torch.int8)
    assert border_band(truth, 1).tolist() == [[[True, True, False]]]
    assert only_band(truth, 1).tolist() == [[[-1, 1, 255]]]
