"""Interpretation: best patches in one pass, many class pictures at once.

Patches: AlexNet's first layer (random weights), images of 224 x 224, against storing every
response and looking for the best ones afterwards. Class pictures: SqueezeNet (random
weights), 16 classes in one batch against one after another, Adam.
"""

from collections.abc import Iterator

import torch
import torchvision
from torch import Tensor, nn

from benchmarks.harness import Result, faster, in_fresh_process, interleaved, price
from course_utils.reference.class_pictures import maximize_class
from course_utils.reference.named_layers import activation
from course_utils.reference.patches import top_patches

LAYER, COUNT, BATCH = "features.0", 9, 10
SIZES = (50, 200, 800)  # images


def run() -> list[Result]:
    model = alexnet()
    streamed, stored, forward = interleaved(
        [
            lambda: top_patches(model, drawn(50), LAYER, count=COUNT, above=-float("inf")),
            lambda: by_storing(model, drawn(50)),
            lambda: only_forward(model, drawn(50)),
        ],
        rounds=9,
    )
    return [
        faster("best patches of 50 images: one pass against storing", streamed, stored),
        price("best patches of 50 images: one pass, in forward passes", streamed, forward),
        *memory(),
        at_once(side=64, rounds=9),
        at_once(side=160, rounds=5),
    ]


def memory() -> list[Result]:
    """Peak memory of a fresh process at each size, and how it grows."""
    rows = []
    for what, call, limit in (
        ("one pass", "top_patches(alexnet(), drawn({n}), LAYER)", 30),
        ("storing", "by_storing(alexnet(), drawn({n}))", None),
    ):
        names = "alexnet, by_storing, drawn, LAYER, top_patches"
        start = f"from benchmarks.bench_interpretation import {names}\n"
        peaks = [in_fresh_process(start + call.format(n=n))["peak_mb"] for n in SIZES]
        growth = peaks[-1] - peaks[0]
        rows.append(
            Result(
                what=f"growth of peak memory from {SIZES[0]} to {SIZES[-1]} images: {what}",
                value=f"{growth:.0f} MB",
                target="" if limit is None else f"at most {limit} MB",
                met=None if limit is None else growth <= limit,
                detail=", ".join(
                    f"{n} images {peak:.0f} MB" for n, peak in zip(SIZES, peaks, strict=True)
                ),
            )
        )
    return rows


def at_once(*, side: int, rounds: int, classes: int = 16, steps: int = 4) -> Result:
    """Class pictures of side x side: one batch against one after another."""
    model, size = squeezenet(), (3, side, side)
    batched, alone = interleaved(
        [
            lambda: maximize_class(model, range(classes), size, steps=steps),
            lambda: [maximize_class(model, [y], size, steps=steps) for y in range(classes)],
        ],
        rounds=rounds,
        warmup=1,
    )
    what = f"{classes} class pictures of {side} x {side}: one batch against one by one"
    return faster(what, batched, alone)


def alexnet() -> nn.Module:
    torch.manual_seed(0)
    return torchvision.models.alexnet().eval()


def squeezenet() -> nn.Module:
    torch.manual_seed(0)
    model = torchvision.models.squeezenet1_0().eval()
    model.classifier[2] = nn.Identity()  # class maximisation needs logits before their ReLU
    return model


def drawn(count: int) -> Iterator[Tensor]:
    """Batches of noise, drawn when they are asked for, so that the set takes no memory."""
    random = torch.Generator().manual_seed(0)
    for _ in range(count // BATCH):
        yield torch.rand(BATCH, 3, 224, 224, generator=random)


def only_forward(model: nn.Module, batches: Iterator[Tensor]) -> None:
    with torch.no_grad():
        for images in batches:
            activation(model, LAYER, images)


def by_storing(model: nn.Module, batches: Iterator[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Values, images and places of the best units, out of all the maps of all the images."""
    with torch.no_grad():
        maps = torch.cat([activation(model, LAYER, images) for images in batches])
    values, places = maps.flatten(2).max(dim=2)
    values, images = values.topk(COUNT, dim=0)
    return values, images, places.gather(0, images)
