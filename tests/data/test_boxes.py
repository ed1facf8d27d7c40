"""Boxes of scenes, against the files and against the maps of objects."""

import numpy as np
import pytest
import torch

from course_utils.data import VOID
from course_utils.data.annotations import read_boxes
from course_utils.data.boxes import Objects, scene_boxes, single_objects
from course_utils.data.scenes import Scenes, load_scenes
from course_utils.data.voc import image_names, voc_folder


def test_at_their_own_size_scenes_have_the_boxes_of_the_files():
    scenes = load_scenes("val", 6)
    folder = voc_folder(scenes.root) / "Annotations"
    for name, objects in zip(
        image_names(scenes.root, "val")[:6], scene_boxes(scenes, "val"), strict=True
    ):
        names, boxes = read_boxes(folder / f"{name}.xml")
        assert [scenes.names[k] for k in objects.classes] == names
        assert objects.boxes.tolist() == boxes.tolist()


def cut(tree, size):
    """Scenes of the oblong tree, scaled and cut as load_scenes does it."""
    from course_utils.data import scenes as module

    names = image_names(tree, "train")
    read = [module._read(voc_folder(tree), name, size) for name in names]
    images, labels, objects = (
        torch.from_numpy(np.stack(part)) for part in zip(*read, strict=True)
    )
    classes = ("background", "disc", "square", "triangle", "star", "cross", "ring")
    return Scenes(images.permute(0, 3, 1, 2).float() / 255, labels, objects, classes, tree)


@pytest.mark.parametrize("size", [64, 96, 40])
def test_boxes_follow_the_scene_through_scaling_and_cutting(shapes_tree, size):
    scenes = cut(shapes_tree, size)
    distances = []
    for labels, numbered, objects in zip(
        scenes.labels, scenes.objects, scene_boxes(scenes, "train"), strict=True
    ):
        maps = {}
        for j in set(numbered.unique().tolist()) - {0, VOID}:
            rows, columns = (numbered == j).nonzero(as_tuple=True)
            corner = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
            maps[int(labels[rows[0], columns[0]]), j] = torch.stack(corner).float()
        for k, box in zip(objects.classes.tolist(), objects.boxes, strict=True):
            near = [(box - other).abs().max() for (c, _j), other in maps.items() if c == k]
            distances.append(min(near) * 64 / size)
        assert (objects.boxes >= 0).all()
        assert (objects.boxes <= size).all()
    assert len(distances) >= 20
    # The seam takes a pixel or two of a box, more at a sharp tip; a wrong cut takes eight.
    assert np.median(distances) <= 2
    assert max(distances) <= 5


def test_an_object_that_is_mostly_cut_away_is_dropped(tmp_path):
    from PIL import Image

    from course_utils.data.annotations import write_annotation

    folder = tmp_path / "VOCdevkit" / "VOC2012"
    for part in ("JPEGImages", "Annotations", "ImageSets/Segmentation"):
        (folder / part).mkdir(parents=True)
    (folder / "ImageSets/Segmentation/val.txt").write_text("one\n")
    Image.new("RGB", (200, 100)).save(folder / "JPEGImages" / "one.jpg")
    write_annotation(
        folder / "Annotations" / "one.xml",
        shape=(100, 200),
        names=["disc", "disc", "ring"],
        boxes=np.array([[0, 0, 60, 40], [30, 0, 70, 40], [60, 20, 160, 80]]),
        source="a test",
    )
    blank = torch.zeros(1, 3, 50, 50)
    scenes = Scenes(blank, blank[:, 0], blank[:, 0], ("background", "ring", "disc"), tmp_path)
    (objects,) = scene_boxes(scenes, "val")
    # Half the size; columns 25..75 of 100 are kept. The first box keeps 5 of its 30 columns.
    assert objects.classes.tolist() == [2, 1]
    assert objects.boxes.tolist() == [[0, 0, 10, 20], [5, 10, 50, 40]]


def test_drawn_single_objects_are_single_and_the_same_every_time():
    images, objects = single_objects("val", 5, size=64)
    again, same = single_objects("val", 3, size=64)
    assert images.shape == (5, 3, 64, 64)
    assert torch.equal(images[:3], again)
    assert torch.equal(objects.boxes[:3], same.boxes)
    assert not torch.equal(images[:3], single_objects("train", 3, size=64)[0])
    assert objects.classes.min() >= 1
    assert ((objects.boxes[:, 2:] - objects.boxes[:, :2]) > 8).all()


def test_single_objects_of_a_set_are_picked_out_of_its_images(monkeypatch):
    found = [
        Objects(torch.tensor(k), torch.zeros(len(k), 4)) for k in ([1], [1, 2], [], [3], [2])
    ]
    images = torch.arange(5.0).reshape(5, 1, 1, 1).expand(5, 3, 4, 4)
    scenes = Scenes(images, images[:, 0], images[:, 0], ("background",), None)
    monkeypatch.setattr("course_utils.data.boxes.load_scenes", lambda *a, **k: scenes)
    monkeypatch.setattr("course_utils.data.boxes.image_names", lambda *a: ["x"] * 5)
    monkeypatch.setattr("course_utils.data.boxes.scene_boxes", lambda *a: found)
    picked, objects = single_objects("val", 2, data="voc2012")
    assert picked[:, 0, 0, 0].tolist() == [0, 3]
    assert objects.classes.tolist() == [1, 3]
