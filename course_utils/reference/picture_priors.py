"""What keeps a picture found by ascent looking like a picture. None of it is in the lecture.

The lecture's only prior is lambda * ||x||_2^2. These came later, each for one fault:
total variation and blur against speckle, jitter against patterns tied to the pixel grid.
Sources: Mahendran & Vedaldi 2015, arXiv:1412.0035, section 3.2 (total variation);
Yosinski et al. 2015, arXiv:1506.06579, section 3 (blur); Mordvintsev et al. 2015,
"Inceptionism", Google Research blog (jitter).
"""

import math

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as transforms

__all__ = ["blurred", "jittered", "total_variation"]


def total_variation(pictures: Tensor) -> Tensor:
    """Sum of absolute differences of neighbouring pixels, along rows and columns.

    pictures: (N, C, H, W). Returns (N,), in the pictures' units. The paper's exponent
    beta is left out: |difference| keeps edges, which squares would wash out.

        >>> total_variation(torch.tensor([[[[0.0, 1.0], [0.0, 3.0]]]])).item()  # 2 + 1 + 3
        6.0
    """
    down = (pictures[..., 1:, :] - pictures[..., :-1, :]).abs()
    right = (pictures[..., 1:] - pictures[..., :-1]).abs()
    return down.sum(dim=(1, 2, 3)) + right.sum(dim=(1, 2, 3))


def blurred(pictures: Tensor, sigma: float) -> Tensor:
    """Gaussian blur; mirrored at the border.

    pictures: (N, C, H, W); sigma: in pixels, the kernel reaches three of them.
    Raises ValueError for a sigma that is not positive, or whose kernel is wider than
    the picture can mirror.
    """
    if not sigma > 0:
        raise ValueError(f"Expected a positive sigma in pixels, got {sigma}.")
    reach, height, width = math.ceil(3 * sigma), *pictures.shape[2:]
    if reach >= min(height, width):
        raise ValueError(
            f"Expected pictures larger than {reach} pixels, three sigma, got {height} x "
            f"{width}. Take a smaller sigma."
        )
    return transforms.gaussian_blur(pictures, [2 * reach + 1] * 2, [float(sigma)] * 2)


def jittered(pictures: Tensor, offsets: Tensor) -> Tensor:
    """Move each picture by its own offset; what leaves on one side comes in on the other.

    pictures: (N, C, H, W); offsets: (N, 2) whole pixels, down and right.

        >>> jittered(torch.arange(3).view(1, 1, 1, 3), offsets=torch.tensor([[0, 1]])).tolist()
        [[[[2, 0, 1]]]]
    """
    moved = [
        picture.roll(tuple(offset), dims=(1, 2))
        for picture, offset in zip(pictures, offsets.tolist(), strict=True)
    ]
    return torch.stack(moved)
