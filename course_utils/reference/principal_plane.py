"""Points of many dimensions drawn in a plane: the first two principal components.

Source: Pearson 1901, Philosophical Magazine 2, 559-572.
"""

import torch
from torch import Tensor

__all__ = ["principal_plane"]


def principal_plane(features: Tensor) -> tuple[Tensor, float]:
    """Coordinates along the two directions of the largest variance, and their share of it.

    features: (N, ...), N >= 2; each is flattened. Returns ((N, 2) float64 of mean 0, share in
    [0, 1]). A direction's sign is free: here its entry of largest size is positive.
    """
    x = features.flatten(1).double()
    if len(x) < 2 or x.shape[1] < 2:
        raise ValueError(f"Expected at least 2 points of 2 numbers, got {tuple(x.shape)}.")
    x = x - x.mean(dim=0)
    _, sizes, directions = torch.linalg.svd(x, full_matrices=False)
    plane = directions[:2]
    largest = plane.gather(1, plane.abs().argmax(dim=1, keepdim=True))
    share = (sizes[:2].square().sum() / sizes.square().sum().clamp_min(1e-300)).item()
    return x @ (plane * largest.sign()).T, share
