"""Exercise: a small U-Net trained on a hundred scenes, judged on scenes never seen before."""

from typing import Any

import numpy as np
import torch

from course_utils.checks.assignments.fcn.make_fcn import READY
from course_utils.checks.assignments.fcn.pictures import labels_of_scenes
from course_utils.checks.assignments.fcn.segment_mistakes import BATCH
from course_utils.checks.assignments.unet.segment_mistakes import MISTAKES, SCORES
from course_utils.checks.compare import Difference, compare_with
from course_utils.checks.exercise import Case, Exercise, draw
from course_utils.checks.said import Said
from course_utils.data import VOID
from course_utils.data.shapes import draw_scene
from course_utils.i18n import N_

__all__ = ["EXERCISE", "REQUIRED", "object_jaccard"]

# The median over scenes: a few scenes are so hard that the Jaccard of all pixels moves by 0.03
# from set to set. A U-Net of width 8 and depth 3 with batch normalisation, 100 or 200 scenes,
# 150 or 200 steps of 8: 0.977 to 0.992; without copied layers 0.88 to 0.955; background: 0.
REQUIRED = 0.965
_COUNTED = 20  # scenes from which on the measure says something
_SIDE = 64


def cases(seed: int) -> list[Case]:
    """One scene, three, then forty; each time new ones."""

    def case(title, number):
        start = int(torch.randint(2**31, (), generator=draw(seed, "segment", title)))
        generators = [np.random.default_rng([start, i]) for i in range(number)]
        scenes = [draw_scene(generator, _SIDE, _SIDE) for generator in generators]
        images = torch.stack([torch.from_numpy(scene.image) for scene in scenes])
        labels = torch.stack([torch.from_numpy(scene.labels) for scene in scenes]).long()
        inputs = {"images": images.permute(0, 3, 1, 2).contiguous(), "num_classes": 2}
        truth = torch.where(labels == VOID, VOID, (labels > 0).long())
        return Case(title, inputs, truth=truth)

    return [
        case(N_("one new scene"), 1),
        case(N_("three new scenes"), 3),
        case(N_("40 new scenes"), 40),
    ]


def object_jaccard(truth: torch.Tensor, labels: torch.Tensor) -> float:
    """The median over scenes of Jaccard's measure of the objects."""
    known = truth != VOID
    right, got = (truth == 1) & known, (labels == 1) & known
    both, either = ((right & got).sum((1, 2)), (right | got).sum((1, 2)))
    return (both / either.clamp(min=1)).median().item()


def answers(truth: torch.Tensor, found: Any) -> Difference | None:
    """Labels 0 and 1 that do not depend on the batch, near enough to the truth."""
    names = {"type", "shape", "dtype", "outside", "steady", "labels"}
    if not isinstance(found, dict) or found.keys() != names:
        return _said("type", N_("What came can't be examined."))
    if difference := _form(truth, found):
        return difference
    got = found["labels"]
    if (
        not isinstance(got, torch.Tensor)
        or got.shape != truth.shape
        or got.dtype != torch.uint8
    ):
        return _said("type", N_("What came can't be examined."))
    if int(got.max()) > 1:
        return _outside(int(got.max()))
    return _measure(truth, got) if len(truth) >= _COUNTED else None


def _form(truth: torch.Tensor, found: dict[str, Any]) -> Difference | None:
    shape, wanted = found["shape"], tuple(truth.shape)
    if found["type"] == "NoneType":
        return _said("nothing", N_("The function returned nothing (None)."))
    if found["type"] != "Tensor" or not isinstance(shape, tuple):
        message = N_("A torch tensor was expected; the answer is {got}.")
        return _said("type", message, got=str(found["type"]))
    if shape == (wanted[0], 2, *wanted[1:]):
        return _said("shape", SCORES)
    if shape != wanted:
        message = N_("The shape differs: expected {expected}, got {got}.")
        plain = N_("The shape of the answer differs from the expected one.")
        return _said("shape", message, plain, expected=wanted, got=shape)
    if found["dtype"] != "int":
        message = N_("Whole numbers were expected; the answer is {got}.")
        return _said("dtype", message, got=str(found["dtype"]))
    if found["outside"] is not None:
        return _outside(found["outside"])
    return None if found["steady"] is True else _said("batch", BATCH)


def _outside(label: int) -> Difference:
    message = N_("The labels should be 0 (background) and 1 (object); {got} came.")
    plain = N_("Some labels are neither 0 nor 1.")
    return _said("value", message, plain, got=label)


def _measure(truth: torch.Tensor, got: torch.Tensor) -> Difference | None:
    measure = object_jaccard(truth, got)
    if measure >= REQUIRED:
        return None
    if len(got.unique()) == 1:
        return _said("value", N_("Every pixel got the same label."))
    if object_jaccard(truth, 1 - got.long()) >= REQUIRED:
        return _said("value", N_("Object and background are swapped: an object is label 1."))
    message = N_(
        "The median Jaccard of the objects over {count} new scenes is {got}; at least"
        " {required} is required."
    )
    plain = N_("The median Jaccard over new scenes is too small; {required} is required.")
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
