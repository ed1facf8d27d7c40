"""Dilated convolutions: a wider view for the same weights, at full resolution.

    (F *_l k)(p) = sum over taps t of F(p + l t) k(t)

The taps stand l pixels apart. The paper writes p - l t; libraries, and we, leave the kernel
unflipped. Dilations 1, 2, 4, ... make the receptive field grow exponentially while the
number of weights grows linearly, and nothing is pooled away.

Padding. A k x k kernel dilated by l spans l (k - 1) + 1 pixels, so without padding it takes
l (k - 1) pixels off the height and the width. To keep the size, the padding must grow with the
dilation: l (k - 1) / 2 on each side, for a 3 x 3 kernel l itself. With padding 1 and
l = 4 a map shrinks by 6 pixels.
Source: Yu, Koltun 2016, arXiv:1511.07122, section 2 (the operation) and 3 (the network).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.reference.receptive_field import receptive_fields

__all__ = [
    "CONTEXT_DILATIONS",
    "ContextNetwork",
    "dilated_block",
    "dilated_convolution",
    "identity_initialise",
    "stack_receptive_fields",
]

# Table 1 of the paper. The eighth layer is 1x1.
CONTEXT_KERNELS = (3, 3, 3, 3, 3, 3, 3, 1)
CONTEXT_DILATIONS = (1, 1, 2, 4, 8, 16, 1, 1)
CONTEXT_WIDTHS = {  # output channels of each layer, in units of C
    "basic": (1, 1, 1, 1, 1, 1, 1, 1),
    "large": (2, 2, 4, 8, 16, 32, 32, 1),
}


def dilated_convolution(
    images: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    dilation: int = 1,
    padding: int = 0,
) -> Tensor:
    """Convolution by hand: gather the pixels under the taps, then multiply matrices.

    images: (N, C, H, W); weight: (O, C, h, w); bias: (O,) or None.
    Returns (N, O, H + 2 padding - dilation (h - 1), W + 2 padding - dilation (w - 1)).
    Equals F.conv2d in value and gradient to rounding, and holds h * w copies of the
    images while at it.
    Raises ValueError on sizes that don't fit together.

        >>> row, ones = torch.arange(6.0).view(1, 1, 1, 6), torch.ones(1, 1, 1, 3)
        >>> dilated_convolution(row, ones, dilation=2).tolist()  # 0 + 2 + 4, 1 + 3 + 5
        [[[[6.0, 9.0]]]]
    """
    if images.dim() != 4 or weight.dim() != 4 or images.shape[1] != weight.shape[1]:
        raise ValueError(
            f"Expected images (N, C, H, W) and weight (O, C, h, w) of one C, got "
            f"{tuple(images.shape)} and {tuple(weight.shape)}."
        )
    if dilation < 1 or padding < 0:
        raise ValueError(f"Expected dilation >= 1, padding >= 0, got {dilation} and {padding}.")
    (n, _, *size), (outputs, _, *taps) = images.shape, weight.shape
    height, width = (
        s + 2 * padding - dilation * (t - 1) for s, t in zip(size, taps, strict=True)
    )
    if height < 1 or width < 1:
        raise ValueError(
            f"Expected images under which the kernel fits, got {size[0]} x {size[1]} with "
            f"padding {padding} for a kernel spanning {dilation * (taps[0] - 1) + 1} x "
            f"{dilation * (taps[1] - 1) + 1}. Pad more or dilate less."
        )
    columns = F.unfold(images, taps, dilation=dilation, padding=padding)  # (N, C h w, H' W')
    result = weight.flatten(1) @ columns  # (N, O, H' W')
    if bias is not None:
        result = result + bias[:, None]
    return result.view(n, outputs, height, width)


def stack_receptive_fields(kernels: list[int], dilations: list[int]) -> list[int]:
    """Receptive field after each layer of a stack of convolutions with stride 1, in pixels.

    kernels, dilations: one number a layer. Each layer adds dilation * (kernel - 1).
    Raises ValueError on lists of different lengths.

        >>> stack_receptive_fields([3, 3, 3], [1, 2, 4])
        [3, 7, 15]
    """
    if len(kernels) != len(dilations):
        raise ValueError(
            f"Expected a dilation for each kernel, got {len(kernels)} kernels and "
            f"{len(dilations)} dilations."
        )
    layers = [  # on "meta": only the sizes matter, no weights are made
        nn.Conv2d(1, 1, kernel, dilation=dilation, device="meta")
        for kernel, dilation in zip(kernels, dilations, strict=True)
    ]
    return [field.size[0] for field in receptive_fields(layers).values()]


def dilated_block(
    in_channels: int,
    out_channels: int,
    dilations: tuple[int, ...] = (1, 2, 4),
    *,
    batch_norm: bool = False,
) -> nn.Sequential:
    """3x3 convolutions of growing dilation, each followed by a ReLU; the size is kept.

    (N, in, H, W) -> (N, out, H, W). Dilations 1, 2, 4 see 15 x 15 pixels with 27 weights a
    pair of channels; three plain layers see 7 x 7 with as many.
    batch_norm stands before each ReLU and takes over the bias.
    Raises ValueError without dilations.
    """
    if not dilations:
        raise ValueError("Expected at least one dilation, got none.")
    layers: list[nn.Module] = []
    for dilation in dilations:
        layers.append(
            nn.Conv2d(
                in_channels,
                out_channels,
                kernel_size=3,
                dilation=dilation,
                padding=dilation,
                bias=not batch_norm,
            )
        )
        if batch_norm:
            layers.append(nn.BatchNorm2d(out_channels))
        layers.append(nn.ReLU(inplace=True))
        in_channels = out_channels
    return nn.Sequential(*layers)


class ContextNetwork(nn.Sequential):
    """Table 1 of the paper: class scores in, better class scores out, no resolution lost.

    (N, C, H, W) -> (N, C, H, W). Seven 3x3 convolutions with dilations 1 1 2 4 8 16 1 and
    a ReLU ("truncation") after each, then a 1x1 without one. A score of the output sees
    67 x 67 scores of the input.
    size: "basic" (every layer has C channels) or "large" (2C 2C 4C 8C 16C 32C 32C C).

    padded=True: each layer pads by its own dilation, so sizes stay. padded=False: none does,
    and the output is smaller by 66. The paper pads once, by 33 (`margin`), with zeros or by
    reflection, and saw little difference; `F.pad(x, [33] * 4, mode="reflect")` before the
    unpadded network is that. Outputs at least 33 pixels from the border are the same.

    Starts as the identity, see `identity_initialise`. What comes out then is ReLU(x), not
    x: negative scores are cut to zero by the first truncation, so the labels (argmax) survive
    only where the greatest score is positive. In the paper the front end is trained first and
    its scores are what the context network gets; one may add a constant to all scores of a
    pixel (softmax doesn't notice) to make the greatest positive.
    """

    margin = 33  # half of what the layers without padding take off

    def __init__(
        self, channels: int, size: str = "basic", *, padded: bool = True, noise: float = 0.0
    ):
        if size not in CONTEXT_WIDTHS:
            raise ValueError(f'Expected size "basic" or "large", got {size!r}.')
        layers: list[nn.Module] = []
        before = channels
        for kernel, dilation, times in zip(
            CONTEXT_KERNELS, CONTEXT_DILATIONS, CONTEXT_WIDTHS[size], strict=True
        ):
            after = times * channels
            padding = dilation * (kernel // 2) if padded else 0
            convolution = nn.Conv2d(before, after, kernel, dilation=dilation, padding=padding)
            layers += [convolution, nn.ReLU(inplace=True)]
            before = after
        super().__init__(*layers[:-1])  # the 1x1 isn't truncated
        identity_initialise(self, noise=noise)


def identity_initialise(
    network: nn.Module, channels: int | None = None, *, noise: float = 0.0
) -> None:
    """Let every convolution pass its input on; biases become zero. In place.

    The channels of each layer are split into C groups in order, one group for each of the
    `channels` scores (C divides the width of every layer). The central tap from input a to
    output b is C / c_out if both belong to one group, all other weights are zero. An output
    is then c_in / c_out times the input of its group, and over the network these ratios
    multiply to 1.
    Equation 4 (all c = C: the central tap is 1 if a = b) and equation 5 of the paper.

    channels: C; by default the inputs of the first convolution.
    noise: standard deviation of the Gaussian that equation 5 puts in place of the zeros, as a
    fraction of C / c_out; the paper says "much less than C / c_out". With 0 the identity is
    exact ("large": to rounding), yet twin channels of "large" get equal gradients and stay
    twins for ever: train it with 0.01, say. "basic" has no twins.
    Raises ValueError where C doesn't divide a width or a kernel has no central tap.

        >>> layer = nn.Conv2d(1, 1, 3)
        >>> identity_initialise(layer)
        >>> layer.weight[0, 0].tolist()
        [[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    """
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    for layer in convolutions:
        channels = channels or layer.in_channels
        inputs, outputs, taps = layer.in_channels, layer.out_channels, layer.kernel_size
        if layer.groups != 1 or inputs % channels or outputs % channels:
            raise ValueError(
                f"Expected widths that {channels} divides, in one group, got {layer}. "
                "The identity needs a whole number of channels for every score."
            )
        if taps[0] % 2 == 0 or taps[1] % 2 == 0:
            raise ValueError(f"Expected odd kernels, which have a central tap, got {layer}.")
        share = channels / outputs
        group_in = torch.arange(inputs) * channels // inputs  # which score it carries
        group_out = torch.arange(outputs) * channels // outputs
        same = (group_out[:, None] == group_in).to(layer.weight)  # (outputs, inputs)
        with torch.no_grad():
            layer.weight.normal_(std=noise * share) if noise else layer.weight.zero_()
            centre = layer.weight[:, :, taps[0] // 2, taps[1] // 2]
            centre.mul_(1 - same).add_(share * same)
            if layer.bias is not None:
                layer.bias.zero_()
