"""Exercise: two valid 3 x 3 convolutions, each with ReLU."""

from course_utils.checks.assignments.fcn.make_fcn import READY
from course_utils.checks.assignments.unet.double_convolution_mistakes import MISTAKES
from course_utils.checks.assignments.unet.findings import findings, images
from course_utils.checks.compare import compare_with
from course_utils.checks.exercise import Case, Exercise
from course_utils.i18n import N_

__all__ = ["EXERCISE"]


def cases(seed: int) -> list[Case]:
    """From one channel to several, batches and images of two sizes."""

    def case(title, inputs, outputs, *sizes, batch=1):
        arguments = {"in_channels": inputs, "out_channels": outputs}
        found = [images(seed, f"{title}/{s}", batch, inputs, *s) for s in sizes]
        return Case(title, {"arguments": arguments, "images": found})

    return [
        case(N_("one channel in, two out, an image of 6 x 6 pixels"), 1, 2, (6, 6)),
        case(N_("three channels in, two out"), 3, 2, (7, 6)),
        case(N_("three channels in and out, two images in a batch"), 3, 3, (7, 8), batch=2),
        case(N_("images of two sizes, one after the other"), 2, 4, (6, 9), (11, 7)),
        case(N_("more channels in than out"), 8, 4, (8, 8), batch=3),
    ]


EXERCISE = Exercise(
    name="double_convolution",
    function="double_convolution",
    parameters=("in_channels", "out_channels"),
    cases=cases,
    probe="course_utils.checks.assignments.unet.probes:observe_network",
    model="course_utils.checks.assignments.unet.model_answers:double_convolution",
    compare=compare_with(findings),
    banned=(READY,),
    mistakes=MISTAKES,
)
