"""Fine-tuning the last layers of a network on what the frozen ones give, computed once.

    maps = answers_by_layer(layer_stack(model), images)        once, for they will not change
    above = last_layers(model, trained=2, num_classes=6, seed=0)
    fit_part(above, maps[-1 - 2], labels, lr=1e-3, seed=0)     as training inside the whole

A frozen layer always answers the same to the same image, so nothing is lost by keeping its
answers: only time is saved, and the more so the fewer layers learn.
Source: Yosinski et al. 2014, arXiv:1411.1792, section 3 (cut after layer n, train the rest).
"""

import copy
from contextlib import nullcontext
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.reference.class_pictures import Normalized
from course_utils.reference.named_layers import evaluating
from course_utils.reference.short_training import one_thread
from course_utils.reference.transfer import learning_rate_groups, replace_head

__all__ = ["answers_by_layer", "fit_part", "last_layers", "layer_stack", "share_right"]

_WITH_WEIGHTS = (nn.Conv2d, nn.Linear)
_SMALL = 10**6  # weights: SmallNet has half as many, AlexNet sixty times


def layer_stack(model: nn.Module) -> nn.Sequential:
    """A chain network as a sequence of its layers, first layer first.

    A layer is a convolution or a dense layer with all that follows it up to the next one:
    normalisation, ReLU, pooling, dropout. What comes before the first one belongs to it.
    The modules are the model's own, not copies. For networks that are a chain of `features`,
    `avgpool` and `classifier`, as SmallNet, AlexNet and VGG are, inside Normalized or not.
    Raises ValueError for another network.
    """
    inner = model.model if isinstance(model, Normalized) else model
    parts = [getattr(inner, name, None) for name in ("features", "avgpool", "classifier")]
    if any(part is None for part in parts):
        raise ValueError(
            "Expected a chain of features, avgpool and classifier (SmallNet, AlexNet, VGG), "
            f"got {type(inner).__name__}."
        )
    before, after = [*_leaves(parts[0]), *_leaves(parts[1])], _leaves(parts[2])
    if not any(isinstance(each, nn.Flatten) for each in after):
        after.insert(0, nn.Flatten())  # torchvision's networks do it in forward
    chain = before + after
    starts = [i for i, each in enumerate(chain) if isinstance(each, _WITH_WEIGHTS)]
    edges = [0, *starts[1:], len(chain)]
    layers = [nn.Sequential(*chain[a:b]) for a, b in pairwise(edges)]
    if inner is not model:
        layers[0].insert(0, _Scaling(model.mean, model.std))
    return nn.Sequential(*layers)


def last_layers(
    model: nn.Module, trained: int, num_classes: int, *, seed: int
) -> nn.Sequential:
    """A copy of the last `trained` layers, in training mode, with a new head.

    trained: 1 for the head alone, up to the number of layers for all of them.
    seed: of the new head's random weights.
    Raises ValueError for another `trained`, and as `replace_head` does.
    """
    stack = layer_stack(model)
    if not 1 <= trained <= len(stack):
        raise ValueError(f"Expected trained in 1..{len(stack)}, got {trained}.")
    above = copy.deepcopy(stack[len(stack) - trained :]).requires_grad_(True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        replace_head(above, num_classes)
    return above.train()


@torch.no_grad()
def answers_by_layer(layers: nn.Sequential, images: Tensor, batch: int = 120) -> list[Tensor]:
    """The images and what each of the layers makes of them, in evaluation mode.

    images: (N, C, H, W), taken `batch` at a time. Returns len(layers) + 1 tensors (N, ...):
    item k comes out of the first k layers. The modules are left in the modes they were in.
    """
    found: list[list[Tensor]] = [[] for _ in range(len(layers) + 1)]
    with evaluating(layers):
        for x in images.split(batch):
            found[0].append(x)
            for kept, layer in zip(found[1:], layers, strict=True):
                x = layer(x)
                kept.append(x.clone())  # the next layer may work in place
    return [torch.cat(parts) for parts in found]


def fit_part(
    above: nn.Module,
    maps: Tensor,
    labels: Tensor,
    *,
    lr: float,
    seed: int,
    decay: float = 1.0,
    steps: int = 60,
    batch: int = 16,
    weight_decay: float = 0.01,
) -> nn.Module:
    """Train layers on the answers of the frozen ones by the cross-entropy; return them.

    maps: (N, ...) answers of the layers below; labels: (N,) integers. Examples are drawn
    without repeats until fewer than a batch are left, then anew; a set of at most `batch`
    goes in whole at every step.
    lr, decay: step of the last layer, and its fall towards the first (1: none), as in
    `learning_rate_groups`; all fall to zero along a cosine by the last step.
    seed: of the order of the examples and of dropout.
    The layers come back in evaluation mode.
    """
    small = sum(weights.numel() for weights in above.parameters()) < _SMALL
    descent = torch.optim.AdamW(
        learning_rate_groups(above, lr, decay),
        weight_decay=weight_decay,
        fused=None if small else True,  # ten times faster on AlexNet's weights on a CPU
    )
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(descent, steps)
    draw = torch.Generator().manual_seed(seed)
    order = torch.empty(0, dtype=torch.long)
    if maps.ndim == 4:  # a fifth faster on a CPU, and the same numbers up to rounding
        above = above.to(memory_format=torch.channels_last)
        maps = maps.contiguous(memory_format=torch.channels_last)
    above.train()
    with torch.random.fork_rng(devices=[]), one_thread() if small else nullcontext():
        torch.manual_seed(seed)
        for _step in range(steps):
            if len(order) < min(batch, len(maps)):
                order = torch.randperm(len(maps), generator=draw)
            chosen, order = order[:batch].to(maps.device), order[batch:]
            descent.zero_grad()
            F.cross_entropy(above(maps[chosen]), labels[chosen]).backward()
            descent.step()
            falling.step()
    return above.eval()


@torch.no_grad()
def share_right(above: nn.Module, maps: Tensor, labels: Tensor, batch: int = 120) -> float:
    """The share of right answers, 0..1, in evaluation mode. maps: (N, ...); labels: (N,)."""
    with evaluating(above):
        found = torch.cat([above(part).argmax(dim=1) for part in maps.split(batch)])
    return (found == labels).double().mean().item()


class _Scaling(nn.Module):
    """(x - mean) / std, as Normalized does it."""

    def __init__(self, mean: Tensor, std: Tensor):
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.std


def _leaves(module: nn.Module) -> list[nn.Module]:
    if isinstance(module, nn.Sequential):
        return [leaf for child in module for leaf in _leaves(child)]
    return [module]
