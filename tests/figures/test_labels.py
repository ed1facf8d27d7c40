"""A label that was forgotten in English stops the build of a Russian page, and nothing else."""

import pytest
from matplotlib import pyplot as plt

from course_utils import figures
from course_utils.figures.labels import foreign
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
