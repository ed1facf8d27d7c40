"""Quality object by object: which ones a semantic segmentation draws well, and which badly.

The Jaccard index of a class is one number for all its pixels, large objects foremost. Here the
same index is counted in a window about each object: the box around it, widened by a margin, so
that what spills over its border counts too. Neighbours inside the window count with it.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from course_utils.data.voc import VOID

__all__ = ["ObjectQuality", "object_qualities"]


@dataclass(frozen=True)
class ObjectQuality:
    """One object: its image, its class, its labelled pixels, the Jaccard index about it."""

    image: int
    class_index: int
    area: int
    jaccard: float


def object_qualities(
    found: Tensor, labels: Tensor, objects: Tensor, margin: int = 3
) -> list[ObjectQuality]:
    """Jaccard index of "object" against background in a window about every object.

    found: (N, H, W) bool, where an object was seen. labels: (N, H, W), classes and VOID;
    objects: (N, H, W), 0 background, 1, 2, ... of each image, VOID. margin: pixels about the
    object's box. Void is counted nowhere.
    Raises ValueError where the shapes differ.
    """
    if not found.shape == labels.shape == objects.shape:
        raise ValueError(
            f"Expected three maps (N, H, W) of one shape, got {tuple(found.shape)}, "
            f"{tuple(labels.shape)} and {tuple(objects.shape)}."
        )
    qualities = []
    for image, numbers in enumerate(objects):
        for number in torch.unique(numbers).tolist():
            if number in (0, VOID):
                continue
            mask = numbers == number
            window = _window(mask, margin)
            counted = labels[image][window] != VOID
            there = (labels[image][window] > 0) & counted
            seen = found[image][window] & counted
            share = (seen & there).sum() / (seen | there).sum()
            kind = int(labels[image][mask][0])
            qualities.append(ObjectQuality(image, kind, int(mask.sum()), share.item()))
    return qualities


def _window(mask: Tensor, margin: int) -> tuple[slice, slice]:
    rows, columns = mask.nonzero().T
    return tuple(
        slice(max(int(where.min()) - margin, 0), int(where.max()) + 1 + margin)
        for where in (rows, columns)
    )
