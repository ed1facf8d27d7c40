"""What the metrics refuse, in whole sentences: the argument, what was expected, what came."""

import numpy as np
import pytest
import torch

from course_utils.reference.metrics import (
    VOID,
    confusion_counts,
    jaccard,
    mean_jaccard,
    pixel_accuracy,
)

ZEROS = torch.zeros(1, 2, 2, dtype=torch.int64)
NO_TENSOR = "as a torch.Tensor, got {}. torch.as_tensor makes one of an array or a list."
NO_INTEGERS = (
    "of an integer dtype, got {}, shape {}. "
    "Scores need argmax(dim=1) first, masks .to(torch.uint8)."
)


def but(label):
    """Zeros with one other label."""
    changed = ZEROS.clone()
    changed[0, 1, 1] = label
    return changed


def refusal(error, function, *arguments):
    with pytest.raises(error) as raised:
        function(*arguments)
    return str(raised.value)


@pytest.mark.parametrize("name", ["predicted", "truth"])
@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([[[0]]], NO_TENSOR.format("list")),
        (np.zeros((1, 2, 2)), NO_TENSOR.format("ndarray")),
        (ZEROS.float(), NO_INTEGERS.format("torch.float32", (1, 2, 2))),
        (ZEROS.bool(), NO_INTEGERS.format("torch.bool", (1, 2, 2))),
        (ZEROS.cfloat(), NO_INTEGERS.format("torch.complex64", (1, 2, 2))),
        (torch.rand(1, 3, 2, 2), NO_INTEGERS.format("torch.float32", (1, 3, 2, 2))),
    ],
)
def test_what_is_no_integer_tensor_is_a_type_error(name, value, told):
    arguments = {"predicted": ZEROS, "truth": ZEROS, "num_classes": 2} | {name: value}
    with pytest.raises(TypeError) as raised:
        confusion_counts(**arguments)
    assert str(raised.value) == f"Expected {name} {told}"


@pytest.mark.parametrize("name", ["predicted", "truth"])
@pytest.mark.parametrize(
    ("value", "told"),
    [
        (ZEROS[0], "(N, H, W), got (2, 2). labels[None] makes one image a batch."),
        (ZEROS[None], "(N, H, W), got (1, 1, 2, 2). argmax(dim=1) turns scores into labels."),
        (ZEROS[0, 0], "(N, H, W), got (2,)."),
    ],
)
def test_another_number_of_axes_is_refused(name, value, told):
    arguments = {"predicted": ZEROS, "truth": ZEROS, "num_classes": 2} | {name: value}
    with pytest.raises(ValueError) as raised:
        confusion_counts(**arguments)
    assert str(raised.value) == f"Expected {name} {told}"


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (torch.zeros(1, 2, 3).long(), "(1, 2, 2) on cpu and (1, 2, 3) on cpu."),
        (ZEROS.to("meta"), "(1, 2, 2) on cpu and (1, 2, 2) on meta."),
    ],
)
def test_another_shape_or_device_is_refused(other, told):
    said = refusal(ValueError, confusion_counts, ZEROS, other, 2)
    assert said == f"Expected predicted and truth of one shape and device, got {told}"


@pytest.mark.parametrize("label", [2, 3, 254, 256, 65536, -1, -256])
def test_a_label_outside_is_refused_in_both(label):
    end = f"got {label}: check num_classes."
    said = refusal(ValueError, confusion_counts, but(label), ZEROS, 2)
    assert said == f"Expected predicted in 0..1, {end}"
    said = refusal(ValueError, confusion_counts, ZEROS, but(label), 2)
    assert said == f"Expected truth in 0..1 or 255 (void), {end}"


def test_void_is_refused_in_a_prediction_alone():
    said = refusal(ValueError, confusion_counts, but(VOID), ZEROS, 2)
    assert said == "Expected predicted in 0..1, got 255: void belongs to the truth alone."
    assert confusion_counts(ZEROS, but(VOID), 2).tolist() == [[3, 0], [0, 0]]


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64])
def test_a_wrong_label_is_found_wherever_it_stands(dtype):
    for place in range(12):
        truth = torch.zeros(1, 3, 4, dtype=dtype)
        truth.view(-1)[place] = 7
        said = refusal(ValueError, confusion_counts, torch.zeros_like(truth), truth, 3)
        assert said.endswith("got 7: check num_classes.")


@pytest.mark.parametrize("number", [0, -1, 256])
def test_an_impossible_number_of_classes_is_refused(number):
    assert refusal(ValueError, confusion_counts, ZEROS, ZEROS, number) == (
        f"Expected num_classes in 1..255, got {number}: 255 itself is void. "
        "Count the background as a class."
    )


@pytest.mark.parametrize("number", [2.0, True, "2"])
def test_a_number_of_classes_that_is_no_integer_is_a_type_error(number):
    said = refusal(TypeError, confusion_counts, ZEROS, ZEROS, number)
    assert said == f"Expected num_classes as an int, got {number!r}."


COUNTS = torch.ones(2, 2, dtype=torch.int64)
NO_COUNTS = "of an integer dtype, got {}. Give what confusion_counts returns."
NOT_SQUARE = (
    "(K, K), got {}. confusion_counts(predicted, truth, num_classes) makes them of labels."
)


@pytest.mark.parametrize("result", [pixel_accuracy, jaccard, mean_jaccard])
@pytest.mark.parametrize(
    ("counts", "error", "told"),
    [
        ([[1]], TypeError, NO_TENSOR.format("list")),
        (COUNTS.float(), TypeError, NO_COUNTS.format("torch.float32")),
        (COUNTS.bool(), TypeError, NO_COUNTS.format("torch.bool")),
        (COUNTS.cfloat(), TypeError, NO_COUNTS.format("torch.complex64")),
        (COUNTS[:1], ValueError, NOT_SQUARE.format((1, 2))),
        (COUNTS[None], ValueError, NOT_SQUARE.format((1, 2, 2))),
        (COUNTS[None, :1], ValueError, NOT_SQUARE.format((1, 1, 2))),
        (0 * COUNTS, ValueError, "of at least one labelled pixel, got none: all void."),
    ],
)
def test_bad_counts_are_refused_by_every_metric(result, counts, error, told):
    assert refusal(error, result, counts) == f"Expected counts {told}"
