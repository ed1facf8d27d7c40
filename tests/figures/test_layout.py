"""Panels, pictures of few bytes, tables."""

import io
from base64 import b64decode

import pytest
from matplotlib import pyplot as plt
from PIL import Image

from course_utils import figures
from course_utils.data import Statistics
from course_utils.data.voc import ClassCount
from course_utils.figures.layout import WIDTH, png
from course_utils.figures.tables import Table
from course_utils.i18n import speaking


def test_panels_share_one_figure_of_the_pages_width():
    axes = figures.panels(3, rows=2, height=2.0)
    assert len(axes) == 6
    assert {ax.figure for ax in axes} == {axes[0].figure}
    assert axes[0].figure.get_size_inches().tolist() == [WIDTH, 4.0]


def test_showing_puts_out_the_picture_and_its_titles_and_closes_the_figure(monkeypatch):
    found = []
    monkeypatch.setattr(
        "IPython.display.display", lambda data, metadata, raw: found.append((data, metadata))
    )
    left, right = figures.panels(2)
    left.set_title("One")
    right.set_title("Two\nlines")
    figures.show()
    ((data, metadata),) = found
    assert data["text/plain"] == "[One; Two lines]"
    assert metadata["image/png"]["alt"] == "One; Two lines"
    assert Image.open(io.BytesIO(b64decode(data["image/png"]))).width > 400
    assert not plt.get_fignums()


def test_a_picture_is_smaller_than_matplotlibs_own_and_repeats_byte_for_byte():
    (ax,) = figures.panels(1)
    figures.dice_curve(ax)
    own = io.BytesIO()
    ax.figure.savefig(own, format="png")
    assert len(png(ax.figure)) < 0.6 * len(own.getvalue())
    assert png(ax.figure) == png(ax.figure)


def test_a_loose_picture_has_the_size_of_its_figure():
    (ax,) = figures.panels(1, height=2.0)
    picture = Image.open(io.BytesIO(png(ax.figure, tight=False)))
    expected = ax.figure.get_size_inches() * ax.figure.dpi
    assert picture.size == tuple(expected.round().astype(int))


def test_small_pictures_show_their_pixels_apart(ax):
    figures.layout.pixel_axes(ax, 4, 4)
    assert len(ax.get_lines()) == 6


def test_a_table_reads_as_text_and_as_html():
    table = Table(["class", "n"], [["a <b>", 5], ["c", 123]])
    assert repr(table) == "class    n\na <b>    5\nc      123"
    assert "a &lt;b&gt;" in table._repr_html_()
    assert table._repr_html_().count("<tr>") == 3


def test_a_row_that_does_not_fit_the_heading_is_refused():
    with pytest.raises(ValueError, match="2 cells"):
        Table(["a", "b"], [[1]])


def test_the_statistics_table_ends_with_images_and_objects_not_with_sums_of_images():
    one = Statistics({"disc": ClassCount(3, 4), "star": ClassCount(2, 2)}, images=3)
    table = figures.statistics_table({"train": one})
    assert table.rows == [["disc", "3", "4"], ["star", "2", "2"], ["Total", "3", "6"]]
    with speaking("ru"):
        assert figures.statistics_table({"train": one}).rows[0][0] == "круг"


def test_the_stability_table_writes_nan_and_infinity_out():
    table = figures.stability_table([[1000.0, float("nan"), 1.0, float("-inf"), -1000.0]])
    assert table.rows == [["0, 1000", "nan", "1", "-inf", "-1000"]]
