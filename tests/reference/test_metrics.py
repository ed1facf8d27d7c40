"""Pixel accuracy and Jaccard's measure, against a plain loop, torchmetrics, scikit-learn."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from sklearn.metrics import accuracy_score, confusion_matrix, jaccard_score
from torchmetrics.functional.classification import multiclass_jaccard_index

from course_utils.data.voc import image_names, read_labels
from course_utils.reference.metrics import (
    VOID,
    confusion_counts,
    jaccard,
    mean_jaccard,
    pixel_accuracy,
)

nan = float("nan")


def draw(seed, shape=(3, 6, 5), num_classes=4, void=0.2):
    """Labels in which a class may be absent, and some of the truth is void."""
    generator = torch.Generator().manual_seed(seed)
    predicted, truth = torch.randint(num_classes, (2, *shape), generator=generator)
    truth[torch.rand(shape, generator=generator) < void] = VOID
    return predicted, truth


def pairs(predicted, truth):
    """(true, predicted) of each labelled pixel."""
    both = zip(truth.flatten().tolist(), predicted.flatten().tolist(), strict=True)
    return [(t, p) for t, p in both if t != VOID]


def loop_jaccard(predicted, truth, k):
    """The lecture's formula, pixel by pixel; shares no code with the metric."""
    intersection = sum(t == k and p == k for t, p in pairs(predicted, truth))
    union = sum(max(t == k, p == k) for t, p in pairs(predicted, truth))
    return intersection / union if union else nan


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 4, 7), (3, 6, 5)])
@pytest.mark.parametrize("seed", range(5))
def test_jaccard_equals_the_formula_in_a_loop(shape, seed):
    predicted, truth = draw(seed, shape, num_classes=5)
    truth[0, 0, 0] = 3  # at least one pixel is labelled
    expected = [loop_jaccard(predicted, truth, k) for k in range(5)]
    actual = jaccard(confusion_counts(predicted, truth, 5))
    assert actual.tolist() == pytest.approx(expected, nan_ok=True)
    assert actual.dtype == torch.float64


@pytest.mark.parametrize("seed", range(5))
def test_counts_equal_those_of_scikit_learn(seed):
    predicted, truth = draw(seed)
    t, p = zip(*pairs(predicted, truth), strict=True)
    counts = confusion_counts(predicted, truth, 4)
    assert counts.tolist() == confusion_matrix(t, p, labels=range(4)).tolist()
    assert counts.dtype == torch.int64
    assert pixel_accuracy(counts).item() == pytest.approx(accuracy_score(t, p))
    assert jaccard(counts).tolist() == pytest.approx(
        jaccard_score(t, p, labels=range(4), average=None).tolist()
    )


@pytest.mark.parametrize("seed", range(5))
def test_jaccard_equals_that_of_torchmetrics(seed):
    predicted, truth = draw(seed, (2, 9, 8), 3)
    expected = multiclass_jaccard_index(predicted, truth, 3, average="none", ignore_index=VOID)
    actual = jaccard(confusion_counts(predicted, truth, 3))
    torch.testing.assert_close(actual.float(), expected)


def test_the_numbers_by_hand():
    truth = torch.tensor([[[0, 0, 1], [1, 1, VOID]]])
    predicted = torch.tensor([[[0, 1, 1], [1, 0, 1]]])
    counts = confusion_counts(predicted, truth, 3)
    assert counts.tolist() == [[1, 1, 0], [1, 2, 0], [0, 0, 0]]  # row = truth
    assert pixel_accuracy(counts).item() == 3 / 5
    assert jaccard(counts).tolist() == pytest.approx([1 / 3, 2 / 4, nan], nan_ok=True)
    assert mean_jaccard(counts).item() == pytest.approx((1 / 3 + 1 / 2) / 2)


def test_a_class_only_predicted_or_only_true_has_jaccard_zero():
    counts = confusion_counts(torch.tensor([[[0, 1]]]), torch.tensor([[[2, 2]]]), 4)
    assert jaccard(counts).tolist() == pytest.approx([0, 0, 0, nan], nan_ok=True)
    assert mean_jaccard(counts).item() == 0


def test_all_right_is_one_and_the_results_are_float64_scalars():
    truth = torch.tensor([[[0, 2], [2, VOID]]])
    counts = confusion_counts(truth.clamp(max=2), truth, 3)
    for result in (pixel_accuracy(counts), mean_jaccard(counts)):
        assert result.item() == 1
        assert (result.dtype, result.shape) == (torch.float64, ())


labels = arrays.arrays(np.uint8, (2, 3, 4), elements=st.integers(0, 2))


@given(labels, labels, labels, labels)
@settings(max_examples=30, deadline=None)
def test_counts_of_batches_add_up_to_the_counts_of_all(p1, t1, p2, t2):
    p1, t1, p2, t2 = map(torch.from_numpy, (p1, t1, p2, t2))
    apart = confusion_counts(p1, t1, 3) + confusion_counts(p2, t2, 3)
    together = confusion_counts(torch.cat([p1, p2]), torch.cat([t1, t2]), 3)
    assert torch.equal(apart, together)
    assert torch.equal(confusion_counts(t1, p1, 3), confusion_counts(p1, t1, 3).T)
    assert together.sum() == p1.numel() + p2.numel()


@given(labels, st.permutations(range(3)))
@settings(max_examples=30, deadline=None)
def test_renaming_the_classes_renames_the_results(predicted, order):
    predicted, order = torch.from_numpy(predicted), torch.tensor(order)
    truth = predicted.flip(0)
    before = jaccard(confusion_counts(predicted, truth, 3))
    after = jaccard(confusion_counts(order[predicted.long()], order[truth.long()], 3))
    torch.testing.assert_close(after[order], before, equal_nan=True)


def test_what_is_predicted_under_void_does_not_count():
    predicted, truth = draw(0)
    before = confusion_counts(predicted, truth, 4)
    predicted[truth == VOID] = 3
    assert torch.equal(confusion_counts(predicted, truth, 4), before)
    assert before.sum() == (truth != VOID).sum()


DTYPES = [torch.uint8, torch.int16, torch.int32, torch.int64]
DTYPES += [torch.uint16, torch.uint32, torch.uint64]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("num_classes", [1, 2, 127, 128, 129, 254, 255])
def test_every_integer_dtype_counts_alike(dtype, num_classes):
    predicted, truth = draw(1, (2, 40, 30), num_classes)
    predicted[0, 0, 0] = truth[0, 0, 0] = num_classes - 1  # the largest cell
    expected = torch.zeros(num_classes, num_classes, dtype=torch.int64)
    for t, p in pairs(predicted, truth):
        expected[t, p] += 1
    actual = confusion_counts(predicted.to(dtype), truth.to(dtype), num_classes)
    assert torch.equal(actual, expected)


def test_int8_labels_without_void_count_too_and_dtypes_may_differ():
    predicted, truth = draw(2, void=0)
    expected = confusion_counts(predicted, truth, 4)
    assert torch.equal(confusion_counts(predicted.to(torch.int8), truth.short(), 4), expected)


def test_arguments_stay_as_they_were_and_need_not_be_contiguous():
    predicted, truth = (labels.short() for labels in draw(3, (4, 6, 8)))
    copies = predicted.clone(), truth.clone()
    expected = confusion_counts(predicted, truth, 4)
    assert torch.equal(predicted, copies[0])
    assert torch.equal(truth, copies[1])
    turned = confusion_counts(predicted.transpose(1, 2), truth.transpose(1, 2), 4)
    assert torch.equal(turned, expected)
    other = confusion_counts(predicted[:, ::2, ::3], truth[:, ::2, ::3], 4)
    assert other.sum() == (truth[:, ::2, ::3] != VOID).sum()


def test_an_empty_or_all_void_batch_adds_nothing():
    empty = torch.zeros(0, 4, 4, dtype=torch.uint8)
    assert not confusion_counts(empty, empty, 2).any()
    one = torch.zeros(1, 2, 2, dtype=torch.uint8)
    assert not confusion_counts(one, torch.full_like(one, VOID), 2).any()


def conventions(predicted, truth, num_classes):
    """One picture, many Jaccards: the mean under seven conventions, by plain loops."""
    each = [loop_jaccard(predicted, truth, k) for k in range(num_classes)]
    present = set(truth.unique().tolist()) - {VOID}
    images = [
        [loop_jaccard(p, t, k) for k in range(num_classes)]
        for p, t in zip(predicted, truth, strict=True)
    ]
    right = sum(t == p for t, p in pairs(predicted, truth))
    total = len(pairs(predicted, truth))
    no_void = torch.where(truth == VOID, 0, truth)
    return {
        "union above zero": np.nanmean(each),
        "classes of the truth": np.mean([each[k] for k in sorted(present)]),
        "absent is 0": np.mean(np.nan_to_num(each, nan=0)),
        "absent is 1": np.mean(np.nan_to_num(each, nan=1)),
        "micro": right / (2 * total - right),
        "image by image": np.mean([np.nanmean(image) for image in images]),
        "void is background": np.nanmean(
            [loop_jaccard(predicted, no_void, k) for k in range(num_classes)]
        ),
    }


def test_seven_conventions_give_seven_numbers_and_ours_is_the_lectures():
    truth = torch.tensor([[[0, 0, 1, 1], [0, 0, 1, VOID]], [[0, 0, 0, 0], [0, 0, 2, 2]]])
    predicted = torch.tensor([[[0, 0, 1, 0], [0, 0, 1, 1]], [[0, 0, 0, 0], [0, 3, 2, 0]]])
    values = conventions(predicted, truth, 6)
    assert len({round(value, 6) for value in values.values()}) == 7
    ours = mean_jaccard(confusion_counts(predicted, truth, 6)).item()
    assert ours == pytest.approx(values["union above zero"])


def test_real_masks_are_counted_like_a_numpy_table(voc_sample):
    total = torch.zeros(21, 21, dtype=torch.int64)
    expected = np.zeros((21, 21), dtype=int)
    for name in image_names(voc_sample, "val"):
        path = voc_sample / "VOCdevkit/VOC2012/SegmentationClass" / f"{name}.png"
        truth = read_labels(path)
        predicted = np.roll(np.where(truth == VOID, 0, truth), 9, axis=1)
        total += confusion_counts(*map(torch.from_numpy, (predicted[None], truth[None])), 21)
        np.add.at(expected, (truth[truth != VOID], predicted[truth != VOID]), 1)
        assert Image.open(path).size == truth.shape[::-1]
    assert total.tolist() == expected.tolist()
    assert 0 < mean_jaccard(total) < pixel_accuracy(total) < 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64])
def test_the_gpu_counts_like_the_cpu(dtype):
    predicted, truth = (labels.to(dtype) for labels in draw(4, (2, 60, 50), 21))
    counts = confusion_counts(predicted.cuda(), truth.cuda(), 21)
    assert counts.is_cuda
    assert torch.equal(counts.cpu(), confusion_counts(predicted, truth, 21))
    with pytest.raises(ValueError, match="on cuda:0 and"):
        confusion_counts(predicted.cuda(), truth, 21)


def test_int8_labels_count_from_class_0_on_and_minus_one_is_no_void():
    truth = torch.tensor([[[0, 1, 1]]], dtype=torch.int8)
    assert confusion_counts(truth, truth, 2).tolist() == [[1, 0], [0, 2]]
    with pytest.raises(ValueError, match="got -1"):
        confusion_counts(truth, truth - 1, 2)
