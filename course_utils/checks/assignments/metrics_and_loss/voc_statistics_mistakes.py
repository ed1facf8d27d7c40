"""Wrong ways to count VOC's masks that students go, and the sentence for each."""

from collections import defaultdict
from pathlib import Path

import numpy as np
from PIL import Image

from course_utils.checks.exercise import Mistake
from course_utils.data.voc import VOC_CLASSES, VOID
from course_utils.i18n import N_

__all__ = ["MISTAKES"]


def _folder(root):
    return Path(root) / "VOCdevkit" / "VOC2012"


def _names(root, image_set):
    return (_folder(root) / "ImageSets/Segmentation" / f"{image_set}.txt").read_text().split()


def _read(root, kind, name, mode=None):
    with Image.open(_folder(root) / kind / f"{name}.png") as image:
        return np.array(image.convert(mode) if mode else image)


def _pairs(root, names, mode=None):
    """(class mask, object mask) of each image."""
    for name in names:
        yield (
            _read(root, "SegmentationClass", name, mode),
            _read(root, "SegmentationObject", name),
        )


def _count(pairs, first=1):
    """The right way of counting; label first + i is VOC_CLASSES[i]."""
    images, objects = defaultdict(int), defaultdict(int)
    for labels, numbers in pairs:
        for k in np.unique(labels).tolist():
            images[k] += 1
            objects[k] += len({n for n in numbers[labels == k].tolist() if n not in (0, VOID)})
    return {name: (images[k], objects[k]) for k, name in enumerate(VOC_CLASSES, start=first)}


def _right(root, image_set):
    return _count(_pairs(root, _names(root, image_set)))


def _whole_folder(root, image_set):
    names = [path.stem for path in (_folder(root) / "SegmentationClass").glob("*.png")]
    return _count(_pairs(root, names))


def _one_object_an_image(root, image_set):
    return {name: (images, images) for name, (images, _) in _right(root, image_set).items()}


def _objects_twice(root, image_set):
    return {name: (objects, objects) for name, (_, objects) in _right(root, image_set).items()}


def _swapped(root, image_set):
    return {
        name: (objects, images) for name, (images, objects) in _right(root, image_set).items()
    }


def _connected(root, image_set):
    images, objects = defaultdict(int), defaultdict(int)
    for labels, _numbers in _pairs(root, _names(root, image_set)):
        for k in np.unique(labels).tolist():
            images[k] += 1
            objects[k] += _parts(labels == k)
    return {name: (images[k], objects[k]) for k, name in enumerate(VOC_CLASSES, start=1)}


def _parts(mask):
    """Number of parts of a mask whose pixels touch side by side."""
    left, parts = {tuple(place) for place in np.argwhere(mask).tolist()}, 0
    while left:
        parts, edge = parts + 1, [left.pop()]
        while edge:
            y, x = edge.pop()
            near = {(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)} & left
            left -= near
            edge.extend(near)
    return parts


def _numbers_over_images(root, image_set):
    images, objects = defaultdict(int), defaultdict(set)
    for labels, numbers in _pairs(root, _names(root, image_set)):
        for k in np.unique(labels).tolist():
            images[k] += 1
            objects[k] |= {n for n in numbers[labels == k].tolist() if n not in (0, VOID)}
    return {name: (images[k], len(objects[k])) for k, name in enumerate(VOC_CLASSES, start=1)}


def _largest_number(root, image_set):
    images, objects = defaultdict(int), defaultdict(int)
    for labels, numbers in _pairs(root, _names(root, image_set)):
        for k in np.unique(labels).tolist():
            images[k] += 1
            objects[k] += int(numbers[numbers != VOID].max())
    return {name: (images[k], objects[k]) for k, name in enumerate(VOC_CLASSES, start=1)}


def _largest_number_of_class(root, image_set):
    images, objects = defaultdict(int), defaultdict(int)
    for labels, numbers in _pairs(root, _names(root, image_set)):
        for k in np.unique(labels).tolist():
            images[k] += 1
            objects[k] += int(numbers[labels == k].max())
    return {name: (images[k], objects[k]) for k, name in enumerate(VOC_CLASSES, start=1)}


def _pixels(root, image_set):
    images, pixels = defaultdict(int), defaultdict(int)
    for labels, _numbers in _pairs(root, _names(root, image_set)):
        for k in np.unique(labels).tolist():
            images[k] += 1
            pixels[k] += int((labels == k).sum())
    return {name: (images[k], pixels[k]) for k, name in enumerate(VOC_CLASSES, start=1)}


def _shifted(root, image_set):
    return _count(_pairs(root, _names(root, image_set)), first=0)


def _grey(root, image_set):
    return _count(_pairs(root, _names(root, image_set), "L"))


def _absent_left_out(root, image_set):
    return {name: row for name, row in _right(root, image_set).items() if row[0]}


def _background_too(root, image_set):
    pairs = list(_pairs(root, _names(root, image_set)))
    background = sum(bool((labels == 0).any()) for labels, _numbers in pairs)
    return {"background": (background, 0), **_count(pairs)}


def _void_too(root, image_set):
    pairs = list(_pairs(root, _names(root, image_set)))
    void = sum(bool((labels == VOID).any()) for labels, _numbers in pairs)
    return {**_count(pairs), "void": (void, void)} if void else _count(pairs)


def _labels_for_names(root, image_set):
    right = _right(root, image_set)
    return dict(enumerate(right.values(), start=1))


def _void_as_class(root, image_set):
    counts = {name: [0, 0] for name in VOC_CLASSES}
    for labels, numbers in _pairs(root, _names(root, image_set)):
        for k in np.unique(labels).tolist():
            if k != 0:
                counts[VOC_CLASSES[k - 1]][0] += 1
        for number in np.unique(numbers).tolist():
            if number != 0:
                counts[VOC_CLASSES[int(labels[numbers == number][0]) - 1]][1] += 1
    return {name: tuple(row) for name, row in counts.items()}


MISTAKES = (
    Mistake(
        "whole_folder",
        N_(
            "You counted every mask in the folder; the image set's list says which belong to "
            "it."
        ),
        _whole_folder,
    ),
    Mistake(
        "one_object_an_image",
        N_(
            "Each image counts as one object in your answer; SegmentationObject numbers the "
            "objects, and several can be of one class."
        ),
        _one_object_an_image,
    ),
    Mistake(
        "objects_twice",
        N_(
            "The first number counts objects too; an image counts once for a class, however "
            "many objects it holds."
        ),
        _objects_twice,
    ),
    Mistake(
        "swapped", N_("The two numbers are swapped: first images, then objects."), _swapped
    ),
    Mistake(
        "connected",
        N_(
            "You counted connected regions. Touching objects are one region and a covered "
            "object may be several; the numbers stand in SegmentationObject."
        ),
        _connected,
    ),
    Mistake(
        "numbers_over_images",
        N_("Object 1 of one image and object 1 of another are two objects; you counted one."),
        _numbers_over_images,
    ),
    Mistake(
        "largest_number",
        N_("You gave all objects of an image to each of its classes."),
        _largest_number,
    ),
    Mistake(
        "largest_number_of_class",
        N_(
            "You took the largest object number of the class for how many there are; the "
            "numbers run over all classes of the image."
        ),
        _largest_number_of_class,
    ),
    Mistake("pixels", N_("The second number counts pixels, not objects."), _pixels),
    Mistake(
        "shifted",
        N_("The classes are shifted by one: label 0 is background, label 1 the first class."),
        _shifted,
    ),
    Mistake(
        "grey",
        N_(
            "You read the colours as shades of grey. The label is the index into the palette:"
            " open the PNG without converting it."
        ),
        _grey,
    ),
    Mistake(
        "absent_left_out",
        N_("Classes that occur nowhere are missing; each class has a row, if only (0, 0)."),
        _absent_left_out,
    ),
    Mistake(
        "background_too",
        N_("Background is in your table; it is no class of the twenty."),
        _background_too,
    ),
    Mistake(
        "void_too",
        N_("Void (255) is in your table; it marks borders and is no class."),
        _void_too,
    ),
    Mistake(
        "labels_for_names",
        N_("The keys must be the names of the classes, not their labels."),
        _labels_for_names,
    ),
    Mistake(
        "void_as_class",
        N_("You used 255 as a class or an object. It marks void, the borders: leave it out."),
        _void_as_class,
    ),
)
