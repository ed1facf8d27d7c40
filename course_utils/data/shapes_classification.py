"""Single objects to classify: the small, near and far tasks of transfer learning.

ShapesClassification(SHAPES, per_class=200)           # the task a network is trained on
ShapesClassification(OTHER_SHAPES, per_class=20)      # near: other outlines
ShapesClassification(TEXTURED, per_class=20)          # far: the texture, on any outline
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from course_utils.data.shapes import SHAPES, Kind, draw_object

__all__ = ["ShapesClassification"]


class ShapesClassification(Dataset):
    """Drawn on creation and held in memory: some 1,000 pictures of 64 x 64 a second.

    kinds: the classes. per_class: pictures of each. size: pixels of a side.
    seed: other seeds give other pictures; take one for training and another for testing.
    transform: applied to each (3, size, size) uint8 tensor as it is taken.
    images: (N, 3, size, size) uint8; targets: (N,) int64, 0..K-1; classes: the K names.
    The order is mixed, class by class in turn, so a prefix of a multiple of K is balanced.
    Raises ValueError for no kinds or no pictures.
    """

    def __init__(
        self,
        kinds: Sequence[Kind] = SHAPES,
        *,
        per_class: int,
        size: int = 64,
        seed: int = 0,
        clutter: float = 1.0,
        transform: Callable[[Tensor], object] | None = None,
    ):
        if not kinds or per_class < 1:
            raise ValueError(
                f"Expected kinds and per_class of at least 1, got {len(kinds)} and {per_class}."
            )
        self.classes = tuple(kind.name for kind in kinds)
        self.transform = transform
        pictures = [
            draw_object(np.random.default_rng([seed, i, k]), kind, size, clutter=clutter)
            for i in range(per_class)
            for k, kind in enumerate(kinds)
        ]
        self.images = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous()
        self.targets = torch.arange(len(kinds)).repeat(per_class)

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[object, int]:
        image = self.images[index]
        if self.transform is not None:
            image = self.transform(image)
        return image, int(self.targets[index])
