"""Quality about each object, by hand."""

import pytest
import torch

from course_utils.data import VOID
from course_utils.reference.object_quality import object_qualities


def scene():
    objects = torch.zeros(1, 12, 20, dtype=torch.uint8)
    objects[0, 2:6, 2:6], objects[0, 1:11, 12:18] = 1, 2
    objects[0, 6, 2:6] = VOID
    labels = objects.clone()
    labels[objects == 2] = 5
    return labels, objects


def test_a_perfect_answer_has_ones_and_true_areas_and_classes():
    labels, objects = scene()
    small, large = object_qualities((labels > 0) & (labels != VOID), labels, objects)
    assert (small.class_index, small.area, small.jaccard) == (1, 16, 1)
    assert (large.class_index, large.area, large.jaccard) == (5, 60, 1)


def test_misses_and_extras_count_where_they_lie_and_void_does_not():
    labels, objects = scene()
    found = (labels > 0) & (labels != VOID)
    found[0, 2, 2:6] = False  # 4 of 16 missed
    found[0, 2:6, 8] = True  # 4 extra: 3 pixels from the small one, 4 from the large one
    found[0, 6, 2:6] = True  # void
    found[0, 11, 0] = True  # near nobody: 6 rows below the object's box
    small, large = object_qualities(found, labels, objects)
    assert small.jaccard == pytest.approx(12 / 20)
    assert large.jaccard == 1
    narrow, _ = object_qualities(found, labels, objects, margin=2)
    assert narrow.jaccard == pytest.approx(12 / 16)
    _, wide = object_qualities(found, labels, objects, margin=4)
    assert wide.jaccard == pytest.approx(60 / 64)


def test_each_image_has_its_own_objects():
    labels, objects = (torch.cat([each, each.flip(2)]) for each in scene())
    found = labels > 0
    found[1] = False
    qualities = object_qualities(found, labels, objects)
    assert [(q.image, q.jaccard) for q in qualities] == [(0, 1), (0, 1), (1, 0), (1, 0)]


def test_other_shapes_are_refused():
    labels, objects = scene()
    with pytest.raises(ValueError, match="one shape"):
        object_qualities(labels[0] > 0, labels, objects)
