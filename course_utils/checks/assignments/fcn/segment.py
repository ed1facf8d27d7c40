"""Exercise: an FCN trained on two hundred scenes, judged on scenes that nobody has seen."""

from typing import Any

import numpy as np
import torch

from course_utils.checks.assignments.fcn.make_fcn import READY
from course_utils.checks.assignments.fcn.pictures import labels_of_scenes
from course_utils.checks.assignments.fcn.segment_mistakes import BATCH, MISTAKES, SCORES
from course_utils.checks.compare import Difference, compare_with
from course_utils.checks.exercise import Case, Exercise, draw
from course_utils.checks.said import Said
from course_utils.data.shapes import SHAPES, draw_scene
from course_utils.i18n import N_

__all__ = ["EXERCISE", "REQUIRED", "mean_jaccard_of"]

# Mean Jaccard after 150 to 200 steps of 8 scenes on the pretrained network: FCN-8s 0.60 to
# 0.75 on 30 scenes, FCN-16s 0.60, FCN-32s 0.36. FCN-8s on random weights 0.29, background 0.12.
REQUIRED = 0.5
_CLASSES = len(SHAPES) + 1
_COUNTED = 20  # scenes from which on the measure says something


def cases(seed: int) -> list[Case]:
    """One scene, three, then thirty; each time new ones."""

    def case(title, number):
        start = int(torch.randint(2**31, (), generator=draw(seed, "segment", title)))
        scenes = [draw_scene(np.random.default_rng([start, i])) for i in range(number)]
        images = torch.stack([torch.from_numpy(scene.image) for scene in scenes])
        labels = torch.stack([torch.from_numpy(scene.labels) for scene in scenes])
        inputs = {"images": images.permute(0, 3, 1, 2).contiguous(), "num_classes": _CLASSES}
        return Case(title, inputs, truth=labels.long())

    return [
        case(N_("one new scene"), 1),
        case(N_("three new scenes"), 3),
        case(N_("30 new scenes"), 30),
    ]


def mean_jaccard_of(truth: torch.Tensor, labels: torch.Tensor) -> float:
    """Jaccard's measure over all scenes, the mean over the classes that are there."""
    known = truth != 255
    y, a = truth[known].long(), labels[known].long()
    counts = torch.bincount(y * _CLASSES + a, minlength=_CLASSES**2).reshape(_CLASSES, -1)
    both = counts.diagonal()
    return (both / (counts.sum(0) + counts.sum(1) - both)).nanmean().item()


def answers(truth: torch.Tensor, found: Any) -> Difference | None:
    """Labels in range that do not depend on the batch, near enough to the truth."""
    names = {"type", "shape", "dtype", "outside", "steady", "labels"}
    if not isinstance(found, dict) or found.keys() != names:
        return _said("type", N_("What came can't be examined."))
    difference = _form(truth, found)
    if difference is not None:
        return difference
    got = found["labels"]
    if (
        not isinstance(got, torch.Tensor)
        or got.shape != truth.shape
        or got.dtype != torch.uint8
    ):
        return _said("type", N_("What came can't be examined."))
    if int(got.max()) >= _CLASSES:
        return _outside(int(got.max()))
    return _measure(truth, got) if len(truth) >= _COUNTED else None


def _form(truth: torch.Tensor, found: dict[str, Any]) -> Difference | None:
    shape, wanted = found["shape"], tuple(truth.shape)
    if found["type"] == "NoneType":
        return _said("nothing", N_("The function returned nothing (None)."))
    if found["type"] != "Tensor" or not isinstance(shape, tuple):
        return _said("type", N_("A torch tensor was expected; the answer is {got}."),
                     got=str(found["type"]))  # fmt: skip
    if shape == (wanted[0], _CLASSES, *wanted[1:]):
        return _said("shape", SCORES)
    if shape != wanted:
        message = N_("The shape differs: expected {expected}, got {got}.")
        plain = N_("The shape of the answer differs from the expected one.")
        return _said("shape", message, plain, expected=wanted, got=shape)
    if found["dtype"] != "int":
        return _said("dtype", N_("Whole numbers were expected; the answer is {got}."),
                     got=str(found["dtype"]))  # fmt: skip
    if found["outside"] is not None:
        return _outside(found["outside"])
    return None if found["steady"] is True else _said("batch", BATCH)


def _outside(label: int) -> Difference:
    message = N_("The labels should lie between 0 and {last}; {got} came.")
    plain = N_("Some labels lie outside the classes.")
    return _said("value", message, plain, last=_CLASSES - 1, got=label)


def _measure(truth: torch.Tensor, got: torch.Tensor) -> Difference | None:
    measure = mean_jaccard_of(truth, got)
    if measure >= REQUIRED:
        return None
    if len(got.unique()) == 1:
        return _said("value", N_("Every pixel got the same label."))
    for shift in (-1, 1):
        moved = (got.long() + shift).clamp(0, _CLASSES - 1)
        if mean_jaccard_of(truth, moved) >= REQUIRED:
            return _said("value", N_("Your labels are shifted by one: background is label 0."))
    message = N_(
        "The mean Jaccard over {count} new scenes is {got}; at least {required} is required."
    )
    plain = N_(
        "The mean Jaccard over new scenes is too small; at least {required} is required."
    )
    values = {"count": len(truth), "got": f"{measure:.2f}", "required": f"{REQUIRED:g}"}
    return _said("jaccard", message, plain, **values)


def _said(kind: str, message: str, plain: str | None = None, **values: Any) -> Difference:
    return Difference(kind, Said(message, values), Said(plain or message, values))


EXERCISE = Exercise(
    name="segment",
    function="segment",
    parameters=("images",),
    cases=cases,
    probe="course_utils.checks.assignments.fcn.probes:observe_labels",
    model=None,
    compare=compare_with(answers),
    picture=labels_of_scenes,
    banned=(READY,),
    mistakes=MISTAKES,
    seconds=30.0,
    trains=True,
)
