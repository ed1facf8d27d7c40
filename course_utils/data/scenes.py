"""The images that a lecture works on, as tensors of one size: ShapesVOC or VOC 2012.

    scenes = load_scenes("val", 40, data=session.current().data)

The same cells run on either: where VOC 2012 can't be had, one sentence says so and the built-in
scenes stand in.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from course_utils.data.downloads import Unavailable
from course_utils.data.image_files import open_labels, open_picture
from course_utils.data.shapes_voc import ShapesVOC
from course_utils.data.voc import VOC_CLASSES, image_names, voc_folder
from course_utils.data.voc2012 import voc2012_root

__all__ = ["Scenes", "Unavailable", "load_scenes", "voc2012_root"]


@dataclass(frozen=True)
class Scenes:
    """N images of one size with both maps of each.

    images: (N, 3, H, W) float32 in [0, 1]. labels: (N, H, W) uint8, classes and VOID.
    objects: (N, H, W) uint8, 0 background, 1, 2, ... the objects of each image, VOID.
    names: of the labels 0, 1, ..., the background first.
    root: the folder that holds VOCdevkit/VOC2012, whole sets and not only these images.
    """

    images: Tensor
    labels: Tensor
    objects: Tensor
    names: tuple[str, ...]
    root: Path


def load_scenes(
    image_set: str, number: int, size: int = 128, *, data: str = "shapes"
) -> Scenes:
    """The first `number` images of a set, size x size pixels.

    image_set: "train" or "val". data: "shapes" or "voc2012", which is downloaded on first use
    (2 GB); its images are scaled to `size` along the shorter side and cropped about the middle.
    Raises ValueError for another data set, or where the set has fewer images.
    """
    if data not in ("shapes", "voc2012"):
        raise ValueError(f'Expected data "shapes" or "voc2012", got {data!r}.')
    root, classes = None, VOC_CLASSES
    if data == "voc2012":
        try:
            root = voc2012_root()
        except Unavailable as error:
            print(error, file=sys.stderr)
    if root is None:
        built_in = ShapesVOC(image_set, size=size)
        root, classes = Path(built_in.root), built_in.classes
    names = image_names(root, image_set)[:number]
    if len(names) < number:
        raise ValueError(f"Expected {number} images in {image_set!r}, got {len(names)}.")
    read = [_read(voc_folder(root), name, size) for name in names]
    images, labels, objects = (np.stack(arrays) for arrays in zip(*read, strict=True))
    return Scenes(
        images=torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255,
        labels=torch.from_numpy(labels),
        objects=torch.from_numpy(objects),
        names=("background", *classes),
        root=root,
    )


def _read(folder: Path, name: str, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    parts = (
        folder / "JPEGImages" / f"{name}.jpg",
        folder / "SegmentationClass" / f"{name}.png",
        folder / "SegmentationObject" / f"{name}.png",
    )
    arrays = []
    for path, smooth in zip(parts, (True, False, False), strict=True):
        picture = open_picture(path) if smooth else open_labels(path)
        arrays.append(np.array(_square(picture, size, smooth)))
    return tuple(arrays)


def _square(picture: Image.Image, size: int, smooth: bool) -> Image.Image:
    """Scaled so that the shorter side is `size`, then the middle cut out."""
    width, height = picture.size
    if (width, height) == (size, size):
        return picture
    scale = size / min(width, height)
    width, height = round(width * scale), round(height * scale)
    method = Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
    left, top = (width - size) // 2, (height - size) // 2
    return picture.resize((width, height), method).crop((left, top, left + size, top + size))
