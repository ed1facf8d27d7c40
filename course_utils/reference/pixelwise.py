"""A network small enough to train while one watches: for experiments on the loss.

Three dilated convolutions see 15 x 15 pixels, enough to tell a drawn object from its ground.
It keeps the size of the image, so every pixel gets its scores b_ik directly.
"""

import torch
from torch import Tensor, nn

from course_utils.reference.short_training import Centre, fit_scenes

__all__ = ["fit_pixelwise", "small_network"]


def small_network(num_classes: int, width: int = 16) -> nn.Sequential:
    """Images (N, 3, H, W) in [0, 1] -> logits (N, num_classes, H, W)."""
    return nn.Sequential(
        Centre(),
        nn.Conv2d(3, width, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(width, width, 3, padding=2, dilation=2),
        nn.ReLU(),
        nn.Conv2d(width, width, 3, padding=4, dilation=4),
        nn.ReLU(),
        nn.Conv2d(width, num_classes, 1),
    )


def fit_pixelwise(
    images: Tensor,
    truth: Tensor,
    num_classes: int,
    *,
    seed: int,
    steps: int = 60,
    batch: int = 4,
    learning_rate: float = 0.01,
    weight: Tensor | None = None,
) -> nn.Sequential:
    """Train `small_network` on label maps by the cross-entropy; void is left out.

    images: (N, 3, H, W) in [0, 1]; truth: (N, H, W) labels 0..num_classes - 1 or VOID.
    weight: (num_classes,) of each class in the mean, as in `F.cross_entropy`.
    seed: of the initial weights and of the batches. A batch without a labelled pixel has no
    loss (0/0) and is passed over.
    """
    torch.manual_seed(seed)
    return fit_scenes(
        small_network(num_classes),
        images,
        truth,
        seed=seed,
        steps=steps,
        batch=batch,
        learning_rate=learning_rate,
        weight=weight,
        falling=False,
    )
