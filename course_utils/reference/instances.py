"""From classes of pixels to objects: connected parts, and masks inside boxes.

Both start from a semantic answer. Connected parts of one class are objects only as long as
no two of that class touch and none is cut in two. Boxes tell the objects apart first: the
mask is then what has the box's class inside the box.
Source of the second: He et al. 2017, arXiv:1703.06870 (there a network draws each mask).
"""

from collections import deque
from collections.abc import Sequence

import numpy as np

from course_utils.data.voc import VOID
from course_utils.reference.detection import Detections

__all__ = ["connected_parts", "found_objects", "masks_in_boxes"]


def connected_parts(labels: np.ndarray) -> np.ndarray:
    """Number the connected parts of each class. Neighbours share a side (4-connected).

    labels: (H, W) integers, 0 background; VOID belongs to nothing.
    Returns (H, W) int64: 0 where there is no object, then 1, 2, ... in reading order.

        >>> connected_parts([[1, 1, 0], [0, 2, 0], [1, 2, 2]]).tolist()
        [[1, 1, 0], [0, 2, 0], [3, 2, 2]]
    """
    labels = np.asarray(labels)
    parts = np.zeros(labels.shape, dtype=np.int64)
    parts[(labels == 0) | (labels == VOID)] = -1  # nothing to be numbered, until the end
    number = 0
    for start in zip(*np.nonzero(parts == 0), strict=True):
        if parts[start]:
            continue
        number += 1
        parts[start] = number
        queue = deque([start])
        while queue:
            row, column = queue.popleft()
            for place in (
                (row - 1, column),
                (row + 1, column),
                (row, column - 1),
                (row, column + 1),
            ):
                inside = 0 <= place[0] < parts.shape[0] and 0 <= place[1] < parts.shape[1]
                if inside and parts[place] == 0 and labels[place] == labels[start]:
                    parts[place] = number
                    queue.append(place)
    return np.maximum(parts, 0)


def masks_in_boxes(labels: np.ndarray, found: Detections) -> np.ndarray:
    """Objects: inside each box the pixels of its class; where boxes share one, the better wins.

    labels: (H, W) semantic answer. found: with boxes in whole or broken pixels.
    Returns (H, W) int64, 0 where there is no object, else 1 + the number of the detection.
    """
    labels = np.asarray(labels)
    objects = np.zeros(labels.shape, dtype=np.int64)
    for i in found.scores.argsort(stable=True).tolist():  # the best is painted last
        left, top, right, bottom = (max(0, round(x)) for x in found.boxes[i].tolist())
        inside = labels[top:bottom, left:right] == int(found.classes[i])
        objects[top:bottom, left:right][inside] = i + 1
    return objects


def found_objects(
    predicted: np.ndarray, truth: np.ndarray, overlap: float = 0.5
) -> tuple[int, int, int]:
    """How many objects have a mask of their own with an IoU above `overlap`.

    predicted, truth: (H, W) numbers of objects, 0 elsewhere; VOID pixels of the truth count
    for neither. Above one half a pair is the only one of both its members.
    Returns (found, predicted objects, true objects).
    Raises ValueError for overlap below 0.5, where pairs would not be unique.

        >>> found_objects([[1, 1, 1, 2]], [[1, 1, 1, 1]])  # 3 of its 4 pixels
        (1, 2, 1)
    """
    if overlap < 0.5:
        raise ValueError(f"Expected overlap of at least 0.5, got {overlap}.")
    predicted, truth = np.asarray(predicted), np.asarray(truth)
    counted = truth != VOID
    predicted, truth = predicted[counted], truth[counted]
    here, there = _numbers(predicted), _numbers(truth)
    found = 0
    for j in there:
        mask = truth == j
        for i in np.unique(predicted[mask & (predicted != 0)]):
            other = predicted == i
            found += (mask & other).sum() > overlap * (mask | other).sum()
    return int(found), len(here), len(there)


def _numbers(objects: np.ndarray) -> Sequence[int]:
    return [j for j in np.unique(objects) if j != 0]
