"""A photograph, changed so that a layer sees more of what it sees in it anyway.

    ||activation of the layer||_2  ->  max over the picture, from the photograph

by normalised gradient ascent: x + step * g / mean|g|. Small copies of the photograph
(octaves) go first, so that large shapes appear before small ones; what was added at one
size is enlarged and laid over the next.
Source: Mordvintsev, Olah, Tyka 2015, "Inceptionism" and its notebook
github.com/google/deepdream: step 1.5 of 255, 10 steps, 4 octaves of 1.4, jitter 32.
Here the octaves are shrunk and enlarged with the library's antialiased bilinear
interpolation in place of scipy's spline.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm.auto import tqdm

from course_utils.reference.named_layers import activation, device_of, evaluating
from course_utils.reference.picture_priors import jittered

__all__ = ["Dream", "dream"]


@dataclass(frozen=True)
class Dream:
    """pictures: (N, C, H, W); norms: one (steps, N) an octave, before each of its steps."""

    pictures: Tensor
    norms: list[Tensor]


def dream(
    model: nn.Module,
    photographs: Tensor,
    layer: str,
    *,
    filters: list[int] | None = None,
    octaves: int = 4,
    scale: float = 1.4,
    steps: int = 10,
    step: float = 1.5 / 255,
    jitter: int = 32,
    limits: tuple[float, float] | None = (0.0, 1.0),
    seed: int = 0,
    autocast: torch.dtype | None = None,
    progress: bool = False,
) -> Dream:
    """Dream from photographs, each by itself.

    photographs: (N, C, H, W) pixels as the model takes them (`Normalized` puts the
    normalisation inside); the model, its mode and gradients are left as they were found.
    layer: a name out of `model.named_modules()`; filters: these channels of it only.
    octaves: how many sizes, each `scale` times smaller than the last; `steps` in each.
    step: how far a pixel moves on average; limits: lowest and highest pixel, kept after
    every step (None: none); jitter: largest random move, in pixels, before a gradient.

    Raises ValueError for photographs that are not a floating (N, C, H, W), counts below 1,
    a scale that does not shrink, octaves that shrink to nothing, an unknown layer, filters
    that it does not have, and a layer that the photograph does not excite (gradient 0).
    """
    if photographs.ndim != 4 or not photographs.is_floating_point():
        raise ValueError(
            f"Expected floating photographs (N, C, H, W), got {tuple(photographs.shape)} "
            f"{photographs.dtype}. One photograph needs [None]; bytes need / 255."
        )
    if octaves < 1 or steps < 1 or not scale > 1:
        raise ValueError(
            f"Expected octaves and steps from 1 and a scale above 1, got {octaves=}, "
            f"{steps=}, {scale=}."
        )
    photographs = photographs.detach().to(device_of(model))
    sizes = [_shrunk(photographs.shape, scale**octave) for octave in range(octaves)]
    random, norms = torch.Generator().manual_seed(seed), []
    detail = torch.zeros_like(_resized(photographs, sizes[-1]))
    with evaluating(model), torch.enable_grad():
        bar = tqdm(total=octaves * steps, disable=not progress, leave=False)
        for size in reversed(sizes):
            base = _resized(photographs, size)
            x, seen = base + _resized(detail, size), []
            for _ in range(steps):
                move = torch.randint(-jitter, jitter + 1, (1, 2), generator=random)
                norm, gradient = _norm_and_gradient(model, x, layer, filters, move, autocast)
                x = x + step * gradient / gradient.abs().mean(dim=(1, 2, 3), keepdim=True)
                x = x if limits is None else x.clamp(*limits)
                seen.append(norm)
                bar.update()
            detail = x - base
            norms.append(torch.stack(seen))
        bar.close()
    return Dream(x, norms)


def _norm_and_gradient(model, x, layer, filters, move, autocast) -> tuple[Tensor, Tensor]:
    """(N,) norms of the layer's activation, and their gradient (N, C, H, W) by x.

    All pictures of the batch make the same move.
    """
    x = x.detach().requires_grad_()
    with torch.autocast(x.device.type, autocast, enabled=autocast is not None):
        maps = activation(model, layer, jittered(x, move.expand(len(x), 2)))
    if filters is not None:
        wrong = [each for each in filters if not 0 <= each < maps.shape[1]]
        if wrong or not filters:
            last = maps.shape[1] - 1
            raise ValueError(
                f"Expected filters of {layer!r} in 0..{last}, got {wrong or 'none'}."
            )
        maps = maps[:, filters]
    norms = maps.to(x.dtype).flatten(1).norm(dim=1)
    (gradient,) = torch.autograd.grad(norms.sum(), x)
    if not gradient.flatten(1).any(dim=1).all():
        raise ValueError(
            f"Expected {layer!r} to answer to every photograph, but a gradient is 0. Choose "
            "another layer or other filters."
        )
    return norms.detach(), gradient


def _shrunk(shape: torch.Size, factor: float) -> tuple[int, int]:
    size = tuple(round(side / factor) for side in shape[2:])
    if min(size) < 1:
        raise ValueError(
            f"Expected octaves of at least one pixel, but {tuple(shape[2:])} shrinks "
            f"to {size}. Take fewer octaves or a smaller scale."
        )
    return size


def _resized(pictures: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(pictures, size, mode="bilinear", antialias=True)
