"""Wrong ways to crop and copy that students go, and the sentence for each."""

import torch
from torch.nn import functional as F

from course_utils.checks.exercise import Mistake
from course_utils.i18n import N_

__all__ = ["MISTAKES"]


def _middle(copied, upsampled, up=0):
    """The middle of the larger map; up=1: of an odd difference more goes from the start."""
    size = upsampled.shape[2:]
    top, left = ((c - u + up) // 2 for c, u in zip(copied.shape[2:], size, strict=True))
    return copied[:, :, top : top + size[0], left : left + size[1]]


def _from_the_corner(copied, upsampled):
    h, w = upsampled.shape[2:]
    return torch.cat([copied[:, :, :h, :w], upsampled], dim=1)


def _from_the_end(copied, upsampled):
    h, w = upsampled.shape[2:]
    return torch.cat([copied[:, :, -h:, -w:], upsampled], dim=1)


def _rounded_up(copied, upsampled):
    return torch.cat([_middle(copied, upsampled, up=1), upsampled], dim=1)


def _one_margin(copied, upsampled):
    h, w = upsampled.shape[2:]
    margin = (copied.shape[2] - h) // 2
    middle = copied[:, :, margin : margin + h, margin : margin + w]
    return torch.cat([middle, upsampled], dim=1)


def _whole_difference(copied, upsampled):
    (h, w), (height, width) = upsampled.shape[2:], copied.shape[2:]
    middle = copied[:, :, height - h : height, width - w : width]
    return torch.cat([middle, upsampled], dim=1)


def _minus_margin(copied, upsampled):
    (h, w), (height, width) = upsampled.shape[2:], copied.shape[2:]
    top, left = (height - h) // 2, (width - w) // 2
    return torch.cat([copied[:, :, top:-top, left:-left], upsampled], dim=1)


def _along_the_batch(copied, upsampled):
    return torch.cat([_middle(copied, upsampled), upsampled], dim=0)


def _along_the_rows(copied, upsampled):
    return torch.cat([_middle(copied, upsampled), upsampled], dim=2)


def _along_the_columns(copied, upsampled):
    return torch.cat([_middle(copied, upsampled), upsampled], dim=3)


def _stacked(copied, upsampled):
    return torch.stack([_middle(copied, upsampled), upsampled], dim=1)


def _added(copied, upsampled):
    return _middle(copied, upsampled) + upsampled


def _reversed(copied, upsampled):
    return torch.cat([upsampled, _middle(copied, upsampled)], dim=1)


def _padded(copied, upsampled):
    h, w = (c - u for c, u in zip(copied.shape[2:], upsampled.shape[2:], strict=True))
    larger = F.pad(upsampled, (w // 2, w - w // 2, h // 2, h - h // 2))
    return torch.cat([copied, larger], dim=1)


def _resized(copied, upsampled):
    smaller = F.interpolate(copied, upsampled.shape[2:], mode="bilinear")
    return torch.cat([smaller, upsampled], dim=1)


def _every_nth(copied, upsampled):
    smaller = F.interpolate(copied, upsampled.shape[2:])
    return torch.cat([smaller, upsampled], dim=1)


def _only_the_crop(copied, upsampled):
    return _middle(copied, upsampled).clone()


def _only_the_upsampled(copied, upsampled):
    return upsampled.clone()


def _detached(copied, upsampled):
    return torch.cat([_middle(copied, upsampled).detach(), upsampled], dim=1)


def _sides_swapped(copied, upsampled):
    h, w = upsampled.shape[2:]
    left, top = ((c - u) // 2 for c, u in zip(copied.shape[2:], (h, w), strict=True))
    return torch.cat([copied[:, :, top : top + h, left : left + w], upsampled], dim=1)


_OTHER_MARGIN = N_(
    "Rows and columns have a margin each; you cut both with the margin of one of them, or the"
    " two are swapped."
)
_END = N_("The lower right corner of the copied map was taken; its middle is wanted.")

MISTAKES = (
    Mistake(
        "from_the_corner",
        N_("The upper left corner of the copied map was taken; its middle is wanted."),
        _from_the_corner,
    ),
    Mistake("from_the_end", _END, _from_the_end),
    Mistake("whole_difference", _END, _whole_difference),
    Mistake(
        "rounded_up",
        N_(
            "Of an odd difference the extra row or column goes from the bottom or the right;"
            " yours goes from the other side."
        ),
        _rounded_up,
    ),
    Mistake("one_margin", _OTHER_MARGIN, _one_margin),
    Mistake("sides_swapped", _OTHER_MARGIN, _sides_swapped),
    Mistake(
        "minus_margin",
        N_(
            "A margin of 0 empties the map: x[0:-0] is x[0:0]. Say where the middle ends by"
            " where it begins and how long it is."
        ),
        _minus_margin,
    ),
    Mistake(
        "along_the_batch",
        N_("The maps were joined along the batch; channels are axis 1."),
        _along_the_batch,
    ),
    Mistake(
        "along_the_rows",
        N_("The maps stand one below the other; they should be joined along the channels."),
        _along_the_rows,
    ),
    Mistake(
        "along_the_columns",
        N_("The maps stand side by side; they should be joined along the channels."),
        _along_the_columns,
    ),
    Mistake(
        "stacked",
        N_("The maps were stacked along a new axis; they should be joined along the channels."),
        _stacked,
    ),
    Mistake(
        "added",
        N_(
            "The maps were added. A U-Net joins them channel by channel, so that later layers"
            " can weigh them."
        ),
        _added,
    ),
    Mistake(
        "reversed",
        N_("The decoder's map comes first; the encoder's, the copied one, should."),
        _reversed,
    ),
    Mistake(
        "padded",
        N_("You padded the small map with zeros; the large one should be cut."),
        _padded,
    ),
    Mistake(
        "resized",
        N_("The copied map was scaled down. Its middle is wanted, pixel for pixel."),
        _resized,
    ),
    Mistake(
        "every_nth",
        N_("The copied map was thinned out. Its middle is wanted, pixel for pixel."),
        _every_nth,
    ),
    Mistake(
        "only_the_crop",
        N_("Only the copied map came; the upsampled one belongs behind it."),
        _only_the_crop,
    ),
    Mistake(
        "only_the_upsampled",
        N_("Only the upsampled map came; the copied one belongs before it."),
        _only_the_upsampled,
    ),
    Mistake(
        "detached",
        N_(
            "The numbers are right, but the gradient does not come to the copied map, so the"
            " encoder learns nothing through it."
        ),
        _detached,
    ),
)
