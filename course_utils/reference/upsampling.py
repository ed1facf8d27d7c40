"""Upsampling of the lecture: pixels replicated, and the smoother way that can be learned.

Replication copies every pixel `factor` times along both axes. A transposed convolution lays a
kernel over the output for every input pixel and adds; with a tent for a kernel,

    w(u) = 1 - |u - centre| / factor

that is bilinear interpolation, and from there the kernel can be trained.
Source: Long et al. 2015, arXiv:1411.4038, section 3.3 ("Upsampling is backwards strided
convolution") and 4.3 (bilinear at the start).
"""

import torch
from torch import Tensor, nn

__all__ = ["bilinear_kernel", "bilinear_transposed_convolution", "upsample_replicate"]


def upsample_replicate(images: Tensor, factor: int) -> Tensor:
    """Every pixel becomes a square of factor x factor equal pixels.

    images: (N, C, H, W) of any dtype (labels with a channel axis too).
    Returns (N, C, H * factor, W * factor). Equals `interpolate(mode="nearest")` exactly.
    Raises ValueError on a factor below 1 or an input that isn't (N, C, H, W).

        >>> upsample_replicate(torch.tensor([[[[1, 2]]]]), factor=2).tolist()
        [[[[1, 1, 2, 2], [1, 1, 2, 2]]]]
    """
    _require_factor(factor)
    if images.dim() != 4:
        raise ValueError(
            f"Expected images (N, C, H, W), got {tuple(images.shape)}. "
            "Labels (N, H, W) need labels[:, None] first."
        )
    n, c, h, w = images.shape
    squares = images[:, :, :, None, :, None].expand(n, c, h, factor, w, factor)  # no copy yet
    return squares.reshape(n, c, h * factor, w * factor)


def bilinear_kernel(
    factor: int, *, dtype: torch.dtype = torch.float32, device: torch.device | str | None = None
) -> Tensor:
    """The tent that spreads one pixel over its neighbours when upsampling by `factor`.

    Returns (k, k) with k = 2 * factor for an even factor and 2 * factor - 1 for an odd one,
    so that the tent is symmetric about a point where an input pixel's centre falls.
    It sums to factor^2: every output pixel gets weights that sum to 1 (inside).
    Raises ValueError on a factor below 1.

        >>> (16 * bilinear_kernel(2)).tolist()[:2]
        [[1.0, 3.0, 3.0, 1.0], [3.0, 9.0, 9.0, 3.0]]
    """
    _require_factor(factor)
    size = 2 * factor - factor % 2
    distance = torch.arange(size, dtype=dtype, device=device) - (size - 1) / 2
    tent = 1 - distance.abs() / factor
    return torch.outer(tent, tent)


def bilinear_transposed_convolution(
    channels: int, factor: int, *, groups: int = 1
) -> nn.ConvTranspose2d:
    """A layer that upsamples by `factor` as bilinear interpolation does, until it is trained.

    (N, channels, H, W) -> (N, channels, factor * H, factor * W). Kernel 2s, stride s,
    padding s/2 for an even s. No bias. Channels don't mix at the start: the kernel of
    input i and output j is zero for i != j. groups=1 lets training mix them, as the
    paper's layer does; groups=channels forbids it and costs 1/channels of the work.

    Equals `interpolate(mode="bilinear", align_corners=False)` except within s//2 pixels of
    the border. There interpolation repeats the last pixel, while the transposed convolution
    sees zeros beyond it, so its values shrink: towards 0, all channels of a pixel by one
    positive factor, so the border's labels (argmax) stay those of interpolation.
    Raises ValueError on a factor below 1 or groups that don't divide the channels.
    """
    kernel = bilinear_kernel(factor)
    if channels < 1 or groups < 1 or channels % groups:
        raise ValueError(
            f"Expected groups that divide the channels, got {groups} groups of {channels}. "
            "Take 1 or the number of channels."
        )
    layer = nn.ConvTranspose2d(
        channels,
        channels,
        kernel_size=kernel.shape,
        stride=factor,
        padding=factor // 2,
        groups=groups,
        bias=False,
    )
    with torch.no_grad():
        layer.weight.zero_()  # (input, output within the group, k, k)
        for channel in range(channels):
            layer.weight[channel, channel % (channels // groups)] = kernel
    return layer


def _require_factor(factor: int) -> None:
    if factor < 1:
        raise ValueError(f"Expected factor of at least 1, got {factor}.")
