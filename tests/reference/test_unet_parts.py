"""What passes inside a U-Net: sizes, copies, maps, and the spoiling of them."""

import pytest
import torch

from course_utils.reference.unet import UNet
from course_utils.reference.unet_parts import (
    convolution_sizes,
    copy_rows,
    level_maps,
    spoiled,
)


def network(**options):
    torch.manual_seed(0)
    return UNet(3, 2, **({"width": 4, "depth": 2, "padded": True} | options)).eval()


def test_hooks_find_the_sizes_of_the_paper():
    with torch.device("meta"):
        paper = UNet(1, 2)
        assert convolution_sizes(paper, 572) == paper.level_sizes(572)


@pytest.mark.parametrize("options", [{}, {"batch_norm": True}, {"copy_layers": False}])
def test_hooks_find_the_sizes_of_any_network_and_are_taken_off(options):
    own = network(**options)
    assert convolution_sizes(own, 20) == own.level_sizes(20)
    assert not any(layer._forward_hooks for layer in own.modules())


@pytest.mark.parametrize("batch_norm", [False, True])
def test_copies_of_the_paper(batch_norm):
    with torch.device("meta"):
        rows = copy_rows(UNet(1, 2, batch_norm=batch_norm), 572)
    assert [(r.level, r.copied, r.upsampled, r.size, r.cropped) for r in rows] == [
        (3, 512, 512, 64, 56), (2, 256, 256, 136, 104), (1, 128, 128, 280, 200),
        (0, 64, 64, 568, 392),
    ]  # fmt: skip


def test_maps_are_those_that_the_decoder_joins():
    own, images = network(), torch.rand(2, 3, 16, 16)
    maps = level_maps(own, images)
    first = own.down[0](images)
    second = own.down[1](own.pool(first))
    bottom = own.down[2](own.pool(second))
    assert torch.equal(maps[0].copied, first)
    assert torch.equal(maps[1].copied, second)
    assert torch.equal(maps[1].upsampled, own.up[0](bottom))
    assert torch.equal(maps[0].upsampled, own.up[1](maps[1].decoded))
    assert torch.equal(own.score(maps[0].decoded), own(images))
    assert not any(block._forward_pre_hooks for block in own.decode)


def by_hand(own, images, change):
    """Depth 1, line by line; change(copied, upsampled) -> what enters the decoder."""
    first = own.down[0](images)
    upsampled = own.up[0](own.down[1](own.pool(first)))
    return own.score(own.decode[0](torch.cat(change(first, upsampled), dim=1)))


@pytest.mark.parametrize(
    ("part", "by", "change"),
    [
        ("copied", "zero", lambda c, u: (torch.zeros_like(c), u)),
        ("upsampled", "zero", lambda c, u: (c, torch.zeros_like(u))),
        ("copied", "other", lambda c, u: (c[[1, 2, 0]], u)),
        ("upsampled", "other", lambda c, u: (c, u[[1, 2, 0]])),
    ],
)
def test_spoils_what_it_says_and_only_while_asked(part, by, change):
    own, images = network(depth=1), torch.rand(3, 3, 8, 8)
    untouched, expected = own(images), by_hand(own, images, change)
    with spoiled(own, 0, part, by) as inside:
        torch.testing.assert_close(inside(images), expected)
    assert torch.equal(own(images), untouched)


def test_spoils_the_level_it_says():
    own, images = network(), torch.rand(2, 3, 16, 16)
    for level in (0, 1):
        with spoiled(own, level, "copied", "zero"):
            maps = level_maps(own, images)
        # The hook of level_maps runs after that of spoiled, and so sees what it left.
        assert (maps[level].copied == 0).all()
        assert (maps[1 - level].copied != 0).any()


def test_words_levels_and_networks_that_cannot_be_are_refused():
    for level, part, by in [(0, "side", "zero"), (0, "copied", "noise"), (2, "copied", "zero")]:
        with pytest.raises(ValueError, match="Expected"), spoiled(network(), level, part, by):
            pass
    alone = network(copy_layers=False)
    for ask in (lambda: level_maps(alone, torch.rand(1, 3, 8, 8)), lambda: copy_rows(alone, 8)):
        with pytest.raises(ValueError, match="copies"):
            ask()
