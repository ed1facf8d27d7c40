"""Label maps with a known number of pixels of every (truth, prediction) pair."""

from collections.abc import Mapping

import torch

from course_utils.data.voc import VOID

__all__ = ["VOID", "between", "maps", "random_maps"]


def maps(
    draw: torch.Generator, pairs: Mapping[tuple[int, int], int], shape: tuple[int, int, int]
) -> tuple[torch.Tensor, torch.Tensor]:
    """(predicted, truth), both (N, H, W) int64, with these counts of pairs in random order.

    pairs: (true label, predicted label) -> pixels. What is left of the shape is background
    found right, (0, 0).
    """
    size = shape[0] * shape[1] * shape[2]
    left = size - sum(pairs.values())
    if left < 0:
        raise ValueError(
            f"Expected at most {size} pixels for shape {shape}, got {size - left}."
        )
    pairs = {**pairs, (0, 0): pairs.get((0, 0), 0) + left}
    labels = torch.tensor([pair for pair, count in pairs.items() for _pixel in range(count)])
    labels = labels[torch.randperm(size, generator=draw)]
    return labels[:, 1].reshape(shape), labels[:, 0].reshape(shape)


def random_maps(
    draw: torch.Generator,
    shape: tuple[int, int, int],
    classes: int,
    *,
    right: float = 0.6,
    void: float = 0.0,
) -> tuple[torch.Tensor, torch.Tensor]:
    """(predicted, truth) over all classes; the true ones are rarer the higher the label."""
    weights = 1 / torch.arange(1, classes + 1)
    size = shape[0] * shape[1] * shape[2]
    truth = torch.multinomial(weights, size, replacement=True, generator=draw)
    guess = torch.randint(classes, (size,), generator=draw)
    predicted = torch.where(torch.rand(size, generator=draw) < right, truth, guess)
    truth[torch.rand(size, generator=draw) < void] = VOID
    return predicted.reshape(shape), truth.reshape(shape)


def between(draw: torch.Generator, low: int, high: int) -> int:
    """A whole number from low to high, both included."""
    return int(torch.randint(low, high + 1, (), generator=draw))
