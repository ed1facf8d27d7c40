"""Image and mask changed together: what is done to one is done to the other.

A mask is no picture: it is never interpolated (between class 3 and class 5 there is no
class 4), colours do not concern it, and where a crop, a pad or a turn shows what lies
outside the image, the image gets a grey and the mask VOID, which counts in no loss and no
metric. torchvision's transforms fill with 0, and 0 is the background: a wrong label.

    dataset = VOCSegmentation(root, year="2012", image_set="train",
                              transforms=train_transforms(size=256))

Source: torchvision.transforms.v2 and its tv_tensors; Ghiasi et al. 2021, arXiv:2012.07177,
section 3 (scale jitter and crop of a fixed size).
"""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import InterpolationMode, v2
from torchvision.transforms.v2 import functional

from course_utils.data.voc import VOID

__all__ = [
    "FILL",
    "IMAGENET_NORMALISATION",
    "FitAndScale",
    "PadTo",
    "ToPair",
    "eval_transforms",
    "train_transforms",
]

# Mean and standard deviation of ImageNet's RGB in [0, 1]: torchvision's weights want them.
IMAGENET_NORMALISATION = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))

# What lies outside an image: ImageNet's mean colour; and outside a mask.
FILL = {tv_tensors.Image: (124, 116, 104), tv_tensors.Mask: VOID}

Normalisation = tuple[Sequence[float], Sequence[float]]


def train_transforms(
    size: int | tuple[int, int],
    *,
    scale: tuple[float, float] = (0.75, 1.5),
    flip: float = 0.5,
    rotation: float = 0.0,
    colour: float = 0.2,
    normalisation: Normalisation | None = None,
) -> v2.Compose:
    """Random changes for training; every pair ends with the same size.

    size: (H, W) or one side, pixels. scale: the image is made to fit into size, then
    scaled by a factor drawn between these and cropped or padded. flip: probability of a
    mirror image. rotation: degrees to each side at most. colour: brightness, contrast and
    saturation change by this share at most.
    normalisation: (means, deviations) of the channels; None leaves pixels in [0, 1], which
    is what `small_net` takes.
    Draws from torch's random numbers.
    Returns a transform: (image, mask), as ToPair takes them, -> image (3, H, W) float32,
    mask (H, W) int64.
    """
    return v2.Compose(
        [
            ToPair(),
            v2.ColorJitter(colour, colour, colour),
            FitAndScale(size, scale),
            *_rotation(rotation),
            v2.RandomCrop(_pair(size), pad_if_needed=True, fill=FILL),
            v2.RandomHorizontalFlip(flip),
            *_to_numbers(normalisation),
        ]
    )


def eval_transforms(
    size: int | tuple[int, int] | None = None, *, normalisation: Normalisation | None = None
) -> v2.Compose:
    """Nothing random and nothing lost: the truth that is measured is the truth.

    size: None leaves every image its own size; (H, W) or one side pads at the right and
    below, so that images make a batch. An image that is larger is refused: shrinking or
    cropping the mask would change the measure.
    normalisation: as in train_transforms.
    Returns a transform: (image, mask) -> image (3, H, W) float32, mask (H, W) int64.
    """
    padding = [] if size is None else [PadTo(size)]
    return v2.Compose([ToPair(), *padding, *_to_numbers(normalisation)])


class ToPair:
    """(image, mask) -> tv_tensors.Image (3, H, W) uint8, tv_tensors.Mask (H, W) uint8.

    image: PIL, an array (H, W, 3) uint8 or a tensor (3, H, W). mask: PIL with labels as
    its values (mode P or L, as VOC's), an array or a tensor (H, W).
    Raises TypeError for anything else, ValueError for shapes that do not fit, or a mask in
    colours, whose labels are gone.
    """

    def __call__(self, image: object, mask: object) -> tuple[tv_tensors.Image, tv_tensors.Mask]:
        image, mask = _image(image), _mask(mask)
        if image.ndim != 3 or image.shape[0] != 3 or image.shape[1:] != mask.shape:
            raise ValueError(
                f"Expected an image (3, H, W) and a mask (H, W), got {tuple(image.shape)} "
                f"and {tuple(mask.shape)}."
            )
        return image, mask


class FitAndScale:
    """Resize image and mask to fit into (height, width), times a factor drawn from `scale`.

    The image is smoothed, the mask takes the nearest pixel. No side falls below a pixel.
    Raises ValueError for a scale that is not 0 < lowest <= highest.
    """

    def __init__(self, size: int | tuple[int, int], scale: tuple[float, float]):
        if not 0 < scale[0] <= scale[1]:
            raise ValueError(f"Expected scale as 0 < lowest <= highest, got {scale}.")
        self.size, self.scale = _pair(size), scale

    def __call__(
        self, image: tv_tensors.Image, mask: tv_tensors.Mask
    ) -> tuple[tv_tensors.Image, tv_tensors.Mask]:
        fit = min(own / side for own, side in zip(self.size, mask.shape, strict=True))
        factor = fit * float(torch.empty(()).uniform_(*self.scale))
        size = [max(1, round(side * factor)) for side in mask.shape]
        return functional.resize(image, size, antialias=True), functional.resize(mask, size)


class PadTo:
    """Pad image and mask at the right and below to (height, width), with FILL.

    Raises ValueError for a larger image.
    """

    def __init__(self, size: int | tuple[int, int]):
        self.height, self.width = _pair(size)

    def __call__(
        self, image: tv_tensors.Image, mask: tv_tensors.Mask
    ) -> tuple[tv_tensors.Image, tv_tensors.Mask]:
        height, width = image.shape[-2:]
        if height > self.height or width > self.width:
            raise ValueError(
                f"Expected an image of at most {self.height} x {self.width}, got "
                f"{height} x {width}. Evaluate with a larger size, or None and batches of one."
            )
        # left, top, right, bottom
        padding = [0, 0, self.width - width, self.height - height]
        return (
            functional.pad(image, padding, fill=list(FILL[tv_tensors.Image])),
            functional.pad(mask, padding, fill=FILL[tv_tensors.Mask]),
        )


def _rotation(degrees: float) -> list[v2.Transform]:
    if not degrees:
        return []
    # The mask is turned by the nearest pixel whatever is said here about images.
    return [v2.RandomRotation(degrees, InterpolationMode.BILINEAR, fill=FILL)]


def _to_numbers(normalisation: Normalisation | None) -> list[v2.Transform]:
    types = {tv_tensors.Image: torch.float32, tv_tensors.Mask: torch.int64, "others": None}
    steps = [v2.ToDtype(types, scale=True)]  # scale: 0..255 becomes 0..1, images only
    if normalisation is not None:
        steps.append(v2.Normalize(*normalisation))
    return [*steps, v2.ToPureTensor()]


def _image(image: object) -> tv_tensors.Image:
    if isinstance(image, Image.Image):
        return tv_tensors.Image(functional.pil_to_tensor(image.convert("RGB")))
    if isinstance(image, np.ndarray):
        image = torch.from_numpy(np.ascontiguousarray(image))
        image = image.permute(2, 0, 1) if image.ndim == 3 else image
    _require_tensor("image", image)
    if image.dtype != torch.uint8:
        raise TypeError(f"Expected an image of uint8, 0..255, got {image.dtype}.")
    return tv_tensors.Image(image)


def _mask(mask: object) -> tv_tensors.Mask:
    if isinstance(mask, Image.Image):
        if mask.mode not in ("P", "L"):
            raise ValueError(
                f"Expected a mask with one number a pixel (mode P or L), got mode "
                f"{mask.mode}. Open VOC's PNG without convert()."
            )
        mask = np.array(mask)
    if isinstance(mask, np.ndarray):
        mask = torch.from_numpy(np.ascontiguousarray(mask))
    _require_tensor("mask", mask)
    if mask.dtype != torch.uint8:
        raise TypeError(f"Expected a mask of uint8 labels, got {mask.dtype}.")
    return tv_tensors.Mask(mask)


def _require_tensor(name: str, value: object) -> None:
    if not isinstance(value, Tensor):
        raise TypeError(
            f"Expected the {name} as a PIL image, an array or a tensor, got "
            f"{type(value).__name__}."
        )


def _pair(size: int | tuple[int, int]) -> tuple[int, int]:
    height, width = (size, size) if isinstance(size, int) else size
    if height < 1 or width < 1:
        raise ValueError(f"Expected a size of at least 1 x 1, got {height} x {width}.")
    return height, width
