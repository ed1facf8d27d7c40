"""Exercise: learning rates that fall towards the first layer."""

import torch

from course_utils.checks.assignments.transfer_learning.findings import (
    equal,
    none_of,
    numbers_in,
)
from course_utils.checks.assignments.transfer_learning.learning_rate_groups_mistakes import (
    MISTAKES,
)
from course_utils.checks.assignments.transfer_learning.replace_head import TIMM
from course_utils.checks.compare import compare_with, fields, number_of
from course_utils.checks.exercise import Case, Exercise, draw
from course_utils.i18n import N_

__all__ = ["EXERCISE"]


def cases(seed: int) -> list[Case]:
    """From two dense layers to blocks with normalisation and frozen layers anywhere."""
    g = draw(seed, "learning_rate_groups")

    def some(*values: float) -> float:
        return values[int(torch.randint(len(values), (), generator=g))]

    def case(title, network, frozen=(), decay=None):
        lr, falls = some(0.5, 1.0, 1.5, 2.0), some(0.25, 0.3, 0.4)
        inputs = {"network": network, "frozen": list(frozen), "lr": lr, "decay": decay or falls}
        return Case(title, inputs)

    a, b, c = (some(3, 4, 5) for _layer in range(3))
    three = f"Sequential(Linear(3, {a}), ReLU(), Linear({a}, {b}), ReLU(), Linear({b}, 2))"
    first = f"Conv2d(3, {a}, 3, bias=False), BatchNorm2d({a}), ReLU()"
    second = f"Conv2d({a}, {b}, 3), GroupNorm(1, {b}), ReLU()"
    third = f"Conv2d({b}, {c}, 3), BatchNorm2d({c}), ReLU()"
    blocks = f"Sequential(Sequential({first}), Sequential({second}), Linear({b}, 2))"
    parts = (
        f"Parts(features=Sequential(Sequential({first}), Sequential({second}), "
        f"Sequential({third})), classifier=Sequential(Dropout(0.5), Linear({c}, 2)))"
    )
    return [
        case(N_("two dense layers"), f"Sequential(Linear(3, {a}), ReLU(), Linear({a}, 2))"),
        case(N_("three dense layers"), three),
        case(N_("convolutions with normalisation"), f"Sequential({first}, {second})"),
        case(
            N_("layers without bias, normalisation with a scale alone"),
            f"Sequential(Linear(3, {a}, bias=False), LayerNorm({a}, bias=False), ReLU(), "
            f"Linear({a}, {b}, bias=False), ReLU(), Linear({b}, 2, bias=False))",
        ),
        case(N_("blocks in blocks"), blocks),
        case(N_("a network with parts that have names"), parts),
        case(N_("the first layers frozen"), parts, ["features.0", "features.1"]),
        case(N_("a frozen layer in the middle"), three, ["2"]),
        case(N_("frozen normalisation"), parts, ["features.1.1", "features.2.1"]),
        case(N_("rates that do not fall"), three, decay=1.0),
    ]


FINDINGS = fields(
    type=equal(
        N_(
            "A list of groups, dicts with “params” and “lr”, was expected; what came is:"
            " {got}."
        ),
        N_("What was returned is no list of groups for an optimizer."),
        "type",
    ),
    strangers=number_of(
        N_("Parameters in the groups that are not the network's: {got}, expected {expected}."),
        N_("There are parameters in the groups that are not the network's."),
        "strangers",
    ),
    twice=none_of(
        N_("Parameters that are in the groups more than once: {count}, {name} for one."),
        N_("Some parameters are in the groups more than once."),
        "twice",
    ),
    frozen=none_of(
        N_("Frozen parameters that are in the groups all the same: {count}, {name} for one."),
        N_("Frozen parameters are in the groups."),
        "frozen",
    ),
    steps=numbers_in(
        N_(
            "In AdamW's first step {name} moves by {got}; its learning rate should be"
            " {expected}."
        ),
        N_("Some parameters don't learn at the rate that they should."),
    ),
)  # fmt: skip

EXERCISE = Exercise(
    name="learning_rate_groups",
    function="learning_rate_groups",
    parameters=("network", "lr", "decay"),
    cases=cases,
    probe="course_utils.checks.assignments.transfer_learning.probes:observe_rates",
    model="course_utils.checks.assignments.transfer_learning.model_answers:learning_rate_groups",
    compare=compare_with(FINDINGS),
    banned=(TIMM,),
    mistakes=MISTAKES,
)
