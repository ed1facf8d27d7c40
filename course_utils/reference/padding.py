"""Images made a multiple of a stride, so that halving never meets an odd size."""

from torch import Tensor
from torch.nn import functional as F

__all__ = ["pad_to_multiple"]


def pad_to_multiple(images: Tensor, multiple: int) -> Tensor:
    """Zeros to the right and below, up to the next multiple; nothing where it is one.

    images: (N, C, H, W), pixels. Returns (N, C, H', W'), where H' and W' are the least
    multiples of `multiple` not below H and W. Pixel (0, 0) stays where it was, so
    `[..., :H, :W]` undoes it. Zeros, because that is what the convolutions pad with;
    for normalised images zero is the mean colour.
    Raises ValueError on a multiple below 1 or an input that isn't (N, C, H, W).

        >>> import torch
        >>> pad_to_multiple(torch.ones(1, 1, 2, 3), multiple=2).tolist()
        [[[[1.0, 1.0, 1.0, 0.0], [1.0, 1.0, 1.0, 0.0]]]]
    """
    if multiple < 1:
        raise ValueError(f"Expected multiple of at least 1, got {multiple}.")
    if images.dim() != 4:
        raise ValueError(
            f"Expected images (N, C, H, W), got {tuple(images.shape)}. "
            "One image needs images[None] first."
        )
    height, width = images.shape[-2:]
    return F.pad(images, (0, -width % multiple, 0, -height % multiple))
