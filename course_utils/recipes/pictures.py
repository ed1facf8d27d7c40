"""What a recipe trains on, and in which order: the same for the same seed.

Sample number p of a run (0, 1, 2, ...) is the image p mod n of the shuffle number p div n,
cropped and mirrored by random numbers of its own, made of the seed and p. Hence a run that was
cut off goes on from a step with the very samples it would have had, whatever the number of
workers.
"""

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler, Subset
from torchvision.datasets import SBDataset, VOCSegmentation

from course_utils.data.cache import cache_folder
from course_utils.data.scenes import Unavailable, voc2012_root
from course_utils.data.shapes_voc import SHAPES_CLASSES, ShapesVOC
from course_utils.data.transforms import (
    IMAGENET_NORMALISATION,
    eval_transforms,
    train_transforms,
)
from course_utils.data.voc import VOC_CLASSES, image_names
from course_utils.i18n import _

__all__ = ["Pictures", "load_pictures", "mixed_seed", "sbd_without_val"]


@dataclass(frozen=True)
class Pictures:
    """Images with their masks, as PIL images.

    names: of the labels 0, 1, ..., the background first. shown: what they are, for a reader.
    """

    train: Dataset
    val: Dataset
    names: tuple[str, ...]
    shown: str

    def batches(
        self, batch: int, size: int, *, seed: int, start: int, stop: int, workers: int
    ) -> DataLoader:
        """Steps start, start + 1, ..., stop - 1 of the run: images (batch, 3, size, size)."""
        transforms = train_transforms(
            size, scale=(0.5, 2.0), normalisation=IMAGENET_NORMALISATION
        )
        return DataLoader(
            _Seeded(self.train, transforms, seed),
            batch_sampler=_Steps(len(self.train), batch, seed, start, stop),
            num_workers=workers,
            pin_memory=torch.cuda.is_available(),
            worker_init_fn=_leave_interrupts_to_the_loop,
        )

    def validation(self, workers: int) -> DataLoader:
        """Every image of val alone and in its own size, with all of its truth."""
        transforms = eval_transforms(normalisation=IMAGENET_NORMALISATION)
        return DataLoader(
            _Transformed(self.val, transforms),
            num_workers=workers,
            worker_init_fn=_leave_interrupts_to_the_loop,
        )


def load_pictures(
    data: str, *, root: Path | None = None, size: int = 128, sbd: bool = False
) -> Pictures:
    """VOC 2012 or the drawn ShapesVOC.

    data: "voc" or "shapes". root: a folder that holds VOCdevkit/VOC2012; None for the download
    (2 GB, on first use) or the built-in drawing. size: of drawn images. sbd: VOC's train is
    joined by the images of SBD that are in neither its train nor its val.
    Raises Unavailable, with a sentence for the reader, where they can't be had; ValueError for
    another data set, or sbd with drawn images.
    """
    if data not in ("voc", "shapes"):
        raise ValueError(f'Expected data "voc" or "shapes", got {data!r}.')
    if data == "shapes":
        if sbd:
            raise ValueError("Expected SBD beside VOC 2012, got it with ShapesVOC.")
        if root is None:
            root = Path(ShapesVOC("train", size=size).root)
        return _pictures(root, SHAPES_CLASSES, "ShapesVOC")
    if root is None:
        try:
            root = voc2012_root()
        except Unavailable as error:
            raise _unavailable("VOC 2012", error.reason) from error
    found = _pictures(root, VOC_CLASSES, "VOC 2012")
    if not sbd:
        return found
    try:
        more = sbd_without_val(_sbd_root(), root)
    except Exception as error:
        raise _unavailable("SBD", f"{type(error).__name__}: {error}") from error
    joined = torch.utils.data.ConcatDataset([found.train, more])
    return Pictures(joined, found.val, found.names, "VOC 2012 + SBD")


def sbd_without_val(sbd_root: Path, voc_root: Path) -> Dataset:
    """SBD's images that VOC 2012 has neither in train (its own masks are finer) nor in val.

    Source: Hariharan et al. 2011, "Semantic contours from inverse detectors".
    """
    taken = {*image_names(voc_root, "train"), *image_names(voc_root, "val")}
    parts = []
    for image_set in ("train", "val"):  # of SBD: not VOC's
        part = SBDataset(str(sbd_root), image_set=image_set, mode="segmentation")
        kept = [i for i, path in enumerate(part.images) if Path(path).stem not in taken]
        parts.append(Subset(part, kept))
    return torch.utils.data.ConcatDataset(parts)


def mixed_seed(seed: int, number: int) -> int:
    """A seed for one of many numbered things, unlike that of its neighbours."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


class _Seeded(Dataset):
    """(number in the run, index of the image) -> the pair, changed by numbers of its own."""

    def __init__(self, pairs: Dataset, transforms: Callable, seed: int):
        self.pairs, self.transforms, self.seed = pairs, transforms, seed

    def __getitem__(self, place: tuple[int, int]) -> tuple[Tensor, Tensor]:
        number, index = place
        image, mask = self.pairs[index]
        with torch.random.fork_rng(devices=[]):
            torch.random.default_generator.manual_seed(mixed_seed(self.seed, number))
            return self.transforms(image, mask)


class _Transformed(Dataset):
    def __init__(self, pairs: Dataset, transforms: Callable):
        self.pairs, self.transforms = pairs, transforms

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.transforms(*self.pairs[index])


class _Steps(Sampler):
    """Batches of (number in the run, index) from step `start` up to, not with, `stop`."""

    def __init__(self, images: int, batch: int, seed: int, start: int, stop: int):
        self.images, self.batch, self.seed = images, batch, seed
        self.steps = range(start, stop)

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        shuffle, order = -1, []
        for step in self.steps:
            places = []
            for number in range(step * self.batch, (step + 1) * self.batch):
                if number // self.images != shuffle:
                    shuffle = number // self.images
                    draw = torch.Generator().manual_seed(mixed_seed(self.seed, shuffle))
                    order = torch.randperm(self.images, generator=draw).tolist()
                places.append((number, order[number % self.images]))
            yield places


def _pictures(root: Path, classes: tuple[str, ...], shown: str) -> Pictures:
    try:
        train, val = (
            VOCSegmentation(str(root), year="2012", image_set=s) for s in ("train", "val")
        )
    except (RuntimeError, OSError) as error:
        raise ValueError(
            f"Expected a folder that holds VOCdevkit/VOC2012, got {root}: {error}"
        ) from error
    for name, images in (("train", train), ("val", val)):
        if not len(images):
            raise ValueError(f"Expected images in the set {name!r} of {root}, got none.")
    return Pictures(train, val, ("background", *classes), shown)


def _sbd_root() -> Path:
    """The folder with SBD's img, cls and lists, downloaded on first use (1.4 GB)."""
    root = cache_folder() / "sbd"
    there = all((root / name).exists() for name in ("img", "cls", "train.txt", "val.txt"))
    SBDataset(str(root), image_set="train", mode="segmentation", download=not there)
    return root


def _unavailable(what: str, reason: str) -> Unavailable:
    sentence = _("{what} can't be had ({reason}).")
    return Unavailable(sentence.format(what=what, reason=reason), reason)


def _leave_interrupts_to_the_loop(worker: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
