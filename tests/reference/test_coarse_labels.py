"""The best labels on a coarse grid, against a plain loop, and that they are the best."""

from collections import Counter

import pytest
import torch

from course_utils.data import VOID
from course_utils.reference.coarse_labels import cell_shares, commonest_labels
from course_utils.reference.metrics import confusion_counts, pixel_accuracy
from course_utils.reference.upsampling import upsample_replicate


def some_labels(seed=0):
    labels = torch.randint(4, (2, 8, 12), generator=torch.Generator().manual_seed(seed))
    return torch.where(labels == 3, VOID, labels)


@pytest.mark.parametrize("stride", [1, 2, 4])
def test_shares_equal_a_plain_loop(stride):
    labels = some_labels()
    shares = cell_shares(labels, stride, 3)
    assert shares.shape == (2, 3, 8 // stride, 12 // stride)
    for i, row, column in torch.cartesian_prod(
        *(torch.arange(n) for n in (2, *shares.shape[2:]))
    ).tolist():
        rows, columns = (slice(stride * k, stride * (k + 1)) for k in (row, column))
        counts = Counter(k for k in labels[i, rows, columns].flatten().tolist() if k != VOID)
        total = sum(counts.values())
        expected = [counts[k] / total if total else 1 / 3 for k in range(3)]
        assert shares[i, :, row, column].tolist() == pytest.approx(expected, abs=1e-6)


def test_no_labels_of_cells_are_right_more_often():
    truth, draw = some_labels(), torch.Generator().manual_seed(1)
    best = commonest_labels(truth, 4, 3)

    def right(cells):
        labels = upsample_replicate(cells[:, None], 4)[:, 0]
        return pixel_accuracy(confusion_counts(labels, truth, 3))

    for _ in range(50):
        assert right(torch.randint(3, best.shape, generator=draw)) <= right(best)


def test_on_single_pixels_nothing_is_lost():
    truth = some_labels()
    labels = commonest_labels(truth, 1, 3)
    assert torch.equal(labels[truth != VOID], truth[truth != VOID])


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="divides 8 x 12"):
        cell_shares(some_labels(), 3, 3)
    with pytest.raises(ValueError, match=r"0\.\.1"):
        cell_shares(some_labels(), 2, 2)
