"""Exercise: initialise convolutions so that they pass their input on."""

import torch

from course_utils.checks.assignments.dilated.findings import equal, same_numbers
from course_utils.checks.assignments.dilated.identity_initialise_mistakes import MISTAKES
from course_utils.checks.compare import compare_with, fields, number_of
from course_utils.checks.exercise import Case, Exercise, draw
from course_utils.i18n import N_

__all__ = ["EXERCISE"]


def cases(seed: int) -> list[Case]:
    """From one layer with one channel to all widths of Large."""

    def case(title, channels, layers, shape, nested=False):
        g = draw(seed, "identity_initialise", title)
        images = torch.randint(-4, 9, (shape[0], layers[0][0], *shape[1:]), generator=g) / 4
        inputs = {"layers": [list(row) for row in layers], "nested": nested}
        return Case(title, inputs | {"channels": channels, "images": images})

    def basic(channels):
        dilations = (1, 1, 2, 4, 8, 16, 1)
        rows = [(channels, channels, 3, d, 1) for d in dilations]
        return [*rows, (channels, channels, 1, 1, 1)]

    def large(channels):
        rows, before = [], channels
        for times, d in zip((2, 2, 4, 8), (1, 1, 2, 4), strict=True):
            rows.append((before, times * channels, 3, d, 1))
            before = times * channels
        return [*rows, (before, channels, 1, 1, 1)]

    return [
        case(N_("one layer, one channel"), 1, [(1, 1, 3, 1, 1)], (1, 3, 3)),
        case(N_("one layer, three channels"), 3, [(3, 3, 3, 1, 1)], (1, 3, 4)),
        case(N_("a dilated layer"), 2, [(2, 2, 3, 2, 1)], (1, 5, 4)),
        case(N_("a layer without bias"), 2, [(2, 2, 3, 1, 0)], (2, 3, 3)),
        case(
            N_("two layers, kernels of 5 x 5 and 1 x 1"),
            2, [(2, 2, 5, 1, 1), (2, 2, 1, 1, 1)], (1, 4, 5),
        ),
        case(
            N_("layers in blocks of their own"),
            2, [(2, 2, 3, 1, 1), (2, 2, 3, 2, 1)], (2, 6, 5), nested=True,
        ),
        case(N_("Basic"), 3, basic(3), (2, 9, 8)),
        case(N_("one layer from 2 to 4 channels"), 2, [(2, 4, 3, 1, 1)], (1, 4, 4)),
        case(N_("one layer from 4 to 2 channels"), 2, [(4, 2, 3, 1, 1)], (1, 4, 4)),
        case(N_("one layer from 6 to 6 channels, C = 3"), 3, [(6, 6, 3, 1, 1)], (1, 3, 4)),
        case(N_("layers of 3, 6, 12, 24 and 3 channels"), 3, large(3), (2, 7, 6)),
        case(
            N_("as many channels as in Large, C = 2"),
            2, [(16, 32, 3, 8, 1), (32, 64, 3, 16, 1), (64, 64, 3, 1, 1), (64, 2, 1, 1, 1)],
            (1, 5, 6), nested=True,
        ),
    ]  # fmt: skip


FINDINGS = fields(
    same=equal(
        N_(
            "The network no longer holds the parameters that it had; change their numbers, not"
            " the objects."
        )
    ),
    error=equal(
        N_("Afterwards the network does not take its maps. Python says: {got}"),
        N_("Afterwards the network does not take its maps."),
        "trouble",
    ),
    learning=number_of(
        N_("{expected} numbers of the network should learn; {got} do."),
        N_("Not all numbers of the network learn."),
        "count",
    ),
    biases=same_numbers(N_("The biases are not as they should be.")),
    output=same_numbers(N_("The network does not pass its input on.")),
    weights=same_numbers(N_("The output is right, but the weights are not.")),
)

EXERCISE = Exercise(
    name="identity_initialise",
    function="identity_initialise",
    parameters=("network", "channels"),
    cases=cases,
    probe="course_utils.checks.assignments.dilated.probes:observe_initialised",
    model="course_utils.checks.assignments.dilated.model_answers:identity_initialise",
    compare=compare_with(FINDINGS),
    mistakes=MISTAKES,
)
