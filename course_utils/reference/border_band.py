"""The band along the borders of objects, where a coarse map of scores goes wrong.

A labelled pixel is in the band of width w when a pixel of another label is near it:

    band_w = {i : y_i != VOID, some j has y_j != y_i and max(|r_i - r_j|, |c_i - c_j|) <= w}

r, c: row and column, pixels. Void counts as another label. VOC lays a seam of it ON every
border, so that two classes seldom touch: the width is counted from the rim of the seam, and
the seam itself, which nobody labelled, is in no band. Where classes touch without a seam, the
width is counted from the border. The rim of the image is no border. (VOC's void also covers
what the annotators could not tell; its rim counts as any other.)

    confusion_counts(predicted, only_band(truth, 4), num_classes)

counts the pixels of the band alone, so that every measure of them is one of borders.
Source: Kohli, Ladicky, Torr 2009, "Robust Higher Order Potentials for Enforcing Label
Consistency", IJCV 82, 302-324 (error by the width of the band, the "trimap").
"""

from torch import Tensor
from torch.nn import functional as F

from course_utils.data.voc import VOID
from course_utils.reference.labels import require_label_maps, widened

__all__ = ["border_band", "only_band"]


def border_band(truth: Tensor, width: int) -> Tensor:
    """Which labelled pixels have a pixel of another label, or void, within `width` pixels.

    truth: (N, H, W) labels 0..254 or VOID, of any integer dtype. Returns (N, H, W) bool.
    Raises TypeError for anything but integer labels, ValueError for another shape or a width
    below 1.

        >>> import torch
        >>> border_band(torch.tensor([[[0, 0, 0, 1, 1, 1]]]), width=1).int().tolist()
        [[[0, 0, 1, 1, 0, 0]]]
    """
    require_label_maps("truth", truth)
    if width < 1:
        raise ValueError(f"Expected a width of at least 1 pixel, got {width}.")
    labels = truth[:, None].float()  # exact for labels
    highest, lowest = _highest(labels, width), -_highest(-labels, width)
    return (highest != lowest)[:, 0] & (widened(truth) != VOID)


def only_band(truth: Tensor, width: int) -> Tensor:
    """The truth inside the band and VOID elsewhere, so that nothing else is counted.

    Arguments and errors of `border_band`. Returns (N, H, W) of the dtype of `truth`.

        >>> import torch
        >>> only_band(torch.tensor([[[0, 0, 0, 1, 1, 1]]]), width=1).tolist()
        [[[255, 255, 0, 1, 255, 255]]]
    """
    return widened(truth).where(border_band(truth, width), VOID)


def _highest(maps: Tensor, width: int) -> Tensor:
    """The maximum within `width` of each pixel: along columns, then along rows.

    Beyond the image pooling pads with minus infinity, which never wins.
    """
    size = 2 * width + 1
    along_columns = F.max_pool2d(maps, (size, 1), stride=1, padding=(width, 0))
    return F.max_pool2d(along_columns, (1, size), stride=1, padding=(0, width))
