"""How good a segmentation is: share of correct pixels and Jaccard's measure.

    L(y, a)   = 1/n * sum_i [y_i = a_i]
    J_k(y, a) = sum_i [y_i = k][a_i = k] / sum_i max([y_i = k], [a_i = k])

y_i, a_i: true and predicted label of pixel i. The sums run over the labelled pixels of the
WHOLE DATA SET: batches are counted, their counts added, and only then divided.

    counts = sum(confusion_counts(a, y, num_classes) for a, y in batches)
    mean_jaccard(counts)

Source: lecture, "Метрики качества"; Everingham et al. 2010, IJCV 88, section 4.
"""

import torch
from torch import Tensor

from course_utils.data.voc import VOID
from course_utils.reference.labels import (
    require_label_maps,
    require_num_classes,
    require_tensor,
    widened,
)

__all__ = ["VOID", "confusion_counts", "jaccard", "mean_jaccard", "pixel_accuracy"]


def confusion_counts(predicted: Tensor, truth: Tensor, num_classes: int) -> Tensor:
    """Count pixels by true and predicted class. Counts of batches add up.

    predicted, truth: (N, H, W) labels 0..K-1 of any integer dtype; truth may hold VOID,
        and what is predicted there does not count.
    num_classes: K, background included.
    Returns (K, K) int64, row = truth, column = prediction.
    Raises TypeError for anything but integer tensors, ValueError for unequal shapes or
    devices and for a label outside 0..K-1.

        >>> predicted, truth = torch.tensor([[[0, 1, 1, 1]]]), torch.tensor([[[0, 0, 1, 255]]])
        >>> confusion_counts(predicted, truth, num_classes=2).tolist()
        [[1, 1], [0, 1]]
    """
    require_num_classes(num_classes)
    require_label_maps("predicted", predicted)
    require_label_maps("truth", truth)
    if predicted.shape != truth.shape or predicted.device != truth.device:
        raise ValueError(
            "Expected predicted and truth of one shape and device, got "
            f"{tuple(predicted.shape)} on {predicted.device} and "
            f"{tuple(truth.shape)} on {truth.device}."
        )
    predicted = _within("predicted", predicted, num_classes - 1, num_classes)
    truth = _within("truth", truth, VOID, num_classes)

    # A pixel's cell in a (256, K) table. Void has its own row, so no mask is needed, and
    # the narrow dtype is what makes this fast: K <= 128 keeps the largest cell in int16.
    narrow = torch.int16 if num_classes <= 128 else torch.int32
    cells = truth.to(narrow) * num_classes + predicted.to(narrow)
    table = torch.bincount(cells.flatten(), minlength=256 * num_classes)
    table = table.reshape(256, num_classes)

    strange = table[num_classes:VOID].sum(dim=1).nonzero()
    if len(strange):
        raise _outside("truth", num_classes + int(strange[0]), num_classes)
    return table[:num_classes]


def pixel_accuracy(counts: Tensor) -> Tensor:
    """Share of labelled pixels whose class is right, a fraction in [0, 1].

    counts: (K, K) of `confusion_counts`. Returns a float64 scalar.
    Raises ValueError where no pixel is labelled.

        >>> pixel_accuracy(torch.tensor([[3, 0], [1, 0]])).item()
        0.75
    """
    _require_counts(counts)
    return counts.diagonal().sum().double() / counts.sum()


def jaccard(counts: Tensor) -> Tensor:
    """Jaccard's measure (intersection over union) of each class, a fraction in [0, 1].

    counts: (K, K) of `confusion_counts`.
    Returns (K,) float64; NaN for a class that neither truth nor prediction holds: 0/0 is
    neither the best nor the worst answer.
    Raises ValueError where no pixel is labelled.

        >>> jaccard(torch.tensor([[3, 0, 0], [1, 0, 0], [0, 0, 0]])).tolist()
        [0.75, 0.0, nan]
    """
    _require_counts(counts)
    both = counts.diagonal()
    either = counts.sum(dim=0) + counts.sum(dim=1) - both
    return both.double() / either


def mean_jaccard(counts: Tensor) -> Tensor:
    """Mean of Jaccard's measure over the classes that occur; NaN is left out.

    counts: (K, K) of `confusion_counts`, of the whole data set. Returns a float64 scalar.
    Raises ValueError where no pixel is labelled.

        >>> mean_jaccard(torch.tensor([[3, 0, 0], [1, 0, 0], [0, 0, 0]])).item()
        0.375
    """
    return jaccard(counts).nanmean()


def _within(name: str, labels: Tensor, highest: int, num_classes: int) -> Tensor:
    """The labels, once they are known to lie in 0..highest."""
    labels = widened(labels)
    for label in map(int, labels.aminmax() if labels.numel() else ()):
        if not 0 <= label <= highest:
            raise _outside(name, label, num_classes)
    return labels


def _outside(name: str, label: int, num_classes: int) -> ValueError:
    void = f" or {VOID} (void)" if name == "truth" else ""
    cure = "void belongs to the truth alone" if label == VOID else "check num_classes"
    return ValueError(f"Expected {name} in 0..{num_classes - 1}{void}, got {label}: {cure}.")


def _require_counts(counts: Tensor) -> None:
    require_tensor("counts", counts)
    if counts.dtype == torch.bool or counts.is_floating_point() or counts.is_complex():
        raise TypeError(
            f"Expected counts of an integer dtype, got {counts.dtype}. "
            "Give what confusion_counts returns."
        )
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ValueError(
            f"Expected counts (K, K), got {tuple(counts.shape)}. "
            "confusion_counts(predicted, truth, num_classes) makes them of labels."
        )
    if not counts.any():
        raise ValueError("Expected counts of at least one labelled pixel, got none: all void.")
