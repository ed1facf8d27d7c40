"""Exercise: steps of a dream, up the norm of what a layer answers."""

import torch

from course_utils.checks.assignments.interpretation.dream_mistakes import MISTAKES
from course_utils.checks.assignments.interpretation.findings import LEFT_BEHIND
from course_utils.checks.assignments.interpretation.maximise_class import INTERPRETERS
from course_utils.checks.assignments.interpretation.pictures import made_pictures
from course_utils.checks.compare import compare_with, fields, tensor
from course_utils.checks.exercise import Banned, Case, Exercise, draw
from course_utils.i18n import N_

__all__ = ["EXERCISE"]


def cases(seed: int) -> list[Case]:
    """From one step and one picture to a network whose parts are in different modes."""

    def pictures(title, *shape):
        sixths = torch.randint(1, 6, shape, generator=draw(seed, "dream", title))
        return sixths.float() / 6

    def case(title, network, layer, given, step, steps, *, strided=(), **modes):
        inputs = {
            "network": network,
            "training": False,
            "asleep": [],
            "layer": layer,
            "pictures": given,
            "step": step,
            "steps": steps,
        }
        return Case(title, inputs | modes, strided)

    small = "Sequential(Conv2d(3, 4, 3, padding=1), Tanh(), Conv2d(4, 5, 3, padding=1))"
    parts = (
        "Parts(features=Sequential(Conv2d(3, 6, 3, padding=1), BatchNorm2d(6), "
        "Softplus(), Conv2d(6, 5, 3)), pool=Sequential(AdaptiveAvgPool2d(1), Flatten()), "
        "classifier=Sequential(Dropout(0.5), Linear(5, 4)))"
    )
    in_place = (
        "Sequential(Conv2d(3, 6, 3, padding=1), ReLU(inplace=True), Conv2d(6, 5, 3), Tanh())"
    )
    training = {"training": True}
    one, two = pictures("one", 1, 3, 3, 4), pictures("two", 2, 3, 4, 3)
    two[1] = two[1] / 4  # a dark picture, whose gradient is another
    return [
        case(N_("one step, one picture"), small, "1", one, 0.125, 1),
        case(N_("two steps"), small, "2", one.flip(3), 0.0625, 2),
        case(N_("pixels at the bounds"), small, "1", pictures("bounds", 1, 3, 4, 4), 0.5, 3),
        case(N_("two pictures in a batch"), small, "1", two, 0.125, 2),
        case(N_("a layer inside a part of the network"), parts, "features.0", two, 0.0625, 2),
        case(N_("a layer that the next one overwrites"), in_place, "0",
             pictures("in place", 2, 3, 4, 5), 0.125, 2),
        case(N_("a layer that answers with numbers, not maps"), parts, "classifier.1",
             two.flip(0), 0.125, 2),
        case(N_("a network in training mode"), parts, "features.3",
             pictures("training", 2, 3, 5, 4), 0.125, 2, **training),
        case(N_("a network that is partly in training mode"), parts, "features.2",
             pictures("partly", 2, 3, 5, 4), 0.125, 2, asleep=["features.1"], **training),
        case(N_("pictures in float64, not contiguous"), small, "2",
             pictures("double", 2, 3, 3, 5).double(), 0.125, 2, strided=("pictures",)),
    ]  # fmt: skip


EXERCISE = Exercise(
    name="dream",
    function="dream",
    parameters=("network", "layer", "pictures", "step", "steps"),
    cases=cases,
    probe="course_utils.checks.assignments.interpretation.probes:observe_dream",
    model="course_utils.checks.assignments.interpretation.model_answers:dream",
    compare=compare_with(fields(pictures=tensor, **LEFT_BEHIND)),
    picture=made_pictures,
    banned=(
        INTERPRETERS,
        Banned(
            ("torchvision.models.feature_extraction",),
            N_("It rebuilds the network around the layer; the exercise is to use a hook."),
        ),
    ),
    mistakes=MISTAKES,
)
