"""Detection's measures, by hand and against slow definitions."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.data.boxes import Objects
from course_utils.reference.detection import (
    Detections,
    average_precision,
    detections,
    matched,
    over_scenes,
    precision_and_recall,
    suppressed,
)
from tests.reference.test_windows import counted_iou

BOX = [0.0, 0, 10, 10]
MOVED = [2.0, 0, 12, 10]  # IoU 80 / 120 with it
FAR = [20.0, 20, 30, 30]


def found(*rows):
    scores, classes, boxes = zip(*rows, strict=True)
    return Detections(torch.tensor(scores), torch.tensor(classes), torch.tensor(boxes))


def objects(*rows):
    classes, boxes = zip(*rows, strict=True)
    return Objects(torch.tensor(classes), torch.tensor(boxes))


def test_a_window_is_a_detection_of_its_best_object_class():
    probabilities = torch.tensor([[0.2, 0.1, 0.7], [0.1, 0.6, 0.3], [0.9, 0.04, 0.06]])
    windows = torch.tensor([BOX, MOVED, FAR])
    answer = detections(probabilities, windows, threshold=0.5)
    assert answer.scores.tolist() == pytest.approx([0.7, 0.6])
    assert answer.classes.tolist() == [2, 1]
    assert answer.boxes.tolist() == [BOX, MOVED]
    assert len(detections(probabilities, windows).scores) == 3


def slow_suppression(answer, overlap):
    """The recipe in words: the best stays, all too near to it of its class go, and again."""
    left = sorted(range(len(answer.scores)), key=lambda i: -answer.scores[i].item())
    kept = []
    while left:
        best, *left = left
        kept.append(best)
        left = [
            i
            for i in left
            if answer.classes[i] != answer.classes[best]
            or counted_iou(answer.boxes[i], answer.boxes[best]) <= overlap
        ]
    return kept


@pytest.mark.parametrize("overlap", [0.117, 0.313, 0.717])
@pytest.mark.parametrize("seed", range(4))
def test_suppression_follows_the_recipe(seed, overlap):
    draw = torch.Generator().manual_seed(seed)
    corner = torch.randint(0, 15, (25, 2), generator=draw)
    boxes = torch.cat([corner, corner + torch.randint(4, 12, (25, 2), generator=draw)], 1)
    answer = Detections(
        torch.rand(25, generator=draw),
        torch.randint(1, 3, (25,), generator=draw),
        boxes.float(),
    )
    kept = slow_suppression(answer, overlap)
    assert suppressed(answer, overlap).scores.tolist() == answer.scores[kept].tolist()


def test_at_an_overlap_of_one_nothing_is_suppressed():
    answer = found((0.9, 1, BOX), (0.8, 1, BOX), (0.7, 1, MOVED))
    assert len(suppressed(answer, 1.0).scores) == 3
    assert suppressed(answer, 0.5).scores.tolist() == pytest.approx([0.9])


def test_each_object_is_found_once_and_by_the_better_score():
    truth = objects((1, BOX))
    assert matched(found((0.6, 1, BOX), (0.9, 1, MOVED)), truth).tolist() == [False, True]


@pytest.mark.parametrize(
    ("row", "right"),
    [((0.9, 1, BOX), True), ((0.9, 2, BOX), False), ((0.9, 1, FAR), False)],
)
def test_class_and_place_must_both_be_right(row, right):
    assert matched(found(row), objects((1, BOX))).tolist() == [right]


def test_an_overlap_of_exactly_one_half_counts():
    half = [0.0, 0, 10, 5]  # 50 / 100
    assert matched(found((0.9, 1, half)), objects((1, BOX))).tolist() == [True]
    assert matched(found((0.9, 1, half)), objects((1, BOX)), overlap=0.51).tolist() == [False]


def test_a_second_box_may_find_a_second_object_nearby():
    truth = objects((1, BOX), (1, MOVED))
    answer = found((0.9, 1, BOX), (0.8, 1, BOX))
    assert matched(answer, truth).tolist() == [True, True]


def test_without_boxes_or_objects_nothing_is_right():
    nothing = Objects(torch.zeros(0).long(), torch.zeros(0, 4))
    assert matched(found((0.9, 1, BOX)), nothing).tolist() == [False]
    empty = Detections(torch.zeros(0), torch.zeros(0).long(), torch.zeros(0, 4))
    assert matched(empty, objects((1, BOX))).tolist() == []


def test_scenes_are_matched_one_by_one_and_then_put_together():
    scenes = [found((0.9, 1, BOX)), found((0.7, 1, BOX), (0.8, 1, FAR))]
    truth = [objects((1, FAR)), objects((1, BOX), (2, FAR))]
    scores, right, number = over_scenes(scenes, truth)
    assert scores.tolist() == pytest.approx([0.9, 0.7, 0.8])
    assert right.tolist() == [False, True, False]
    assert number == 3


def test_the_curve_and_its_area_by_hand():
    scores = torch.tensor([0.5, 0.9, 0.7, 0.8, 0.6])
    right = torch.tensor([True, True, True, False, False])
    thresholds, precision, recall = precision_and_recall(scores, right, objects=4)
    assert thresholds.tolist() == pytest.approx([0.9, 0.8, 0.7, 0.6, 0.5])
    assert precision.tolist() == pytest.approx([1, 1 / 2, 2 / 3, 2 / 4, 3 / 5])
    assert recall.tolist() == pytest.approx([1 / 4, 1 / 4, 2 / 4, 2 / 4, 3 / 4])
    assert average_precision(precision, recall) == pytest.approx((1 + 2 / 3 + 3 / 5) / 4)


def test_equal_scores_are_kept_or_dropped_together():
    scores, right = torch.tensor([0.9, 0.9, 0.4]), torch.tensor([True, False, True])
    thresholds, precision, recall = precision_and_recall(scores, right, objects=2)
    assert thresholds.tolist() == pytest.approx([0.9, 0.4])
    assert precision.tolist() == pytest.approx([1 / 2, 2 / 3])
    assert recall.tolist() == pytest.approx([1 / 2, 1])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers(0, 3))
def test_the_area_is_the_mean_over_objects_of_the_best_precision_from_there_on(hits, missed):
    """Another reading of the definition: each object found adds its best later precision."""
    if not (objects := sum(hits) + missed):
        return
    scores = torch.linspace(1, 0.1, len(hits))
    curve = precision_and_recall(scores, torch.tensor(hits), objects)
    at = [sum(hits[: i + 1]) / (i + 1) for i in range(len(hits))]
    expected = sum(max(at[i:]) for i, hit in enumerate(hits) if hit) / objects
    assert average_precision(*curve[1:]) == pytest.approx(expected)


def test_perfect_and_useless_answers_bound_the_area():
    scores = torch.tensor([0.9, 0.8])
    assert average_precision(*precision_and_recall(scores, scores > 0, 2)[1:]) == 1
    assert average_precision(*precision_and_recall(scores, scores > 1, 2)[1:]) == 0
    nothing = precision_and_recall(torch.zeros(0), torch.zeros(0).bool(), 2)
    assert average_precision(*nothing[1:]) == 0


def test_recall_without_objects_is_refused():
    with pytest.raises(ValueError, match="at least one object"):
        precision_and_recall(torch.tensor([0.9]), torch.tensor([False]), 0)
