"""What a notebook finds where VOC 2012 and ImageNet weights have been downloaded, made here.

    eval "$(python -m tests.notebooks.voc_like FOLDER)"

makes a tree in VOC's layout and with VOC's classes out of drawn scenes, and weight files of
torchvision's names with random numbers, and prints the settings that let notebooks find them.
The real road is taken: only the bytes at its end are not the real ones, so nothing that a
lecture says about VOC can be checked with it, but that its cells run on it can.
"""

import hashlib
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

import torch
from torchvision import models

from course_utils.data.shapes import OTHER_SHAPES, SHAPES, Kind
from course_utils.data.shapes_voc import make_shapes_voc
from course_utils.data.textures import TEXTURES
from course_utils.data.voc import VOC_CLASSES

__all__ = ["SIZE", "kinds", "make", "settings"]

SIZE = (150, 200)  # no square, and no multiple of a stride


def make(
    folder: Path, *, train: int = 200, val: int = 100, networks: Iterable[str] = ("alexnet",)
) -> dict[str, str]:
    """Make the tree and the weights below `folder`, once; the settings that point there."""
    root = folder / "data" / "voc2012"
    if not root.is_dir():
        make_shapes_voc(root, train=train, val=val, size=SIZE, kinds=kinds(), seed=1)
    checkpoints = folder / "torch" / "hub" / "checkpoints"
    checkpoints.mkdir(parents=True, exist_ok=True)
    for network in networks:
        weights = models.get_model_weights(network).DEFAULT
        path = checkpoints / Path(weights.url).name
        if not path.is_file():
            torch.manual_seed(0)
            torch.save(models.get_model(network).state_dict(), path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        path.with_name(f"{path.name}.sha256").write_text(digest)
    return settings(folder)


def settings(folder: Path) -> dict[str, str]:
    """Environment variables under which a session works on VOC 2012, found in `folder`."""
    return {
        "COURSE_DATA": "voc2012",
        "COURSE_DATA_DIR": str(folder / "data"),
        "TORCH_HOME": str(folder / "torch"),
    }


def kinds() -> tuple[Kind, ...]:
    """VOC's twenty classes, each an outline with textures of its own."""
    outlines = [kind.outlines[0] for kind in (*SHAPES, *OTHER_SHAPES)]
    half = len(TEXTURES) // 2
    halves = (tuple(TEXTURES)[:half], tuple(TEXTURES)[half:])
    return tuple(
        Kind(name, (outlines[k % len(outlines)],), halves[k // len(outlines)])
        for k, name in enumerate(VOC_CLASSES)
    )


if __name__ == "__main__":
    for name, value in make(Path(sys.argv[1]), networks=sys.argv[2:] or ("alexnet",)).items():
        print(f"export {name}={shlex.quote(value)}")
