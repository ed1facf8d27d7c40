"""What the training loop costs, and what channels last and bfloat16 gain in it.

The network is `SmallNet` on 64 pictures of 64 x 64, a step: forward, cross-entropy, backward
and one step of AdamW.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.harness import Result, faster, interleaved, price
from course_utils.data.small_net import SmallNet
from course_utils.reference.placement import Placement
from course_utils.reference.training import fit

CLASSES, IMAGES, SIDE, STEPS = 6, 64, 64, 4


def run() -> list[Result]:
    return [*_placements("cpu"), *_loop(), *(_placements("cuda") if _cuda() else [])]


def _cuda() -> bool:
    return torch.cuda.is_available()


def _placements(device: str) -> list[Result]:
    """One epoch of STEPS steps in every precision and layout."""
    modes = {
        "channels last": Placement.choose(device, "float32"),
        "bfloat16": Placement.choose(device, "bfloat16", channels_last=False),
        "channels last and bfloat16": Placement.choose(device, "bfloat16"),
    }
    plain = Placement.choose(device, "float32", channels_last=False)
    ways = [_epoch(placement) for placement in (plain, *modes.values())]
    float32, *others = interleaved(ways, rounds=9)
    name = f"small network, {IMAGES}x3x{SIDE}x{SIDE}, {device}"
    return [
        faster(f"{name}: {mode} faster than float32", seconds, float32)
        for mode, seconds in zip(modes, others, strict=True)
    ]


def _loop() -> list[Result]:
    """`fit` against the loop that it makes safe, and against itself with a checkpoint."""
    plain = Placement.choose("cpu", "float32", channels_last=False)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "run.pt"
        ways = [_bare_epoch(), _epoch(plain), _epoch(plain, checkpoint)]
        bare, fitted, kept = interleaved(ways, rounds=15)
    return [
        price(f"fit against a bare loop, {STEPS} steps", fitted, bare, target=1.05),
        price(f"fit with a checkpoint after {STEPS} steps against a bare loop", kept, bare),
    ]


def _batches() -> list[tuple[Tensor, Tensor]]:
    draw = torch.Generator().manual_seed(0)
    images = torch.rand(IMAGES, 3, SIDE, SIDE, generator=draw)
    return [(images, torch.randint(CLASSES, (IMAGES,), generator=draw))] * STEPS


def _network() -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(0)
    model = SmallNet(CLASSES)
    return model, torch.optim.AdamW(model.parameters(), lr=1e-4)


def _epoch(placement: Placement, checkpoint: Path | None = None) -> Callable[[], None]:
    (model, optimizer), batches = _network(), _batches()

    def epoch() -> None:
        if checkpoint is not None:
            checkpoint.unlink(missing_ok=True)
        fit(model, batches, F.cross_entropy, optimizer, epochs=1, placement=placement,
            checkpoint=checkpoint, quiet=True)  # fmt: skip

    return epoch


def _bare_epoch() -> Callable[[], None]:
    (model, optimizer), batches = _network(), _batches()

    def epoch() -> None:
        model.train()
        for images, labels in batches:
            optimizer.zero_grad()
            F.cross_entropy(model(images), labels).backward()
            optimizer.step()

    return epoch
