"""Wrong ways to fuse scores of three strides that students go, and the sentence for each."""

import torch
from torch.nn import functional as F

from course_utils.checks.exercise import Mistake
from course_utils.i18n import N_

__all__ = ["MISTAKES"]


def _bilinear(scores, factor):
    return F.interpolate(scores, scale_factor=factor, mode="bilinear", align_corners=False)


def _replicated_map(scores, factor):
    return F.interpolate(scores, scale_factor=factor)


def _corner_map(scores, factor):
    return F.interpolate(scores, scale_factor=factor, mode="bilinear", align_corners=True)


def _fading_map(scores, factor):
    padded = _bilinear(F.pad(scores, (1, 1, 1, 1)), factor)
    return padded[:, :, factor:-factor, factor:-factor]


def _cut(scores, height, width):
    return scores[:, :, :height, :width]


def _add(one, other):
    return _cut(one, *other.shape[2:]) + other


def _steps(scores32, scores16, scores8, height, width, enlarge=_bilinear, add=_add):
    fused = add(enlarge(scores32, 2), scores16)
    fused = add(enlarge(fused, 2), scores8)
    return _cut(enlarge(fused, 8), height, width)


def _replicated(scores32, scores16, scores8, height, width):
    return _steps(scores32, scores16, scores8, height, width, _replicated_map)


def _aligned_corners(scores32, scores16, scores8, height, width):
    return _steps(scores32, scores16, scores8, height, width, _corner_map)


def _fading(scores32, scores16, scores8, height, width):
    return _steps(scores32, scores16, scores8, height, width, _fading_map)


def _all_at_once(scores32, scores16, scores8, height, width):
    maps = zip((scores32, scores16, scores8), (32, 16, 8), strict=True)
    return sum(_cut(_bilinear(scores, factor), height, width) for scores, factor in maps)


def _large_first(scores32, scores16, scores8, height, width):
    fused = _add(_bilinear(scores32, 2), scores16)
    fused = _add(_bilinear(fused, 8), _bilinear(scores8, 4))
    return _cut(_bilinear(fused, 2), height, width)


def _only_32(scores32, scores16, scores8, height, width):
    fused = _cut(_bilinear(scores32, 2), *scores16.shape[2:])
    return _cut(_bilinear(_cut(_bilinear(fused, 2), *scores8.shape[2:]), 8), height, width)


def _without_16(scores32, scores16, scores8, height, width):
    return _steps(scores32, torch.zeros_like(scores16), scores8, height, width)


def _without_8(scores32, scores16, scores8, height, width):
    return _steps(scores32, scores16, torch.zeros_like(scores8), height, width)


def _without_32(scores32, scores16, scores8, height, width):
    return _steps(torch.zeros_like(scores32), scores16, scores8, height, width)


def _mean(scores32, scores16, scores8, height, width):
    def add(one, other):
        return _add(one, other) / 2

    return _steps(scores32, scores16, scores8, height, width, add=add)


def _mean_of_three(scores32, scores16, scores8, height, width):
    return _steps(scores32, scores16, scores8, height, width) / 3


def _concatenated(scores32, scores16, scores8, height, width):
    def add(one, other):
        return torch.cat([_cut(one, *other.shape[2:]), other], dim=1)

    return _steps(scores32, scores16, scores8, height, width, add=add)


def _multiplied(scores32, scores16, scores8, height, width):
    def add(one, other):
        return _cut(one, *other.shape[2:]) * other

    return _steps(scores32, scores16, scores8, height, width, add=add)


def _larger_of_two(scores32, scores16, scores8, height, width):
    def add(one, other):
        return torch.maximum(_cut(one, *other.shape[2:]), other)

    return _steps(scores32, scores16, scores8, height, width, add=add)


def _relu_between(scores32, scores16, scores8, height, width):
    def add(one, other):
        return _add(one, other).relu()

    return _steps(scores32, scores16, scores8, height, width, add=add)


def _shrunk(scores32, scores16, scores8, height, width):
    middle = scores32 + F.adaptive_avg_pool2d(scores16, scores32.shape[2:])
    fused = _cut(_bilinear(middle, 4), *scores8.shape[2:]) + scores8
    return _cut(_bilinear(fused, 8), height, width)


def _not_cut_at_the_end(scores32, scores16, scores8, height, width):
    return _steps(scores32, scores16, scores8, 8 * height, 8 * width)


def _never_cut(scores32, scores16, scores8, height, width):
    fused = _bilinear(scores32, 2) + scores16
    return _cut(_bilinear(_bilinear(fused, 2) + scores8, 8), height, width)


def _squeezed(scores32, scores16, scores8, height, width):
    fused = scores32
    for scores in (scores16, scores8):
        size = scores.shape[2:]
        fused = F.interpolate(fused, size, mode="bilinear", align_corners=False) + scores
    return _cut(_bilinear(fused, 8), height, width)


def _squeezed_at_the_end(scores32, scores16, scores8, height, width):
    fused = _add(_bilinear(_add(_bilinear(scores32, 2), scores16), 2), scores8)
    return F.interpolate(fused, (height, width), mode="bilinear", align_corners=False)


def _cut_at_the_start(scores32, scores16, scores8, height, width):
    def add(one, other):
        return one[:, :, -other.shape[2] :, -other.shape[3] :] + other

    return _steps(scores32, scores16, scores8, height, width, add=add)


def _end_cut_at_the_start(scores32, scores16, scores8, height, width):
    whole = _steps(scores32, scores16, scores8, 8 * height, 8 * width)
    return whole[:, :, -height:, -width:]


def _in_place(scores32, scores16, scores8, height, width):
    scores16 += _cut(_bilinear(scores32, 2), *scores16.shape[2:])
    scores8 += _cut(_bilinear(scores16, 2), *scores8.shape[2:])
    return _cut(_bilinear(scores8, 8), height, width)


def _softmax(scores32, scores16, scores8, height, width):
    return _steps(scores32, scores16, scores8, height, width).softmax(dim=1)


def _labels(scores32, scores16, scores8, height, width):
    return _steps(scores32, scores16, scores8, height, width).argmax(dim=1)


def _map_of_8(scores32, scores16, scores8, height, width):
    return _add(_bilinear(_add(_bilinear(scores32, 2), scores16), 2), scores8)


_MODE = N_(
    "The maps are enlarged in another way than bilinear interpolation with align_corners=False."
)

MISTAKES = (
    Mistake("replicated", _MODE, _replicated, N_("F.interpolate replicates by default.")),
    Mistake("aligned_corners", _MODE, _aligned_corners),
    Mistake(
        "fading",
        N_(
            "At the border your scores fade to zero, as upsample_bilinear makes them; here the"
            " outer unit is repeated, as F.interpolate does."
        ),
        _fading,
    ),
    Mistake(
        "all_at_once",
        N_(
            "Each map went to the image's size in one leap. In steps, by 2, by 2 and by 8, the"
            " coarse scores come out smoother."
        ),
        _all_at_once,
    ),
    Mistake(
        "large_first",
        N_("The factors stand in the wrong order: first twice by 2, at the end by 8."),
        _large_first,
    ),
    Mistake("only_32", N_("Only the coarsest scores are in the answer."), _only_32),
    Mistake("without_16", N_("The scores of stride 16 are not in the answer."), _without_16),
    Mistake("without_8", N_("The scores of stride 8 are not in the answer."), _without_8),
    Mistake("without_32", N_("The scores of stride 32 are not in the answer."), _without_32),
    Mistake("mean", N_("You took means; scores are added up."), _mean),
    Mistake(
        "mean_of_three",
        N_("The sum is divided by the number of maps; scores are just added up."),
        _mean_of_three,
    ),
    Mistake(
        "concatenated",
        N_("The maps are put one behind another as channels; their scores must be added."),
        _concatenated,
    ),
    Mistake("multiplied", N_("The scores are multiplied; they must be added."), _multiplied),
    Mistake(
        "larger_of_two",
        N_("You kept the larger of two scores; they must be added."),
        _larger_of_two,
    ),
    Mistake(
        "relu_between",
        N_("Negative scores are lost on the way; a score may well be negative."),
        _relu_between,
    ),
    Mistake(
        "shrunk",
        N_(
            "You made the finer map small to add it; that loses what it is there for. The"
            " coarse one must be enlarged."
        ),
        _shrunk,
    ),
    Mistake(
        "not_cut_at_the_end",
        N_("The answer is larger than the image: after the last step its end is not cut off."),
        _not_cut_at_the_end,
    ),
    Mistake(
        "never_cut",
        N_(
            "Where a finer map has an odd side, the enlarged one is a unit longer, and the two"
            " can't be added: cut it off at the end."
        ),
        _never_cut,
    ),
    Mistake(
        "squeezed",
        N_(
            "Where a finer map has an odd side, you squeeze the enlarged one to it. It should"
            " be enlarged by exactly 2 and cut."
        ),
        _squeezed,
    ),
    Mistake(
        "squeezed_at_the_end",
        N_(
            "Where 8 does not divide the image, you squeeze the scores to its size. They should"
            " be enlarged by exactly 8 and cut."
        ),
        _squeezed_at_the_end,
    ),
    Mistake(
        "cut_at_the_start",
        N_(
            "Odd maps are cut off at the left and above; the surplus is at the right and below."
        ),
        _cut_at_the_start,
    ),
    Mistake(
        "end_cut_at_the_start",
        N_("The last cut is at the left and above; the surplus is at the right and below."),
        _end_cut_at_the_start,
    ),
    Mistake(
        "in_place",
        N_("The sum is right, but it was written into the maps that were given (+=)."),
        _in_place,
    ),
    Mistake(
        "softmax",
        N_("You return probabilities; scores are wanted, the loss takes the softmax itself."),
        _softmax,
    ),
    Mistake("labels", N_("You return labels; scores are wanted."), _labels),
    Mistake(
        "map_of_8",
        N_("The sum has the size of the map of stride 8; the last step by 8 is missing."),
        _map_of_8,
    ),
)
