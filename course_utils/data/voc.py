"""PASCAL VOC 2012: class names, palette, masks, and how many objects there are.

A tree in VOC's layout, as `torchvision.datasets.VOCSegmentation(root, year="2012")` reads it:

    root/VOCdevkit/VOC2012/ImageSets/Segmentation/{train,val,trainval}.txt   image names
                           JPEGImages/NAME.jpg
                           SegmentationClass/NAME.png     label of each pixel
                           SegmentationObject/NAME.png    number of the object of each pixel

Masks are PNGs with a palette: the pixel's value is the label, its colour only decoration.
Source: Everingham et al. 2012, The PASCAL VOC Challenge 2012 Development Kit, sections 3, 4.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from course_utils.data.image_files import open_labels
from course_utils.i18n import _

__all__ = [
    "VOC_CLASSES",
    "VOID",
    "ClassCount",
    "Statistics",
    "image_names",
    "read_labels",
    "statistics_table",
    "voc_folder",
    "voc_palette",
    "voc_statistics",
]

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
VOID = 255  # object borders and what nobody could label: not a class

# Label k + 1 is VOC_CLASSES[k]; label 0 is background.
VOC_CLASSES = (
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
)


class ClassCount(NamedTuple):
    """Images that hold a class, and its objects in them (None: not counted)."""

    images: int
    objects: int | None


class Statistics(dict):
    """Class name -> ClassCount, and the totals of a set of images.

    images: the number of images. Less than the sum over classes, for one image can hold
        several classes.
    objects: the number of objects, the sum over classes; None where they were not counted.
    """

    def __init__(self, counts: Mapping[str, ClassCount], images: int):
        super().__init__(counts)
        self.images = images
        objects = [count.objects for count in self.values()]
        self.objects = None if None in objects else sum(objects)


def voc_statistics(
    root: str | Path,
    image_set: str,
    classes: Sequence[str] = VOC_CLASSES,
    names: Iterable[str] | None = None,
    *,
    objects: bool = True,
) -> Statistics:
    """Count images and objects of each class from the masks: a column pair of VOC's table.

    root: the folder that holds VOCdevkit/VOC2012.
    image_set: "train", "val" or "trainval".
    classes: names of the labels 1, 2, ...
    names: the images to count; all of the image set where left out.
    objects: False counts images alone, for trees without SegmentationObject.
    An object belongs to the class that most of its labelled pixels have.
    Raises FileNotFoundError for a missing folder, list or class mask; ValueError for a
    missing object mask, a damaged file, masks of unequal size, or a label that no class has.
    """
    folder = voc_folder(root)
    chosen = image_names(root, image_set) if names is None else list(names)
    images_of = np.zeros(256, dtype=int)
    objects_of = np.zeros(256, dtype=int)
    for name in chosen:
        labels = _class_mask(folder, name, classes)
        images_of[np.unique(labels)] += 1
        if objects:
            owners = _object_classes(folder, name, labels)
            objects_of += np.bincount(owners, minlength=256)
    counts = {
        name: ClassCount(int(images_of[k]), int(objects_of[k]) if objects else None)
        for k, name in enumerate(classes, start=1)
    }
    return Statistics(counts, images=len(chosen))


def statistics_table(columns: Mapping[str, Statistics]) -> str:
    """The lecture's table as Markdown that also reads well in a terminal.

    columns: image set -> its statistics, all over the same classes.
    The last row counts images, not the sum over classes; — stands for what was not counted.
    """
    if not columns or len({tuple(column) for column in columns.values()}) > 1:
        raise ValueError(
            "Expected statistics over the same classes in every column, got "
            f"{ {name: len(column) for name, column in columns.items()} } classes. "
            "Call voc_statistics with the same `classes` for each."
        )
    head = [_("class")]
    for name in columns:
        head += [_("{set} images").format(set=name), _("{set} objects").format(set=name)]
    rows = []
    for name in next(iter(columns.values())):
        rows.append([name, *(n for column in columns.values() for n in column[name])])
    totals = ((column.images, column.objects) for column in columns.values())
    rows.append([_("Total"), *(n for pair in totals for n in pair)])
    return _markdown(head, [["—" if n is None else str(n) for n in row] for row in rows])


def image_names(root: str | Path, image_set: str) -> list[str]:
    """The image names of a segmentation set, in the order of its list.

    Raises FileNotFoundError for a missing folder or list, ValueError for one that is no text.
    """
    lists = voc_folder(root) / "ImageSets" / "Segmentation"
    path = lists / f"{image_set}.txt"
    if not path.is_file():
        there = ", ".join(sorted(file.stem for file in lists.glob("*.txt"))) or "none"
        raise FileNotFoundError(f"Expected an image set, got {path}. There: {there}.")
    return _text(path).split()


def voc_folder(root: str | Path) -> Path:
    """The VOC2012 folder below `root`."""
    folder = Path(root) / "VOCdevkit" / "VOC2012"
    if not folder.is_dir():
        raise FileNotFoundError(
            f"Expected root to hold VOCdevkit/VOC2012, got {root}. "
            "Give the folder that you would give torchvision's VOCSegmentation."
        )
    return folder


def read_labels(path: str | Path) -> np.ndarray:
    """The labels of a mask, (H, W) uint8: the palette's indices, not its colours.

    Raises FileNotFoundError for a missing file, ValueError for one that is cut or damaged, and
    for an image in colours or of more than a byte a pixel.
    """
    return np.array(open_labels(path))


def voc_palette() -> np.ndarray:
    """The 256 colours of VOC's masks, (256, 3) uint8.

    Bits 0, 1, 2 of a label become the highest bits of red, green and blue, bits 3, 4, 5
    the next lower ones, and so on: neighbouring labels get colours far apart.
    Source: VOC development kit, VOClabelcolormap.m.
    """
    labels = np.arange(256)
    palette = np.zeros((256, 3), dtype=np.uint8)
    for bit in range(8):
        for channel in range(3):
            wanted = labels >> (3 * bit + channel) & 1
            palette[:, channel] |= (wanted << (7 - bit)).astype(np.uint8)
    return palette


def _text(path: Path) -> str:
    """What a text file holds, with or without the mark that Windows' editors put first."""
    data = path.read_bytes()
    try:
        return data.decode("utf-16" if data.startswith(_UTF16) else "utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(
            f"Expected image names in UTF-8, got other bytes in {path}. "
            "The list is damaged: unpack VOC's archive again."
        ) from None


def _class_mask(folder: Path, name: str, classes: Sequence[str]) -> np.ndarray:
    path = folder / "SegmentationClass" / f"{name}.png"
    labels = read_labels(path)
    strange = labels[(labels > len(classes)) & (labels != VOID)]
    if strange.size:
        raise ValueError(
            f"Expected labels 0..{len(classes)} or {VOID}, got {strange[0]} in {path}. "
            "Give the names of all classes of this tree as `classes`."
        )
    return labels


def _object_classes(folder: Path, name: str, labels: np.ndarray) -> np.ndarray:
    """The class of each object of an image, (objects,)."""
    path = folder / "SegmentationObject" / f"{name}.png"
    if not path.is_file():
        raise ValueError(
            f"Expected the object mask {path}, got no such file. Without it only images "
            "can be counted: pass objects=False, or `names` of images that have one."
        )
    numbers = read_labels(path)
    if numbers.shape != labels.shape:
        raise ValueError(
            f"Expected object and class masks of one size, got {numbers.shape} and "
            f"{labels.shape} for {name}. One of the two files is of another image."
        )
    pairs = numbers.astype(np.int32) * 256 + labels
    pixels = np.bincount(pairs.ravel(), minlength=256 * 256).reshape(256, 256)
    there = pixels.sum(axis=1) > 0
    there[[0, VOID]] = False  # background and borders are no objects
    pixels = pixels[there]
    pixels[:, [0, VOID]] = 0
    classless = np.flatnonzero(there)[pixels.sum(axis=1) == 0]
    if classless.size:
        raise ValueError(
            f"Expected every object of {path} to lie on a class, got object {classless[0]} "
            "on background and void alone. The masks are of different images, or damaged."
        )
    return pixels.argmax(axis=1)


def _markdown(head: list[str], rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]

    def line(cells: list[str]) -> str:
        name, *numbers = (f"{cell:<{w}}" for cell, w in zip(cells, widths, strict=True))
        numbers = [n.strip().rjust(w) for n, w in zip(numbers, widths[1:], strict=True)]
        return f"| {' | '.join([name, *numbers])} |"

    rule = ["-" * widths[0], *("-" * (w - 1) + ":" for w in widths[1:])]
    return "\n".join(line(cells) for cells in [head, rule, *rows])
