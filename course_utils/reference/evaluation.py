"""How good a network is on a data set: Jaccard's measure, or the share of right answers.

Counts are added over batches and divided once at the end, so the result does not depend
on how the data set was cut into batches.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from course_utils.reference.metrics import (
    confusion_counts,
    jaccard,
    mean_jaccard,
    pixel_accuracy,
)
from course_utils.reference.placement import Placement

__all__ = ["evaluate_classification", "evaluate_segmentation"]

Batches = Iterable[tuple[Tensor, Tensor]]


def evaluate_segmentation(
    model: nn.Module, batches: Batches, num_classes: int, placement: Placement | None = None
) -> dict[str, object]:
    """Measures of a segmentation network over a whole data set.

    batches: of images (N, C, H, W) and truth (N, H, W), which may hold void.
    model: gives logits (N, num_classes, H, W). Computed in evaluation mode; the modes of
        its layers are put back.
    placement: None for float32 where the model is.
    Returns {"mean_jaccard", "pixel_accuracy"} as fractions in [0, 1] and "jaccard", a list
    with one number a class, NaN for a class that never occurs.
    Raises ValueError where there is no batch, or no labelled pixel in any.
    """
    counts = sum(
        confusion_counts(logits.argmax(1), truth, num_classes).cpu()
        for logits, truth in _answers(model, batches, placement)
    )
    if not isinstance(counts, Tensor):
        raise _no_batches()
    return {
        "mean_jaccard": float(mean_jaccard(counts)),
        "pixel_accuracy": float(pixel_accuracy(counts)),
        "jaccard": jaccard(counts).tolist(),
    }


def evaluate_classification(
    model: nn.Module, batches: Batches, placement: Placement | None = None
) -> dict[str, float]:
    """Share of images whose class is right, over a whole data set.

    batches: of inputs (N, ...) and labels (N,). model: gives logits (N, K). Computed in
        evaluation mode; the modes of its layers are put back.
    placement: None for float32 where the model is.
    Returns {"accuracy"}, a fraction in [0, 1].
    Raises ValueError where there is no batch or the shapes do not fit.
    """
    right = seen = 0
    for logits, labels in _answers(model, batches, placement):
        predicted = logits.argmax(1)
        if predicted.shape != labels.shape:
            raise ValueError(
                f"Expected logits (N, K) and labels (N,), got {tuple(logits.shape)} and "
                f"{tuple(labels.shape)}. Maps of labels need evaluate_segmentation."
            )
        right += int((predicted == labels).sum())
        seen += len(labels)
    if not seen:
        raise _no_batches()
    return {"accuracy": right / seen}


def _answers(
    model: nn.Module, batches: Batches, placement: Placement | None
) -> Iterator[tuple[Tensor, Tensor]]:
    if placement is None:
        where = next((p.device for p in model.parameters()), "cpu")
        placement = Placement.choose(where, "float32", channels_last=False)
    placement.model(model)
    for batch in batches:
        inputs, truth = placement.batch(batch)
        with _evaluation_mode(model), torch.no_grad(), placement.autocast():
            logits = model(inputs)
        yield logits, truth


@contextmanager
def _evaluation_mode(model: nn.Module) -> Iterator[None]:
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.eval()
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def _no_batches() -> ValueError:
    return ValueError(
        "Expected at least one batch, got none. An iterator that was used up is empty: "
        "give a DataLoader or a list."
    )
