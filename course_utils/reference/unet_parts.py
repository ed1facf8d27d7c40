"""What passes inside a U-Net: the maps of every level, and what spoiling one of them does.

Levels are numbered from the image down: level 0 keeps the image's size (in the padded
network), level l is 2^l times coarser; the bottom is level `depth`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from course_utils.reference.unet import UNet

__all__ = ["CopyRow", "LevelMaps", "convolution_sizes", "copy_rows", "level_maps", "spoiled"]


@dataclass(frozen=True)
class LevelMaps:
    """The maps (N, C, H, W) of a level: what is copied across, what comes from below, and what
    the two convolutions of the decoder make of both."""

    copied: Tensor
    upsampled: Tensor
    decoded: Tensor


@dataclass(frozen=True)
class CopyRow:
    """One copy of U-Net: from the encoder to the decoder of a level.

    copied, upsampled: channels from the side and from below, which stand one after another.
    size, cropped: of the copied maps, pixels, before and after cropping.
    """

    level: int
    copied: int
    upsampled: int
    size: int
    cropped: int


def convolution_sizes(network: UNet, size: int) -> list[tuple[int, int, int]]:
    """Sizes that the maps really have, by hooks on a forward pass of a size x size image.

    Returns what `level_sizes` computes: for every level, down, across and up, the size that
    enters, after the first convolution and after the second. Costs nothing on "meta".
    """
    seen: list[tuple[int, int]] = []

    def note(_, inputs, output):
        seen.append((inputs[0].shape[-1], output.shape[-1]))

    blocks = [*network.down, *network.decode]
    layers = [layer for block in blocks for layer in block if isinstance(layer, nn.Conv2d)]
    hooks = [layer.register_forward_hook(note) for layer in layers]
    device = next(network.parameters()).device
    try:
        with torch.no_grad():
            network(torch.zeros(1, network.in_channels, size, size, device=device))
    finally:
        for hook in hooks:
            hook.remove()
    pairs = zip(seen[::2], seen[1::2], strict=True)
    return [(first[0], first[1], second[1]) for first, second in pairs]


def copy_rows(network: UNet, size: int) -> list[CopyRow]:
    """What is copied where, from the bottom up, for an input of `size` pixels.

    Raises ValueError for a network that copies nothing or a size that it can't take.
    """
    _require_copies(network)
    sizes = network.level_sizes(size)
    rows = []
    for position, enlarge in enumerate(network.up):
        level = network.depth - 1 - position
        rows.append(
            CopyRow(
                level,
                copied=network.decode[position][0].in_channels - enlarge.out_channels,
                upsampled=enlarge.out_channels,
                size=sizes[level][-1],
                cropped=sizes[network.depth + 1 + position][0],
            )
        )
    return rows


def level_maps(network: UNet, images: Tensor) -> list[LevelMaps]:
    """The maps of levels 0, 1, ..., depth - 1 for these images, without gradients.

    Copied maps are cropped already. Raises ValueError for a network that copies nothing.
    """
    _require_copies(network)
    joined: dict[int, Tensor] = {}
    decoded: dict[int, Tensor] = {}
    hooks = []
    for position, block in enumerate(network.decode):
        level = network.depth - 1 - position
        hooks += [
            block.register_forward_pre_hook(
                lambda _, inputs, level=level: joined.update({level: inputs[0]})
            ),
            block.register_forward_hook(
                lambda _, inputs, output, level=level: decoded.update({level: output})
            ),
        ]
    try:
        with torch.no_grad():
            network(images)
    finally:
        for hook in hooks:
            hook.remove()
    return [
        LevelMaps(*joined[level].chunk(2, dim=1), decoded[level])
        for level in range(network.depth)
    ]


@contextmanager
def spoiled(network: UNet, level: int, part: str, by: str) -> Iterator[UNet]:
    """The network while what enters the decoder of one level is spoiled.

    part: "copied" maps or "upsampled" ones, those from below. by: "zero" puts zeros in their
    place; "other" puts the maps of the next image of the batch (the first one's for the last):
    right in every statistic, and of another image.
    Raises ValueError for another word, a level that is not there, or a network without copies.
    """
    _require_copies(network)
    if part not in ("copied", "upsampled") or by not in ("zero", "other"):
        raise ValueError(
            f'Expected part "copied" or "upsampled" and by "zero" or "other", got {part!r} '
            f"and {by!r}."
        )
    if not 0 <= level < network.depth:
        raise ValueError(f"Expected a level in 0..{network.depth - 1}, got {level}.")

    def spoil(_, inputs):
        copied, upsampled = inputs[0].chunk(2, dim=1)
        maps = {"copied": copied, "upsampled": upsampled}
        maps[part] = maps[part].roll(-1, dims=0) if by == "other" else maps[part] * 0
        return torch.cat(list(maps.values()), dim=1)

    hook = network.decode[network.depth - 1 - level].register_forward_pre_hook(spoil)
    try:
        yield network
    finally:
        hook.remove()


def _require_copies(network: UNet) -> None:
    if not network.copy_layers:
        raise ValueError("Expected a U-Net that copies layers, got copy_layers=False.")
