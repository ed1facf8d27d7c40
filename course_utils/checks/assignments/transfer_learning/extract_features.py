"""Exercise: what a layer in the middle of a network answers."""

import torch

from course_utils.checks.assignments.transfer_learning.extract_features_mistakes import (
    MISTAKES,
)
from course_utils.checks.assignments.transfer_learning.findings import (
    equal,
    none_of,
    pictures,
)
from course_utils.checks.compare import compare_with, fields, number_of, tensor
from course_utils.checks.exercise import Banned, Case, Exercise, draw
from course_utils.i18n import N_

__all__ = ["EXERCISE"]

EXTRACTORS = Banned(
    (
        "torchvision.models.feature_extraction",
        "torchvision.models._utils.IntermediateLayerGetter",
        "timm",
        "fastai",
    ),
    N_(
        "The exercise is to reach into the network yourself; then you know what you left"
        " behind."
    ),
)


def cases(seed: int) -> list[Case]:
    """From a first layer to networks that write in place or are half in training mode."""
    g = draw(seed, "extract_features")
    a, b = (int(torch.randint(3, 6, (), generator=g)) for _layer in range(2))

    def case(title, network, layer, shape=(3, 3, 6, 6), strided=(), **more):
        images = pictures(seed, title, *shape)
        inputs = {"network": network, "training": False, "asleep": [], "dtype": "float32"}
        return Case(title, inputs | more | {"images": images, "layer": layer}, strided)

    smooth = f"Sequential(Conv2d(3, {a}, 3), Tanh(), Conv2d({a}, {b}, 3), Tanh())"
    block = f"Conv2d(3, {a}, 3), BatchNorm2d({a}), Tanh()"
    parts = (
        f"Parts(features=Sequential(Sequential({block}), "
        f"Sequential(Conv2d({a}, {b}, 2), Tanh())), "
        f"classifier=Sequential(AdaptiveAvgPool2d(1), Flatten(), Linear({b}, 2)))"
    )
    random = f"Sequential(Dropout(0.5), {block}, Conv2d({a}, 2, 1))"
    in_place = f"Sequential(Conv2d(3, {a}, 3), ReLU(inplace=True), Conv2d({a}, 2, 1))"
    return [
        case(N_("the first layer"), smooth, "0"),
        case(N_("a layer in the middle"), smooth, "2"),
        case(N_("a layer inside blocks, by its dotted name"), parts, "features.0.0"),
        case(N_("a dense layer, the last"), parts, "classifier.2"),
        case(N_("a network with dropout, in training mode"), random, "3", training=True),
        case(
            N_("one image, in training mode"),
            parts, "features.0", (1, 3, 6, 6), training=True,
        ),
        case(N_("a layer before one that works in place"), in_place, "0"),
        case(
            N_("a network in training mode with its normalisation in evaluation mode"),
            parts, "features.1", training=True, asleep=["features.0.1"],
        ),
        case(N_("a network in float64"), parts, "features.1.0", dtype="float64"),
        case(
            N_("images that are not contiguous in memory"),
            parts, "features.1.1", (5, 3, 9, 7), ("images",), training=True,
        ),
    ]  # fmt: skip


FINDINGS = fields(
    features=tensor,
    gradient=equal(
        N_("The features carry a graph for the gradient; nothing here is to be learned."),
        kind="graph",
    ),
    moved=none_of(
        N_("The call changed tensors in the network: {count}, {name} for one."),
        N_("The call changed numbers in the network."),
        "statistics",
    ),
    other_mode=none_of(
        N_("After the call, parts are in another mode than before: {count}, {name} for one."),
        N_("After the call, parts of the network are in another mode than before."),
        "mode",
    ),
    hooks=number_of(
        N_("Hooks left in the network: {got}, expected {expected}."),
        N_("Hooks are left in the network."),
        "hooks",
    ),
    gradients_on=equal(
        N_("After the call torch records no gradients any more, for anybody."), kind="graph"
    ),
)

EXERCISE = Exercise(
    name="extract_features",
    function="extract_features",
    parameters=("network", "images", "layer"),
    cases=cases,
    probe="course_utils.checks.assignments.transfer_learning.probes:observe_features",
    model="course_utils.checks.assignments.transfer_learning.model_answers:extract_features",
    compare=compare_with(FINDINGS),
    banned=(EXTRACTORS,),
    mistakes=MISTAKES,
)
