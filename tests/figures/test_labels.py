"""A label that was forgotten in English stops the build of a Russian page, and nothing else."""

from contextlib import nullcontext

import pytest
from matplotlib import pyplot as plt

from course_utils import figures
from course_utils.figures.labels import foreign
from course_utils.figures.layout import png
from course_utils.i18n import speaking


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0.5",
        "доля, %",
        "$J_k = a$",
        "FCN-8s",
        "U-Net",
        "l = 2",
        "softmax, ось x",
        "$exp(x)$",
    ],
)
def test_what_may_stand_in_a_russian_figure(text):
    assert foreign([text]) == []


@pytest.mark.parametrize("text", ["loss", "FCN head", "$J$ of disc", "x, pixels"])
def test_what_was_forgotten_in_english(text):
    assert foreign([text, text]) == [text]


def draw(label):
    (ax,) = figures.panels(1)
    ax.set_xlabel(label)
    return ax


def show():
    draw("loss")
    figures.show()


def strip():
    slider = {"x": figures.Slider("ось", 0, 1, 0)}
    figures.interactive_figure(lambda f, x: f.subplots().set_xlabel("loss"), slider, [{}])


@pytest.mark.parametrize("place", [show, strip])
def test_a_forgotten_label_stops_the_build(monkeypatch, place):
    monkeypatch.setenv("COURSE_STRICT", "1")
    with speaking("ru"), pytest.raises(ValueError, match="'loss'"):
        place()


@pytest.mark.parametrize(("language", "strict"), [("en", "1"), ("ru", "")])
def test_an_english_page_and_a_reader_s_notebook_go_on(monkeypatch, language, strict):
    monkeypatch.setenv("COURSE_STRICT", strict)
    with speaking(language):
        draw("loss")
        figures.show()
    assert not plt.get_fignums()


def drawn_texts(language):
    with speaking(language):
        (ax,) = figures.panels(1)
        ax.plot([0, 0.5], [0, 1.5])
        ax.set_title("J = 0.58, $w = 0.5$, FCN-8s")
        ax.set_yticks([0, 1.5], ["0.0", "1.5"])
        png(ax.figure)
        labels = [*ax.get_xticklabels(), *ax.get_yticklabels()]
        ticks = [label.get_text() for label in labels]
        return ax.get_title(), ticks


def test_a_russian_figure_writes_decimal_commas():
    title, ticks = drawn_texts("ru")
    assert title == "J = 0,58, $w = 0{,}5$, FCN-8s"
    assert {"0,2", "1,5"} <= set(ticks)
    assert not any("." in tick for tick in ticks)


def test_an_english_figure_keeps_its_points():
    title, ticks = drawn_texts("en")
    assert title == "J = 0.58, $w = 0.5$, FCN-8s"
    assert {"0.2", "1.5"} <= set(ticks)


def test_numbers_written_twice_are_written_once():
    assert drawn_texts("ru") == drawn_texts("ru")
    with speaking("ru"):
        (ax,) = figures.panels(1)
        ax.set_title("1.5")
        png(ax.figure)
        png(ax.figure)
        assert ax.get_title() == "1,5"


def test_a_russian_table_writes_decimal_commas():
    with speaking("ru"):
        assert "0,5" in repr(figures.Table(["доля"], [[0.5]]))
    with speaking("en"):
        assert "0.5" in repr(figures.Table(["share"], [[0.5]]))


@pytest.mark.parametrize(
    ("label", "stops"), [("red-backed sandpiper", False), ("sandpiper, 3 of 9", True)]
)
def test_a_class_of_imagenet_keeps_its_name(label, stops, monkeypatch):
    monkeypatch.setenv("COURSE_STRICT", "1")
    with speaking("ru"):
        figure = draw(label).figure
        with pytest.raises(ValueError, match="sandpiper") if stops else nullcontext():
            png(figure)
    plt.close(figure)
