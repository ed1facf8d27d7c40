"""U-Net against segmentation-models-pytorch, dilated convolutions against plain ones.

The two U-Nets have nearly equal parameters and operations (first row): ours with batch
normalisation, width 48, padded; theirs the VGG-13 encoder with batch normalisation and four
halvings. A training step is forward, cross-entropy, backward and one step of SGD.
"""

import contextlib
import sys
from collections.abc import Callable

import segmentation_models_pytorch as smp
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.harness import Result, faster, in_fresh_process, interleaved, price
from course_utils.reference.dilated import (
    CONTEXT_DILATIONS,
    CONTEXT_KERNELS,
    ContextNetwork,
    dilated_convolution,
    stack_receptive_fields,
)
from course_utils.reference.unet import UNet

CLASSES, IMAGES, SIDE = 21, 2, 128


def run() -> list[Result]:
    results = [_unet_sizes()]
    devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    for device in devices:
        results += _unet_steps(device)
        results += _dilated_by_hand(device)
        results += _context(device)
    return [*results, *_memory_by_hand()]


# U-Net --------------------------------------------------------------------------


def _our_unet() -> nn.Module:
    return UNet(3, CLASSES, width=48, padded=True, batch_norm=True)


def _their_unet() -> nn.Module:
    return smp.Unet(
        "vgg13_bn",
        encoder_depth=4,
        encoder_weights=None,
        decoder_channels=(256, 128, 64, 32),
        classes=CLASSES,
    )


def _unet_sizes() -> Result:
    operations = []
    with torch.device("meta"):
        networks = [_our_unet(), _their_unet()]
        for network in networks:
            with FlopCounterMode(display=False) as counter:
                network(torch.empty(1, 3, SIDE, SIDE))
            operations.append(counter.get_total_flops() / 1e9)
    ours, theirs = (_parameters(network) for network in networks)
    return Result(
        "U-Net: parameters against segmentation-models-pytorch",
        f"{ours / theirs:.3g}×",
        detail=f"{ours:,} against {theirs:,} parameters; forward {operations[0]:.3g} against "
        f"{operations[1]:.3g} GFLOP an image of {SIDE}×{SIDE}",
    )


def _unet_steps(device: str) -> list[Result]:
    """Every mode for ours and theirs, all eight ways in turn."""
    modes = [
        ("float32", False, False),
        ("channels_last", True, False),
        ("bfloat16 autocast", False, True),
        ("channels_last and autocast", True, True),
    ]
    ways = [
        _step(build().to(device), device, channels_last, autocast)
        for _, channels_last, autocast in modes
        for build in (_our_unet, _their_unet)
    ]
    print(f"  U-Net steps on {device}", file=sys.stderr, flush=True)
    seconds = interleaved(ways, rounds=7, warmup=1)
    ours, theirs = seconds[::2], seconds[1::2]
    name = f"U-Net step, {IMAGES}×3×{SIDE}×{SIDE}, {device}"
    against = [
        faster(f"{name}, {mode}: faster than segmentation-models-pytorch", a, b)
        for (mode, *_), a, b in zip(modes, ours, theirs, strict=True)
    ]
    gains = [
        faster(f"{name}: {mode} faster than float32", a, ours[0])
        for (mode, *_), a in zip(modes[1:], ours[1:], strict=True)
    ]
    return [*against, *gains]


def _step(
    network: nn.Module, device: str, channels_last: bool, autocast: bool
) -> Callable[[], None]:
    layout = torch.channels_last if channels_last else torch.contiguous_format
    network = network.to(memory_format=layout).train()
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9)
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(IMAGES, 3, SIDE, SIDE, generator=generator)
    images = images.to(device, memory_format=layout)
    labels = torch.randint(CLASSES, (IMAGES, SIDE, SIDE), generator=generator).to(device)
    precision = contextlib.nullcontext()
    if autocast:
        precision = torch.autocast(device, dtype=torch.bfloat16)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with precision:
            loss = F.cross_entropy(network(images), labels)
        loss.backward()
        optimizer.step()

    return step


# Dilated convolutions -----------------------------------------------------------


def _dilated_by_hand(device: str) -> list[Result]:
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(4, 32, 64, 64, generator=generator).to(device).requires_grad_()
    weight = torch.randn(32, 32, 3, 3, generator=generator).to(device).requires_grad_()
    results = []
    for dilation in (1, 2, 4):
        options = {"dilation": dilation, "padding": dilation}

        def by_hand(options=options) -> Tensor:
            return dilated_convolution(images, weight, **options)

        def library(options=options) -> Tensor:
            return F.conv2d(images, weight, **options)

        def forget() -> None:
            images.grad = weight.grad = None

        # TF32 of a GPU's matrix products keeps three digits.
        torch.testing.assert_close(by_hand(), library(), rtol=1e-2, atol=0.1)
        forward = interleaved([by_hand, library])
        both = interleaved(
            [lambda f=by_hand: f().sum().backward(), lambda f=library: f().sum().backward()],
            before=forget,
        )
        name = f"3×3 dilated by {dilation}, 4×32×64×64, {device}"
        results += [
            price(f"{name}: by hand in conv2d, forward", *forward),
            price(f"{name}: by hand in conv2d, forward and backward", *both),
        ]
    return results


_MEMORY = """
import torch
from torch.nn import functional as F
from course_utils.reference.dilated import dilated_convolution
images, weight = torch.rand(4, 32, 256, 256), torch.rand(32, 32, 3, 3)
convolve = {way}
before = peak_mb()
convolve(images, weight, dilation=2, padding=2)
answer = peak_mb() - before
"""


def _memory_by_hand() -> list[Result]:
    ours, theirs = (
        in_fresh_process(_MEMORY.format(way=way))["answer"]
        for way in ("dilated_convolution", "F.conv2d")
    )
    return [
        Result(
            "3×3 dilated by 2, 4×32×256×256, cpu: memory by hand in conv2d's",
            f"{ours / theirs:.3g}×",
            detail=f"{ours:.0f} MB against {theirs:.0f} MB above what was there",
        )
    ]


# Context network ----------------------------------------------------------------


def _context(device: str) -> list[Result]:
    """Basic, and 3x3 layers without dilation until they see as much."""
    field = stack_receptive_fields(CONTEXT_KERNELS, CONTEXT_DILATIONS)[-1]
    depth = 1
    while stack_receptive_fields([3] * depth, [1] * depth)[-1] < field:
        depth += 1
    layers = [
        layer
        for _ in range(depth)
        for layer in (nn.Conv2d(CLASSES, CLASSES, 3, padding=1), nn.ReLU(inplace=True))
    ]
    plain = nn.Sequential(*layers, nn.Conv2d(CLASSES, CLASSES, 1)).to(device)
    context = ContextNetwork(CLASSES).to(device)
    scores = torch.rand(4, CLASSES, 64, 64, device=device)

    def way(network: nn.Module) -> Callable[[], None]:
        def both() -> None:
            network.zero_grad(set_to_none=True)
            network(scores).sum().backward()

        return both

    def forward(network: nn.Module) -> Callable[[], None]:
        def once() -> None:
            with torch.no_grad():
                network(scores)

        return once

    name = f"context network Basic, 4×{CLASSES}×64×64, {device}"
    sizes = f"{_parameters(context):,} against {_parameters(plain):,} parameters"
    plain_name = f"a plain stack of {depth} layers with the same field ({field})"
    return [
        Result(
            f"context network Basic: fewer parameters than {plain_name}",
            f"{_parameters(plain) / _parameters(context):.3g}×",
            detail=sizes,
        ),
        faster(
            f"{name}: forward faster than {plain_name}",
            *interleaved([forward(context), forward(plain)]),
        ),
        faster(
            f"{name}: forward and backward faster than {plain_name}",
            *interleaved([way(context), way(plain)]),
        ),
    ]


def _parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())
