"""Small or large: by hand, and that the limits share the pixels out."""

import pytest
import torch

from course_utils.data import VOID
from course_utils.reference.size_labels import LARGE, SMALL, size_labels, size_limits


def squares(*sides):
    """One image a square, number 1, with a seam to its right."""
    objects = torch.zeros(len(sides), 12, 16, dtype=torch.uint8)
    for image, side in zip(objects, sides, strict=True):
        image[:side, :side], image[:side, side] = 1, VOID
    return objects


def test_every_pixel_of_an_object_gets_its_size():
    labels = size_labels(squares(2, 5, 9), (10, 30))
    for image, side, label in zip(labels, (2, 5, 9), (SMALL, VOID, LARGE), strict=True):
        assert (image[:side, :side] == label).all()
        assert (image[:side, side] == VOID).all()
        assert (image[side:] == 0).all()


def test_objects_of_one_image_are_told_apart():
    objects = torch.tensor([[[1, 1, 1, 0, 2, VOID]]], dtype=torch.uint8)
    assert size_labels(objects, (1, 2)).tolist() == [[[LARGE] * 3 + [0, SMALL, VOID]]]


def test_limits_share_the_pixels_out():
    objects = squares(*(2, 3, 4, 5, 6, 7, 8, 9, 10, 11))
    small, large = limits = size_limits(objects)
    labels = size_labels(objects, limits)
    every = sum(side**2 for side in range(2, 12))
    assert small < large
    assert (labels == SMALL).sum() <= 0.4 * every
    assert (labels == LARGE).sum() <= 0.4 * every
    assert (labels == SMALL).sum() > 0.2 * every
    assert (labels == LARGE).sum() > 0.2 * every


def test_images_without_objects_have_no_limits():
    with pytest.raises(ValueError, match="at least one object"):
        size_limits(torch.zeros(1, 4, 4, dtype=torch.uint8))
