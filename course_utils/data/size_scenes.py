"""Scenes whose labels need a wide view: every object is small or large, whatever its shape.

A pixel in the middle of an object has to see the object's border to know which. Objects of
middling size are neither: they are VOID.
"""

import numpy as np
import torch
from torch import Tensor

from course_utils.data.scenes import load_scenes
from course_utils.data.shapes import draw_scene
from course_utils.data.voc import VOID

__all__ = ["SIDE", "SIZE_NAMES", "draw_size_scenes", "load_size_scenes"]

SIDE = 64  # pixels
SIZE_NAMES = ("background", "small", "large")
_SMALL_TO, _LARGE_FROM = 200, 290  # pixels of an object that are in sight


def load_size_scenes(image_set: str, number: int) -> tuple[Tensor, Tensor]:
    """The first scenes of ShapesVOC's "train" or "val": images and labels.

    Returns (N, 3, SIDE, SIDE) float32 in [0, 1] and (N, SIDE, SIDE) uint8: 0 background,
    1 small, 2 large, VOID along every edge and on objects of middling size.
    Raises ValueError for another set, or where it has fewer scenes.
    """
    scenes = load_scenes(image_set, number, size=SIDE)
    return scenes.images, _labels(scenes.objects)


def draw_size_scenes(start: int, number: int) -> tuple[Tensor, Tensor]:
    """New scenes, the same for the same `start`: images uint8, labels as above."""
    scenes = [draw_scene(np.random.default_rng([start, i]), SIDE, SIDE) for i in range(number)]
    images = torch.stack([torch.from_numpy(scene.image) for scene in scenes])
    objects = torch.stack([torch.from_numpy(scene.objects) for scene in scenes])
    return images.permute(0, 3, 1, 2).contiguous(), _labels(objects)


def _labels(objects: Tensor) -> Tensor:
    """(N, H, W) uint8 from numbers of objects: 0 background, 1, 2, ..., VOID."""
    labels = torch.zeros_like(objects)
    labels[objects == VOID] = VOID
    for scene, numbers in zip(labels, objects, strict=True):
        for number in numbers.unique():
            if 0 < number < VOID:
                inside = numbers == number
                area = int(inside.sum())
                scene[inside] = 1 if area <= _SMALL_TO else 2 if area >= _LARGE_FROM else VOID
    return labels
