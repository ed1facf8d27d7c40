"""Sliding windows: the positions, what a network says of each, and what is true of each.

Every task of computer vision becomes classification in this way: cut windows out of the
image, classify each one. A window is a box (left, top, right, bottom), its right and bottom
outside it, as everywhere in the course.
Sources: Sermanet et al. 2014, arXiv:1312.6229, section 3; Girshick et al. 2014,
arXiv:1311.2524, section 2 (windows labelled by their overlap with the truth).
"""

import math

import torch
from torch import Tensor, nn

from course_utils.data.voc import VOID
from course_utils.reference.named_layers import activation, device_of, evaluating
from course_utils.reference.short_training import one_thread

__all__ = [
    "centre_windows",
    "crop_windows",
    "square_windows",
    "window_features",
    "window_grid",
    "window_labels",
]


def window_grid(height: int, width: int, size: int, stride: int) -> Tensor:
    """All square windows that lie inside an image, row by row.

    Returns (rows * columns, 4) float32, where rows = (height - size) // stride + 1.
    Raises ValueError for a stride below 1 or a window larger than the image.

        >>> window_grid(height=4, width=6, size=4, stride=2).tolist()
        [[0.0, 0.0, 4.0, 4.0], [2.0, 0.0, 6.0, 4.0]]
    """
    if not 1 <= size <= min(height, width) or stride < 1:
        raise ValueError(
            f"Expected 1 <= size <= {min(height, width)} and stride >= 1, got size {size}, "
            f"stride {stride}."
        )
    top, left = torch.meshgrid(
        torch.arange(0, height - size + 1, stride),
        torch.arange(0, width - size + 1, stride),
        indexing="ij",
    )
    return torch.stack([left, top, left + size, top + size], dim=-1).reshape(-1, 4).float()


def centre_windows(height: int, width: int, size: int, stride: int) -> Tensor:
    """Windows about the pixels (stride // 2 + i * stride): they may stick out of the image.

    size: even; the window about pixel c is [c - size / 2, c + size / 2).
    Returns (rows * columns, 4) float32, row by row.
    Raises ValueError for an odd size.
    """
    if size % 2:
        raise ValueError(f"Expected an even size, got {size}.")
    y, x = torch.meshgrid(
        torch.arange(stride // 2, height, stride),
        torch.arange(stride // 2, width, stride),
        indexing="ij",
    )
    half = size // 2
    return torch.stack([x - half, y - half, x + half, y + half], dim=-1).reshape(-1, 4).float()


def square_windows(boxes: Tensor, factor: float = 1.0) -> Tensor:
    """Squares about the middles of boxes, their sides `factor` times the boxes' longer ones.

    boxes: (n, 4). Returns (n, 4) of the same dtype; a square may stick out of the image.

        >>> square_windows(torch.tensor([[0.0, 2.0, 8.0, 6.0]])).tolist()
        [[0.0, 0.0, 8.0, 8.0]]
    """
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]).amax(dim=1, keepdim=True) * factor / 2
    return torch.cat([middle - half, middle + half], dim=1)


def crop_windows(image: Tensor, windows: Tensor, side: int) -> Tensor:
    """The windows cut out of an image and scaled to side x side, bilinearly.

    image: (3, H, W). windows: (M, 4) boxes; what sticks out of the image shows it mirrored.
    Returns (M, 3, side, side). A window of that very size on whole pixels is a plain slice.
    """
    from torchvision.ops import roi_align  # here: most of the package does without it

    height, width = image.shape[-2:]
    low = windows[:, :2].min().item()
    high = max(windows[:, 2].max().item() - width, windows[:, 3].max().item() - height)
    margin = max(0, math.ceil(-low), math.ceil(high))
    if margin:
        image = nn.functional.pad(image[None], (margin,) * 4, mode="reflect")[0]
    boxes = (windows + margin).to(image)
    return roi_align(image[None], [boxes], (side, side), aligned=True)


@torch.no_grad()
def window_features(
    model: nn.Module, images: Tensor, windows: Tensor, layer: str, side: int
) -> Tensor:
    """Features of every window of every image: a map of a layer, averaged over the window.

    images: (N, 3, H, W). windows: (M, 4), the same in every image. layer: its dotted name, as
    `Pretrained.layers` has. side: pixels that a window is scaled to.
    Returns (N, M, C) float32 on the CPU; one image's windows are one batch.
    """
    device = device_of(model) or images.device
    found = []
    with evaluating(model), one_thread():  # on crops this small threads only wait
        for image in images:
            crops = crop_windows(image.to(device), windows, side)
            found.append(activation(model, layer, crops).mean(dim=(2, 3)).cpu())
    return torch.stack(found)


def window_labels(
    windows: Tensor, classes: Tensor, boxes: Tensor, *, hit: float = 0.5, miss: float = 0.3
) -> Tensor:
    """What a classifier of windows should answer: the object's class, 0 or VOID.

    windows: (M, 4). classes: (n,), boxes: (n, 4) of the image's objects.
    A window whose best IoU with a box is at least `hit` gets that object's class; below
    `miss` it is background, 0. Between, neither answer would be fair: VOID, to be left out.
    Returns (M,) int64.
    """
    from torchvision.ops import box_iou

    if len(boxes) == 0:
        return torch.zeros(len(windows), dtype=torch.int64)
    overlap, nearest = box_iou(windows, boxes.to(windows)).max(dim=1)
    labels = torch.where(overlap < miss, 0, VOID)
    return torch.where(overlap >= hit, classes.long()[nearest], labels)
