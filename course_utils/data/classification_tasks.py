"""A task near to the one that a network was trained on, and one far from it.

    tasks = load_tasks(train=200, test=60, size=64, data=session.current().data)
    tasks["near"].images, tasks["far"].test_images

On the built-in data both are one drawn object in an image, and only the question differs:
near, which of six outlines that the network never saw; far, which of six textures.
On VOC 2012 both are photographs of single objects, cut out by the object's mask with a margin:
near, which of six classes; far, which of six things was done to the image (left as it is,
blurred, made noisy, pixelated, posterised, flattened in contrast), whatever it shows.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch import Tensor

from course_utils.data.image_files import open_picture
from course_utils.data.scenes import load_scenes
from course_utils.data.shapes import OTHER_SHAPES, TEXTURED, Kind
from course_utils.data.shapes_classification import ShapesClassification
from course_utils.data.voc import VOC_CLASSES, VOID, image_names, read_labels, voc_folder

__all__ = ["CHANGES", "VOC_NEAR", "Task", "load_tasks"]

# Six of VOC's classes with objects enough in train and in val.
VOC_NEAR = ("bird", "car", "cat", "chair", "dog", "person")
_LEAST = 24  # pixels of a side: smaller objects are left out


@dataclass(frozen=True)
class Task:
    """A classification task: images to learn from and others to be judged on.

    images, test_images: (N, 3, H, W) float32 in [0, 1]. labels, test_labels: (N,) int64,
    0..K-1. classes: the K names. Classes come in turn, 0, 1, ..., K-1, 0, 1, ..., and so a
    prefix of a multiple of K images holds equally many of each.
    """

    images: Tensor
    labels: Tensor
    test_images: Tensor
    test_labels: Tensor
    classes: tuple[str, ...]

    def to(self, device: torch.device) -> "Task":
        """The same on another device."""
        tensors = ("images", "labels", "test_images", "test_labels")
        return replace(self, **{name: getattr(self, name).to(device) for name in tensors})

    def draw(self, number: int, seed: int) -> Tensor:
        """Indices of `number` training images, equally many of each class, by lot.

        Raises ValueError unless number is a multiple of K and there are so many images.
        """
        kinds = len(self.classes)
        if number % kinds or not 0 < number <= len(self.labels):
            raise ValueError(
                f"Expected a number that {kinds} divides, 1..{len(self.labels)}, got {number}."
            )
        lot = torch.Generator().manual_seed(seed)
        rounds = len(self.labels) // kinds
        chosen = [
            torch.randperm(rounds, generator=lot)[: number // kinds] for _ in range(kinds)
        ]
        found = torch.stack([kinds * rank + k for k, rank in enumerate(chosen)], dim=1)
        return found.flatten().to(self.labels.device)


def load_tasks(train: int, test: int, *, size: int, data: str = "shapes") -> dict[str, Task]:
    """The tasks "near" and "far", `train` and `test` images of each class.

    size: pixels of a side. data: "shapes" or "voc2012"; where VOC 2012 can't be had, one
    sentence says so and the built-in tasks stand in. VOC gives fewer images where it has
    fewer, equally many of each class.
    Raises ValueError for another data set, no images, or a class that VOC's files lack.
    """
    if train < 1 or test < 1:
        raise ValueError(f"Expected train and test of at least 1, got {train} and {test}.")
    if data == "voc2012":
        known = load_scenes("train", 1, 32, data=data)
        if known.names[1:] == VOC_CLASSES:
            return _voc_tasks(known.root, train, test, size)
    elif data != "shapes":
        raise ValueError(f'Expected data "shapes" or "voc2012", got {data!r}.')
    return {
        "near": _drawn_task(OTHER_SHAPES, train, test, size, seed=11),
        "far": _drawn_task(TEXTURED, train, test, size, seed=21),
    }


def _drawn_task(kinds: tuple[Kind, ...], train: int, test: int, size: int, seed: int) -> Task:
    first = ShapesClassification(kinds, per_class=train, size=size, seed=seed)
    second = ShapesClassification(kinds, per_class=test, size=size, seed=seed + 1)
    return Task(
        images=first.images.float() / 255,
        labels=first.targets,
        test_images=second.images.float() / 255,
        test_labels=second.targets,
        classes=first.classes,
    )


def _voc_tasks(root, train: int, test: int, size: int) -> dict[str, Task]:
    sets = {"train": train, "val": test}
    near = {name: _balanced(_objects(root, name, size), n) for name, n in sets.items()}
    far = {}
    for number, (name, pictures) in enumerate(near.items()):
        lot = np.random.default_rng([3, number])  # the same objects, in another order
        order = lot.permutation(len(pictures))
        changes = list(CHANGES.values())
        far[name] = [changes[k % len(changes)](pictures[i], lot) for k, i in enumerate(order)]
    return {
        "near": _task(near, VOC_NEAR),
        "far": _task(far, tuple(CHANGES)),
    }


def _task(sets: dict[str, list[Image.Image]], classes: tuple[str, ...]) -> Task:
    images = {
        name: torch.from_numpy(np.stack([np.array(one) for one in pictures]))
        .permute(0, 3, 1, 2)
        .float()
        / 255
        for name, pictures in sets.items()
    }
    labels = {name: torch.arange(len(found)) % len(classes) for name, found in images.items()}
    return Task(images["train"], labels["train"], images["val"], labels["val"], classes)


def _balanced(objects: Iterator[tuple[int, Image.Image]], number: int) -> list[Image.Image]:
    """The first `number` objects of each class, as many as the scarcest has, in turn."""
    found: list[list[Image.Image]] = [[] for _ in VOC_NEAR]
    for k, picture in objects:
        if len(found[k]) < number:
            found[k].append(picture)
        if min(map(len, found)) == number:
            break
    scarcest = min(map(len, found))
    if not scarcest:
        raise ValueError(
            f"Expected objects of {', '.join(VOC_NEAR)} in VOC's files, there are none of "
            f"{', '.join(n for n, f in zip(VOC_NEAR, found, strict=True) if not f)}."
        )
    return [one for turn in zip_longest(*(f[:scarcest] for f in found)) for one in turn]


def _objects(root, image_set: str, size: int) -> Iterator[tuple[int, Image.Image]]:
    """Class (of VOC_NEAR) and square picture of every object that is large enough."""
    folder = voc_folder(root)
    label_of = {VOC_CLASSES.index(name) + 1: k for k, name in enumerate(VOC_NEAR)}
    for name in image_names(root, image_set):
        labels = read_labels(folder / "SegmentationClass" / f"{name}.png")
        if not np.isin(labels, list(label_of)).any():
            continue
        objects = read_labels(folder / "SegmentationObject" / f"{name}.png")
        picture = open_picture(folder / "JPEGImages" / f"{name}.jpg")
        for number in np.unique(objects[(objects > 0) & (objects != VOID)]):
            mask = objects == number
            counts = np.bincount(labels[mask & (labels != VOID)], minlength=256)
            counts[0] = 0
            rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            sides = np.array([np.ptp(columns), np.ptp(rows)]) + 1
            if int(counts.argmax()) in label_of and sides.max() >= _LEAST:
                centre = np.array([columns[0] + columns[-1], rows[0] + rows[-1]]) / 2
                half = 0.6 * sides.max()  # a square about the box and a tenth of it each side
                box = (*(centre - half).tolist(), *(centre + half).tolist())
                yield label_of[int(counts.argmax())], _cut(picture, box, size)


def _cut(picture: Image.Image, box: tuple[float, ...], size: int) -> Image.Image:
    """A square of the picture, scaled; what lies outside the picture repeats its edge."""
    left, top, right, bottom = (round(x) for x in box)
    pad = max(-left, -top, right - picture.width, bottom - picture.height, 0)
    if pad:
        pixels = np.pad(np.asarray(picture), ((pad, pad), (pad, pad), (0, 0)), mode="edge")
        picture = Image.fromarray(pixels)
    square = picture.crop((left + pad, top + pad, right + pad, bottom + pad))
    return square.resize((size, size), Image.Resampling.BILINEAR)


def _noisy(picture: Image.Image, lot: np.random.Generator) -> Image.Image:
    noise = lot.normal(0, lot.uniform(10, 25), (*picture.size[::-1], 3))
    return Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))


def _pixelated(picture: Image.Image, lot: np.random.Generator) -> Image.Image:
    few = max(picture.width // int(lot.integers(2, 5)), 1)
    small = picture.resize((few, few), Image.Resampling.BOX)
    return small.resize(picture.size, Image.Resampling.NEAREST)


def _posterised(picture: Image.Image, lot: np.random.Generator) -> Image.Image:
    step = 256 // int(lot.integers(3, 7))
    return Image.fromarray((np.asarray(picture) // step * step).astype(np.uint8))


def _flattened(picture: Image.Image, lot: np.random.Generator) -> Image.Image:
    pixels = np.asarray(picture).astype(float)
    mean = pixels.mean()
    return Image.fromarray((mean + lot.uniform(0.3, 0.6) * (pixels - mean)).astype(np.uint8))


# What the far task on photographs asks for. Strengths vary; each makes the same size again.
CHANGES: dict[str, Callable[[Image.Image, np.random.Generator], Image.Image]] = {
    "unchanged": lambda picture, lot: picture,
    "blurred": lambda picture, lot: picture.filter(
        ImageFilter.GaussianBlur(lot.uniform(0.8, 2.0) * picture.width / 64)
    ),
    "noisy": _noisy,
    "pixelated": _pixelated,
    "posterised": _posterised,
    "flattened": _flattened,
}
