"""The palette: apart in lightness, so legible in grey and to the colour-blind."""

import numpy as np
import pytest
from skimage.color import rgb2lab

from course_utils.data import VOID
from course_utils.figures.palette import (
    COLOURS,
    VOID_COLOUR,
    colorize,
    legend_handles,
    lightness,
    text_colour,
)


def lab_lightness(colour):
    """L* by scikit-image: shares no code with the palette."""
    rgb = np.array([[[int(colour[i : i + 2], 16) for i in (1, 3, 5)]]], dtype=np.uint8)
    return rgb2lab(rgb)[0, 0, 0]


def smallest_gap(colours):
    return min(np.diff(sorted(lab_lightness(colour) for colour in colours)))


def test_there_is_a_colour_for_each_of_voc_classes_and_the_background():
    assert len(set(COLOURS)) == len(COLOURS) == 21


def test_no_two_of_all_colours_are_equally_light_and_the_first_eight_are_far_apart():
    assert smallest_gap([*COLOURS, VOID_COLOUR]) > 2.5
    assert smallest_gap([*COLOURS[:8], VOID_COLOUR]) > 7


@pytest.mark.parametrize("colour", [*COLOURS, VOID_COLOUR, "#000000", "#050505"])
def test_lightness_is_that_of_cielab(colour):
    assert lightness(colour) == pytest.approx(lab_lightness(colour), abs=0.01)


def test_void_is_white_and_no_class_is():
    labels = np.array([[*range(21), VOID]], dtype=np.uint8)
    picture = colorize(labels)
    assert picture.shape == (1, 22, 3)
    assert picture.dtype == np.uint8
    assert picture[0, -1].tolist() == [255, 255, 255]
    assert len({tuple(pixel) for pixel in picture[0].tolist()}) == 22


def test_colours_are_the_classes_in_order():
    picture = colorize(np.array([[0, 1]]))
    assert picture.tolist() == [[[0x1B, 0x24, 0x30], [0xF2, 0xE7, 0x02]]]


@pytest.mark.parametrize("label", [-1, 21, 254, 256])
def test_a_label_that_has_no_colour_is_named(label):
    with pytest.raises(ValueError, match=str(label)):
        colorize(np.array([[0, label]]))


def test_a_map_must_have_two_axes():
    with pytest.raises(ValueError, match=r"\(1, 2, 2\)"):
        colorize(np.zeros((1, 2, 2), dtype=int))


def test_the_legend_hatches_and_outlines_the_void():
    handles = legend_handles([0, 2], ["background", "a", "b"], void=True)
    assert [handle.get_label() for handle in handles] == ["background", "b", "void, 255"]
    assert handles[-1].get_hatch()
    assert not handles[0].get_hatch()
    assert all(handle.get_edgecolor()[:3] == (0, 0, 0) for handle in handles)


def test_writing_is_dark_on_light_colours_and_light_on_dark_ones():
    assert (text_colour("#ffffff"), text_colour("#000000")) == ("black", "white")
    assert (text_colour(COLOURS[1]), text_colour(COLOURS[0])) == ("black", "white")
