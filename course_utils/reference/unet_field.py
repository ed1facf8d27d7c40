"""What a pixel of a U-Net's answer sees: the window exactly, weights inside it by gradient.

The window of an output pixel is followed down the network, as rows (columns are alike):

    3x3 convolution   [a, b] -> [a, b + 2]   (padded: [a - 1, b + 1])
    up-convolution    [a, b] -> [a // 2, b // 2]
    crop by c         [a, b] -> [a + c, b + c]
    encoder           [a, b] -> [stride * a + edge, stride * b + edge + size - 1]

The second line depends on parity, so the windows of neighbours differ in size, and
`receptive_field` does not take such a network.
Inside the window pixels weigh unequally: Luo et al. 2016, arXiv:1701.04128, measure that by
the gradient of an output pixel with respect to the image.
"""

import torch
from torch import Tensor, nn

from course_utils.reference.receptive_field import receptive_field
from course_utils.reference.unet import UNet

__all__ = ["influence", "output_window", "square_shares"]


def output_window(network: UNet, index: int, size: int) -> tuple[int, int]:
    """The first and the last pixel that may move output pixel `index`, along one axis.

    size: pixels of the input along the axis. A padded network's window may reach past the
    image, where there are zeros.
    Raises ValueError for an index that is not in the output or a size that can't be.

        >>> output_window(UNet(1, 2, width=1), index=0, size=572)
        (0, 187)
    """
    sizes = network.level_sizes(size)
    output = size if network.padded else sizes[-1][-1]
    if not 0 <= index < output:
        raise ValueError(f"Expected an output pixel in 0..{output - 1}, got {index}.")
    first = last = index
    windows = []
    for level in range(network.depth):  # the decoder, from the answer down
        first, last = (first - 2, last + 2) if network.padded else (first, last + 4)
        if network.copy_layers:
            crop = (sizes[level][-1] - sizes[-1 - level][0]) // 2
            windows.append(_pixels(network, level, first + crop, last + crop))
        first, last = first // 2, last // 2
    windows.append(_pixels(network, network.depth, first, last))
    return min(low for low, _ in windows), max(high for _, high in windows)


def influence(
    network: nn.Module, images: Tensor, row: int, column: int, class_index: int = 1
) -> Tensor:
    """How strongly each input pixel moves one output pixel.

    images: (N, C, H, W). Returns (H, W): the absolute gradient of the logit of `class_index`
    less the mean over classes (of the logit itself where there is one class), averaged over
    images and channels. Zero where a pixel moves it in no image.
    """
    images = images.detach().clone().requires_grad_()
    logits = network(images)[:, :, row, column]  # (N, K)
    moved = logits[:, class_index]
    if logits.shape[1] > 1:
        moved = moved - logits.mean(dim=1)
    (slope,) = torch.autograd.grad(moved.sum(), images)
    return slope.abs().mean(dim=(0, 1))


def square_shares(weights: Tensor, row: int, column: int) -> Tensor:
    """Share of the weights within squares of sides 1, 3, 5, ... about a pixel.

    weights: (H, W), not negative. Returns (R,), growing to 1.
    """
    height, width = weights.shape
    rows = (torch.arange(height, device=weights.device) - row).abs()
    columns = (torch.arange(width, device=weights.device) - column).abs()
    distance = torch.maximum(rows[:, None], columns[None, :])
    rings = torch.bincount(distance.flatten(), weights=weights.flatten().double())
    return rings.cumsum(0) / rings.sum()


def _pixels(network: UNet, level: int, first: int, last: int) -> tuple[int, int]:
    """Pixels under units first..last of the encoder's map at a level."""
    layers = [*network.down[0]]
    for convolve in network.down[1 : level + 1]:
        layers += [network.pool, *convolve]
    field = receptive_field(layers)
    low = field.stride[0] * first + field.edge[0]
    return low, field.stride[0] * last + field.edge[0] + field.size[0] - 1
