"""Networks that differ in nothing but the number of poolings.

Five 3 x 3 convolutions; after each of the first p comes a 2 x 2 pooling. Poolings have no
weights, so all these networks have equally many. More of them: a larger receptive field, and a
smaller last map, 2^p times coarser than the image.
"""

from torch import nn

__all__ = ["CONVOLUTIONS", "pooled_network"]

CONVOLUTIONS = 5


def pooled_network(num_classes: int, poolings: int, width: int = 10) -> nn.Sequential:
    """Images (N, 3, H, W) -> logits (N, num_classes, H, W); H, W multiples of 2^poolings.

    features: the convolutions and poolings; score: a 1 x 1 convolution to the classes;
    enlarge: bilinear, 2^poolings times.
    Raises ValueError for poolings outside 0..5.
    """
    if not 0 <= poolings <= CONVOLUTIONS:
        raise ValueError(f"Expected 0..{CONVOLUTIONS} poolings, got {poolings}.")
    features = nn.Sequential()
    for layer in range(CONVOLUTIONS):
        inputs = width if layer else 3
        features.append(nn.Conv2d(inputs, width, 3, padding=1, bias=False))
        features.append(nn.BatchNorm2d(width))
        features.append(nn.ReLU())
        if layer < poolings:
            features.append(nn.MaxPool2d(2))
    network = nn.Sequential()
    network.add_module("features", features)
    network.add_module("score", nn.Conv2d(width, num_classes, 1))
    network.add_module("enlarge", nn.Upsample(scale_factor=2**poolings, mode="bilinear"))
    return network
