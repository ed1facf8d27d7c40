"""Jaccard's measure against torchmetrics, cross-entropy against F.cross_entropy.

Labels and scores at random, 21 classes, a twentieth of the truth void.
"""

import torch
import torch.nn.functional as F
from torchmetrics.functional.classification import multiclass_jaccard_index

from benchmarks.harness import Result, faster, interleaved, price
from course_utils.data.voc import VOID
from course_utils.reference.losses import categorical_cross_entropy
from course_utils.reference.metrics import confusion_counts, jaccard

K = 21


def run() -> list[Result]:
    devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    results = []
    for device in devices:
        for dtype in (torch.uint8, torch.int64):
            results += _jaccard(device, dtype)
        results += _cross_entropy(device)
    return results


def _jaccard(device: str, dtype: torch.dtype) -> list[Result]:
    predicted, truth = (labels.to(device, dtype) for labels in _labels(16))
    options = {"num_classes": K, "average": "none", "ignore_index": VOID}

    def ours():
        return jaccard(confusion_counts(predicted, truth, K))

    def unvalidated():
        return multiclass_jaccard_index(predicted, truth, **options, validate_args=False)

    def default():
        return multiclass_jaccard_index(predicted, truth, **options)

    torch.testing.assert_close(ours().float(), unvalidated())
    us, bare, whole = interleaved([ours, unvalidated, default])
    name = f"Jaccard, 16×512×512 {str(dtype).removeprefix('torch.')} labels, {device}"
    target = 10 if (device, dtype) == ("cpu", torch.uint8) else None
    return [
        faster(f"{name}: faster than torchmetrics without validation", us, bare, target=target),
        faster(f"{name}: faster than torchmetrics as it comes", us, whole, target=target),
    ]


def _cross_entropy(device: str) -> list[Result]:
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(4, K, 512, 512, generator=generator).to(device).requires_grad_()
    truth = _labels(4)[1].long().to(device)

    def ours():
        return categorical_cross_entropy(logits, truth)

    def theirs():
        return F.cross_entropy(logits, truth, ignore_index=VOID)

    def forget():
        logits.grad = None

    torch.testing.assert_close(ours(), theirs())
    forward = interleaved([ours, theirs])
    both = interleaved([lambda: ours().backward(), lambda: theirs().backward()], before=forget)
    name = f"cross-entropy, 4×21×512×512, {device}"
    return [
        price(f"{name}: price of the forward pass in F.cross_entropy", *forward, target=1.1),
        price(f"{name}: price of forward and backward in F.cross_entropy", *both, target=1.1),
    ]


def _labels(images: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    shape = (images, 512, 512)
    predicted = torch.randint(K, shape, generator=generator, dtype=torch.uint8)
    truth = torch.randint(K, shape, generator=generator, dtype=torch.uint8)
    truth[torch.rand(shape, generator=generator) < 0.05] = VOID
    return predicted, truth
