"""Exercise: categorical cross-entropy with void left out."""

import torch

from course_utils.checks.assignments.metrics_and_loss.cross_entropy_mistakes import MISTAKES
from course_utils.checks.assignments.metrics_and_loss.maps import VOID, between
from course_utils.checks.assignments.metrics_and_loss.softmax import scores_of
from course_utils.checks.compare import compare_with, scalar
from course_utils.checks.exercise import Banned, Case, Exercise, draw, ready_made
from course_utils.i18n import N_

__all__ = ["EXERCISE"]

BANNED = Banned(
    (
        "torch.nn.functional.cross_entropy",
        "torch.nn.functional.nll_loss",
        "torch.nn.functional.binary_cross_entropy",
        "torch.nn.functional.binary_cross_entropy_with_logits",
        "torch.nn.functional.kl_div",
        "torch.nn.CrossEntropyLoss",
        "torch.nn.NLLLoss",
        "torch.nn.NLLLoss2d",
        "torch.nn.KLDivLoss",
        "torch.nn.BCELoss",
        "torch.nn.BCEWithLogitsLoss",
        "torch.distributions",
        "torch._C._nn.cross_entropy_loss",
        "torch._C._nn.nll_loss*",
        "torch.ops.aten.cross_entropy_loss*",
        "torch.ops.aten.nll_loss*",
        "torchvision.ops.sigmoid_focal_loss",
        "segmentation_models_pytorch",
        "monai.losses",
        "sklearn.metrics.log_loss",
        *ready_made("cross_entropy", __file__),
    ),
    N_(
        "The exercise is to write the loss yourself; softmax, log_softmax and logsumexp are"
        " yours to use, ready-made losses are not."
    ),
)


def cases(seed: int) -> list[Case]:
    """From one small image to scores that overflow."""
    g = draw(seed, "cross_entropy")

    def case(title, scores, truth, strided=()):
        return Case(title, {"scores": scores, "truth": truth}, strided)

    def labels(n, k, h, w, void=0):
        truth = (torch.arange(n * h * w) % k)[torch.randperm(n * h * w, generator=g)]
        truth[torch.randperm(n * h * w, generator=g)[:void]] = VOID
        return truth.reshape(n, h, w)

    def scores(*shape):
        return scores_of(g, *shape)

    uneven = labels(2, 3, 2, 4)
    uneven[0].flatten()[torch.randperm(8, generator=g)[: between(g, 5, 6)]] = VOID
    one_empty = labels(2, 3, 2, 3)
    one_empty[between(g, 0, 1)] = VOID
    high = scores(1, 3, 2, 3) + 1000
    steep = torch.tensor([2000.0, 0.0, -2000.0]).reshape(1, 3, 1, 1) + scores(1, 3, 2, 3)
    return [
        case(N_("one image, three classes"), scores(1, 3, 2, 4), labels(1, 3, 2, 4)),
        case(N_("two images, four classes"), scores(2, 4, 2, 3), labels(2, 4, 2, 3)),
        case(N_("void pixels"), scores(1, 3, 2, 4), labels(1, 3, 2, 4, void=3)),
        case(N_("two images, one of them mostly void"), 2 * scores(2, 3, 2, 4), uneven),
        case(N_("an image that is all void beside another"), scores(2, 3, 2, 3), one_empty),
        case(N_("large scores"), high, labels(1, 3, 2, 3)),
        case(N_("classes with scores far apart"), steep, labels(1, 3, 2, 3)),
        case(
            N_("labels of type uint8"),
            scores(1, 3, 2, 3),
            labels(1, 3, 2, 3, void=1).to(torch.uint8),
        ),
        case(
            N_("tensors that are not contiguous in memory"),
            scores(2, 3, 4, 5),
            labels(2, 3, 4, 5, void=6),
            ("scores", "truth"),
        ),
        case(
            N_("a batch of 21 classes"),
            3 * scores(3, 21, 6, 8),
            labels(3, 21, 6, 8, void=20),
        ),
    ]


EXERCISE = Exercise(
    name="cross_entropy",
    function="cross_entropy",
    parameters=("scores", "truth"),
    cases=cases,
    probe="course_utils.checks.probing:observe_scores_gradient",
    model="course_utils.checks.assignments.metrics_and_loss.model_answers:cross_entropy",
    compare=compare_with(scalar),
    banned=(BANNED,),
    operators=("*nll_loss*", "*cross_entropy*"),
    mistakes=MISTAKES,
)
