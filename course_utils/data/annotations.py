"""VOC's annotation files: the boxes of one picture as XML.

VOC counts pixels from 1 and its boxes hold their last column and row, so the box
(left, top, right, bottom) of this course is written as (left + 1, top + 1, right, bottom).
Source: VOC 2012 Development Kit, section 8.1; `torchvision.datasets.VOCDetection` reads it.
"""

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

__all__ = ["read_boxes", "write_annotation"]

_SIDES = ("xmin", "ymin", "xmax", "ymax")


def write_annotation(
    path: str | Path,
    *,
    shape: tuple[int, int],
    names: Sequence[str],
    boxes: np.ndarray,
    source: str,
) -> None:
    """Write the boxes of a picture. An object at the picture's edge counts as truncated.

    path: NAME.xml; the picture is NAME.jpg. shape: its height and width.
    names: the class name of each object. boxes: (n, 4) left, top, right, bottom, as in `Scene`.
    source: what the picture comes from, for the record.
    """
    height, width = shape
    root = ElementTree.Element("annotation")
    _add(root, folder="VOC2012", filename=f"{Path(path).stem}.jpg")
    _add(ElementTree.SubElement(root, "source"), database=source, annotation=source)
    _add(ElementTree.SubElement(root, "size"), width=width, height=height, depth=3)
    _add(root, segmented=1)
    for name, (left, top, right, bottom) in zip(names, boxes.tolist(), strict=True):
        cut = left == 0 or top == 0 or right == width or bottom == height
        one = ElementTree.SubElement(root, "object")
        _add(one, name=name, pose="Unspecified", truncated=int(cut), difficult=0)
        sides = dict(zip(_SIDES, (left + 1, top + 1, right, bottom), strict=True))
        _add(ElementTree.SubElement(one, "bndbox"), **sides)
    ElementTree.indent(root, "\t")
    Path(path).write_text(ElementTree.tostring(root, encoding="unicode") + "\n")


def read_boxes(path: str | Path) -> tuple[list[str], np.ndarray]:
    """Class names and boxes of an annotation file.

    Returns names and (n, 4) int64 left, top, right, bottom; pixels are counted from 0 and
    right and bottom are the first ones outside.
    Raises FileNotFoundError for a missing file, ValueError for one that is cut or damaged.
    """
    try:
        objects = ElementTree.parse(path).getroot().findall("object")
        names = [_text(one, "name") for one in objects]
        sides = [[round(float(_text(one, f"bndbox/{s}"))) for s in _SIDES] for one in objects]
    except (ElementTree.ParseError, ValueError) as error:
        raise ValueError(
            f"Expected VOC's annotations, got {path}: {error}. "
            "Download or unpack the file again."
        ) from None
    return names, np.array(sides, dtype=np.int64).reshape(-1, 4) - np.array([1, 1, 0, 0])


def _text(one: ElementTree.Element, place: str) -> str:
    found = one.findtext(place)
    if not found:
        raise ValueError(f"an object without {place.removeprefix('bndbox/')}")
    return found


def _add(parent: ElementTree.Element, **texts: object) -> None:
    for tag, text in texts.items():
        ElementTree.SubElement(parent, tag).text = str(text)
