"""Weights to start from: He's Gaussian, which keeps the variance through ReLU layers.

    w ~ N(0, 2 / N),  N: the number of inputs that one output is computed from

Half of what enters a layer was cut to zero by the ReLU before it; the 2 makes up for it.
Source: He et al. 2015, arXiv:1502.01852, equation 10; U-Net uses it (Ronneberger et al.
2015, arXiv:1505.04597, section 3: "for a 3x3 convolution and 64 feature channels N = 576").
"""

import math

from torch import nn

__all__ = ["he_initialise"]


def he_initialise(network: nn.Module) -> None:
    """Draw every convolution's weights from N(0, 2/N); biases become zero. In place.

    An output pixel of an up-convolution (kernel k, stride s) is written by (k/s)^2 taps, not
    by k^2, so N = channels * (k/s)^2 there. `nn.init.kaiming_normal_` counts otherwise: for a
    transposed convolution it takes the OUTPUT channels and all k^2 taps.
    The draw follows `torch.manual_seed`.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            taps = math.prod(layer.kernel_size)
            if isinstance(layer, nn.ConvTranspose2d):
                taps /= math.prod(layer.stride)
            incoming = layer.in_channels / layer.groups * taps
            nn.init.normal_(layer.weight, std=math.sqrt(2 / incoming))
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
