"""Published measures of fully convolutional networks: facts to compare with, not ours.

Source: Long, Shelhamer, Darrell 2015, arXiv:1411.4038, table 2: a subset of PASCAL VOC 2011's
validation set, networks made of VGG16 and trained through all their layers.
"""

from dataclasses import dataclass

__all__ = ["FCN_PUBLISHED", "PublishedSegmentation"]


@dataclass(frozen=True)
class PublishedSegmentation:
    """Measures of one network, in per cent. mean_jaccard: over 21 classes ("mean IU")."""

    pixel_accuracy: float
    mean_accuracy: float
    mean_jaccard: float


# Stride of the finest map used -> what was published.
FCN_PUBLISHED = {
    32: PublishedSegmentation(pixel_accuracy=89.1, mean_accuracy=73.3, mean_jaccard=59.4),
    16: PublishedSegmentation(pixel_accuracy=90.0, mean_accuracy=75.7, mean_jaccard=62.4),
    8: PublishedSegmentation(pixel_accuracy=90.3, mean_accuracy=75.9, mean_jaccard=62.7),
}
