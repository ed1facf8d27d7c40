"""Exercise: stable softmax over the classes of every pixel."""

import torch

from course_utils.checks.assignments.metrics_and_loss.maps import between
from course_utils.checks.assignments.metrics_and_loss.pictures import worst_channel
from course_utils.checks.compare import compare_with, tensor
from course_utils.checks.exercise import Banned, Case, Exercise, Mistake, draw, ready_made
from course_utils.i18n import N_

__all__ = ["EXERCISE", "scores_of"]

BANNED = Banned(
    (
        "torch.softmax",
        "torch.log_softmax",
        "torch._softmax",
        "torch._log_softmax",
        "torch.special.softmax",
        "torch.special.log_softmax",
        "torch.Tensor.softmax",
        "torch.Tensor.log_softmax",
        "torch.nn.functional.softmax",
        "torch.nn.functional.log_softmax",
        "torch.nn.functional.softmin",
        "torch.nn.functional.gumbel_softmax",
        "torch.nn.functional.scaled_dot_product_attention",
        "torch.nn.Softmax",
        "torch.nn.Softmax2d",
        "torch.nn.LogSoftmax",
        "torch.nn.Softmin",
        "torch.sparse.softmax",
        "torch.sparse.log_softmax",
        "torch.ops.aten.softmax*",
        "torch.ops.aten.log_softmax*",
        "torch.ops.aten._softmax*",
        "torch.ops.aten._log_softmax*",
        "scipy.special.softmax",
        "scipy.special.log_softmax",
        "sklearn.utils.extmath.softmax",
        "jax.nn.softmax",
        "jax.nn.log_softmax",
        *ready_made("softmax", __file__),
    ),
    N_(
        "The exercise is to write softmax yourself, out of exponentials and sums: what"
        " keeps it from overflowing is the point."
    ),
)


def scores_of(draw_: torch.Generator, *shape: int) -> torch.Tensor:
    """Scores in quarters from -3 to 3, float32."""
    return torch.randint(-12, 13, shape, generator=draw_).float() / 4


def cases(seed: int) -> list[Case]:
    """From a few small numbers to scores that overflow."""
    g = draw(seed, "softmax")

    def case(title, scores, strided=()):
        return Case(title, {"scores": scores}, strided)

    high = scores_of(g, 1, 3, 1, 2) + 1000
    low = scores_of(g, 1, 3, 1, 2) - 1000
    apart = scores_of(g, 1, 3, 2, 2)
    apart[0, :, 0, 1] += 2000
    steep = torch.tensor([2000.0, 0.0, -2000.0])[torch.randperm(3, generator=g)]
    steep = steep.reshape(1, 3, 1, 1) + scores_of(g, 1, 3, 1, 2)
    return [
        case(N_("one image, three classes"), scores_of(g, 1, 3, 2, 4)),
        case(N_("two images, four classes"), scores_of(g, 2, 4, 2, 3)),
        case(N_("large scores"), high),
        case(N_("scores far below zero"), low),
        case(N_("one pixel with far larger scores than the others"), apart),
        case(N_("classes with scores far apart"), steep),
        case(N_("scores of type float64"), scores_of(g, 1, 3, 2, 3).double()),
        case(
            N_("a tensor that is not contiguous in memory"),
            scores_of(g, 2, 3, 4, 5),
            ("scores",),
        ),
        case(N_("a batch of 21 classes"), 4 * scores_of(g, between(g, 2, 3), 21, 6, 8)),
    ]


def _overflow(scores):
    exponents = scores.exp()
    return exponents / exponents.sum(dim=1, keepdim=True)


def _along(dim):
    return lambda scores: torch.softmax(scores, dim)


def _over_pixels(scores):
    return scores.flatten(2).softmax(dim=2).reshape(scores.shape)


def _over_everything(scores):
    return scores.flatten().softmax(dim=0).reshape(scores.shape)


def _over_image(scores):
    return scores.flatten(1).softmax(dim=1).reshape(scores.shape)


def _logarithm(scores):
    return scores.log_softmax(dim=1)


def _no_exponent(scores):
    return scores / scores.sum(dim=1, keepdim=True)


def _base_two(scores):
    shifted = scores - scores.amax(dim=1, keepdim=True)
    return 2**shifted / (2**shifted).sum(dim=1, keepdim=True)


def _one_maximum(scores):
    return _overflow(scores - scores.max())


def _maximum_of_image(scores):
    return _overflow(scores - scores.amax(dim=(1, 2, 3), keepdim=True))


def _minimum(scores):
    return _overflow(scores - scores.amin(dim=1, keepdim=True))


def _mean(scores):
    return _overflow(scores - scores.mean(dim=1, keepdim=True))


def _clamped(scores):
    return _overflow(scores.clamp(-80, 80))


def _clamped_above(scores):
    return _overflow(scores.clamp(max=80))


def _winner_takes_all(scores):
    return (scores == scores.amax(dim=1, keepdim=True)).to(scores.dtype)


def _not_divided(scores):
    return (scores - scores.amax(dim=1, keepdim=True)).exp()


def _sign(scores):
    return torch.softmax(-scores, dim=1)


def _twice(scores):
    return scores.softmax(dim=1).softmax(dim=1)


def _unit_length(scores):
    return torch.nn.functional.normalize((scores - scores.amax(1, keepdim=True)).exp(), dim=1)


def _in_place(scores):
    scores -= scores.amax(dim=1, keepdim=True)
    scores.exp_()
    scores /= scores.sum(dim=1, keepdim=True)
    return scores


_AXIS = N_(
    "Your probabilities sum to 1 over another axis; the classes are axis 1, and at every pixel"
    " their probabilities must sum to 1."
)
_SHIFT = N_(
    "You subtracted one maximum for many pixels; where all scores of a pixel are far below it,"
    " every exponential is 0 and 0/0 is nan. Each pixel needs its own."
)
_CLAMP = N_(
    "You cut the scores off; that changes the answer where they are large. A shift changes"
    " nothing."
)

EXERCISE = Exercise(
    name="softmax",
    function="softmax",
    parameters=("scores",),
    cases=cases,
    model="course_utils.checks.assignments.metrics_and_loss.model_answers:softmax",
    compare=compare_with(tensor),
    picture=worst_channel,
    banned=(BANNED,),
    operators=("*softmax*", "*attention*", "*transformer_encoder_layer*"),
    mistakes=(
        Mistake(
            "overflow",
            N_(
                "The exponential of a large score is infinite, of a very low one 0: what is"
                " left is nan. The answer doesn't change when all scores of a pixel are shifted"
                " by one number."
            ),
            _overflow,
        ),
        Mistake("over_images", _AXIS, _along(0)),
        Mistake("over_rows", _AXIS, _along(2)),
        Mistake("over_columns", _AXIS, _along(3)),
        Mistake("over_pixels", _AXIS, _over_pixels),
        Mistake("over_image", _AXIS, _over_image),
        Mistake("over_everything", _AXIS, _over_everything),
        Mistake(
            "sigmoid",
            N_(
                "That is the sigmoid of each score; the probabilities of a pixel must sum to 1."
            ),
            torch.sigmoid,
        ),
        Mistake(
            "logarithm",
            N_("Those are logarithms of the probabilities; the probabilities are wanted."),
            _logarithm,
        ),
        Mistake(
            "no_exponent",
            N_("You divided the scores themselves by their sum; first come the exponentials."),
            _no_exponent,
        ),
        Mistake("base_two", N_("You took powers of 2; softmax takes powers of e."), _base_two),
        Mistake("one_maximum", _SHIFT, _one_maximum),
        Mistake("maximum_of_image", _SHIFT, _maximum_of_image),
        Mistake(
            "minimum",
            N_(
                "You subtracted the smallest score; the largest exponential can still be"
                " infinite."
            ),
            _minimum,
        ),
        Mistake(
            "mean",
            N_("You subtracted the mean score; the largest exponential can still be infinite."),
            _mean,
        ),
        Mistake("clamped", _CLAMP, _clamped),
        Mistake("clamped_above", _CLAMP, _clamped_above),
        Mistake(
            "winner_takes_all",
            N_("You gave 1 to the largest score and 0 to the rest; softmax is soft."),
            _winner_takes_all,
        ),
        Mistake(
            "not_divided",
            N_("The exponentials are not divided by their sum, so they don't sum to 1."),
            _not_divided,
        ),
        Mistake("sign", N_("You took exp(-b): the largest score got the least."), _sign),
        Mistake("twice", N_("Softmax was taken twice."), _twice),
        Mistake(
            "unit_length",
            N_("You divided by the length of the vector; divide by the sum of its elements."),
            _unit_length,
        ),
        Mistake(
            "in_place",
            N_(
                "The answer is right, but your code wrote it into its own argument; whoever"
                " called it has lost the scores."
            ),
            _in_place,
        ),
    ),
)
