"""Agreement of the best patches' classes: against all pairs, and what chance gives."""

import itertools
import math

import pytest
import torch

from course_utils.data import VOID
from course_utils.reference.patches import Patch
from course_utils.reference.receptive_field import Geometry, unit_box
from course_utils.reference.selectivity import (
    agreement,
    chance_agreement,
    classes_in_the_middle,
)

GEOMETRY = Geometry((4, 4), (4, 4), (-2, -2))  # unit (i, j): middle at pixel (4i, 4j)


def patch(image, i, j, size=(8, 8)):
    boxes = unit_box(GEOMETRY, i, j, size)
    return Patch(1.0, image, (i, j), size, boxes.clipped, boxes.unclipped)


@pytest.mark.parametrize("seed", range(5))
def test_agreement_is_the_share_of_all_pairs(seed):
    classes = torch.randint(1, 4, (9,), generator=torch.Generator().manual_seed(seed)).tolist()
    pairs = list(itertools.combinations(classes, 2))
    assert agreement(classes) == pytest.approx(sum(a == b for a, b in pairs) / len(pairs))


@pytest.mark.parametrize(("classes", "share"), [([3, 3, 3], 1.0), ([1, 2, 3], 0.0)])
def test_one_class_and_all_different(classes, share):
    assert agreement(classes) == share


@pytest.mark.parametrize("classes", [[], [2]])
def test_too_few_to_compare_is_not_a_number(classes):
    assert math.isnan(agreement(classes))


def test_classes_are_read_at_the_middle_of_the_whole_window():
    labels = torch.zeros(2, 8, 8, dtype=torch.uint8)
    labels[0, 0, 4], labels[1, 4, 4] = 2, 5
    assert classes_in_the_middle([patch(0, 0, 1), patch(1, 1, 1)], labels) == [2, 5]


def test_background_void_and_middles_outside_are_left_out():
    labels = torch.zeros(1, 8, 8, dtype=torch.uint8)
    labels[0, 4, 4] = VOID
    found = [patch(0, 0, 0), patch(0, 1, 1), patch(0, 1, 2, (8, 7))]
    assert classes_in_the_middle(found, labels) == []


def test_a_middle_outside_its_image_counts_for_nothing():
    labels = torch.full((1, 8, 8), 3, dtype=torch.uint8)
    outside = Patch(1.0, 0, (0, 2), (8, 8), *unit_box(GEOMETRY, 0, 2, (8, 8)))
    assert classes_in_the_middle([outside], labels) == []
    assert classes_in_the_middle([patch(0, 1, 1)], labels) == [3]


def test_chance_is_what_random_places_agree_on():
    draw = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 4, (20, 16, 16), generator=draw).to(torch.uint8)
    labels[:, :8][labels[:, :8] == 3] = VOID
    places = labels[(labels > 0) & (labels != VOID)]
    picked = places[torch.randint(len(places), (2, 20000), generator=draw)]
    share = (picked[0] == picked[1]).float().mean().item()
    assert chance_agreement(labels) == pytest.approx(share, abs=0.015)
