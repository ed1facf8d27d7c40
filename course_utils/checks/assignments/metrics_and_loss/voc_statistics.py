"""Exercise: VOC's table, the number of images and of objects of each class, from the files."""

import numpy as np
import torch

from course_utils.checks.assignments.metrics_and_loss.pictures import class_and_object_masks
from course_utils.checks.assignments.metrics_and_loss.voc_statistics_mistakes import MISTAKES
from course_utils.checks.compare import compare_with, table
from course_utils.checks.exercise import Banned, Case, Exercise, draw
from course_utils.data.voc import VOID
from course_utils.i18n import N_

__all__ = ["EXERCISE"]

BANNED = Banned(
    (
        "course_utils.data.voc_statistics",
        "course_utils.data.voc.voc_statistics",
        "course_utils.data.voc._class_mask",
        "course_utils.data.voc._object_classes",
    ),
    N_("The exercise is to count the masks yourself; the course's own count is the answer."),
)
SHAPE = (6, 9)


class _Scene:
    """Class mask and object mask of one image, painted rectangle by rectangle."""

    def __init__(self) -> None:
        self.classes = np.zeros(SHAPE, dtype=np.uint8)
        self.objects = np.zeros(SHAPE, dtype=np.uint8)

    def paint(self, label: int, number: int, rows: slice, columns: slice) -> "_Scene":
        self.classes[rows, columns] = label
        self.objects[rows, columns] = number
        return self


def cases(seed: int) -> list[Case]:
    """From one object in one image to a set with everything."""
    g = draw(seed, "voc_statistics")
    a, b, c = (torch.randperm(20, generator=g)[:3] + 1).tolist()
    left, middle, right = slice(0, 3), slice(3, 6), slice(6, 9)
    top, bottom, every = slice(0, 3), slice(3, 6), slice(None)
    names = [f"2007_{number:06d}" for number in torch.randperm(9999, generator=g)[:9].tolist()]

    def case(title, scenes, lists=None, image_set="train"):
        kept = dict(zip(names, scenes, strict=False))
        return Case(
            title,
            {
                "image_set": image_set,
                "lists": lists or {"train": list(kept)},
                "classes": {name: scene.classes for name, scene in kept.items()},
                "objects": {name: scene.objects for name, scene in kept.items()},
            },
        )

    def one(label):
        return _Scene().paint(label, 1, slice(1, 5), slice(2, 7))

    two = _Scene().paint(a, 1, top, slice(0, 4)).paint(a, 2, bottom, slice(5, 9))
    both = _Scene().paint(a, 1, every, left).paint(b, 2, bottom, right).paint(b, 3, top, right)
    bordered = one(a).paint(VOID, VOID, slice(1, 2), slice(2, 7))
    bordered.paint(VOID, VOID, slice(1, 5), slice(6, 7))
    touching = _Scene().paint(a, 1, every, left).paint(a, 2, every, middle)
    cut = _Scene().paint(a, 1, bottom, every).paint(b, 2, every, slice(4, 6))
    full = (
        _Scene().paint(a, 1, top, left).paint(c, 2, top, right).paint(VOID, VOID, top, middle)
    )
    full.paint(c, 3, bottom, every).paint(VOID, VOID, slice(3, 4), every)
    return [
        case(N_("one image, one object"), [one(a)]),
        case(N_("two objects of one class"), [two]),
        case(N_("two classes in one image"), [both]),
        case(N_("a void border around an object"), [bordered]),
        case(N_("two touching objects of one class"), [touching]),
        case(N_("an object cut in two by another"), [cut]),
        case(N_("the same class in two images"), [two, one(a)]),
        case(
            N_("images in the folder that the list does not name"),
            [one(a), both, touching],
            {"train": names[:1], "val": names[1:2], "trainval": names[:2]},
        ),
        case(
            N_("a whole image set"),
            [full, both, cut, one(b), touching, _Scene(), two],
            {"train": names[3:4], "val": names[:3] + names[4:6], "trainval": names[:6]},
            "val",
        ),
    ]


EXERCISE = Exercise(
    name="voc_statistics",
    function="voc_statistics",
    parameters=("root", "image_set"),
    cases=cases,
    probe="course_utils.checks.assignments.metrics_and_loss.probes:observe_tree",
    model="course_utils.checks.assignments.metrics_and_loss.model_answers:voc_statistics",
    compare=compare_with(table),
    picture=class_and_object_masks,
    banned=(BANNED,),
    mistakes=MISTAKES,
)
