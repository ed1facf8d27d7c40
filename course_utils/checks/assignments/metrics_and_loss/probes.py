"""Writes masks as a folder in VOC's layout, and asks a student's function to count them.

The probe of the exercise on VOC's statistics: it runs in the student's kernel.
"""

import atexit
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from course_utils.checks.probing import Caller, Observation, fingerprint
from course_utils.data.voc import voc_palette

__all__ = ["observe_tree", "write_tree"]

_KEPT: dict[Any, tempfile.TemporaryDirectory] = {}
_IN_MEMORY = "/dev/shm"  # Linux: a hundred small files are written and removed at no cost
_MOST_KEPT = 12  # the cases of one seed


@atexit.register
def _forget() -> None:
    while _KEPT:
        _KEPT.popitem()[1].cleanup()


def observe_tree(caller: Caller, inputs: dict[str, Any]) -> Observation:
    """One call on a folder that holds the masks: a fresh one for a student's code, one that
    is kept for ours, which is asked many times and leaves it as it is."""
    kept = _kept_tree(inputs) if caller.trusted else _tree(inputs)
    found = caller.call({"root": kept.name, "image_set": inputs["image_set"]})
    if not caller.trusted:
        kept.cleanup()
    return found


def write_tree(root: Path, inputs: dict[str, Any]) -> None:
    """The tree of one case.

    inputs: "lists" (image set -> names), "classes" and "objects" (name -> (H, W) uint8).
    """
    folder = root / "VOCdevkit" / "VOC2012"
    lists = folder / "ImageSets" / "Segmentation"
    for path in (lists, folder / "JPEGImages"):
        path.mkdir(parents=True)
    for image_set, names in inputs["lists"].items():
        (lists / f"{image_set}.txt").write_text("".join(f"{name}\n" for name in names))
    palette = voc_palette().tobytes()
    for kind, key in (("SegmentationClass", "classes"), ("SegmentationObject", "objects")):
        (folder / kind).mkdir()
        for name, labels in inputs[key].items():
            mask = Image.fromarray(np.asarray(labels, dtype=np.uint8)).convert("L")
            mask.putpalette(palette)
            mask.save(folder / kind / f"{name}.png")
    for name, labels in inputs["classes"].items():
        height, width = labels.shape
        Image.new("RGB", (width, height)).save(folder / "JPEGImages" / f"{name}.jpg")


def _tree(inputs: dict[str, Any]) -> tempfile.TemporaryDirectory:
    place = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else None
    folder = tempfile.TemporaryDirectory(prefix="voc-", dir=place, ignore_cleanup_errors=True)
    write_tree(Path(folder.name), inputs)
    return folder


def _kept_tree(inputs: dict[str, Any]) -> tempfile.TemporaryDirectory:
    key = fingerprint(inputs)
    if key not in _KEPT:
        while len(_KEPT) >= _MOST_KEPT:
            _KEPT.pop(next(iter(_KEPT))).cleanup()
        _KEPT[key] = _tree(inputs)
    return _KEPT[key]
