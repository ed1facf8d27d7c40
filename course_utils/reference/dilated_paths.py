"""Which pixels a unit of a stack of dilated convolutions sees, and by how many ways.

Set every weight to 1 and take the gradient of one output by the input: each pixel gets as many
ones as there are paths from it through the taps of the layers to the unit. Zero means that the
unit does not see the pixel, even in the middle of its receptive field.
Sources: Yu, Koltun 2016, arXiv:1511.07122, figure 1; Wang et al. 2018, arXiv:1702.08502,
section 3.2 ("gridding").
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.reference.dilated import stack_receptive_fields

__all__ = ["kernel_with_holes", "seen_paths"]


def seen_paths(dilations: list[int] | tuple[int, ...], kernel: int = 3) -> Tensor:
    """Paths from every pixel of the receptive field to one unit: (side, side) int64.

    dilations: one a layer, from the input on. The sum of all is kernel^(2 * layers).

        >>> seen_paths([1, 1])[2].tolist()  # the middle row
        [3, 6, 9, 6, 3]
        >>> seen_paths([2, 2])[4].tolist()  # every second pixel is not seen
        [3, 0, 6, 0, 9, 0, 6, 0, 3]
    """
    side = stack_receptive_fields([kernel] * len(dilations), list(dilations))
    side = side[-1] if side else 1
    pixels = torch.zeros(1, 1, side, side, dtype=torch.float64, requires_grad=True)
    ones = torch.ones(1, 1, kernel, kernel, dtype=torch.float64)
    maps = pixels
    for dilation in dilations:
        maps = F.conv2d(maps, ones, dilation=dilation)
    (gradient,) = torch.autograd.grad(maps.sum(), pixels)  # one unit is left: the middle
    return gradient[0, 0].round().long()


def kernel_with_holes(weight: Tensor, dilation: int) -> Tensor:
    """The ordinary kernel that a dilated one equals: dilation - 1 zeros between the taps.

    weight: (O, C, h, w). Returns (O, C, dilation (h - 1) + 1, dilation (w - 1) + 1).

        >>> kernel_with_holes(torch.ones(1, 1, 1, 3), dilation=2).tolist()
        [[[[1.0, 0.0, 1.0, 0.0, 1.0]]]]
    """
    outputs, channels, height, width = weight.shape
    holes = weight.new_zeros(
        outputs, channels, dilation * (height - 1) + 1, dilation * (width - 1) + 1
    )
    holes[..., ::dilation, ::dilation] = weight
    return holes
