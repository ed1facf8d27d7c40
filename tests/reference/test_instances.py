"""Objects out of label maps: parts against scipy, masks in boxes and their count by hand."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from course_utils.data import VOID
from course_utils.reference.detection import Detections
from course_utils.reference.instances import connected_parts, found_objects, masks_in_boxes


@pytest.mark.parametrize("seed", range(6))
def test_parts_are_those_of_scipy_class_by_class(seed):
    labels = np.random.default_rng(seed).choice(
        [0, 1, 2, VOID], (17, 23), p=[0.3, 0.4, 0.2, 0.1]
    )
    parts = connected_parts(labels)
    assert ((parts == 0) == ((labels == 0) | (labels == VOID))).all()
    number = 0
    for k in (1, 2):
        expected, count = ndimage.label(labels == k)
        number += count
        pairs = {
            (int(a), int(b))
            for a, b in zip(expected[labels == k], parts[labels == k], strict=True)
        }
        assert len(pairs) == count  # one to one
    assert sorted(set(parts.flat) - {0}) == list(range(1, number + 1))


def test_corners_do_not_connect_and_reading_order_numbers():
    labels = np.array([[0, 1, 0], [1, 0, 2], [1, 1, 2]])
    assert connected_parts(labels).tolist() == [[0, 1, 0], [2, 0, 3], [2, 2, 3]]


def found(scores, classes, boxes):
    return Detections(torch.tensor(scores), torch.tensor(classes), torch.tensor(boxes))


def test_a_mask_is_the_boxs_class_inside_the_box_and_the_better_box_wins():
    labels = np.array([[1, 1, 1, 2], [1, 1, 1, 2], [0, 0, 0, 2]])
    answer = found([0.5, 0.9], [1, 1], [[0.0, 0, 2, 2], [1.0, 0, 4, 3]])
    assert masks_in_boxes(labels, answer).tolist() == [[1, 2, 2, 0], [1, 2, 2, 0], [0, 0, 0, 0]]
    other = found([0.9, 0.5], [1, 1], [[0.0, 0, 2, 2], [1.0, 0, 4, 3]])
    assert masks_in_boxes(labels, other).tolist() == [[1, 1, 2, 0], [1, 1, 2, 0], [0, 0, 0, 0]]


def test_a_box_beyond_the_image_is_cut_at_its_edge():
    labels = np.ones((3, 3), dtype=int)
    answer = found([0.5], [1], [[-2.0, -2, 2, 2]])
    assert masks_in_boxes(labels, answer).tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]


def test_two_objects_in_one_mask_are_at_most_one_found():
    truth = np.array([[1, 1, 1, 2, 2, 0]])
    assert found_objects(np.array([[1, 1, 1, 1, 1, 0]]), truth) == (1, 1, 2)  # 3/5 and 2/5
    assert found_objects(np.array([[5, 5, 5, 7, 7, 0]]), truth) == (2, 2, 2)
    assert found_objects(np.zeros((1, 6), dtype=int), truth) == (0, 0, 2)


def test_exactly_half_is_not_enough_and_void_is_not_counted():
    truth = np.array([[1, 1, VOID, VOID]])
    assert found_objects(np.array([[1, 0, 0, 0]]), truth) == (0, 1, 1)
    assert found_objects(np.array([[1, 1, 1, 2]]), truth) == (1, 1, 1)
    with pytest.raises(ValueError, match=r"0\.5"):
        found_objects(truth, truth, overlap=0.4)
