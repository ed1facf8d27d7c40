"""What a segmentation network minimises: softmax and categorical cross-entropy.

    a_ik = exp(b_ik) / sum_m exp(b_im)
    L(y, a) = - 1/n * sum_i sum_k [y_i = k] log a_ik

b_ik: score (logit) of class k at pixel i; n: number of labelled pixels.

The lecture writes L without the minus and without 1/n. As written it is the log-likelihood,
which is maximised; a loss is minimised, hence the minus. The mean in place of the sum keeps
the learning rate independent of the size of the image. Void pixels have no true class, so
they are in neither the sum nor n.
Source: lecture, "Функция потерь".
"""

import torch
from torch import Tensor

from course_utils.data.voc import VOID
from course_utils.reference.labels import require_label_maps, require_tensor, widened

__all__ = ["categorical_cross_entropy", "softmax"]


def softmax(logits: Tensor) -> Tensor:
    """Probabilities of the classes at each pixel, summing to 1 over dim 1.

    logits: (N, K, H, W) floating point. Returns the same shape and dtype.
    Raises TypeError for anything but a floating-point tensor; ValueError for another number
    of axes, or a pixel whose largest score is NaN or infinite.

        >>> softmax(torch.tensor([1000.0, 1000.0]).view(1, 2, 1, 1)).flatten().tolist()
        [0.5, 0.5]
    """
    _require_logits(logits)
    # exp(1000) is inf; subtracting the largest score changes no ratio of exponents. It is a
    # constant to the gradient too, since it cancels.
    largest = logits.detach().amax(dim=1, keepdim=True)
    if not largest.isfinite().all():
        raise _not_finite(logits)
    exponents = (logits - largest).exp()
    return exponents / exponents.sum(dim=1, keepdim=True)


def categorical_cross_entropy(logits: Tensor, truth: Tensor) -> Tensor:
    """Mean of -log(probability of the true class) over the labelled pixels, in nats.

    logits: (N, K, H, W) floating point; truth: (N, H, W) labels 0..K-1 or VOID, any integer
        dtype, on the device of the logits.
    Returns a scalar of the logits' dtype, at least float32; differentiable in the logits.
    The mean is over the pixels of the whole batch, not over images first. Scores too far apart
    for the dtype (3e38 and -3e38 in float32) give inf, as in F.cross_entropy.
    Raises TypeError for wrong types; ValueError for shapes that don't fit, a label outside,
    a batch that is all void (0/0), or scores that are NaN or infinite.

        >>> logits = torch.tensor([0.0, 64.0]).view(1, 2, 1, 1)
        >>> categorical_cross_entropy(logits, truth=torch.tensor([[[0]]])).item()
        64.0
    """
    _require_logits(logits)
    labelled, classes = _labelled_classes(logits, truth)

    # log(softmax) in one step: the logarithm of a probability that underflowed is -inf.
    precise = torch.promote_types(logits.dtype, torch.float32)  # halves would lose the sum
    log_probabilities = logits.log_softmax(dim=1, dtype=precise)
    of_truth = log_probabilities.gather(1, classes.unsqueeze(1)).squeeze(1)  # (N, H, W)
    number = labelled.sum()
    loss = -(of_truth * labelled).sum() / number
    if not loss.isfinite():  # one look here instead of one at every score
        if not logits.isfinite().all():
            raise _not_finite(logits)
        loss = -of_truth.where(labelled, 0).sum() / number  # their differences are infinite
    return loss


def _labelled_classes(logits: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Where truth is labelled, and its classes as indices with 0 in place of void."""
    require_label_maps("truth", truth)
    n, k, h, w = logits.shape
    if truth.shape != (n, h, w) or truth.device != logits.device:
        raise ValueError(
            f"Expected truth {(n, h, w)} on {logits.device} to fit logits {(n, k, h, w)}, "
            f"got {tuple(truth.shape)} on {truth.device}."
        )
    truth = widened(truth)
    labelled = truth != VOID
    if not labelled.any():
        raise ValueError(
            f"Expected truth with a labelled pixel, got {VOID} (void) everywhere. The mean "
            "over no pixels is 0/0: leave such a batch out."
        )
    classes = truth.long().where(labelled, 0)
    lowest, highest = classes.aminmax()
    if lowest < 0 or highest >= k:
        wrong = int(lowest if lowest < 0 else highest)
        raise ValueError(
            f"Expected truth in 0..{k - 1} or {VOID} (void), got {wrong}. "
            "The channels of logits are the classes, background included."
        )
    return labelled, classes


def _require_logits(logits: Tensor) -> None:
    require_tensor("logits", logits)
    if not logits.is_floating_point():
        raise TypeError(
            f"Expected logits of a floating-point dtype, got {logits.dtype}. "
            "Give scores, not labels."
        )
    if logits.ndim != 4 or 0 in logits.shape:
        raise ValueError(
            f"Expected logits (N, K, H, W), none of them 0, got {tuple(logits.shape)}."
        )


def _not_finite(logits: Tensor) -> ValueError:
    where = (~logits.isfinite()).nonzero()[0].tolist()
    return ValueError(
        f"Expected finite logits, got {logits[tuple(where)].item()} at (n, k, h, w) = "
        f"{tuple(where)}. Look for a division by zero or a learning rate too high."
    )
