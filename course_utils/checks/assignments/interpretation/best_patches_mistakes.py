"""Wrong ways to the best patches that students go, and the sentence for each."""

from course_utils.checks.exercise import Mistake
from course_utils.i18n import N_

__all__ = ["MISTAKES"]


def _of_maps(maps, count, strength=lambda v: v, least=0.0, last=False, most=True, cut=True):
    """Patches of one filter out of maps (N, H, W), with what a mistake changes."""
    found = []
    width = maps.shape[2]
    for image, values in enumerate(maps.flatten(1).tolist()):
        places = range(len(values))
        key = (lambda i, v=values: (strength(v[i]), i)) if last else None
        key = key or (lambda i, v=values: strength(v[i]))
        place = (max if most else min)(places, key=key)
        if least is None or values[place] > least:
            found.append((strength(values[place]), (image, *divmod(place, width))))
    found.sort(key=lambda item: item[0], reverse=most)
    return [patch for _value, patch in found[: count if cut else None]]


def _each(responses, count, **changes):
    return [_of_maps(responses[:, f], count, **changes) for f in range(responses.shape[1])]


def _several_an_image(responses, count):
    by_filter = responses.transpose(0, 1)
    answer = []
    for maps in by_filter:
        _images, height, width = maps.shape
        order = maps.flatten().sort(descending=True, stable=True)
        kept = [i for v, i in zip(*map(list, order), strict=True) if v > 0][:count]
        answer.append(
            [
                (int(i) // (height * width), int(i) // width % height, int(i) % width)
                for i in kept
            ]
        )
    return answer


def _smallest(responses, count):
    return _each(responses, count, most=False)


def _absolute(responses, count):
    return _each(responses, count, strength=abs, least=None)


def _row_column_swapped(responses, count):
    return [[(i, c, r) for i, r, c in row] for row in _each(responses, count)]


def _divided_by_height(responses, count):
    height, width = responses.shape[2:]
    return [
        [(i, *divmod(r * width + c, height)) for i, r, c in row]
        for row in _each(responses, count)
    ]


def _mean_of_map(responses, count):
    answer = []
    for f, row in enumerate(_each(responses, len(responses), least=None)):
        means = responses[:, f].double().mean(dim=(1, 2)).tolist()
        kept = [patch for patch in row if responses[patch[0], f][patch[1:]] > 0]
        kept.sort(key=lambda patch: patch[0])
        kept.sort(key=lambda patch: means[patch[0]], reverse=True)
        answer.append(kept[:count])
    return answer


def _axes_mixed(responses, count):
    return _each(responses.transpose(0, 1), count)


def _weakest_first(responses, count):
    return [row[::-1] for row in _each(responses, count)]


def _in_order_of_images(responses, count):
    return [sorted(row) for row in _each(responses, count)]


def _first_images(responses, count):
    return _each(responses[:count], count)


def _fillers(responses, count):
    return _each(responses, count, least=None)


def _negative_kept(responses, count):
    answer = _each(responses, count, least=None)
    return [
        [] if not responses[:, f].any() else [p for p in row if responses[p[0], f][p[1:]] != 0]
        for f, row in enumerate(answer)
    ]


def _all_images(responses, count):
    return _each(responses, count, cut=False)


def _last_of_equals(responses, count):
    answer = []
    for f in range(responses.shape[1]):
        row = _of_maps(responses[:, f], len(responses), last=True)
        answer.append(row[:count])
    return answer


def _last_image_of_equals(responses, count):
    back = _each(responses.flip(0), count)
    last = len(responses) - 1
    return [[(last - i, r, c) for i, r, c in row] for row in back]


def _flat_place(responses, count):
    width = responses.shape[3]
    return [[(i, r * width + c) for i, r, c in row] for row in _each(responses, count)]


def _no_image(responses, count):
    return [[(r, c) for _i, r, c in row] for row in _each(responses, count)]


def _one_list(responses, count):
    return [patch for row in _each(responses, count) for patch in row]


def _skips_the_dead(responses, count):
    return [row for row in _each(responses, count) if row]


def _from_one(responses, count):
    return [[(i + 1, r + 1, c + 1) for i, r, c in row] for row in _each(responses, count)]


def _best_filter_only(responses, count):
    """The unit of the strongest filter of the image, whatever filter is asked for."""
    answer = []
    places = responses.amax(dim=1).flatten(1).argmax(dim=1).tolist()
    for row in _each(responses, count):
        answer.append([(i, *divmod(places[i], responses.shape[3])) for i, _r, _c in row])
    return answer


_FILLERS = N_(
    "A patch stands there though the filter's strongest response in that image is not positive."
    " Where a filter does not respond there is no patch, and nothing stands in for it."
)
_TRIPLES = N_("A patch is (image, row, column): three numbers; yours has two.")

MISTAKES = (
    Mistake(
        "several_an_image",
        N_("The same image stands in a row more than once; one patch an image is wanted."),
        _several_an_image,
        N_("Find the strongest unit of every image first, then compare the images."),
    ),
    Mistake("smallest", N_("You took the weakest responses for the strongest."), _smallest),
    Mistake(
        "absolute",
        N_(
            "You compared absolute values. A large negative response means that the filter does"
            " not find what it looks for."
        ),
        _absolute,
    ),
    Mistake(
        "row_column_swapped",
        N_("Row and column are swapped: the patch is (image, row, column)."),
        _row_column_swapped,
    ),
    Mistake(
        "divided_by_height",
        N_(
            "The place in the flattened map was divided by the height. Rows lie one after"
            " another, and a row is as long as the map is wide."
        ),
        _divided_by_height,
    ),
    Mistake(
        "mean_of_map",
        N_("You ranked the images by the mean of the map; the strongest unit decides."),
        _mean_of_map,
    ),
    Mistake(
        "axes_mixed",
        N_("Images and filters are mixed up: axis 0 is the images, axis 1 the filters."),
        _axes_mixed,
    ),
    Mistake("weakest_first", N_("The strongest patch should come first."), _weakest_first),
    Mistake(
        "in_order_of_images",
        N_("The patches stand in the order of the images; the strongest should come first."),
        _in_order_of_images,
    ),
    Mistake(
        "first_images",
        N_("Only the first few images were looked at; all of them take part."),
        _first_images,
    ),
    Mistake("fillers", _FILLERS, _fillers),
    Mistake("negative_kept", _FILLERS, _negative_kept),
    Mistake(
        "all_images",
        N_("All images are listed; of each filter's patches only the best are wanted."),
        _all_images,
    ),
    Mistake(
        "last_of_equals",
        N_("Of equal responses in one image take the first in reading order."),
        _last_of_equals,
    ),
    Mistake(
        "last_image_of_equals",
        N_("Of equal responses in several images the earlier image comes first."),
        _last_image_of_equals,
    ),
    Mistake("flat_place", _TRIPLES, _flat_place),
    Mistake("no_image", _TRIPLES, _no_image),
    Mistake(
        "one_list",
        N_(
            "The patches of all filters stand in one list; each filter needs a list of its own."
        ),
        _one_list,
    ),
    Mistake(
        "skips_the_dead",
        N_(
            "The list of a filter without patches is missing, so the filters after it get wrong"
            " numbers. Its list should be there, empty."
        ),
        _skips_the_dead,
    ),
    Mistake("from_one", N_("Images, rows and columns are counted from 1, not 0."), _from_one),
    Mistake(
        "best_filter_only",
        N_("The place in the image is that of another filter's response."),
        _best_filter_only,
    ),
)
