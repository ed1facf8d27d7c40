"""Every function that draws into `ax`: returns it, labels it, titles it, translates it all."""

import re

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.text import Text

from course_utils import figures
from course_utils.data import VOID
from course_utils.i18n import speaking
from tests.figures.drawn import DRAWN
from tests.figures.drawn.metrics_and_loss import ANSWER, IMAGE, NAMES, TRUTH

every = pytest.mark.parametrize("draw", DRAWN.values(), ids=list(DRAWN))


def texts(figure):
    """All that is written in a figure, invisible parts left out."""
    figure.canvas.draw()
    return [text.get_text() for text in figure.findobj(Text) if text.get_visible()]


def test_every_public_function_that_takes_an_axes_is_drawn_here():
    own = {"class_bars", "group_bars"}  # drawn through those that give them their words
    public = {
        name
        for name in figures.__all__
        if getattr(getattr(figures, name), "__annotations__", {}).get("ax") is not None
    }
    assert public - own == {name.split(",")[0].split(" of ")[0] for name in DRAWN}


@every
def test_returns_the_axes_it_was_given(ax, draw):
    assert draw(ax) is ax


@every
def test_has_a_title_and_labels_both_axes_or_names_what_stands_on_them(ax, draw):
    draw(ax)
    assert ax.get_title()
    if not ax.axison:  # a diagram: nothing is measured along its axes
        return
    words = [
        [label.get_text() for label in axis]
        for axis in (ax.get_xticklabels(), ax.get_yticklabels())
    ]
    for label, ticks in zip((ax.get_xlabel(), ax.get_ylabel()), words, strict=True):
        assert label or any(re.search(r"[^\W\d]", tick) for tick in ticks)


def untranslated(text):
    """What is left of a text without marked messages, mathematics and the formula's J."""
    while (shorter := re.sub(r"«[^«»]*»", "", text)) != text:
        text = shorter  # a class's name stands inside a marked title
    return re.sub(r"\$[^$]*\$|\bJ = [\d., /]+", "", text)


@every
def test_all_words_go_through_the_catalogue(ax, draw, marked):
    draw(ax)
    for text in texts(ax.figure):
        assert not re.search(r"[A-Za-z]{2,}", untranslated(text)), text


@every
def test_shows_nothing_by_itself(ax, draw, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda *_: pytest.fail("the caller shows the figure"))
    before = plt.get_fignums()
    draw(ax)
    assert plt.get_fignums() == before


def test_a_russian_figure_is_russian():
    with speaking("ru"):
        figure, (left, right) = plt.subplots(1, 2)
        figures.show_labels(left, TRUTH, NAMES)
        figures.accuracy_and_jaccard_bars(right, 0.9, [0.9, 0.5, np.nan], NAMES)
        written = texts(figure)
    assert not [text for text in written if re.search(r"[A-Za-z]{2,}", text)]
    assert left.get_title() == "2 класса и фон"
    assert right.get_xlabel() == "мера Жаккара"


def test_the_void_is_neither_right_nor_wrong(ax):
    figures.show_errors(ax, ANSWER, TRUTH)
    shown = ax.get_images()[0].get_array()
    assert (shown[TRUTH == VOID] == 255).all()
    counted = TRUTH != VOID
    wrong = (ANSWER != TRUTH) & counted
    assert ax.get_title() == f"{wrong.sum()} of {counted.sum()} pixels are wrong"
    assert len(np.unique(shown[wrong], axis=0)) == len(
        np.unique(shown[counted & ~wrong], axis=0)
    )


def test_an_overlap_tells_hits_missed_and_extra_pixels_apart(ax):
    truth, answer = np.array([[1, 1, 0, 0, VOID]]), np.array([[1, 0, 1, 0, 1]])
    figures.show_overlap(ax, answer, truth, 1)
    assert ax.get_title() == "J = 1 / 3 = 0.33"
    pixels = [tuple(pixel) for pixel in ax.get_images()[0].get_array()[0].tolist()]
    assert len(set(pixels)) == 5
    assert pixels[-1] == (255, 255, 255)


def test_a_class_without_a_value_says_so(ax):
    figures.class_bars(ax, [0.5, np.nan], NAMES[:2], xlabel="x", title="t")
    assert [text.get_text() for text in ax.texts] == ["0.50", "absent"]


def test_objects_carry_their_numbers_inside_them(ax):
    objects = np.zeros((20, 20), dtype=np.uint8)
    objects[2:18, 2:18], objects[5:15, 5:15] = 1, 0  # a frame: its middle is not part of it
    objects[9:11, 9:11] = 7
    figures.show_objects(ax, objects)
    assert ax.get_title() == "2 objects"
    for text in ax.texts:
        column, row = text.get_position()
        assert objects[round(row), round(column)] == int(text.get_text())


def test_an_overlay_lets_the_background_through(ax):
    figures.show_overlay(ax, IMAGE, TRUTH)
    shown = ax.get_images()[0].get_array()
    assert (shown[TRUTH == 0] == IMAGE[TRUTH == 0]).all()
    assert (shown[TRUTH == 1] != IMAGE[TRUTH == 1]).any()


def test_images_come_as_bytes_or_as_floats_of_the_network(ax):
    figures.show_image(ax, IMAGE)
    figures.show_image(ax, IMAGE.transpose(2, 0, 1) / 255)
    first, second = (picture.get_array() for picture in ax.get_images())
    assert (first == second).all()


@pytest.mark.parametrize(
    ("image", "cure"),
    [(np.zeros((3, 4, 4)) - 2, "normalisation"), (np.zeros((4, 4)), r"\(4, 4\)")],
)
def test_an_image_that_cannot_be_shown_says_why(ax, image, cure):
    with pytest.raises(ValueError, match=cure):
        figures.show_image(ax, image)


def test_a_real_photograph_and_its_mask_can_be_drawn(voc_sample, ax):
    from torchvision.datasets import VOCSegmentation

    from course_utils.data import VOC_CLASSES

    image, mask = VOCSegmentation(str(voc_sample), year="2012", image_set="val")[0]
    figures.show_overlay(ax, np.asarray(image), np.asarray(mask))
    figures.show_labels(ax, np.asarray(mask), ("background", *VOC_CLASSES))
    assert ax.get_legend()
