"""Exercise: hold a network, or a part of one, as it is."""

import torch

from course_utils.checks.assignments.transfer_learning.findings import (
    equal,
    none_of,
    pictures,
    same_numbers,
)
from course_utils.checks.assignments.transfer_learning.freeze_mistakes import MISTAKES
from course_utils.checks.compare import compare_with, fields
from course_utils.checks.exercise import Case, Exercise, draw
from course_utils.i18n import N_

__all__ = ["EXERCISE"]


def cases(seed: int) -> list[Case]:
    """From two convolutions to normalisation of every kind, in blocks, beside dropout."""
    g = draw(seed, "freeze")
    a, b = (int(torch.randint(3, 6, (), generator=g)) for _layer in range(2))

    def case(title, network, shape=(4, 3, 6, 6), training=True, strided=()):
        images = pictures(seed, title, *shape)
        inputs = {"network": network, "training": training, "images": images}
        return Case(title, inputs, strided)

    first = f"Conv2d(3, {a}, 3), BatchNorm2d({a}), ReLU()"
    second = f"Conv2d({a}, {b}, 3), BatchNorm2d({b}), ReLU()"
    vectors = f"Linear(5, {a}), BatchNorm1d({a}), ReLU(), Linear({a}, 2)"
    whole = (
        f"Parts(features=Sequential({first}, AdaptiveAvgPool2d(1), Flatten()), "
        f"classifier=Sequential(Linear({a}, {b}), BatchNorm1d({b}), Dropout(0.5), "
        f"Linear({b}, 2)))"
    )
    return [
        case(
            N_("two convolutions"),
            f"Sequential(Conv2d(3, {a}, 3), ReLU(), Conv2d({a}, 2, 1))",
            training=False,
        ),
        case(N_("one layer with batch normalisation"), f"Sequential({first})"),
        case(
            N_("blocks with batch normalisation"),
            f"Sequential(Sequential({first}), Sequential({second}))",
        ),
        case(N_("batch normalisation of vectors"), f"Sequential({vectors})", (4, 5)),
        case(
            N_("batch normalisation without weights"),
            f"Sequential(Conv2d(3, {a}, 3), BatchNorm2d({a}, affine=False), ReLU())",
        ),
        case(N_("a network given in evaluation mode"), f"Sequential({first})", training=False),
        case(
            N_("running statistics averaged over all batches"),
            f"Sequential(Conv2d(3, {a}, 3), BatchNorm2d({a}, momentum=None))",
            strided=("images",),
        ),
        case(N_("a whole classifier with dropout"), whole),
    ]


FINDINGS = fields(
    still_learn=none_of(
        N_("Parameters that still learn: {count}, {name} for one."),
        N_("Some parameters still learn."),
        "learning",
    ),
    moved=none_of(
        N_(
            "A training step of the parent changed tensors in the network: {count}, {name} for"
            " one."
        ),
        N_("A training step of the parent changed numbers in the network."),
        "statistics",
    ),
    layer_before_learns=equal(
        N_(
            "A layer that stands before the frozen network no longer gets a gradient. Frozen"
            " layers must not learn, but a gradient must flow through them."
        ),
        kind="gradient flow",
    ),
    layers_after_learn=equal(
        N_("What stands after the frozen network no longer learns."), kind="gradient flow"
    ),
    in_training=same_numbers(
        N_("While its parent trains, the frozen network does not answer as in evaluation mode.")
    ),
    in_evaluation=same_numbers(
        N_("In evaluation mode the frozen network does not answer as before.")
    ),
)  # fmt: skip

EXERCISE = Exercise(
    name="freeze",
    function="freeze",
    parameters=("network",),
    cases=cases,
    probe="course_utils.checks.assignments.transfer_learning.probes:observe_freezing",
    model="course_utils.checks.assignments.transfer_learning.model_answers:freeze",
    compare=compare_with(FINDINGS),
    mistakes=MISTAKES,
)
