"""Every function that draws into `ax`: returns it, labels it, titles it, translates it all."""

import re

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.text import Text

from course_utils import figures
from course_utils.data import VOID
from course_utils.figures.metrics import CONVENTIONS
from course_utils.i18n import speaking

NAMES = ("background", "disc", "square")
TRUTH = np.zeros((20, 24), dtype=np.uint8)
TRUTH[3:9, 3:9], TRUTH[12:18, 10:20], TRUTH[2, 3:9] = 1, 2, VOID
ANSWER = np.where(np.roll(TRUTH, 2, axis=1) == VOID, 0, np.roll(TRUTH, 2, axis=1))
IMAGE = np.random.default_rng(0).integers(0, 255, (20, 24, 3), dtype=np.uint8)
COUNTS = np.array([[50, 3, 0], [4, 20, 1], [0, 0, 0]])
SEEDS = {"ignored": [0.9, 0.8], "background": [0.7, 0.6], "class": [0.5, 0.6]}

DRAWN = {
    "show_image": lambda ax: figures.show_image(ax, IMAGE),
    "show_labels": lambda ax: figures.show_labels(ax, TRUTH, NAMES),
    "show_objects": lambda ax: figures.show_objects(ax, TRUTH),
    "show_overlay": lambda ax: figures.show_overlay(ax, IMAGE, TRUTH),
    "show_errors": lambda ax: figures.show_errors(ax, ANSWER, TRUTH),
    "show_overlap": lambda ax: figures.show_overlap(ax, ANSWER, TRUTH, 1),
    "show_overlap of an absent class": lambda ax: figures.show_overlap(ax, ANSWER, TRUTH, 5),
    "show_confusion": lambda ax: figures.show_confusion(ax, COUNTS, NAMES),
    "accuracy_and_jaccard_bars": lambda ax: figures.accuracy_and_jaccard_bars(
        ax, 0.9, [0.9, 0.5, np.nan], NAMES
    ),
    "agreement_curve": lambda ax: figures.agreement_curve(ax, [1, 2, 4], [1, 0.9, 0.8], 0.7),
    "background_curves": lambda ax: figures.background_curves(ax, 0.05),
    "border_curves": lambda ax: figures.border_curves(ax, [4, 8], {1: [0.6, 0.8]}),
    "convention_bars": lambda ax: figures.convention_bars(ax, dict.fromkeys(CONVENTIONS, 0.5)),
    "dice_curve": lambda ax: figures.dice_curve(ax),
    "information_bars": lambda ax: figures.information_bars(ax, 2.8, 3000, 40000),
    "jaccard_and_dice_bars": lambda ax: figures.jaccard_and_dice_bars(ax, [0.5], [0.6]),
    "object_bars": lambda ax: figures.object_bars(ax, {"disc": 5, "square": 7}),
    "share_bars": lambda ax: figures.share_bars(ax, [0.8, 0.1, 0.1], NAMES),
    "small_sets_curves": lambda ax: figures.small_sets_curves(
        ax, [1, 4], {1: [[0.1, 0.2], [0.2, 0.2]], "all": [[0.5, 0.6], [0.5, 0.7]]}
    ),
    "descent_curves": lambda ax: figures.descent_curves(ax, [0.1, 0.9], [0.1, 0.0]),
    "gradient_norm_curves": lambda ax: figures.gradient_norm_curves(
        ax, [8, 16], {"sum": [1, 4], "mean": [1, 1]}
    ),
    "log_curve": lambda ax: figures.log_curve(ax, 0.5),
    "probability_bars": lambda ax: figures.probability_bars(ax, [0.2, 0.7, 0.1], NAMES, 1),
    "score_bars": lambda ax: figures.score_bars(ax, [-1, 2, 0], NAMES),
    "show_gradient": lambda ax: figures.show_gradient(ax, np.zeros((20, 20)), "disc"),
    "show_loss_map": lambda ax: figures.show_loss_map(ax, np.ones((20, 20))),
    "show_void_answer": lambda ax: figures.show_void_answer(ax, ANSWER, "class"),
    "void_quality_bars": lambda ax: figures.void_quality_bars(ax, SEEDS),
    "void_seam_bars": lambda ax: figures.void_seam_bars(ax, SEEDS),
    "walk_curves": lambda ax: figures.walk_curves(ax, [0, 1], [2, 1], [0.5, 0.9]),
    "weight_bars, found": lambda ax: figures.weight_bars(
        ax, {"equal": [0.5, 0.6], "heavy": [0.7, 0.8]}, "found"
    ),
    "weight_bars, right": lambda ax: figures.weight_bars(
        ax, {"equal": [0.5, 0.6], "heavy": [0.7, 0.8]}, "right"
    ),
}
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
