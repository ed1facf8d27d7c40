"""What is left of a label map on a coarse grid: the best that a small map could say.

The image is cut into cells of stride x stride pixels. A prediction that is constant on every
cell, as replicated pixels are, is right on no more labelled pixels than the one that answers
each cell's commonest class: that is an upper bound, reached without any network. (An
interpolated map is not constant on cells and may be better.)
Source: Long et al. 2015, arXiv:1411.4038, appendix A ("Upper Bounds on IU").
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.data.voc import VOID
from course_utils.reference.labels import require_label_maps, require_num_classes, widened

__all__ = ["cell_shares", "commonest_labels"]


def cell_shares(truth: Tensor, stride: int, num_classes: int) -> Tensor:
    """The share of each class among the labelled pixels of every cell.

    truth: (N, H, W) labels and VOID; H and W multiples of `stride`, pixels.
    Returns (N, K, H / stride, W / stride) float32, 1 in all over the classes; a cell that is
    all void has equal shares.
    Raises TypeError or ValueError for labels of another kind, and ValueError for sizes that
    the stride does not divide or a label outside 0..K-1.

        >>> cell_shares(torch.tensor([[[0, 1], [1, 1]]]), 2, num_classes=2).flatten().tolist()
        [0.25, 0.75]
    """
    require_num_classes(num_classes)
    require_label_maps("truth", truth)
    height, width = truth.shape[1:]
    if stride < 1 or height % stride or width % stride:
        raise ValueError(
            f"Expected a stride that divides {height} x {width} pixels, got {stride}."
        )
    truth = widened(truth)
    labelled = truth != VOID
    wrong = truth[labelled & ((truth < 0) | (truth >= num_classes))]
    if len(wrong):
        raise ValueError(
            f"Expected truth in 0..{num_classes - 1} or {VOID}, got {int(wrong[0])}."
        )
    one_hot = F.one_hot(truth.long().where(labelled, 0), num_classes) * labelled[..., None]
    pixels = F.avg_pool2d(one_hot.permute(0, 3, 1, 2).float(), stride)
    total = pixels.sum(dim=1, keepdim=True)
    return torch.where(total > 0, pixels / total.clamp_min(1e-12), 1 / num_classes)


def commonest_labels(truth: Tensor, stride: int, num_classes: int) -> Tensor:
    """The commonest class of every cell; of equally common ones the first.

    Arguments and errors of `cell_shares`. Returns (N, H / stride, W / stride) int64.

        >>> truth = torch.tensor([[[0, 1, 0, 255], [1, 1, 0, 0]]])
        >>> commonest_labels(truth, stride=2, num_classes=2).tolist()
        [[[1, 0]]]
    """
    return cell_shares(truth, stride, num_classes).argmax(dim=1)
