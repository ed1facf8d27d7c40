"""Geometry of the pictures, by hand."""

import pytest

from course_utils.teaching.report.gather import ExerciseFigures
from course_utils.teaching.report.pictures import WIDTH, histogram, shares


@pytest.mark.parametrize("most", [0.5, 1, 3, 9, 12, 12.5, 13, 16, 100, 5000])
def test_every_total_is_in_one_bar(most):
    totals = [0, most / 3, most / 2, most, most]
    picture = histogram(totals, most)
    assert sum(int(bar.value or 0) for bar in picture.bars) == len(totals)
    assert 1 <= len(picture.bars) <= 12
    assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH for bar in picture.bars)
    assert all(bar.y >= 0 and bar.y + bar.height <= picture.height for bar in picture.bars)


def test_full_marks_are_in_the_last_bar():
    assert [bar.value for bar in histogram([4, 4, 3.5], 4).bars][-1] == "3"


def test_the_finding_is_the_fullest_bar():
    picture = histogram([0, 2, 2.4, 5], 9)
    assert picture.finding == "The largest group, 2 of 4 hand-ins, has 2 to 3 points of 9"
    tallest = max(picture.bars, key=lambda bar: bar.height)
    assert (tallest.label, tallest.value) == ("2", "2")


def test_bars_of_exercises_are_as_long_as_their_share():
    def figures(name, full, none, waiting=0):
        return ExerciseFigures(name, 2, full, 0, none, waiting, 1.0)

    picture = shares([figures("a", 1, 3), figures("b", 4, 0), figures("essay", 1, 0, 3)])
    assert [(bar.label, bar.value) for bar in picture.bars] == [("a", "25%"), ("b", "100%")]
    assert picture.bars[0].width * 4 == pytest.approx(picture.bars[1].width)
    assert shares([figures("essay", 0, 0, 4)]) is None
