"""The moving figures of the lecture on interpretation follow their controls."""

import numpy as np
import pytest
import torch

from course_utils import figures
from course_utils.figures.class_pictures import seen
from course_utils.figures.moving_interpretation import framed_image
from course_utils.figures.patch_sheets import coarse, mosaic
from tests.figures.drawn.interpretation import IMAGES, PATCHES


def test_another_layer_or_filter_shows_other_patches():
    patches = [[PATCHES, PATCHES[1:]], [PATCHES[2:], PATCHES[:1]]]
    figure = figures.patch_browser(IMAGES, patches, count=2)
    first = figure.redraw(layer=1, number=1)
    assert figure.redraw(layer=1, number=2) != first
    assert figure.redraw(layer=2, number=1) != first
    assert figure.redraw(layer=1, number=1) == first


def test_a_dead_filter_is_named_and_not_filled_up():
    figure = figures.patch_browser(IMAGES, [[PATCHES, []], [PATCHES, PATCHES]])
    assert figure.redraw(layer=1, number=2) != figure.redraw(layer=2, number=2)


def test_lambda_steps_and_contrast_move_the_class_pictures():
    pictures = {0.0: [0.1 * IMAGES, IMAGES], 0.1: [0.2 * IMAGES, 0.1 * IMAGES]}
    logits = {0.0: [0, 2, 4], 0.1: [0, 1, 1]}
    figure = figures.climb_browser(pictures, [1, 2], logits, ["a", "b", "c"])
    drawn = [
        figure.redraw(lambda_=lambda_, steps=steps, stretch=stretch)
        for lambda_ in (0.0, 0.1)
        for steps in (1, 2)
        for stretch in (False, True)
    ]
    assert len(set(drawn)) == len(drawn)


def test_layer_nought_is_the_image_itself():
    figure = figures.dream_browser(IMAGES[0], [IMAGES[1], IMAGES[2]])
    drawn = {layer: figure.redraw(layer=layer) for layer in (0, 1, 2)}
    assert len(set(drawn.values())) == 3


def test_a_framed_image_is_faded_outside_the_window_only():
    patch = PATCHES[1]
    framed = framed_image(IMAGES[1], patch)
    top, left, bottom, right = patch.window
    core = (slice(None), slice(top + 1, bottom - 1), slice(left + 1, right - 1))
    assert torch.equal(framed[core], IMAGES[1][core])
    assert (framed[:, top, left:right] == 0).all()  # the frame
    faded = framed[:, bottom:]
    assert torch.allclose(faded, 0.5 * IMAGES[1][:, bottom:] + 0.5)


def test_a_stretched_class_picture_does_not_depend_on_its_range():
    x = IMAGES - 0.5
    assert torch.allclose(seen(x, stretch=True), seen(0.01 * x, stretch=True), atol=1e-5)
    assert not torch.allclose(seen(x), seen(0.01 * x), atol=0.1)
    assert torch.equal(seen(10 * torch.ones(1, 3, 2, 2)), torch.ones(1, 3, 2, 2))


def test_a_mosaic_keeps_the_order_of_its_images_and_pads_with_grey(ax):
    red, wide = torch.zeros(3, 4, 4), torch.ones(3, 2, 4)
    red[0] = 1
    mosaic(ax, [[red, wide]], title="t", cell=8)
    sheet = np.asarray(ax.get_images()[0].get_array())
    assert sheet[4, 4].tolist() == [255, 0, 0]
    assert sheet[1, 16].tolist() == [255, 255, 255]
    assert len(set(sheet[7, 16].tolist())) == 1  # below the wide image: the paper
    assert 200 < sheet[7, 16, 0] < 255
    assert sheet[4, 9].tolist() == [255, 255, 255]  # the gap


def test_a_mosaic_refuses_pixels_that_are_no_image(ax):
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        mosaic(ax, [[2 * torch.ones(3, 4, 4)]], title="t")


def test_coarse_moves_no_pixel_by_more_than_half_a_level():
    assert np.abs(coarse(IMAGES) - IMAGES.numpy()).max() <= 0.5 / 12 + 1e-6
