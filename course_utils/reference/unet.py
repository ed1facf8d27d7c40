"""U-Net: halve the map to see far, double it back, and copy in what the halving lost.

Level by level: two 3x3 convolutions, then max pooling on the way down or an up-convolution
on the way up; on the way up the map of the same level is copied across, so that the
decoder knows both what (from below) and exactly where (from the side).

As in the paper the convolutions are valid (no padding): each takes a pixel off every side, the
copied map is cropped, and the output is smaller than the input. `padded=True` pads every
convolution and keeps the size: a different network, with zeros seen at the borders.
Source: Ronneberger, Fischer, Brox 2015, arXiv:1505.04597, section 2 and figure 1.
"""

from itertools import count

import torch
from torch import Tensor, nn

from course_utils.reference.initialisation import he_initialise
from course_utils.reference.padding import pad_to_multiple

__all__ = [
    "UNet",
    "UpConvolution",
    "crop_and_copy",
    "double_convolution",
    "level_sizes",
    "nearest_valid_sizes",
]

LOST = 4  # pixels of height or width that two valid 3x3 convolutions take off


def double_convolution(
    in_channels: int, out_channels: int, *, padded: bool = False, batch_norm: bool = False
) -> nn.Sequential:
    """Two 3x3 convolutions, each followed by a ReLU.

    (N, in, H, W) -> (N, out, H - 4, W - 4), or (N, out, H, W) if padded.
    batch_norm (not in the paper) stands before each ReLU and takes over the bias.
    """
    layers: list[nn.Module] = []
    for channels in (in_channels, out_channels):
        convolution = nn.Conv2d(
            channels, out_channels, kernel_size=3, padding=int(padded), bias=not batch_norm
        )
        layers.append(convolution)
        if batch_norm:
            layers.append(nn.BatchNorm2d(out_channels))
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


class UpConvolution(nn.ConvTranspose2d):
    """Every pixel becomes a square of factor x factor: (N, in, H, W) -> (N, out, fH, fW).

    Pixel (2i + a, 2j + b) of the output is W[a, b] x[i, j] + bias: one matrix for each corner
    of the square. The kernel is as wide as the stride, so squares don't overlap. A kernel that
    the stride doesn't divide (3 over 2) would write some pixels more often than others: a
    checkerboard before anything is learned (Odena et al. 2016, distill.pub, "Deconvolution and
    checkerboard artifacts").
    """

    def __init__(self, in_channels: int, out_channels: int, factor: int = 2):
        super().__init__(in_channels, out_channels, kernel_size=factor, stride=factor)


def crop_and_copy(copied: Tensor, upsampled: Tensor) -> Tensor:
    """The middle of the encoder's map, and the decoder's map behind it.

    copied: (N, A, H, W); upsampled: (N, B, h, w) with h <= H and w <= W.
    Returns (N, A + B, h, w). Crops alike on both sides; of an odd difference (which valid
    inputs never give) the extra row or column goes from the bottom or the right.
    Raises ValueError when the copied map is the smaller one.

        >>> copied, upsampled = torch.arange(16).view(1, 1, 4, 4), torch.zeros(1, 1, 2, 2)
        >>> crop_and_copy(copied, upsampled).tolist()
        [[[[5.0, 6.0], [9.0, 10.0]], [[0.0, 0.0], [0.0, 0.0]]]]
    """
    height, width = upsampled.shape[-2:]
    top = (copied.shape[-2] - height) // 2
    left = (copied.shape[-1] - width) // 2
    if top < 0 or left < 0:
        raise ValueError(
            f"Expected a copied map of at least {height} x {width}, the upsampled one's size, "
            f"got {copied.shape[-2]} x {copied.shape[-1]}. The encoder's map goes first."
        )
    middle = copied[..., top : top + height, left : left + width]
    return torch.cat([middle, upsampled], dim=1)


def level_sizes(
    size: int, depth: int = 4, *, padded: bool = False
) -> list[tuple[int, int, int]]:
    """Height (or width) of the maps at every level, down, across the bottom and up.

    size: pixels of the input. Returns 2 * depth + 1 triples: what enters the level, after its
    first convolution, after its second. (572, 570, 568), (284, 282, 280), ... in the paper.
    padded: for the padded network; begins with the size its input is padded to.
    Raises ValueError for a size that the valid network can't take, with the nearest it can.

        >>> level_sizes(572)[:2], level_sizes(572)[-1]
        ([(572, 570, 568), (284, 282, 280)], (392, 390, 388))
    """
    if depth < 0:
        raise ValueError(f"Expected depth of at least 0, got {depth}.")
    if size < 1:
        raise ValueError(f"Expected size of at least 1 pixel, got {size}.")
    if padded:
        size += -size % 2**depth
    levels = _walk(size, depth, lost=0 if padded else LOST)
    if levels is None:
        below, above = nearest_valid_sizes(size, depth)
        near = str(above) if below is None else f"{below} and {above}"
        raise ValueError(
            f"Expected a size that halves evenly {depth} times on the way, got {size}. "
            f"Nearest: {near}. Pad or crop the image, or take padded=True."
        )
    return levels


def nearest_valid_sizes(size: int, depth: int = 4) -> tuple[int | None, int]:
    """The greatest valid input size not above `size`, and the least not below it.

    The first is None where there is none. For the valid network; at depth 4 sizes 188, 204,
    220, ... are valid (12 mod 16).

        >>> nearest_valid_sizes(200), nearest_valid_sizes(100)
        ((188, 204), (None, 188))
    """

    def valid(candidate: int) -> bool:
        return _walk(candidate, depth, LOST) is not None

    above = next(filter(valid, count(size)))
    # Valid sizes are 2^depth apart, so one lies below only if it lies within that.
    below = next(filter(valid, range(size, max(size - 2**depth, 0), -1)), None)
    return below, above


class UNet(nn.Module):
    """(N, in_channels, H, W) images -> (N, num_classes, H', W') logits.

    width: channels of the first level; each level down has twice as many. depth: how often
    the map is halved. UNet(1, 2) is the paper's: 31,030,658 parameters, 572 -> 388 pixels;
    its output pixel (i, j) belongs to input pixel (i + 92, j + 92).

    padded=False: H' = H - 184 at depth 4, for H = 188, 204, 220, ...; other sizes raise
    ValueError naming the nearest valid ones. Height and width are judged apart.
    padded=True: H' = H for any H: the image is padded with zeros at the right and below to
    a multiple of 2^depth, and the logits are cut back.

    copy_layers=False is for the ablation: nothing is copied, and each up-convolution makes
    twice as many channels, to stand where copied ones stood. So all other layers keep their
    shapes, and the net without copies isn't worse for having fewer parameters: it has more.
    batch_norm: not in the paper. dropout: its probability at the end of the contracting path
    (section 3.1 has such layers and doesn't say how strong).
    Weights begin as in section 3: Gaussian, sqrt(2/N); biases at zero.
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        *,
        width: int = 64,
        depth: int = 4,
        padded: bool = False,
        batch_norm: bool = False,
        copy_layers: bool = True,
        dropout: float = 0.0,
    ):
        super().__init__()
        if min(in_channels, num_classes, width) < 1 or depth < 0:
            raise ValueError(
                f"Expected in_channels, num_classes, width >= 1 and depth >= 0, got "
                f"{in_channels}, {num_classes}, {width} and {depth}."
            )
        self.in_channels, self.depth = in_channels, depth
        self.padded, self.copy_layers = padded, copy_layers
        style = {"padded": padded, "batch_norm": batch_norm}
        widths = [width * 2**level for level in range(depth + 1)]

        self.down = nn.ModuleList()
        for before, after in zip([in_channels, *widths], widths, strict=False):
            self.down.append(double_convolution(before, after, **style))
        self.pool = nn.MaxPool2d(2)
        self.dropout = nn.Dropout(dropout)

        self.up, self.decode = nn.ModuleList(), nn.ModuleList()
        for channels in reversed(widths[:-1]):
            enlarged = channels if copy_layers else 2 * channels
            self.up.append(UpConvolution(2 * channels, enlarged))
            self.decode.append(double_convolution(2 * channels, channels, **style))
        self.score = nn.Conv2d(width, num_classes, kernel_size=1)
        he_initialise(self)

    def level_sizes(self, size: int) -> list[tuple[int, int, int]]:
        """Sizes of this network's maps for an input of `size` pixels; see `level_sizes`."""
        return level_sizes(size, self.depth, padded=self.padded)

    def forward(self, images: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> (N, num_classes, H', W') logits; sizes as above."""
        if images.dim() != 4 or images.shape[1] != self.in_channels:
            raise ValueError(
                f"Expected images (N, {self.in_channels}, H, W), got {tuple(images.shape)}."
            )
        height, width = images.shape[-2:]
        for size in (height, width):
            self.level_sizes(size)  # raises on a size that can't be
        if self.padded:
            images = pad_to_multiple(images, 2**self.depth)

        # Shapes at the line ends: those of UNet(1, 2), the paper's, for 572 x 572 pixels.
        maps = self.down[0](images)  # (N, 64, 568, 568)
        copies = []
        for convolve in self.down[1:]:
            copies.append(maps)
            maps = convolve(self.pool(maps))  # (N, 128, 280, 280), ..., (N, 1024, 28, 28)
        maps = self.dropout(maps)
        for enlarge, convolve in zip(self.up, self.decode, strict=True):
            copied = copies.pop()  # (N, 512, 64, 64), ..., (N, 64, 568, 568)
            maps = enlarge(maps)  # (N, 512, 56, 56), ..., (N, 64, 392, 392)
            if self.copy_layers:
                maps = crop_and_copy(copied, maps)  # (N, 1024, 56, 56), ..., (N, 128, 392, 392)
            maps = convolve(maps)  # (N, 512, 52, 52), ..., (N, 64, 388, 388)
        logits = self.score(maps)  # (N, 2, 388, 388)
        return logits[..., :height, :width]  # cuts the padding off; valid logits are smaller


def _walk(size: int, depth: int, lost: int) -> list[tuple[int, int, int]] | None:
    """Triples of `level_sizes`, or None where a size turns odd or vanishes."""

    def convolve(entering: int) -> tuple[int, int, int]:
        return entering, entering - lost // 2, entering - lost

    levels = [convolve(size)]
    for _ in range(depth):
        if levels[-1][-1] % 2:
            return None
        levels.append(convolve(levels[-1][-1] // 2))
    for _ in range(depth):
        levels.append(convolve(levels[-1][-1] * 2))
    return levels if min(min(level) for level in levels) > 0 else None
