"""ShapesVOC: a built-in data set in PASCAL VOC 2012's layout, drawn in a second or two.

`torchvision.datasets.VOCSegmentation` and `VOCDetection` read it unchanged:

    data = ShapesVOC("train")             # drawn on first use, then read from the cache
    image, mask = data[0]                 # PIL images, as VOCSegmentation gives them
    voc_statistics(data.root, "train", data.classes)
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from torchvision.datasets import VOCSegmentation
from tqdm import tqdm

from course_utils.data.annotations import write_annotation
from course_utils.data.cache import made_once
from course_utils.data.shapes import SHAPES, Kind, Scene, draw_scene
from course_utils.data.voc import voc_palette

__all__ = ["SHAPES_CLASSES", "Scene", "ShapesVOC", "draw_scene", "make_shapes_voc"]

SHAPES_CLASSES = tuple(kind.name for kind in SHAPES)  # label k + 1 is SHAPES_CLASSES[k]

_VERSION = 1  # of the drawing: raise it when the same seed gives another picture
_SPLITS = ("train", "val")
_PALETTE = voc_palette().tobytes()


def make_shapes_voc(
    root: str | Path,
    *,
    train: int,
    val: int,
    size: int | tuple[int, int] = 128,
    seed: int = 0,
    kinds: Sequence[Kind] = SHAPES,
    max_objects: int = 5,
    clutter: float = 1.0,
) -> Path:
    """Draw a tree of `train` and `val` scenes below `root` and return `root`.

    size: pixels of a side, or (height, width). The other arguments are those of `draw_scene`.
    Scene i of a split depends on the seed and i alone: more scenes leave the first as they are.
    Raises FileExistsError where there is a tree already, ValueError for negative numbers.
    """
    if train < 0 or val < 0 or seed < 0:
        raise ValueError(f"Expected train, val, seed >= 0, got {train}, {val}, {seed}.")
    folder = Path(root) / "VOCdevkit" / "VOC2012"
    if folder.exists():
        raise FileExistsError(
            f"Expected no tree yet, got {folder}. Remove it or choose another."
        )
    for part in ("JPEGImages", "SegmentationClass", "SegmentationObject", "Annotations"):
        (folder / part).mkdir(parents=True)

    height, width = (size, size) if isinstance(size, int) else size
    options = {"kinds": kinds, "max_objects": max_objects, "clutter": clutter}
    present: dict[str, np.ndarray] = {}  # image name -> labels of its objects
    jobs = [(split, i) for split, n in enumerate((train, val)) for i in range(n)]
    for split, i in tqdm(jobs, desc="ShapesVOC", delay=2, leave=False):
        scene = draw_scene(np.random.default_rng([seed, split, i]), height, width, **options)
        name = f"{_SPLITS[split]}_{i + 1:06d}"
        _write_scene(folder, name, scene, kinds)
        present[name] = scene.classes
    _write_lists(folder, present, kinds)
    return Path(root)


class ShapesVOC(VOCSegmentation):
    """The segmentation half of the data set, as torchvision reads VOC 2012.

    image_set: "train", "val" or "trainval".
    root: a folder to keep such trees in; left out, the cache (see `cache_folder`). Drawn on
        first use, then read; drawn again where it was damaged. `self.root` is the tree's own.
    train, val, size, seed, kinds, max_objects, clutter: as for `make_shapes_voc`.
    transform, target_transform, transforms: as for every data set of torchvision.
    Items: image (RGB) and mask (mode P: labels and void) as PIL images, before transforms.
    `classes` holds the names of the labels 1, 2, ...
    """

    def __init__(
        self,
        image_set: str = "train",
        *,
        root: str | Path | None = None,
        train: int = 200,
        val: int = 100,
        size: int | tuple[int, int] = 128,
        seed: int = 0,
        kinds: Sequence[Kind] = SHAPES,
        max_objects: int = 5,
        clutter: float = 1.0,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        transforms: Callable | None = None,
    ):
        options = {
            "train": train,
            "val": val,
            "size": size,
            "seed": seed,
            "kinds": tuple(kinds),
            "max_objects": max_objects,
            "clutter": clutter,
        }
        code = hashlib.sha256(repr(sorted(options.items())).encode()).hexdigest()[:10]
        root = made_once(
            f"shapes_voc-v{_VERSION}-{code}",
            lambda folder: make_shapes_voc(folder, **options),
            parent=None if root is None else Path(root),
        )
        super().__init__(
            str(root),
            year="2012",
            image_set=image_set,
            transform=transform,
            target_transform=target_transform,
            transforms=transforms,
        )
        self.classes = tuple(kind.name for kind in kinds)


def _write_scene(folder: Path, name: str, scene: Scene, kinds: Sequence[Kind]) -> None:
    picture = Image.fromarray(scene.image)
    picture.save(folder / "JPEGImages" / f"{name}.jpg", quality=92, subsampling=0)
    _write_mask(folder / "SegmentationClass" / f"{name}.png", scene.labels)
    _write_mask(folder / "SegmentationObject" / f"{name}.png", scene.objects)
    write_annotation(
        folder / "Annotations" / f"{name}.xml",
        shape=scene.labels.shape,
        names=[kinds[label - 1].name for label in scene.classes],
        boxes=scene.boxes,
        source="ShapesVOC",
    )


def _write_mask(path: Path, labels: np.ndarray) -> None:
    mask = Image.fromarray(labels)
    mask.putpalette(_PALETTE)
    mask.save(path)


def _write_lists(folder: Path, present: dict[str, np.ndarray], kinds: Sequence[Kind]) -> None:
    """The image sets: for segmentation, and for detection and classification in Main."""
    for task in ("Segmentation", "Main"):
        (folder / "ImageSets" / task).mkdir(parents=True)
    for image_set in (*_SPLITS, "trainval"):
        names = [n for n in present if image_set in ("trainval", n.rsplit("_", 1)[0])]
        text = "".join(f"{name}\n" for name in names)
        for task in ("Segmentation", "Main"):
            (folder / "ImageSets" / task / f"{image_set}.txt").write_text(text)
        for label, kind in enumerate(kinds, start=1):
            signs = "".join(f"{n} {1 if label in present[n] else -1:2d}\n" for n in names)
            (folder / "ImageSets" / "Main" / f"{kind.name}_{image_set}.txt").write_text(signs)
