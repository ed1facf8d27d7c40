"""Predictions spoilt on purpose, by hand on small maps."""

import numpy as np
import pytest

from course_utils.data import VOID
from course_utils.figures.spoiling import (
    brushed,
    careless,
    filled,
    grown,
    shifted,
    swapped,
    without_object,
)


def test_void_takes_the_class_of_the_nearest_labelled_pixel():
    row = np.array([[1, VOID, VOID, VOID, 2]])
    assert filled(row).tolist() == [[1, 1, 1, 2, 2]]  # the middle one: the smaller class
    assert row[0, 1] == VOID  # the argument stays


def test_a_map_that_is_all_void_cannot_be_filled():
    with pytest.raises(ValueError, match="255"):
        filled(np.full((2, 2), VOID))


@pytest.mark.parametrize(
    ("rows", "columns", "expected"),
    [
        (1, 0, [[0, 0], [1, 2]]),
        (-1, 0, [[3, 4], [0, 0]]),
        (0, 1, [[0, 1], [0, 3]]),
        (0, -1, [[2, 0], [4, 0]]),
        (5, 0, [[0, 0], [0, 0]]),
        (0, -5, [[0, 0], [0, 0]]),
    ],
)
def test_a_shift_moves_down_and_right_and_brings_in_background(rows, columns, expected):
    assert shifted(np.array([[1, 2], [3, 4]]), rows, columns).tolist() == expected


def test_growth_by_one_adds_the_four_sides_and_takes_background_only():
    labels = np.zeros((5, 5), dtype=int)
    labels[2, 2], labels[2, 3] = 1, 2
    assert grown(labels, 1).tolist() == [
        [0, 0, 0, 0, 0],
        [0, 0, 1, 2, 0],
        [0, 1, 1, 2, 2],
        [0, 0, 1, 2, 0],
        [0, 0, 0, 0, 0],
    ]


def test_shrinking_takes_the_rim_but_not_at_the_edge_of_the_picture():
    labels = np.zeros((4, 4), dtype=int)
    labels[:3, :3] = 1
    assert grown(labels, -1).tolist() == [
        [1, 1, 0, 0],
        [1, 1, 0, 0],
        [0, 0, 0, 0],
        [0, 0, 0, 0],
    ]


@pytest.mark.parametrize("pixels", [1, 2, 3])
def test_a_grown_disc_is_the_disc_of_the_larger_radius_to_a_pixel(pixels):
    blank = np.zeros((41, 41), dtype=int)
    larger = brushed(blank, 20, 20, 10 + pixels, 1)
    assert (grown(brushed(blank, 20, 20, 10, 1), pixels) != larger).mean() < 0.02


def test_no_growth_changes_nothing():
    labels = np.random.default_rng(0).integers(0, 3, (6, 6))
    assert (grown(labels, 0) == labels).all()


def test_an_overlooked_object_becomes_background_and_others_stay():
    labels, objects = np.array([[1, 1, 2]]), np.array([[1, 2, 3]])
    assert without_object(labels, objects, 2).tolist() == [[1, 0, 2]]


def test_a_confused_class_is_answered_everywhere_as_the_other():
    assert swapped(np.array([[1, 2, 1]]), 1, 3).tolist() == [[3, 2, 3]]


def test_a_brush_of_radius_zero_paints_nothing():
    labels = np.zeros((3, 3), dtype=int)
    assert (brushed(labels, 1, 1, 0, 2) == 0).all()
    assert brushed(labels, 1, 1, 1, 2).sum() == 2 * 5  # the pixel and its four sides


def test_a_careless_answer_has_no_void_and_repeats_with_its_generator():
    labels = np.zeros((40, 40), dtype=np.uint8)
    labels[5:20, 5:20], labels[4, 5:20] = 1, VOID
    answers = [
        careless(labels, labels, 3, np.random.default_rng(seed)) for seed in (0, 0, 1, 2, 3)
    ]
    assert not any((answer == VOID).any() for answer in answers)
    assert max(answer.max() for answer in answers) < 3
    assert (answers[0] == answers[1]).all()
    assert len({answer.tobytes() for answer in answers}) > 1
