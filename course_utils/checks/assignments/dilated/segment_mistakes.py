"""Wrong ways to answer with labels that students go, and the sentence for each.

What is wrong in form is known by its form alone, whatever network the student trained, so
these need none.
"""

import torch

from course_utils.checks.exercise import Mistake
from course_utils.i18n import N_

__all__ = ["BATCH", "MISTAKES", "SCORES"]

BATCH = N_(
    "A scene by itself gets other labels than among others. In training mode the answers"
    " depend on the whole batch: put the network in evaluation mode."
)
SCORES = N_(
    "You returned three numbers for every pixel; wanted is one label, the number of the largest"
    " score."
)


def _background(images):
    return torch.zeros(len(images), images.shape[2], images.shape[3], dtype=torch.long)


def _scores(images):
    return torch.zeros(len(images), 3, *images.shape[2:])


def _over_the_batch(images):
    return _scores(images).argmax(dim=0)


def _floats(images):
    return _background(images).float()


def _as_list(images):
    return _background(images).tolist()


def _as_array(images):
    return _background(images).numpy()


def _with_channel(images):
    return _background(images)[:, None]


def _in_a_row(images):
    return _background(images).flatten(1)


def _coarse(images):
    return _background(images)[:, ::8, ::8]


def _without_first_axis(images):
    return _background(images).squeeze(0)


def _mask(images):
    return _background(images).bool()


def _void(images):
    return _background(images) + 255


def _training_mode(images):
    brightness = images.mean(dim=1)
    return (brightness > brightness.mean()).long()


def _all_small(images):
    return _background(images) + 1


def _colour(images):
    colour = images - images.mean(dim=(2, 3), keepdim=True)
    return (colour.abs().sum(dim=1) > 0.5).long()


def _all_large(images):
    return _background(images) + 2


def _shifted(images):
    return _background(images) + 3


MISTAKES = (
    Mistake("scores", SCORES, _scores),
    Mistake(
        "over_the_batch",
        N_("The largest score was sought among the scenes; seek it among the classes (dim=1)."),
        _over_the_batch,
    ),
    Mistake("floats", N_("The labels are floats; they should be whole numbers."), _floats),
    Mistake("as_list", N_("You returned a list of labels; a tensor is wanted."), _as_list),
    Mistake("as_array", N_("You returned a numpy array; a torch tensor is wanted."), _as_array),
    Mistake(
        "with_channel",
        N_("The labels have an axis of one channel; wanted is (N, H, W)."),
        _with_channel,
    ),
    Mistake(
        "in_a_row",
        N_("The labels of a scene stand in one row; wanted is a map of its size."),
        _in_a_row,
    ),
    Mistake(
        "coarse",
        N_("There is a label for every unit of a map; each pixel of the image needs one."),
        _coarse,
    ),
    Mistake(
        "without_first_axis",
        N_("A batch of one scene has lost its first axis: squeeze() drops that one too."),
        _without_first_axis,
    ),
    Mistake(
        "mask",
        N_("You say where objects are (bool); the number of the class is wanted."),
        _mask,
    ),
    Mistake(
        "void",
        N_("The label 255 came; it marks what nobody labelled and is no class."),
        _void,
    ),
    Mistake("training_mode", BATCH, _training_mode),
    Mistake(
        "background",
        N_(
            "Every pixel is background. That is what a network answers before its training, and"
            " what is right for most pixels."
        ),
        _background,
    ),
    Mistake("all_small", N_("Every pixel got the label 1."), _all_small),
    Mistake("all_large", N_("Every pixel got the label 2."), _all_large),
    Mistake(
        "shifted",
        N_("The label 3 came; with three classes the labels are 0, 1 and 2."),
        _shifted,
    ),
    Mistake(
        "colour",
        N_("You told objects by their colour alone; their size has to be seen."),
        _colour,
    ),
)
