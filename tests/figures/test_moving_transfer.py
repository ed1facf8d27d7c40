"""The moving figures of the lecture on transfer: every setting draws, and each differently."""

import numpy as np
import pytest

from course_utils import figures
from course_utils.i18n import speaking

DRAW = np.random.default_rng(0)


@pytest.fixture
def transfer():
    scores = {
        task: {k: {n: [base + k / 20, base + n / 600] for n in (12, 60)} for k in (1, 3)}
        for task, base in (("near", 0.7), ("far", 0.2))
    }
    return figures.transfer_figure(scores, 7, 6)


@pytest.fixture
def plane():
    planes = {
        (task, weights, layer): (DRAW.random((12, 2)), 0.5)
        for task in ("near", "far")
        for weights in ("pretrained", "random")
        for layer in range(4)
    }
    labels = dict.fromkeys(("near", "far"), np.arange(12) % 2)
    return figures.features_figure(planes, labels, dict.fromkeys(labels, ("disc", "ring")))


@pytest.mark.parametrize(
    ("name", "control", "value"),
    [
        ("transfer", "task", "far"),
        ("transfer", "size", 60),
        ("transfer", "trained", 3),
        ("plane", "layer", 0),
        ("plane", "weights", "random"),
        ("plane", "task", "far"),
    ],
)
def test_moving_a_control_changes_the_picture(request, name, control, value):
    figure = request.getfixturevalue(name)
    before = figure.redraw()
    assert figure.redraw(**{control: value}) != before


def test_both_speak_russian(request, monkeypatch):
    monkeypatch.setenv("COURSE_STRICT", "1")
    with speaking("ru"):
        for name in ("transfer", "plane"):
            assert request.getfixturevalue(name).redraw()
