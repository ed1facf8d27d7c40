"""A task that cannot be done without a view of the whole object: is it small or large?

Every pixel of an object gets the same answer, so a pixel in the middle of a large one has to
see as far as its border. Objects of middling size are left out (void): they are neither.
"""

import torch
from torch import Tensor

from course_utils.data.voc import VOID
from course_utils.reference.labels import require_label_maps

__all__ = ["LARGE", "SMALL", "size_labels", "size_limits"]

SMALL, LARGE = 1, 2


def size_limits(objects: Tensor, low: float = 0.4, high: float = 0.6) -> tuple[int, int]:
    """Areas, in pixels, that part the objects so that small and large ones cover alike.

    objects: (N, H, W), 0 background, 1, 2, ... the objects of each image, VOID.
    Returns (a, b): objects of at most a pixels hold a share of at most `low` of all objects'
    pixels, those of more than b at most 1 - `high`.
    Raises ValueError where there is no object.
    """
    areas = _areas(objects)
    areas = areas[areas > 0].sort().values
    if not len(areas):
        raise ValueError("Expected at least one object, got none.")
    share = areas.cumsum(0) / areas.sum()
    lower = areas[share <= low]
    first = int(lower[-1]) if len(lower) else 0
    return first, int(areas[int((share < high).sum())])


def size_labels(objects: Tensor, limits: tuple[int, int]) -> Tensor:
    """0 on the background, SMALL or LARGE on objects, VOID on the rest.

    objects: as for `size_limits`. limits: areas (a, b): up to a an object is SMALL, above b
    LARGE, between them VOID, as is every pixel that is VOID in `objects`.
    Returns (N, H, W) uint8.

        >>> objects = torch.tensor([[[0, 1, 2, 2, 3, 3, 3]]])  # areas 1, 2 and 3
        >>> size_labels(objects, limits=(1, 2)).tolist()
        [[[0, 1, 255, 255, 2, 2, 2]]]
    """
    areas = _areas(objects)
    label_of = torch.full(areas.shape, VOID, dtype=torch.uint8, device=objects.device)
    label_of[areas <= limits[0]] = SMALL
    label_of[areas > limits[1]] = LARGE
    label_of[:, 0], label_of[:, VOID] = 0, VOID
    number = objects.long().flatten(1)
    return label_of.gather(1, number).view(objects.shape)


def _areas(objects: Tensor) -> Tensor:
    """(N, 256) pixels of each object of each image; 0 for background and void."""
    require_label_maps("objects", objects)
    counts = torch.stack([torch.bincount(o.flatten().long(), minlength=256) for o in objects])
    counts[:, 0] = counts[:, VOID] = 0
    return counts
