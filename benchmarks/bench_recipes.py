"""A recipe against torchvision's reference segmentation model and loop, on a GPU.

Ours: fcn8s on a ResNet-50, by the recipes' loop (mixed precision, channels last). Theirs:
torchvision's fcn_resnet50 without its auxiliary head, by the loop of its reference script
(mixed precision, SGD, polynomial learning rate). Both from random weights, with the very same
batches of ShapesVOC. Without a GPU nothing is measured, and the table says so.
"""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import PolynomialLR
from torchvision.models import segmentation

from benchmarks.harness import Result, faster, interleaved, price
from course_utils.data.voc import VOID
from course_utils.recipes.loop import POWER, Training
from course_utils.recipes.measuring import measure
from course_utils.recipes.networks import fcn, parameter_groups
from course_utils.recipes.pictures import Pictures, load_pictures
from course_utils.reference.placement import Placement
from course_utils.reference.training import seed_everything

BATCH, SIDE = 16, 480  # of the speed and the memory
SMALL, STEPS = 128, 1000  # side and steps of the training that is measured
RATE, MOMENTUM, DECAY = 0.02, 0.9, 1e-4  # as in torchvision's script

Batch = tuple[Tensor, Tensor]
Step = Callable[[Tensor, Tensor], object]


def run() -> list[Result]:
    if not torch.cuda.is_available():
        what = "fcn8s on ResNet-50 against torchvision's fcn_resnet50: speed, memory, Jaccard"
        return [Result(what, "not measured", detail="no GPU was at hand")]
    speed = _speed("cuda", _random_batch(BATCH, SIDE), rounds=15)
    pictures = load_pictures("shapes", size=SMALL)
    return [*speed, *_memory(_random_batch(BATCH, SIDE)), *_reached("cuda", pictures, STEPS)]


def _ours(device: str, classes: int, iterations: int) -> tuple[nn.Module, Step, Placement]:
    seed_everything(0)
    network = fcn(classes, stride=8, backbone="resnet50")
    placement = Placement.choose(device)
    optimizer = torch.optim.SGD(
        parameter_groups(network, RATE, 1.0), momentum=MOMENTUM, weight_decay=DECAY
    )
    training = Training(network, optimizer, iterations=iterations, seed=0, placement=placement)
    return network, training.step, placement


def _theirs(device: str, classes: int, iterations: int) -> tuple[nn.Module, Step, Placement]:
    """torchvision/references/segmentation/train.py, train_one_epoch, a step of it."""
    seed_everything(0)
    network = segmentation.fcn_resnet50(
        weights=None, weights_backbone=None, num_classes=classes, aux_loss=False
    ).to(device)
    placement = Placement.choose(device, channels_last=False)
    optimizer = torch.optim.SGD(
        network.parameters(), lr=RATE, momentum=MOMENTUM, weight_decay=DECAY
    )
    schedule = PolynomialLR(optimizer, total_iters=iterations, power=POWER)
    scaler = placement.scaler()

    def step(images: Tensor, truth: Tensor) -> None:
        network.train()
        images, truth = images.to(device), truth.to(device)
        with placement.autocast():
            loss = F.cross_entropy(network(images)["out"], truth, ignore_index=VOID)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        schedule.step()

    return network, step, placement


def _speed(device: str, batch: Batch, rounds: int) -> list[Result]:
    """A step on a batch that lies ready: no reading of images is in it."""
    (_o, ours, _po), (_t, theirs, _pt) = (way(device, 21, 10**6) for way in (_ours, _theirs))
    seconds = interleaved([lambda: ours(*batch), lambda: theirs(*batch)], rounds=rounds)
    images, _truth = batch
    shape = "×".join(map(str, images.shape))
    what = f"a step on {shape}, {device}: ours faster than torchvision's"
    middle = [sorted(one)[len(one) // 2] for one in seconds]
    rates = " against ".join(f"{len(images) / one:.3g}" for one in middle)
    return [faster(what, *seconds), Result("the same in images a second", rates)]


def _memory(batch: Batch) -> list[Result]:
    peaks = []
    for way in (_ours, _theirs):
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        _network, step, _placement = way("cuda", 21, 10**6)
        step(*batch)
        peaks.append(torch.cuda.max_memory_allocated() / 1e9)
        del _network, step
    what = "peak memory of a step: ours in torchvision's"
    one = price(what, peaks[:1], peaks[1:])
    return [Result(what, one.value, detail="{:.2f} GB against {:.2f} GB".format(*peaks))]


def _reached(device: str, pictures: Pictures, steps: int, *, batch: int = 16) -> list[Result]:
    """Mean Jaccard on ShapesVOC's val after the same steps on the same batches."""
    found = []
    for way in (_ours, _theirs):
        network, step, placement = way(device, len(pictures.names), steps)
        for images, truth in pictures.batches(
            batch, SMALL, seed=0, start=0, stop=steps, workers=2
        ):
            step(images, truth)
        answers = network if way is _ours else _Out(network)
        found.append(_jaccard(answers, pictures.validation(0), pictures, placement))
    shown = "{:.1f} against {:.1f} %".format(*found)
    return [Result(f"mean Jaccard on ShapesVOC after {steps} steps: ours, theirs", shown)]


def _jaccard(
    network: nn.Module, batches: Iterable[Batch], pictures: Pictures, placement: Placement
) -> float:
    return measure(network, batches, pictures.names, placement)["mean_jaccard"]


class _Out(nn.Module):
    """torchvision's networks give a dictionary."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        return self.network(images)["out"]


def _random_batch(number: int, side: int) -> Batch:
    draw = torch.Generator().manual_seed(0)
    images = torch.randn(number, 3, side, side, generator=draw)
    return images, torch.randint(21, (number, side, side), generator=draw)
