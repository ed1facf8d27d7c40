"""VOC's annotation files, letter by letter."""

import numpy as np
import pytest

from course_utils.data.annotations import read_boxes, write_annotation

BOXES = np.array([[2, 3, 10, 12], [0, 1, 4, 5]])

EXPECTED = """<annotation>
	<folder>VOC2012</folder>
	<filename>scene.jpg</filename>
	<source>
		<database>hand</database>
		<annotation>hand</annotation>
	</source>
	<size>
		<width>30</width>
		<height>20</height>
		<depth>3</depth>
	</size>
	<segmented>1</segmented>
	<object>
		<name>disc</name>
		<pose>Unspecified</pose>
		<truncated>0</truncated>
		<difficult>0</difficult>
		<bndbox>
			<xmin>3</xmin>
			<ymin>4</ymin>
			<xmax>10</xmax>
			<ymax>12</ymax>
		</bndbox>
	</object>
	<object>
		<name>star</name>
		<pose>Unspecified</pose>
		<truncated>1</truncated>
		<difficult>0</difficult>
		<bndbox>
			<xmin>1</xmin>
			<ymin>2</ymin>
			<xmax>4</xmax>
			<ymax>5</ymax>
		</bndbox>
	</object>
</annotation>
"""


def write(path, boxes=BOXES, names=("disc", "star")):
    write_annotation(path, shape=(20, 30), names=names, boxes=boxes, source="hand")
    return path


def test_the_file_is_vocs_and_counts_pixels_from_one(tmp_path):
    assert write(tmp_path / "scene.xml").read_text() == EXPECTED


@pytest.mark.parametrize(
    ("box", "truncated"),
    [
        ((1, 1, 29, 19), 0),
        ((0, 1, 29, 19), 1),
        ((1, 0, 29, 19), 1),
        ((1, 1, 30, 19), 1),
        ((1, 1, 29, 20), 1),
    ],
)
def test_an_object_at_any_side_of_the_picture_is_truncated(tmp_path, box, truncated):
    path = write(tmp_path / "scene.xml", np.array([box]), ["disc"])
    assert f"<truncated>{truncated}</truncated>" in path.read_text()


def test_boxes_come_back_as_they_were(tmp_path):
    names, boxes = read_boxes(write(tmp_path / "scene.xml"))
    assert names == ["disc", "star"]
    assert boxes.dtype == np.int64
    assert boxes.tolist() == BOXES.tolist()
    names, boxes = read_boxes(write(tmp_path / "empty.xml", np.zeros((0, 4)), ()))
    assert (names, boxes.shape, boxes.dtype) == ([], (0, 4), np.int64)


def test_a_name_for_every_box_is_asked_for(tmp_path):
    with pytest.raises(ValueError, match="longer"):
        write(tmp_path / "scene.xml", names=("disc",))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (lambda text: text[:300], "no element found"),
        (lambda text: "", "no element found"),
        (lambda text: text.replace("<xmax>10</xmax>", ""), "an object without xmax"),
        (lambda text: text.replace(">10</xmax>", ">ten</xmax>"), "could not convert"),
        (lambda text: text.replace("<name>disc</name>", ""), "an object without name"),
    ],
)
def test_a_damaged_file_is_named_with_the_cure(tmp_path, change, wrong):
    path = write(tmp_path / "scene.xml")
    path.write_text(change(path.read_text()))
    with pytest.raises(ValueError) as raised:
        read_boxes(path)
    assert str(raised.value).startswith(f"Expected VOC's annotations, got {path}: {wrong}")
    assert str(raised.value).endswith("Download or unpack the file again.")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_changes_nothing(tmp_path, encoding):
    path = write(tmp_path / "scene.xml")
    path.write_text(path.read_text(), encoding=encoding)
    assert read_boxes(path)[0] == ["disc", "star"]
