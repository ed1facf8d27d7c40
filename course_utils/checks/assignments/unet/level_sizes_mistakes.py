"""Wrong ways to count the sides of a U-Net that students go, and the sentence for each."""

from course_utils.checks.exercise import Mistake
from course_utils.i18n import N_

__all__ = ["MISTAKES"]


def _level(side, lost=(2, 4)):
    return side, side - lost[0], side - lost[1]


def _walk(
    size,
    depth,
    *,
    lost=(2, 4),
    lost_up=None,
    halve=lambda side: side // 2,
    double=lambda side: 2 * side,
    odd_fits=False,
    nothing_fits=False,
):
    """The right answer, with one thing or another done in another way."""
    levels = [_level(size, lost)]
    for _ in range(depth):
        if levels[-1][-1] % 2 and not odd_fits:
            return []
        levels.append(_level(halve(levels[-1][-1]), lost))
    for _ in range(depth):
        levels.append(_level(double(levels[-1][-1]), lost_up or lost))
    small = min(min(level) for level in levels) < 1
    return [] if small and not nothing_fits else levels


def _padded(size, depth):
    return _walk(size, depth, lost=(0, 0))


def _one_convolution(size, depth):
    return _walk(size, depth, lost=(2, 2))


def _one_side(size, depth):
    return _walk(size, depth, lost=(1, 2))


def _five_by_five(size, depth):
    return _walk(size, depth, lost=(4, 8))


def _odd_accepted(size, depth):
    return _walk(size, depth, odd_fits=True)


def _odd_rounded_up(size, depth):
    return _walk(size, depth, odd_fits=True, halve=lambda side: (side + 1) // 2)


def _only_the_input(size, depth):
    if size % 2**depth:
        return []
    return _walk(size, depth, odd_fits=True)


def _only_the_first(size, depth):
    if size % 2 and depth:
        return []
    return _walk(size, depth, odd_fits=True)


def _nothing_accepted(size, depth):
    return _walk(size, depth, nothing_fits=True)


def _only_the_bottom(size, depth):
    found = _walk(size, depth, nothing_fits=True)
    return found if found and min(found[depth]) > 0 else []


def _zero_accepted(size, depth):
    found = _walk(size, depth, nothing_fits=True)
    return found if found and min(map(min, found)) >= 0 else []


def _way_up_plain(size, depth):
    return _walk(size, depth, lost_up=(0, 0))


def _mirrored(size, depth):
    found = _walk(size, depth)
    return found[: depth + 1] + found[:depth][::-1]


def _from_the_copies(size, depth):
    """On the way up the side is taken from the encoder's map, not from the one below."""
    found = _walk(size, depth)
    down = found[: depth + 1]
    return down + [_level(level[-1]) for level in reversed(found[:depth])]


def _one_level_less(size, depth):
    return _walk(size, max(depth - 1, 0))


def _one_level_more(size, depth):
    return _walk(size, depth + 1)


def _only_down(size, depth):
    return _walk(size, depth)[: depth + 1]


def _bottom_twice(size, depth):
    found = _walk(size, depth)
    return found[: depth + 1] + found[depth:]


def _without_the_entering(size, depth):
    return [level[1:] for level in _walk(size, depth)]


def _pooled_too_early(size, depth):
    """The side enters the next level from where it entered this one."""
    levels = [_level(size)]
    for _ in range(depth):
        if levels[-1][0] % 2:
            return []
        levels.append(_level(levels[-1][0] // 2))
    for _ in range(depth):
        levels.append(_level(2 * levels[-1][-1]))
    return [] if min(min(level) for level in levels) < 1 else levels


def _kernel_three(size, depth):
    return _walk(size, depth, double=lambda side: 2 * side + 1)


def _always_empty(size, depth):
    return []


def _triples_joined(size, depth):
    return [side for level in _walk(size, depth) for side in level]


def _divided(size, depth):
    """Fractions instead of whole sides."""
    return _walk(size, depth, odd_fits=True, halve=lambda side: side / 2)


MISTAKES = (
    Mistake(
        "padded",
        N_("Your convolutions keep the side; without padding each takes 2 pixels off."),
        _padded,
    ),
    Mistake(
        "one_convolution",
        N_("There are two convolutions at every level; the second takes 2 pixels off as well."),
        _one_convolution,
    ),
    Mistake(
        "one_side",
        N_("A 3 x 3 convolution takes a pixel off at both ends of a side, 2 in all, not 1."),
        _one_side,
    ),
    Mistake(
        "five_by_five",
        N_("A 3 x 3 convolution takes 2 pixels off a side; yours takes 4."),
        _five_by_five,
    ),
    Mistake(
        "odd_accepted",
        N_("A side that is odd before pooling must be refused; you rounded it down."),
        _odd_accepted,
    ),
    Mistake(
        "odd_rounded_up",
        N_("A side that is odd before pooling must be refused; you rounded it up."),
        _odd_rounded_up,
    ),
    Mistake(
        "divided",
        N_("A side that is odd before pooling must be refused; you halved it to a fraction."),
        _divided,
    ),
    Mistake(
        "only_the_input",
        N_(
            "You asked whether the input divides by a power of two. What has to be even is the"
            " side before each pooling, after the convolutions."
        ),
        _only_the_input,
    ),
    Mistake(
        "only_the_first",
        N_("Only the input was asked whether it is even; ask before every pooling."),
        _only_the_first,
    ),
    Mistake(
        "nothing_accepted",
        N_("Sides of zero or below came; such an input does not fit."),
        _nothing_accepted,
    ),
    Mistake(
        "only_the_bottom",
        N_(
            "Only the bottom was asked whether anything is left; convolutions on the way up may"
            " use up the rest."
        ),
        _only_the_bottom,
    ),
    Mistake(
        "zero_accepted",
        N_("A side of 0 is no map any more; such an input does not fit."),
        _zero_accepted,
    ),
    Mistake(
        "way_up_plain",
        N_("On the way up there are two convolutions a level too, and they take pixels off."),
        _way_up_plain,
    ),
    Mistake(
        "mirrored",
        N_(
            "You mirrored the way down. On the way up the sides are smaller: the convolutions"
            " took off more and more."
        ),
        _mirrored,
    ),
    Mistake(
        "from_the_copies",
        N_(
            "On the way up the side comes from the map below, doubled; the copied map is cut to"
            " it, not the other way round."
        ),
        _from_the_copies,
    ),
    Mistake("one_level_less", N_("There is one level less than poolings ask for."),
            _one_level_less),
    Mistake("one_level_more", N_("There is one pooling more than `depth` says."),
            _one_level_more),
    Mistake(
        "only_down",
        N_("The way down and the bottom are there; the levels on the way up are missing."),
        _only_down,
    ),
    Mistake("bottom_twice", N_("The bottom level stands in your list twice."), _bottom_twice),
    Mistake(
        "without_the_entering",
        N_("Each level has two sides in your list; the side that enters it belongs there too."),
        _without_the_entering,
    ),
    Mistake(
        "pooled_too_early",
        N_("You halved the side that enters a level; pooling comes after its convolutions."),
        _pooled_too_early,
    ),
    Mistake(
        "kernel_three",
        N_("The up-convolution (kernel 2, stride 2) doubles a side exactly; yours adds one."),
        _kernel_three,
    ),
    Mistake(
        "always_empty",
        N_("Your list is empty, but the input fits."),
        _always_empty,
    ),
    Mistake(
        "triples_joined",
        N_("The sides stand in one row; each level should be a tuple of three."),
        _triples_joined,
    ),
)  # fmt: skip
