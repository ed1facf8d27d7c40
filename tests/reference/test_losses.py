"""Softmax and cross-entropy, against plain loops and torch's own."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.reference.losses import categorical_cross_entropy, softmax

VOID = 255


def draw(seed=0, shape=(2, 4, 3, 5), void=0.3, dtype=torch.float64):
    """Scores, and truth that is partly void but never all of it."""
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(shape, generator=generator, dtype=dtype)
    n, k, h, w = shape
    truth = torch.randint(k, (n, h, w), generator=generator)
    truth[torch.rand(n, h, w, generator=generator) < void] = VOID
    truth[0, 0, 0] = k - 1
    return logits, truth


def loop_loss(logits, truth):
    """The lecture's double sum with a minus, over the labelled pixels, slowly."""
    total, pixels = 0.0, 0
    for scores, true in zip(
        logits.permute(0, 2, 3, 1).flatten(0, 2).tolist(), truth.flatten().tolist(), strict=True
    ):
        if true != VOID:
            share = math.exp(scores[true]) / math.fsum(math.exp(score) for score in scores)
            total, pixels = total - math.log(share), pixels + 1
    return total / pixels


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (1, 2, 1, 1), (2, 4, 3, 5)])
@pytest.mark.parametrize("seed", range(5))
def test_the_loss_equals_the_formula_in_a_loop(shape, seed):
    logits, truth = draw(seed, shape)
    actual = categorical_cross_entropy(logits, truth).item()
    assert actual == pytest.approx(loop_loss(logits, truth), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_loss_and_gradient_equal_those_of_torch(dtype, seed):
    logits, truth = draw(seed, (3, 5, 8, 6), dtype=dtype)
    ours, theirs = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    loss = categorical_cross_entropy(ours, truth)
    expected = F.cross_entropy(theirs, truth, ignore_index=VOID)
    torch.testing.assert_close(loss, expected)
    assert loss.dtype == dtype
    loss.backward()
    expected.backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_the_numbers_by_hand():
    logits = torch.tensor([[[[0.0, 0.0]], [[0.0, math.log(3)]]]])  # 1/2 1/2, 1/4 3/4
    assert softmax(logits)[0, :, 0].T.tolist() == [[0.5, 0.5], pytest.approx([0.25, 0.75])]
    loss = categorical_cross_entropy(logits, torch.tensor([[[0, 1]]]))
    assert loss.item() == pytest.approx(-(math.log(1 / 2) + math.log(3 / 4)) / 2)
    void = categorical_cross_entropy(logits, torch.tensor([[[VOID, 1]]]))
    assert void.item() == pytest.approx(-math.log(3 / 4))


def test_the_mean_is_over_pixels_not_over_images_first():
    logits, truth = draw(1, (2, 3, 4, 4), void=0)
    truth[1, 1:] = VOID  # 16 pixels in one image, 4 in the other
    first = categorical_cross_entropy(logits[:1], truth[:1])
    second = categorical_cross_entropy(logits[1:], truth[1:])
    together = categorical_cross_entropy(logits, truth)
    torch.testing.assert_close(together, (16 * first + 4 * second) / 20)


def test_gradients_agree_with_finite_differences():
    logits, truth = draw(2, (2, 3, 2, 2))
    logits.requires_grad_()
    assert torch.autograd.gradcheck(lambda b: categorical_cross_entropy(b, truth), logits)
    assert torch.autograd.gradcheck(softmax, logits)


def test_void_pixels_and_their_scores_have_no_influence():
    logits, truth = draw(3)
    truth[0, 1, 2] = VOID
    before = categorical_cross_entropy(logits, truth)
    logits[0, :, 1, 2] = torch.tensor([9.0, -7.0, 5.0, 1e6])
    logits.requires_grad_()
    after = categorical_cross_entropy(logits, truth)
    assert torch.equal(before, after)
    after.backward()
    assert not logits.grad.permute(0, 2, 3, 1)[truth == VOID].any()
    assert logits.grad.permute(0, 2, 3, 1)[truth != VOID].all()


@given(shift=st.floats(-1e4, 1e4), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_a_constant_added_to_all_scores_of_a_pixel_changes_nothing(shift, seed):
    logits, truth = draw(seed)
    torch.testing.assert_close(softmax(logits + shift), softmax(logits), rtol=1e-9, atol=1e-9)
    expected = categorical_cross_entropy(logits, truth)
    torch.testing.assert_close(
        categorical_cross_entropy(logits + shift, truth), expected, rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("size", [1e3, 1e5, 1e30])
def test_large_scores_neither_overflow_nor_vanish(size):
    logits = torch.tensor([size, 0, -size]).reshape(1, 3, 1, 1).requires_grad_()
    assert softmax(logits).flatten().tolist() == [1, 0, 0]
    loss = categorical_cross_entropy(logits, torch.tensor([[[2]]]))
    assert loss.item() == pytest.approx(2 * size)
    loss.backward()
    assert logits.grad.flatten().tolist() == [1, 0, -1]


def test_a_pixel_of_huge_scores_does_not_drown_its_neighbour():
    logits = torch.tensor([[[[1e4, -1e4]], [[1e4, -1e4]]]])
    assert (softmax(logits) == 0.5).all()


def test_with_a_single_class_there_is_nothing_to_lose():
    truth = torch.tensor([[[0, VOID]]])
    assert categorical_cross_entropy(torch.rand(1, 1, 1, 2), truth).item() == 0


@pytest.mark.parametrize("seed", range(3))
def test_softmax_equals_torchs_and_sums_to_one_over_the_classes(seed):
    logits, _ = draw(seed, (2, 5, 3, 4))
    actual = softmax(logits)
    torch.testing.assert_close(actual, logits.softmax(dim=1))
    torch.testing.assert_close(actual.sum(dim=1), torch.ones(2, 3, 4).double())
    logits.requires_grad_()
    weights = torch.rand(logits.shape, generator=torch.Generator().manual_seed(seed)).double()
    (ours,) = torch.autograd.grad((softmax(logits) * weights).sum(), logits)
    (theirs,) = torch.autograd.grad((logits.softmax(dim=1) * weights).sum(), logits)
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("seed", range(3))
def test_the_loss_is_minus_the_mean_logarithm_of_softmax(seed):
    logits, truth = draw(seed)
    of_truth = softmax(logits).permute(0, 2, 3, 1)[truth != VOID]
    expected = -of_truth[torch.arange(len(of_truth)), truth[truth != VOID]].log().mean()
    torch.testing.assert_close(categorical_cross_entropy(logits, truth), expected)


@pytest.mark.parametrize(
    "dtype", [torch.uint8, torch.int16, torch.int32, torch.uint16], ids=str
)
def test_every_integer_dtype_of_truth_will_do(dtype):
    logits, truth = draw()
    expected = categorical_cross_entropy(logits, truth)
    assert torch.equal(categorical_cross_entropy(logits, truth.to(dtype)), expected)


def test_arguments_stay_as_they_were_and_need_not_be_contiguous():
    logits, truth = draw(4)
    copies = logits.clone(), truth.clone()
    loss, shares = categorical_cross_entropy(logits, truth), softmax(logits)
    assert torch.equal(logits, copies[0])
    assert torch.equal(truth, copies[1])
    last = logits.to(memory_format=torch.channels_last)
    torch.testing.assert_close(categorical_cross_entropy(last, truth), loss)
    turned = categorical_cross_entropy(logits.transpose(2, 3), truth.transpose(1, 2))
    torch.testing.assert_close(turned, loss)
    torch.testing.assert_close(softmax(logits.transpose(2, 3)), shares.transpose(2, 3))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_scores_of_half_precision_give_a_loss_in_float32(dtype):
    logits, truth = draw(5, (2, 4, 40, 40), dtype=dtype)
    loss = categorical_cross_entropy(logits, truth)
    expected = categorical_cross_entropy(logits.double(), truth)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    assert softmax(logits).dtype == dtype
    torch.testing.assert_close(
        softmax(logits).double(), softmax(logits.double()), rtol=0.02, atol=0.01
    )


def test_it_trains_under_autocast():
    logits, truth = draw(6, (2, 4, 8, 8), dtype=torch.float32)
    layer = torch.nn.Conv2d(4, 4, 1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        scores = layer(logits)
        loss = categorical_cross_entropy(scores, truth)
    loss.backward()
    assert scores.dtype == torch.bfloat16
    assert loss.dtype == torch.float32
    assert layer.weight.grad.isfinite().all()
    expected = F.cross_entropy(scores.double(), truth, ignore_index=VOID)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16], ids=str)
def test_the_gpu_agrees_with_the_cpu(dtype):
    logits, truth = draw(7, (2, 21, 30, 20), dtype=dtype)
    on_gpu = logits.cuda().requires_grad_()
    loss = categorical_cross_entropy(on_gpu, truth.cuda())
    torch.testing.assert_close(loss.cpu(), categorical_cross_entropy(logits, truth))
    loss.backward()
    assert on_gpu.grad.isfinite().all()
    torch.testing.assert_close(softmax(logits.cuda()).cpu(), softmax(logits))
    with pytest.raises(ValueError, match="on cuda:0"):
        categorical_cross_entropy(on_gpu, truth)


def test_minus_one_in_int8_is_a_wrong_label_and_not_void():
    logits = torch.zeros(1, 2, 1, 2)
    with pytest.raises(ValueError, match="got -1"):
        categorical_cross_entropy(logits, torch.tensor([[[-1, 0]]], dtype=torch.int8))


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint16, torch.int32], ids=str)
def test_labels_of_any_integer_dtype_give_the_same_loss(dtype):
    logits = torch.tensor([[[[0.5, 2.0]], [[1.0, -1.0]]]])
    truth = torch.tensor([[[1, 0]]])
    expected = categorical_cross_entropy(logits, truth)
    assert torch.equal(categorical_cross_entropy(logits, truth.to(dtype)), expected)


@pytest.mark.parametrize("wrong", [0, 1])
def test_the_largest_finite_scores_give_what_torch_gives(wrong):
    logits = torch.tensor([3e38, -3e38]).reshape(1, 2, 1, 1).requires_grad_()
    truth = torch.tensor([[[wrong]]])
    loss = categorical_cross_entropy(logits, truth)
    assert torch.equal(loss, F.cross_entropy(logits, truth))
    loss.backward()
    assert not logits.grad.isnan().any()


def test_a_void_pixel_of_the_largest_scores_counts_for_nothing():
    logits = torch.tensor([[3e38, 0.0], [-3e38, 0.0]]).reshape(1, 2, 1, 2)
    loss = categorical_cross_entropy(logits, torch.tensor([[[255, 0]]]))
    assert loss.item() == pytest.approx(math.log(2))
