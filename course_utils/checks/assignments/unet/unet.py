"""Exercise: the whole U-Net, as in the paper but of any width and depth."""

from course_utils.checks.assignments.fcn.make_fcn import READY
from course_utils.checks.assignments.unet.findings import findings, images
from course_utils.checks.assignments.unet.unet_mistakes import MISTAKES
from course_utils.checks.compare import compare_with
from course_utils.checks.exercise import Case, Exercise
from course_utils.i18n import N_

__all__ = ["EXERCISE"]


def cases(seed: int) -> list[Case]:
    """From one pooling to four, images of 1 and 3 channels, of several sizes."""

    def case(title, channels, classes, width, depth, *sizes, batch=1):
        arguments = {"in_channels": channels, "num_classes": classes}
        arguments |= {"width": width, "depth": depth}
        found = [images(seed, f"{title}/{s}", batch, channels, *s) for s in sizes]
        return Case(title, {"arguments": arguments, "images": found})

    return [
        case(N_("one pooling, one channel, an image of 20 x 24 pixels"), 1, 2, 2, 1, (20, 24)),
        case(N_("one pooling, three channels, two images"), 3, 2, 3, 1, (24, 20), batch=2),
        case(N_("two poolings, images of two sizes"), 1, 3, 2, 2, (44, 48), (56, 44)),
        case(N_("three poolings, 21 classes"), 3, 21, 3, 3, (92, 100)),
        case(N_("four poolings, as in the paper"), 1, 2, 2, 4, (188, 188)),
    ]


EXERCISE = Exercise(
    name="unet",
    function="unet",
    parameters=("in_channels", "num_classes", "width", "depth"),
    cases=cases,
    probe="course_utils.checks.assignments.unet.probes:observe_network",
    model="course_utils.checks.assignments.unet.model_answers:unet",
    compare=compare_with(findings),
    banned=(READY,),
    mistakes=MISTAKES,
)
