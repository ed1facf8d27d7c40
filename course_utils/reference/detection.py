"""Detection from scored boxes: duplicates removed, matched with the truth, measured.

A detection is right where its class and an object's are one and the IoU of their boxes is at
least 0.5. Every object may be found once: detections take their turn by score, and a second
one of the same object is a mistake.

    precision = right / detections        recall = right / objects

The average precision is the area under precision over recall, where the precision at recall
r is the best that is reached at r or further on, so that the curve falls.
Source: Everingham et al. 2010, "The PASCAL Visual Object Classes (VOC) Challenge", section
4.2; the area as since VOC 2010 (all points, not eleven). A detection may take any object that
is still free, as in COCO; VOC lets it take none but the one that it overlaps most.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from course_utils.data.boxes import Objects

__all__ = [
    "Detections",
    "average_precision",
    "detections",
    "matched",
    "over_scenes",
    "precision_and_recall",
    "suppressed",
]


class Detections(NamedTuple):
    """Boxes of one image. scores: (M,); classes: (M,) int64; boxes: (M, 4) float32."""

    scores: Tensor
    classes: Tensor
    boxes: Tensor


def detections(probabilities: Tensor, windows: Tensor, threshold: float = 0.0) -> Detections:
    """Windows as detections: of each its best class, where that is not unlikely.

    probabilities: (M, K), background first. windows: (M, 4).
    Windows whose best object class has at least `threshold`, the highest score first.
    """
    scores, classes = probabilities[:, 1:].max(dim=1)
    order = scores.argsort(descending=True, stable=True)
    order = order[scores[order] >= threshold]
    return Detections(scores[order], classes[order] + 1, windows[order])


def suppressed(found: Detections, overlap: float) -> Detections:
    """Non-maximum suppression: a box that overlaps a better one of its class is dropped.

    overlap: the IoU above which two boxes of one class are taken for one object; at 1 all stay.
    The highest score first.
    """
    from torchvision.ops import batched_nms  # here: most of the package does without it

    keep = batched_nms(found.boxes, found.scores, found.classes, overlap)
    return Detections(*(part[keep] for part in found))


def matched(found: Detections, truth: Objects, overlap: float = 0.5) -> Tensor:
    """Which detections are right, each object being found at most once.

    found: in any order; those of higher scores choose first. Returns (M,) bool in that order.
    """
    from torchvision.ops import box_iou

    right = torch.zeros(len(found.scores), dtype=torch.bool)
    if len(truth.boxes) == 0 or len(right) == 0:
        return right
    overlaps = box_iou(found.boxes, truth.boxes)
    overlaps[found.classes[:, None] != truth.classes[None]] = 0
    free = torch.ones(len(truth.boxes), dtype=torch.bool)
    for i in found.scores.argsort(descending=True, stable=True).tolist():
        value, object_index = torch.where(free, overlaps[i], 0).max(dim=0)
        if value >= overlap and value > 0:
            right[i], free[object_index] = True, False
    return right


def over_scenes(
    found: Sequence[Detections], truth: Sequence[Objects], overlap: float = 0.5
) -> tuple[Tensor, Tensor, int]:
    """Scores and rightness of the detections of a set of images, and its number of objects."""
    scores = torch.cat([each.scores for each in found])
    right = torch.cat([matched(*pair, overlap) for pair in zip(found, truth, strict=True)])
    return scores, right, sum(len(objects.classes) for objects in truth)


def precision_and_recall(
    scores: Tensor, right: Tensor, objects: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Precision and recall at every threshold that tells the scores apart, falling.

    scores, right: (M,) of all images together. objects: how many there are to be found.
    Returns thresholds, precision, recall, (T,) float64 each; T is the number of different
    scores. Raises ValueError for objects < 1.

        >>> scores, right = torch.tensor([0.75, 0.5]), torch.tensor([False, True])
        >>> _thresholds, precision, recall = precision_and_recall(scores, right, objects=2)
        >>> precision.tolist(), recall.tolist()
        ([0.0, 0.5], [0.0, 0.5])
    """
    if objects < 1:
        raise ValueError(f"Expected at least one object to be found, got {objects}.")
    order = scores.argsort(descending=True, stable=True)
    ranked, hits = scores[order].double(), right[order].double().cumsum(0)
    kept = torch.arange(1, len(order) + 1, dtype=torch.float64)
    last = torch.ones(len(order), dtype=torch.bool)
    last[:-1] = ranked[1:] != ranked[:-1]  # equal scores are kept or dropped together
    return ranked[last], (hits / kept)[last], (hits / objects)[last]


def average_precision(precision: Tensor, recall: Tensor) -> float:
    """Area under the falling envelope of precision over recall, in [0, 1].

    precision, recall: (T,), in the order of falling thresholds. Recall that is never reached
    adds nothing; without detections the area is 0.

        >>> average_precision(torch.tensor([1.0, 0.5]), torch.tensor([0.5, 1.0]))
        0.75
    """
    best_ahead = precision.flip(0).cummax(0).values.flip(0)
    steps = torch.diff(recall, prepend=recall.new_zeros(1))
    return float((steps * best_ahead).sum())
