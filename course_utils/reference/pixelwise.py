"""A network small enough to train while one watches: for experiments on the loss.

Three dilated convolutions see 15 x 15 pixels, enough to tell a drawn object from its ground.
It keeps the size of the image, so every pixel gets its scores b_ik directly.
"""

from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.data.voc import VOID

__all__ = ["fit_pixelwise", "small_network"]


class _Centre(nn.Module):
    """Subtract each image's mean colour: what is left does not depend on the light."""

    def forward(self, images: Tensor) -> Tensor:
        return images - images.mean(dim=(2, 3), keepdim=True)


def small_network(num_classes: int, width: int = 16) -> nn.Sequential:
    """Images (N, 3, H, W) in [0, 1] -> logits (N, num_classes, H, W)."""
    return nn.Sequential(
        _Centre(),
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
    network = small_network(num_classes).to(images.device)
    descent = torch.optim.Adam(network.parameters(), lr=learning_rate)
    draw = torch.Generator().manual_seed(seed)
    with _one_thread():
        for _step in range(steps):
            chosen = torch.randperm(len(images), generator=draw)[:batch]
            labels = truth[chosen].long()
            if (labels == VOID).all():
                continue
            logits = network(images[chosen])
            loss = F.cross_entropy(logits, labels, weight=weight, ignore_index=VOID)
            descent.zero_grad()
            loss.backward()
            descent.step()
    return network


@contextmanager
def _one_thread():
    """On tensors this small, threads wait for each other longer than they compute.

    Where other programs run beside, the waiting makes training many times slower.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
