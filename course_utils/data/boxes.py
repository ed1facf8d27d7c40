"""The objects of each scene as classes and boxes, in the pixels of the scene.

    objects = scene_boxes(val, "val")      # of what load_scenes("val", ...) gave
    images, single = single_objects("train", 100, data=session.current().data)

A box is left, top, right, bottom; its pixels are those with left <= x < right and
top <= y < bottom, so it has (right - left) * (bottom - top) of them.
Source: VOC's files in Annotations (see `annotations.py`).
"""

from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from course_utils.data.annotations import read_boxes
from course_utils.data.scenes import Scenes, load_scenes
from course_utils.data.shapes import draw_scene
from course_utils.data.voc import image_names, voc_folder

__all__ = ["Objects", "scene_boxes", "single_objects"]

_SEEN = 0.5  # so much of a box must be left when the scene is cut out of its image


class Objects(NamedTuple):
    """The objects of one image. classes: (n,) int64, 1..K-1; boxes: (n, 4) float32."""

    classes: Tensor
    boxes: Tensor


def scene_boxes(scenes: Scenes, image_set: str) -> list[Objects]:
    """The annotated objects of each scene.

    scenes: the first images of `image_set`, as `load_scenes` reads them: scaled along the
    shorter side and cut about the middle. Boxes go the same way and are clipped to the scene;
    an object of which less than half a box is left is dropped.
    Returns a list as long as `scenes.images`; an entry may have no object.
    """
    size = scenes.images.shape[-1]
    folder = voc_folder(scenes.root)
    found = []
    for name in image_names(scenes.root, image_set)[: len(scenes.images)]:
        with Image.open(folder / "JPEGImages" / f"{name}.jpg") as picture:
            width, height = picture.size
        names, boxes = read_boxes(folder / "Annotations" / f"{name}.xml")
        boxes, seen = _into_scene(torch.from_numpy(boxes).float(), width, height, size)
        classes = torch.tensor([scenes.names.index(name) for name in names], dtype=torch.int64)
        found.append(Objects(classes[seen], boxes[seen]))
    return found


def single_objects(
    image_set: str, number: int, size: int = 128, *, data: str = "shapes"
) -> tuple[Tensor, Objects]:
    """Images with one object each, for localisation: at most `number` of them.

    image_set: "train" or "val". data: "shapes" draws such scenes (they are in no other set);
    "voc2012" picks them out of the first 3 * number images of the set.
    Returns images (N, 3, size, size) in [0, 1] and their N objects, one an image, in order.
    """
    if data == "shapes":
        split = ("train", "val").index(image_set)
        draws = [np.random.default_rng([11, split, i]) for i in range(number)]
        scenes = [draw_scene(draw, size, size, max_objects=1) for draw in draws]
        pictures = torch.from_numpy(np.stack([scene.image for scene in scenes]))
        classes = np.concatenate([scene.classes for scene in scenes])
        boxes = np.concatenate([scene.boxes for scene in scenes])
        objects = Objects(torch.from_numpy(classes).long(), torch.from_numpy(boxes).float())
        return pictures.permute(0, 3, 1, 2).float() / 255, objects
    there = len(image_names(load_scenes(image_set, 1, size, data=data).root, image_set))
    scenes = load_scenes(image_set, min(3 * number, there), size, data=data)
    found = scene_boxes(scenes, image_set)
    chosen = [i for i, objects in enumerate(found) if len(objects.classes) == 1][:number]
    classes = torch.cat([found[i].classes for i in chosen])
    return scenes.images[chosen], Objects(classes, torch.cat([found[i].boxes for i in chosen]))


def _into_scene(boxes: Tensor, width: int, height: int, size: int) -> tuple[Tensor, Tensor]:
    """Boxes of an image in the scene cut out of it, and which of them are still in it."""
    scale = size / min(width, height)
    left, top = ((round(side * scale) - size) // 2 for side in (width, height))
    moved = boxes * scale - torch.tensor([left, top, left, top])
    clipped = moved.clamp(0, size)
    seen = _area(clipped) >= _SEEN * _area(moved)
    return clipped, seen


def _area(boxes: Tensor) -> Tensor:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
