"""Exercise: a classifier's features, scores at every position, and the way back to pixels."""

import torch

from course_utils.checks.assignments.fcn.answers import equal, same_numbers
from course_utils.checks.assignments.fcn.make_fcn_mistakes import MISTAKES
from course_utils.checks.assignments.fcn.pictures import worst_output
from course_utils.checks.compare import compare_with, fields, number_of
from course_utils.checks.exercise import Banned, Case, Exercise, draw
from course_utils.i18n import N_

__all__ = ["EXERCISE", "READY"]

READY = Banned(
    ("torchvision.models.segmentation", "segmentation_models_pytorch", "monai", "timm"),
    N_("A ready network for segmentation hides the few lines that the exercise is about."),
)


def cases(seed: int) -> list[Case]:
    """From a small even image to odd ones, normalisation and a backbone that is frozen."""

    def case(title, widths, sizes, classes=3, batch=1, norm=False, frozen=False):
        g = draw(seed, "make_fcn", title)
        images = [torch.randint(0, 9, (batch, 3, *s), generator=g).float() / 8 for s in sizes]
        inputs = {"widths": list(widths), "norm": norm, "frozen": frozen}
        return Case(title, inputs | {"num_classes": classes, "images": images})

    g = draw(seed, "make_fcn")
    a, b, c = (torch.randperm(3, generator=g) + 4).tolist()
    return [
        case(N_("stride 2, an image of 4 x 6 pixels"), (a,), [(4, 6)], 2),
        case(N_("stride 4, two images in a batch"), (a, b), [(8, 12)], batch=2),
        case(N_("stride 2, an image of odd sides"), (b,), [(3, 5)]),
        case(N_("stride 4, sides that it does not divide"), (b, a), [(9, 6)], classes=2),
        case(N_("a backbone with batch normalisation"), (c, a), [(8, 8)], batch=3, norm=True),
        case(N_("images of two sizes, one after the other"), (a, c), [(8, 8), (12, 7)]),
        case(N_("a frozen backbone"), (a, c), [(8, 8)], frozen=True),
        case(
            N_("stride 8, 21 classes"), (a, b, c), [(19, 26), (16, 16)], 21, batch=2, norm=True
        ),
    ]


FINDINGS = fields(
    type=equal(
        N_("A network (nn.Module) was expected; what came is of type {got}."),
        N_("What was returned is no nn.Module."),
        "type",
    ),
    parameters=number_of(
        N_(
            "The network should have {expected} parameters, those of the backbone included; it"
            " has {got}."
        ),
        N_("The network has not as many parameters as it should have."),
        "count",
    ),
    learning=number_of(
        N_("{expected} parameters should learn; {got} do."),
        N_("Not the right parameters learn."),
        "count",
    ),
    kept=equal(N_("The weights of the backbone have changed; they are what was learned.")),
    start=same_numbers(N_("Before training the scores are not as they should be.")),
    outputs=same_numbers(
        N_("With the same numbers in its layers the network gives other scores than it should.")
    ),
    in_training=same_numbers(
        N_(
            "In training mode the network gives other scores than it should: batch"
            " normalisation has to follow the mode of the network."
        )
    ),
    reached=equal(N_("No gradient reaches the backbone, so it can't learn.")),
)  # fmt: skip

EXERCISE = Exercise(
    name="make_fcn",
    function="make_fcn",
    parameters=("backbone", "channels", "stride", "num_classes"),
    cases=cases,
    probe="course_utils.checks.assignments.fcn.probes:observe_fcn",
    model="course_utils.checks.assignments.fcn.model_answers:make_fcn",
    compare=compare_with(FINDINGS),
    picture=worst_output,
    banned=(READY,),
    mistakes=MISTAKES,
)
