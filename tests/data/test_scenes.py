"""Images of one size for a lecture, from ShapesVOC or from a tree in VOC's layout."""

import numpy as np
import pytest
import torch
from PIL import Image

from course_utils.data import VOC_CLASSES, scenes, voc_palette
from course_utils.data.scenes import Unavailable, load_scenes


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.getbasetemp() / "scenes"  # drawn once for this file
    monkeypatch.setenv("COURSE_DATA_DIR", str(folder))


def test_built_in_scenes_come_as_tensors_of_one_size():
    found = load_scenes("val", 5, size=48)
    assert found.images.shape == (5, 3, 48, 48)
    assert found.images.dtype == torch.float32
    assert 0 <= found.images.min() < 0.2 < 0.8 < found.images.max() <= 1
    assert found.labels.shape == found.objects.shape == (5, 48, 48)
    assert found.labels.dtype == found.objects.dtype == torch.uint8
    assert found.names[0] == "background"
    assert (found.labels[found.objects == 0] == 0).all()


def test_more_images_than_there_are_is_an_error():
    with pytest.raises(ValueError, match=r"1000 images.*got 100"):
        load_scenes("val", 1000, size=48)


def test_an_unknown_data_set_is_named():
    with pytest.raises(ValueError, match="coco"):
        load_scenes("val", 1, data="coco")


def write_voc(root, height, width):
    """A tree of one image: left half class 1, right half class 2."""
    folder = root / "VOCdevkit" / "VOC2012"
    (folder / "ImageSets" / "Segmentation").mkdir(parents=True)
    for name in ("train", "val"):
        (folder / "ImageSets" / "Segmentation" / f"{name}.txt").write_text("a\n")
    labels = np.ones((height, width), dtype=np.uint8)
    labels[:, width // 2 :] = 2
    mask = Image.fromarray(labels)
    mask.putpalette(voc_palette().tobytes())
    for part in ("SegmentationClass", "SegmentationObject"):
        (folder / part).mkdir()
        mask.save(folder / part / "a.png")
    (folder / "JPEGImages").mkdir()
    Image.fromarray(np.repeat(labels[..., None] * 100, 3, axis=2)).save(
        folder / "JPEGImages" / "a.jpg"
    )


@pytest.mark.parametrize("shape", [(60, 100), (100, 60), (32, 32)])
def test_voc_images_are_scaled_and_cropped_about_the_middle(tmp_path, monkeypatch, shape):
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    write_voc(tmp_path / "voc2012", *shape)
    found = load_scenes("val", 1, size=32, data="voc2012")
    assert found.images.shape == (1, 3, 32, 32)
    assert found.names == ("background", *VOC_CLASSES)
    row = found.labels[0, 16]
    assert set(row.tolist()) == {1, 2}  # nearest: no label between the two
    assert abs(int((row == 1).sum()) - 16) <= 1


def test_where_voc_cannot_be_had_a_sentence_says_so_and_the_built_in_scenes_stand_in(
    monkeypatch, capsys
):
    def no_network():
        raise Unavailable("VOC 2012 can't be had: no network.")

    monkeypatch.setattr(scenes, "voc2012_root", no_network)
    found = load_scenes("val", 2, size=48, data="voc2012")
    assert "disc" in found.names
    assert capsys.readouterr().err == "VOC 2012 can't be had: no network.\n"


@pytest.mark.parametrize("part", ["JPEGImages/a.jpg", "SegmentationObject/a.png"])
def test_a_cut_file_of_voc_is_named(tmp_path, monkeypatch, part):
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    write_voc(tmp_path / "voc2012", 60, 100)
    path = tmp_path / "voc2012" / "VOCdevkit" / "VOC2012" / part
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ValueError, match=rf"whole image, got \S*{part}: .*Download or unpack"):
        load_scenes("val", 1, size=32, data="voc2012")
