"""A function as text that runs by itself."""

import pytest

from course_utils.checks.exercise import assignment
from course_utils.teaching.standalone import standalone

LIMIT = 3


def _helper(x):
    return min(x, LIMIT)


def small(x):
    """Doc."""
    return _helper(x) + len("small")  # small


def made_inside():
    return lambda x: x


def test_the_text_brings_what_it_needs_and_takes_the_new_name():
    names = {}
    exec(standalone(small, "other"), names)
    assert names["other"](7) == small(7) == 8
    assert "small" not in names


def test_a_function_made_inside_another_is_refused():
    with pytest.raises(ValueError, match="Expected a function of a module"):
        standalone(made_inside())


def test_a_catalogued_mistake_needs_nothing_of_the_course():
    dice = next(
        mistake.solution
        for mistake in assignment("metrics_and_loss")["jaccard"].mistakes
        if mistake.name == "dice"
    )
    text = standalone(dice, "jaccard")
    assert "course_utils" not in text
    names = {}
    exec(text, names)
    assert callable(names["jaccard"])
