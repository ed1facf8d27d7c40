"""The drawn tree, as torchvision's own readers see it."""

import os

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.datasets import VOCDetection, VOCSegmentation

from course_utils.data.annotations import read_boxes
from course_utils.data.shapes import OTHER_SHAPES, SHAPES, draw_scene
from course_utils.data.shapes_classification import ShapesClassification
from course_utils.data.shapes_voc import SHAPES_CLASSES, ShapesVOC, make_shapes_voc
from course_utils.data.voc import VOID, image_names, read_labels, voc_folder, voc_palette

SMALL = {"train": 3, "val": 2, "size": 48}


def files(root):
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_torchvision_reads_it_unchanged(shapes_tree):
    for image_set, number in (("train", 12), ("val", 8), ("trainval", 20)):
        data = VOCSegmentation(shapes_tree, year="2012", image_set=image_set)
        assert len(data) == number
        for image, mask in data:
            assert (image.mode, mask.mode) == ("RGB", "P")
            assert image.size == mask.size == (80, 64)
            assert set(np.unique(mask)) <= {*range(7), VOID}
            assert VOID in np.array(mask)
            assert mask.getpalette() == voc_palette().flatten().tolist()


def test_trainval_is_train_and_val(shapes_tree):
    train, val, both = (image_names(shapes_tree, s) for s in ("train", "val", "trainval"))
    assert train + val == both
    assert len(set(both)) == 20


def test_the_files_hold_the_scenes_that_are_drawn(shapes_tree):
    folder = voc_folder(shapes_tree)
    for split, i, name in [
        (0, 0, "train_000001"),
        (0, 11, "train_000012"),
        (1, 7, "val_000008"),
    ]:
        scene = draw_scene(np.random.default_rng([3, split, i]), 64, 80)
        labels = read_labels(folder / f"SegmentationClass/{name}.png")
        assert np.array_equal(labels, scene.labels)
        objects = read_labels(folder / f"SegmentationObject/{name}.png")
        assert np.array_equal(objects, scene.objects)
        image = np.array(Image.open(folder / f"JPEGImages/{name}.jpg")).astype(int)
        assert abs(image - scene.image).mean() < 6  # JPEG and noise
        names, boxes = read_boxes(folder / f"Annotations/{name}.xml")
        assert names == [SHAPES_CLASSES[label - 1] for label in scene.classes]
        assert np.array_equal(boxes, scene.boxes)


def test_torchvision_reads_the_boxes_in_vocs_format(shapes_tree):
    data = VOCDetection(shapes_tree, year="2012", image_set="val")
    objects_folder = voc_folder(shapes_tree) / "SegmentationObject"
    for (_image, target), name in zip(data, image_names(shapes_tree, "val"), strict=True):
        record = target["annotation"]
        assert record["filename"] == f"{name}.jpg"
        assert record["size"] == {"width": "80", "height": "64", "depth": "3"}
        assert record["segmented"] == "1"
        objects = read_labels(objects_folder / f"{name}.png")
        for number, one in enumerate(record["object"], start=1):
            box = {side: int(pixel) for side, pixel in one["bndbox"].items()}
            rows, columns = np.nonzero(objects == number)
            assert 1 <= box["xmin"] <= columns.min() + 1  # VOC counts from 1
            assert columns.max() + 1 <= box["xmax"] <= 80  # and includes the last column
            assert 1 <= box["ymin"] <= rows.min() + 1
            assert rows.max() + 1 <= box["ymax"] <= 64
            assert one["difficult"] == "0"
            at_edge = box["xmin"] == 1 or box["ymin"] == 1 or box["xmax"] == 80
            assert one["truncated"] == str(int(at_edge or box["ymax"] == 64))


def test_the_lists_of_classes_say_which_images_hold_them(shapes_tree):
    folder = voc_folder(shapes_tree)
    for label, kind in enumerate(SHAPES, start=1):
        lines = (folder / f"ImageSets/Main/{kind.name}_trainval.txt").read_text().splitlines()
        assert [line.split()[0] for line in lines] == image_names(shapes_tree, "trainval")
        for line in lines:
            name, sign = line.split()
            labels = read_labels(folder / f"SegmentationClass/{name}.png")
            assert int(sign) == (1 if label in labels else -1)


def test_the_same_seed_writes_the_same_bytes_and_more_scenes_keep_the_first(tmp_path):
    options = {"size": 48, "seed": 7}
    first = files(make_shapes_voc(tmp_path / "a", train=2, val=1, **options))
    again = files(make_shapes_voc(tmp_path / "b", train=2, val=1, **options))
    more = files(make_shapes_voc(tmp_path / "c", train=3, val=2, **options))
    other = files(make_shapes_voc(tmp_path / "d", train=2, val=1, size=48, seed=8))
    assert first == again
    images = [name for name in first if "ImageSets" not in name]
    assert all(more[name] == first[name] for name in images)
    assert all(other[name] != first[name] for name in images if name.endswith("jpg"))


def test_a_tree_is_not_written_over(tmp_path):
    make_shapes_voc(tmp_path, train=1, val=0, size=32)
    before = files(tmp_path)
    with pytest.raises(FileExistsError, match=r"Expected no tree yet, got .*VOC2012"):
        make_shapes_voc(tmp_path, train=1, val=0, size=32, seed=1)
    assert files(tmp_path) == before


@pytest.mark.parametrize("wrong", [{"train": -1}, {"val": -2}, {"seed": -3}])
def test_negative_numbers_are_refused(tmp_path, wrong):
    with pytest.raises(ValueError, match=r"train, val, seed >= 0, got .*-\d"):
        make_shapes_voc(tmp_path, **({"train": 1, "val": 1} | wrong))
    assert not files(tmp_path)


def test_it_is_drawn_once_and_then_read_from_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    data = ShapesVOC("train", **SMALL)
    assert isinstance(data, VOCSegmentation)
    assert (len(data), data.classes) == (3, SHAPES_CLASSES)
    image, mask = data[0]
    assert image.size == mask.size == (48, 48)
    written = {path: os.stat(path).st_mtime_ns for path in tmp_path.rglob("*")}
    assert len(ShapesVOC("val", **SMALL)) == 2
    assert {path: os.stat(path).st_mtime_ns for path in tmp_path.rglob("*")} == written
    assert len(list(tmp_path.iterdir())) == 1
    ShapesVOC("val", **SMALL, seed=1)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_damaged_tree_is_drawn_again(tmp_path):
    data = ShapesVOC("train", root=tmp_path, **SMALL)
    whole = files(tmp_path)
    victim = next((tmp_path / data.root).rglob("train_000001.jpg"))
    victim.write_bytes(victim.read_bytes()[:100])
    ShapesVOC("train", root=tmp_path, **SMALL)
    assert files(tmp_path) == whole
    victim.unlink()
    ShapesVOC("train", root=tmp_path, **SMALL)
    assert files(tmp_path) == whole


def test_transforms_are_applied_as_torchvision_does(tmp_path):
    options = {"root": tmp_path, **SMALL}
    assert ShapesVOC(**options, transform=lambda image: image.size)[0][0] == (48, 48)
    assert ShapesVOC(**options, target_transform=lambda mask: mask.mode)[0][1] == "P"
    assert ShapesVOC(**options, transforms=lambda image, mask: (1, 2))[0] == (1, 2)


def test_other_kinds_give_other_classes(tmp_path):
    data = ShapesVOC("val", root=tmp_path, **SMALL, kinds=OTHER_SHAPES[:2])
    assert data.classes == ("heart", "moon")
    assert {label for _, mask in data for label in np.unique(mask)} <= {0, 1, 2, VOID}


def test_single_objects_come_in_balanced_order_and_by_seed():
    data = ShapesClassification(SHAPES[:3], per_class=2, size=32, seed=4)
    assert (data.images.shape, data.images.dtype) == ((6, 3, 32, 32), torch.uint8)
    assert data.targets.tolist() == [0, 1, 2, 0, 1, 2]
    assert data.classes == ("disc", "square", "triangle")
    image, target = data[4]
    assert (target, len(data)) == (1, 6)
    assert torch.equal(image, data.images[4])
    again = ShapesClassification(SHAPES[:3], per_class=3, size=32, seed=4)
    assert torch.equal(again.images[:6], data.images)
    other = ShapesClassification(SHAPES[:3], per_class=2, size=32, seed=5)
    assert not torch.equal(other.images, data.images)
    half = ShapesClassification(SHAPES[:1], per_class=1, transform=lambda image: image / 2)
    assert half[0][0].dtype == torch.float32


def test_no_pictures_are_refused():
    with pytest.raises(ValueError, match="at least 1, got 0 and 5"):
        ShapesClassification((), per_class=5)
    with pytest.raises(ValueError, match="at least 1, got 6 and 0"):
        ShapesClassification(per_class=0)
