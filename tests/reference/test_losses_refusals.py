"""What the loss refuses, in whole sentences: the argument, what was expected, what came."""

import numpy as np
import pytest
import torch

from course_utils.reference.losses import categorical_cross_entropy, softmax

VOID = 255
LOGITS = torch.zeros(2, 3, 4, 5)
TRUTH = torch.zeros(2, 4, 5, dtype=torch.int64)


def loss_of_zeros(logits):
    return categorical_cross_entropy(logits, TRUTH)


def refusal(error, function, *arguments):
    with pytest.raises(error) as raised:
        function(*arguments)
    return str(raised.value)


@pytest.mark.parametrize("function", [softmax, loss_of_zeros])
@pytest.mark.parametrize(
    ("logits", "error", "told"),
    [
        (
            np.zeros((2, 3, 4, 5)),
            TypeError,
            "as a torch.Tensor, got ndarray. torch.as_tensor makes one of an array or a list.",
        ),
        (
            LOGITS.long(),
            TypeError,
            "of a floating-point dtype, got torch.int64. Give scores, not labels.",
        ),
        (LOGITS[0], ValueError, "(N, K, H, W), none of them 0, got (3, 4, 5)."),
        (LOGITS[None], ValueError, "(N, K, H, W), none of them 0, got (1, 2, 3, 4, 5)."),
        (LOGITS[:0], ValueError, "(N, K, H, W), none of them 0, got (0, 3, 4, 5)."),
        (LOGITS[:, :0], ValueError, "(N, K, H, W), none of them 0, got (2, 0, 4, 5)."),
    ],
)
def test_what_are_no_scores_is_refused(function, logits, error, told):
    assert refusal(error, function, logits) == f"Expected logits {told}"


@pytest.mark.parametrize("function", [softmax, loss_of_zeros])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("place", [(0, 0, 0, 0), (1, 2, 3, 4), (0, 1, 2, 0)])
def test_a_score_that_is_no_number_is_found_wherever_it_stands(function, value, place):
    logits = LOGITS.clone()
    logits[place] = value
    assert refusal(ValueError, function, logits) == (
        f"Expected finite logits, got {value} at (n, k, h, w) = {place}. "
        "Look for a division by zero or a learning rate too high."
    )


def test_nan_under_void_is_found_too():
    logits, truth = LOGITS.clone(), TRUTH.clone()
    logits[1, 2, 3, 4], truth[1, 3, 4] = float("nan"), VOID
    said = refusal(ValueError, categorical_cross_entropy, logits, truth)
    assert said.startswith("Expected finite logits, got nan at (n, k, h, w) = (1, 2, 3, 4).")


def test_a_true_class_that_is_impossible_is_refused():
    logits = LOGITS.clone()
    logits[0, 0, 0, 0] = -float("inf")
    said = refusal(ValueError, categorical_cross_entropy, logits, TRUTH)
    assert said.startswith("Expected finite logits, got -inf at (n, k, h, w) = (0, 0, 0, 0).")
    assert softmax(logits)[0, :, 0, 0].tolist() == [0, 0.5, 0.5]


def test_all_void_is_refused():
    said = refusal(ValueError, categorical_cross_entropy, LOGITS, torch.full_like(TRUTH, VOID))
    assert said == (
        "Expected truth with a labelled pixel, got 255 (void) everywhere. "
        "The mean over no pixels is 0/0: leave such a batch out."
    )


@pytest.mark.parametrize("label", [3, 4, 254, 256, -1])
def test_a_label_outside_is_refused(label):
    truth = TRUTH.clone()
    truth[1, 3, 4] = label
    assert refusal(ValueError, categorical_cross_entropy, LOGITS, truth) == (
        f"Expected truth in 0..2 or 255 (void), got {label}. "
        "The channels of logits are the classes, background included."
    )


@pytest.mark.parametrize(
    ("truth", "told"),
    [
        (TRUTH[:1], "(1, 4, 5) on cpu."),
        (TRUTH.transpose(1, 2), "(2, 5, 4) on cpu."),
        (TRUTH.to("meta"), "(2, 4, 5) on meta."),
    ],
)
def test_truth_that_does_not_fit_is_refused(truth, told):
    said = refusal(ValueError, categorical_cross_entropy, LOGITS, truth)
    assert said == f"Expected truth (2, 4, 5) on cpu to fit logits (2, 3, 4, 5), got {told}"


@pytest.mark.parametrize(
    ("truth", "error", "told"),
    [
        ([[[0]]], TypeError, "as a torch.Tensor, got list."),
        (TRUTH.double(), TypeError, "of an integer dtype, got torch.float64, shape (2, 4, 5)."),
        (TRUTH[:, None], ValueError, "(N, H, W), got (2, 1, 4, 5)."),
    ],
)
def test_truth_that_is_no_label_map_is_refused(truth, error, told):
    said = refusal(error, categorical_cross_entropy, LOGITS, truth)
    assert said.startswith(f"Expected truth {told}")
