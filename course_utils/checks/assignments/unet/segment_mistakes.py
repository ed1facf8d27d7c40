"""Wrong ways to answer with labels that students go, and the sentence for each.

What is wrong in form is the same as with any other network, and known from fcn.
"""

import torch

from course_utils.checks.assignments.fcn import segment_mistakes as fcn
from course_utils.checks.exercise import Mistake
from course_utils.i18n import N_

__all__ = ["MISTAKES", "SCORES"]

SCORES = N_(
    "You returned two numbers for every pixel; wanted is one label, the number of the larger"
    " score."
)
_OF_FORM = (
    "over_the_batch", "floats", "as_list", "as_array", "with_channel", "in_a_row",
    "without_first_axis", "void", "training_mode", "background",
)  # fmt: skip


def _scores(images):
    return torch.zeros(len(images), 2, *images.shape[2:])


def _over_the_batch(images):
    return _scores(images).argmax(dim=0)


def _all_object(images):
    return torch.ones(len(images), *images.shape[2:], dtype=torch.long)


def _mask(images):
    return images.mean(dim=1) > 2


def _middle_only(images):
    """What a U-Net of valid convolutions answers: the rim of the image is missing."""
    return torch.zeros(len(images), *(side - 8 for side in images.shape[2:]), dtype=torch.long)


def _colour(images):
    colour = images - images.mean(dim=(2, 3), keepdim=True)
    return (colour.abs().sum(dim=1) > 0.5).long()


_FORM = {mistake.name: mistake for mistake in fcn.MISTAKES if mistake.name in _OF_FORM}
_FORM["over_the_batch"] = Mistake(
    "over_the_batch", _FORM["over_the_batch"].sentence, _over_the_batch
)

MISTAKES = (
    Mistake("scores", SCORES, _scores),
    *_FORM.values(),
    Mistake(
        "mask",
        N_("The labels are of type bool; whole numbers are wanted, 0 and 1."),
        _mask,
    ),
    Mistake(
        "middle_only",
        N_(
            "The answer is smaller than the image. Pad the convolutions in this exercise, or"
            " pad the image before the network."
        ),
        _middle_only,
    ),
    Mistake("all_object", N_("Every pixel is an object."), _all_object),
    Mistake(
        "colour",
        N_("You told objects by their colour alone; what they are has to be learned."),
        _colour,
    ),
)
