"""Figures that move: the slider redraws, the static twin is there, and nothing is needed."""

import io
import sys
from base64 import b64decode

import ipywidgets
import numpy as np
import pytest
from PIL import Image

from course_utils import figures
from course_utils.figures.widgets import Choice, Slider, Switch, interactive_figure
from course_utils.i18n import speaking

WIDGET = "application/vnd.jupyter.widget-view+json"
LABELS = np.zeros((32, 32), dtype=np.uint8)
LABELS[4:14, 4:14], LABELS[20:28, 18:30] = 1, 2
NAMES = ("background", "disc", "square")


def bar(figure, height, colour="navy", seen=True):
    ax = figure.subplots()
    ax.bar([0], [height if seen else 0], color=colour)
    ax.set_ylim(0, 10)


CONTROLS = {
    "height": Slider("height, metres", 0, 10, 5),
    "colour": Choice("paint", {"dark": "navy", "light": "gold"}, "navy"),
    "seen": Switch("seen", True),
}


def moving():
    return interactive_figure(bar, CONTROLS, [{"height": 2}, {"colour": "gold"}])


@pytest.fixture
def displayed(monkeypatch):
    """What is displayed, as (data, metadata)."""
    found = []
    monkeypatch.setattr(
        "IPython.display.display",
        lambda data, metadata=None, raw=False: found.append((data, metadata)),
    )
    return found


def test_a_moved_slider_redraws_the_picture():
    figure = moving()
    before = figure.picture.value
    figure.boxes["height"].value = 9
    assert figure.picture.value != before
    assert figure.picture.value == figure.redraw(height=9)
    figure.boxes["height"].value = 5
    assert figure.picture.value == before


@pytest.mark.parametrize(("name", "value"), [("colour", "gold"), ("seen", False)])
def test_every_kind_of_control_redraws_the_picture(name, value):
    figure = moving()
    before = figure.picture.value
    figure.boxes[name].value = value
    assert figure.picture.value != before


def test_controls_have_their_label_limits_and_start():
    boxes = moving().boxes
    assert isinstance(boxes["height"], ipywidgets.IntSlider)
    assert (boxes["height"].min, boxes["height"].max, boxes["height"].value) == (0, 10, 5)
    assert boxes["height"].description == "height, metres"
    assert (boxes["colour"].value, boxes["seen"].value) == ("navy", True)
    assert isinstance(Slider("x", 0.0, 1.0, 0.5, 0.1).make(ipywidgets), ipywidgets.FloatSlider)


def test_the_static_twin_is_a_png_of_all_frames(displayed):
    moving()._ipython_display_()
    (live, _), (twin, metadata) = displayed
    assert WIDGET in live
    assert WIDGET not in twin
    picture = Image.open(io.BytesIO(b64decode(twin["image/png"])))
    assert picture.format == "PNG"
    assert picture.width > 400
    assert metadata["image/png"]["alt"]


def test_the_static_twin_shows_other_frames_than_the_moving_picture():
    same = interactive_figure(bar, CONTROLS, [{}, {}])
    assert moving().strip != same.strip


def test_the_static_twin_is_drawn_by_the_same_function_at_the_frames_values():
    drawn = []

    def noted(figure, **values):
        drawn.append(values)
        bar(figure, **values)

    interactive_figure(noted, CONTROLS, [{"height": 2}, {"colour": "gold", "seen": False}])
    assert {"height": 2, "colour": "navy", "seen": True} in drawn
    assert {"height": 5, "colour": "gold", "seen": False} in drawn


def test_the_text_that_stands_for_it_is_the_same_at_every_run(displayed):
    moving()._ipython_display_()
    moving()._ipython_display_()
    texts = [data["text/plain"] for data, _ in displayed]
    assert texts[:2] == texts[2:]
    assert "0x" not in "".join(texts)


def test_without_ipywidgets_one_sentence_and_the_twin_remain(monkeypatch, displayed):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    figure = moving()
    figure._ipython_display_()
    (sentence, _), (twin, _) = displayed
    assert figure.widget is None
    assert "pip install ipywidgets" in sentence["text/plain"]
    assert twin["image/png"]


def test_a_frame_or_value_of_no_control_is_refused_by_name():
    with pytest.raises(ValueError, match="depth"):
        interactive_figure(bar, CONTROLS, [{"depth": 1}])
    with pytest.raises(ValueError, match="depth"):
        moving().redraw(depth=1)
    with pytest.raises(ValueError, match="at least one frame"):
        interactive_figure(bar, CONTROLS, [])


def test_a_caption_names_what_a_frame_moved():
    figure = moving()
    captions = [figure._caption(frame) for frame in (*figure.frames, figure.values)]
    assert captions == ["height, metres: 2", "paint: light", "at the start"]


def test_painting_over_everything_ruins_the_metrics():
    figure = figures.brush_figure(LABELS, NAMES)
    whole = figure.redraw()
    assert figure.redraw(radius=16) != whole
    assert figure.redraw(radius=0) == whole


def test_the_static_twin_shows_the_strokes_that_were_asked_for():
    figure = figures.brush_figure(LABELS, NAMES, [(4, 5, 3), (9, 9, 2)])
    shown = [(frame["row"], frame["column"], frame["radius"]) for frame in figure.frames]
    assert shown[0][2] == 0
    assert shown[1:] == [(4, 5, 3), (9, 9, 2)]


@pytest.mark.parametrize("moved", [{"shift": 3}, {"grow": 2}, {"lost": 2}, {"confused": True}])
def test_every_way_of_spoiling_shows(moved):
    figure = figures.spoiling_figure(LABELS, LABELS, NAMES)
    assert figure.redraw(**moved) != figures.spoiling_figure(LABELS, LABELS, NAMES).redraw()


def test_a_moving_figure_speaks_russian():
    with speaking("ru"):
        figure = figures.object_size_figure()
        assert "ячейку" in repr(figure)
        assert figure.boxes["size"].description == "сторона объекта, пиксели"


def test_the_scores_of_a_pixel_and_their_scale_can_be_moved():
    import torch

    pixel = figures.pixel_figure(NAMES, [0.0, 2.0, 1.0])
    assert pixel.redraw(b1=-3.0) != pixel.redraw(b1=3.0)
    logits = torch.randn(3, 32, 32, generator=torch.Generator().manual_seed(0))
    scale = figures.scale_figure(logits, torch.from_numpy(LABELS))
    assert scale.redraw(scale=8.0) != scale.redraw(scale=1.0)


def titled(figure, height, colour="navy", seen=True):
    ax = figure.subplots()
    ax.bar([0], [height if seen else 0], color=colour)
    ax.set_title(f"{height} metres\nhigh")


def test_the_twins_words_are_the_values_and_titles_of_its_frames(displayed):
    frames = [{"height": 2}, {"colour": "gold"}]
    interactive_figure(titled, CONTROLS, frames)._ipython_display_()
    assert displayed[-1][1]["image/png"]["alt"] == (
        "height, metres: 2: 2 metres high. paint: light: 5 metres high"
    )


def test_titles_that_all_frames_share_are_said_once():
    frames = [{"colour": "gold"}, {"seen": False}]
    with speaking("en"):
        figure = interactive_figure(titled, CONTROLS, frames)
    assert figure.words == "5 metres high. Frames: paint: light; seen: no"
