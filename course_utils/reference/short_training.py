"""Training short enough to watch: a small network on a few scenes, in seconds on one core.

    network = nn.Sequential(Centre(), UNet(3, K, width=8, depth=3, padded=True))
    fit_scenes(network, images, labels, seed=0, steps=150)

For training that is worth keeping (precision, checkpoints, the best epoch) take
`training.fit`. Steps are counted, not epochs, so that sets of different sizes get equal work.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.data.voc import VOID

__all__ = ["Centre", "fit_scenes", "one_thread"]


class Centre(nn.Module):
    """Subtract each image's mean colour: what is left does not depend on the light."""

    def forward(self, images: Tensor) -> Tensor:
        return images - images.mean(dim=(2, 3), keepdim=True)  # (N, C, H, W) - (N, C, 1, 1)


def fit_scenes(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    seed: int,
    steps: int,
    batch: int = 8,
    learning_rate: float = 0.01,
    weight: Tensor | None = None,
    falling: bool = True,
) -> nn.Module:
    """Train the network in place by the cross-entropy, void left out; returns it.

    network: images (n, C, H, W) -> logits (n, K, H, W); comes back in evaluation mode, on the
    device of the images. images: (N, C, H, W); labels: (N, H, W), classes or VOID.
    batch: images a step, drawn anew for each step without repeats; all N where they are fewer.
    weight: (K,) of each class in the mean, as in `F.cross_entropy`.
    falling: the learning rate rises for a tenth of the steps and then falls to zero along a
    cosine; else it stays. A short training ends far better with it.
    seed: of the batches and of dropout; reseeds torch. The initial weights are the caller's.
    A batch without a labelled pixel has no loss (0/0) and is passed over.
    Raises ValueError where images and labels differ in number or size.
    """
    if images.shape[:1] + images.shape[2:] != labels.shape:
        raise ValueError(
            f"Expected images (N, C, H, W) and labels (N, H, W) of equal N, H and W, got "
            f"{tuple(images.shape)} and {tuple(labels.shape)}."
        )
    torch.manual_seed(seed)
    draw = torch.Generator().manual_seed(seed)
    network.to(images.device).train()
    descent = torch.optim.Adam(network.parameters(), lr=learning_rate)
    with one_thread():
        for step in range(steps):
            share = _rise_and_fall(step, steps) if falling else 1.0
            descent.param_groups[0]["lr"] = learning_rate * share
            chosen = torch.randperm(len(images), generator=draw)[:batch].to(images.device)
            truth = labels[chosen].long()
            if (truth != VOID).any():
                logits = network(images[chosen])
                loss = F.cross_entropy(logits, truth, weight=weight, ignore_index=VOID)
                descent.zero_grad()
                loss.backward()
                descent.step()
    return network.eval()


@contextmanager
def one_thread() -> Iterator[None]:
    """On tensors this small, threads wait for each other longer than they compute.

    Where other programs run beside, the waiting makes training many times slower.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _rise_and_fall(step: int, steps: int) -> float:
    """The share of the learning rate in this step, 0, 1, ... of so many."""
    rising = max(1, steps // 10)
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / (steps - rising)))
