"""The estimate of a step's memory: counted by hand on a small network, and held to a T4."""

import pytest
import torch
from torch import nn

from course_utils.recipes.memory import RESERVED, kept_bytes, training_bytes
from course_utils.recipes.registry import RECIPES

T4 = 15e9


def network(device="cpu"):
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(8, 5, 1)
    ).to(device)


def test_what_is_kept_is_counted_once():
    """Kept: the images, the map behind the ReLU (by it and by the last layer), log-softmax."""
    pixels = 2 * 16 * 16
    truth = 8 * pixels  # int64
    images, hidden, logits = (4 * channels * pixels for channels in (3, 8, 5))
    weight_of_the_loss = 4  # its sum over pixels
    total, largest = kept_bytes(network(), torch.zeros(2, 3, 16, 16))
    assert total == images + hidden + logits + truth + weight_of_the_loss
    assert largest == hidden


def test_sizes_alone_give_the_same():
    real = kept_bytes(network(), torch.zeros(2, 3, 16, 16))
    assert kept_bytes(network("meta"), torch.empty(2, 3, 16, 16, device="meta")) == real


def test_an_estimate_grows_with_images_and_pixels():
    def above(batch, size):
        return training_bytes(network("meta"), batch, size) - training_bytes(
            network("meta"), 1, 32
        )

    assert above(9, 32) == pytest.approx(8 * (above(2, 32)), rel=1e-3)
    assert above(1, 64) == pytest.approx(3 * above(2, 32), rel=1e-3)
    parameters = sum(p.numel() for p in network().parameters())
    assert training_bytes(network("meta"), 1, 1) > RESERVED + 14 * parameters


@pytest.mark.parametrize("name", RECIPES)
def test_every_batch_leaves_a_fifth_of_a_t4(name):
    recipe = RECIPES[name]
    for backbone in recipe.backbones or (None,):
        with torch.device("meta"):
            options = {"backbone": backbone, "weights": None} if backbone else {}
            built = recipe.build(21, width=64, **options)
        assert training_bytes(built, recipe.batch, 480) < 0.8 * T4
