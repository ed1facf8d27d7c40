"""Published measures of dilated networks: facts to compare with, not ours.

Source: Yu, Koltun 2016, arXiv:1511.07122. DILATED_TEST: table 2, PASCAL VOC 2012's test set,
VGG16, nobody with a CRF. DILATED_VALIDATION: table 3, the validation set, without a CRF.
"""

from dataclasses import dataclass

__all__ = ["DILATED_TEST", "DILATED_VALIDATION", "PublishedMean"]


@dataclass(frozen=True)
class PublishedMean:
    """Jaccard's measure of one network, in per cent.

    mean: over 21 classes, the background included. objects: sum over the twenty classes
    that are printed; the background's own value is not.
    """

    mean: float
    objects: float

    @property
    def background(self) -> float:
        """What the background must have got, known to 21 * 0.05 on either side."""
        return 21 * self.mean - self.objects


DILATED_TEST = {
    "FCN-8s": PublishedMean(mean=62.2, objects=1215.0),
    "DeepLab": PublishedMean(mean=62.1, objects=1212.5),
    "front end": PublishedMean(mean=67.6, objects=1327.5),
}

# Front end alone and with a context network behind it: mean over 21 classes.
DILATED_VALIDATION = {"front end": 69.8, "basic": 71.3, "large": 72.1}
