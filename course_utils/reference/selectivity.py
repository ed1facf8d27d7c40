"""How choosy a filter is: whether the patches that excite it most hold one class.

For each of its best patches: the class of the pixel in the middle of the window, where it
lies on an object. Then the share of pairs of such patches that agree:

    agreement = sum_k m_k (m_k - 1) / (m (m - 1))

m_k: patches with class k; m: their sum. Its expectation does not depend on how many patches
there are (the share of the commonest class is larger where there are few), and for places
drawn at random it is sum_k p_k^2, p_k the classes' shares.
Source: Simpson 1949, "Measurement of diversity", Nature 163, 688 (the unbiased estimate).
"""

from collections.abc import Iterable

import torch
from torch import Tensor

from course_utils.data.voc import VOID
from course_utils.reference.patches import Patch

__all__ = ["agreement", "chance_agreement", "classes_in_the_middle"]


def classes_in_the_middle(patches: Iterable[Patch], labels: Tensor) -> list[int]:
    """Labels under the middles of the patches' windows, background and void left out.

    labels: (N, H, W), of the images in the order in which they were seen.
    A window whose middle lies outside its image is left out as well.
    """
    found = []
    for patch in patches:
        whole, (height, width) = patch.unclipped, patch.image_size
        row, column = (whole.top + whole.bottom) // 2, (whole.left + whole.right) // 2
        if 0 <= row < height and 0 <= column < width:
            found.append(int(labels[patch.image, row, column]))
    return [label for label in found if label not in (0, VOID)]


def agreement(classes: Iterable[int]) -> float:
    """The share of pairs of one class, in [0, 1].

    classes: of the patches; NaN for fewer than two.

        >>> agreement([7, 7, 7, 15])  # 3 of 6 pairs
        0.5
    """
    counts = torch.bincount(torch.tensor(list(classes), dtype=torch.long)).double()
    number = counts.sum()
    return (counts * (counts - 1)).sum().div(number * (number - 1)).item()  # 0/0 stays NaN


def chance_agreement(labels: Tensor) -> float:
    """Agreement of two places drawn at random on objects.

    labels: (N, H, W); background and VOID are left out.

        >>> chance_agreement(torch.tensor([[[0, 7, 15, 255]]]))
        0.5
    """
    objects = labels[(labels != 0) & (labels != VOID)].long()
    shares = torch.bincount(objects).double() / objects.numel()
    return shares.square().sum().item()
