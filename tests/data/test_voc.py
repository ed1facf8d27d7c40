"""VOC's masks, palette and statistics, against plain loops and real photographs."""

import io
import shutil

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import VOCSegmentation

from course_utils import i18n
from course_utils.data.voc import (
    VOC_CLASSES,
    VOID,
    ClassCount,
    image_names,
    read_labels,
    statistics_table,
    voc_folder,
    voc_palette,
    voc_statistics,
)


def loop_statistics(root, names, classes):
    """Images and objects of each class, pixel by pixel; shares no code with the count."""
    folder = root / "VOCdevkit" / "VOC2012"
    images, objects = dict.fromkeys(classes, 0), dict.fromkeys(classes, 0)
    for name in names:
        labels = Image.open(folder / "SegmentationClass" / f"{name}.png")
        numbers = Image.open(folder / "SegmentationObject" / f"{name}.png")
        seen, votes = set(), {}
        for x in range(labels.width):
            for y in range(labels.height):
                label, number = labels.getpixel((x, y)), numbers.getpixel((x, y))
                if label not in (0, 255):
                    seen.add(label)
                    if number not in (0, 255):
                        votes.setdefault(number, []).append(label)
        for label in seen:
            images[classes[label - 1]] += 1
        for labels in votes.values():
            objects[classes[max(set(labels), key=labels.count) - 1]] += 1
    return {name: (images[name], objects[name]) for name in classes}


def write_tree(root, masks, numbers=None):
    """A tree of masks alone: {name: labels}, {name: object numbers}; one image set, val."""
    folder = root / "VOCdevkit" / "VOC2012"
    for part in ("SegmentationClass", "SegmentationObject", "ImageSets/Segmentation"):
        (folder / part).mkdir(parents=True)
    (folder / "ImageSets/Segmentation/val.txt").write_text("\n".join(masks) + "\n")
    for part, arrays in (("SegmentationClass", masks), ("SegmentationObject", numbers or {})):
        for name, array in arrays.items():
            Image.fromarray(np.array(array, dtype=np.uint8)).save(folder / part / f"{name}.png")
    return root


@pytest.mark.parametrize("image_set", ["train", "val", "trainval"])
def test_statistics_equal_a_plain_loop_over_drawn_scenes(shapes_tree, image_set):
    classes = ("disc", "square", "triangle", "star", "cross", "ring")
    names = image_names(shapes_tree, image_set)
    statistics = voc_statistics(shapes_tree, image_set, classes)
    assert dict(statistics) == loop_statistics(shapes_tree, names, classes)
    assert statistics.images == len(names)
    assert statistics.objects == sum(count.objects for count in statistics.values())
    assert statistics.images < sum(count.images for count in statistics.values())


def test_statistics_equal_a_plain_loop_over_real_photographs(voc_sample):
    names = [n for n in image_names(voc_sample, "val") if n.startswith("2011")]
    statistics = voc_statistics(voc_sample, "val", names=names)
    assert dict(statistics) == loop_statistics(voc_sample, names, VOC_CLASSES)
    assert statistics["person"] == (2, 6)
    assert (statistics.images, statistics.objects) == (3, 12)


def test_real_photographs_without_object_masks_say_what_to_do(voc_sample):
    with pytest.raises(ValueError, match=r"2007_004189\.png, got no such file.*objects=False"):
        voc_statistics(voc_sample, "val")
    statistics = voc_statistics(voc_sample, "val", objects=False)
    assert statistics.images == 7
    assert statistics.objects is None
    assert {count.objects for count in statistics.values()} == {None}
    assert sum(count.images for count in statistics.values()) >= 7


def test_the_numbers_by_hand(tmp_path):
    """Two aeroplanes touch, an object is partly mislabelled, and void is nobody's."""
    masks = {"a": [[1, 1, 255, 2, 2, 1, 0]], "b": [[0, 0, 0, 0, 0, 0, 255]]}
    numbers = {"a": [[1, 2, 255, 7, 7, 7, 0]], "b": [[0, 0, 0, 0, 0, 0, 255]]}
    statistics = voc_statistics(write_tree(tmp_path, masks, numbers), "val")
    assert statistics["aeroplane"] == ClassCount(images=1, objects=2)
    assert statistics["bicycle"] == ClassCount(images=1, objects=1)
    assert statistics["tvmonitor"] == (0, 0)
    assert (statistics.images, statistics.objects) == (2, 3)
    assert list(statistics) == list(VOC_CLASSES)


def test_names_choose_the_images_even_without_a_list(tmp_path):
    root = write_tree(tmp_path, {"a": [[1]], "b": [[2]]}, {"a": [[1]], "b": [[1]]})
    statistics = voc_statistics(root, "no such set", names=(name for name in ["b"]))
    assert (statistics.images, statistics["aeroplane"], statistics["bicycle"]) == (
        1,
        (0, 0),
        (1, 1),
    )


def test_damaged_masks_are_named(tmp_path):
    masks = {"strange": [[1, 21]], "sizes": [[1, 1]], "lost": [[0, 255, 1]], "pair": [[1, 1]]}
    numbers = {"strange": [[1, 1]], "sizes": [[1]], "lost": [[3, 3, 0]]}
    root = write_tree(tmp_path, masks, numbers)
    folder = voc_folder(root)
    with pytest.raises(ValueError) as raised:
        voc_statistics(root, "val", names=["strange"])
    assert str(raised.value) == (
        f"Expected labels 0..20 or 255, got 21 in {folder}/SegmentationClass/strange.png. "
        "Give the names of all classes of this tree as `classes`."
    )
    with pytest.raises(ValueError) as raised:
        voc_statistics(root, "val", names=["sizes"])
    assert str(raised.value) == (
        "Expected object and class masks of one size, got (1, 1) and (1, 2) for sizes. "
        "One of the two files is of another image."
    )
    with pytest.raises(ValueError) as raised:
        voc_statistics(root, "val", names=["lost"])
    assert str(raised.value) == (
        f"Expected every object of {folder}/SegmentationObject/lost.png to lie on a class, got "
        "object 3 on background and void alone. The masks are of different images, or damaged."
    )
    with pytest.raises(ValueError) as raised:
        voc_statistics(root, "val", names=["pair"])
    assert str(raised.value) == (
        f"Expected the object mask {folder}/SegmentationObject/pair.png, got no such file. "
        "Without it only images can be counted: pass objects=False, or `names` of images that "
        "have one."
    )
    with pytest.raises(FileNotFoundError, match=r"absent\.png"):
        voc_statistics(root, "val", names=["absent"])


def test_a_wrong_root_or_image_set_says_what_is_there(tmp_path):
    with pytest.raises(FileNotFoundError) as raised:
        voc_statistics(tmp_path, "val")
    assert str(raised.value) == (
        f"Expected root to hold VOCdevkit/VOC2012, got {tmp_path}. "
        "Give the folder that you would give torchvision's VOCSegmentation."
    )
    root = write_tree(tmp_path, {"a": [[1]]})
    with pytest.raises(FileNotFoundError, match=r"got .*test\.txt\. There: val\.$"):
        image_names(root, "test")
    (voc_folder(root) / "ImageSets/Segmentation/val.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"There: none\.$"):
        image_names(root, "test")


def test_the_table_is_the_lectures(shapes_tree):
    classes = ("disc", "square", "triangle", "star", "cross", "ring")
    sets = {s: voc_statistics(shapes_tree, s, classes) for s in ("train", "val", "trainval")}
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in statistics_table(sets).splitlines()
    ]
    assert rows[0][:4] == ["class", "train images", "train objects", "val images"]
    assert [row[0] for row in rows[2:]] == [*classes, "Total"]
    numbers = np.array([row[1:] for row in rows[2:]], dtype=int)
    assert (numbers[:, :2] + numbers[:, 2:4] == numbers[:, 4:]).all()
    assert numbers[-1, ::2].tolist() == [12, 8, 20]  # images, not the sum over classes
    assert (numbers[-1, 1::2] == numbers[:-1, 1::2].sum(axis=0)).all()


def test_the_table_reads_well_and_speaks_russian(tmp_path):
    root = write_tree(tmp_path, {"a": [[1, 2]]})
    statistics = voc_statistics(root, "val", ("aeroplane", "cat"), objects=False)
    assert statistics_table({"val": statistics}) == (
        "| class     | val images | val objects |\n"
        "| --------- | ---------: | ----------: |\n"
        "| aeroplane |          1 |           — |\n"
        "| cat       |          1 |           — |\n"
        "| Total     |          1 |           — |"
    )
    with i18n.speaking("ru"):
        assert isinstance(statistics_table({"val": statistics}), str)


def test_columns_of_different_classes_make_no_table(tmp_path):
    root = write_tree(tmp_path, {"a": [[1]]})
    one = voc_statistics(root, "val", ("cat",), objects=False)
    two = voc_statistics(root, "val", ("cat", "dog"), objects=False)
    with pytest.raises(ValueError, match=r"got \{'x': 1, 'y': 2\} classes"):
        statistics_table({"x": one, "y": two})
    with pytest.raises(ValueError, match=r"got \{\} classes"):
        statistics_table({})


def test_the_palette_begins_like_the_development_kits_and_void_is_cream():
    palette = voc_palette()
    expected = [(0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0), (0, 0, 128), (128, 0, 128)]
    expected += [(0, 128, 128), (128, 128, 128), (64, 0, 0), (192, 0, 0)]
    assert [tuple(colour) for colour in palette[:10].tolist()] == expected
    assert palette[20].tolist() == [0, 64, 128]  # tvmonitor
    assert palette[VOID].tolist() == [224, 224, 192]
    assert len({tuple(colour) for colour in palette.tolist()}) == 256
    assert (palette.shape, palette.dtype) == ((256, 3), np.uint8)


def test_the_palette_is_that_of_real_masks(voc_sample):
    path = voc_folder(voc_sample) / "SegmentationClass" / "2007_004189.png"
    with Image.open(path) as mask:
        colours, labels = np.array(mask.convert("RGB")), np.array(mask)
    assert (voc_palette()[labels] == colours).all()


def test_labels_are_read_as_torchvision_reads_them(voc_sample):
    data = VOCSegmentation(voc_sample, year="2012", image_set="val")
    for name, (_image, mask) in zip(image_names(voc_sample, "val"), data, strict=True):
        labels = read_labels(voc_folder(voc_sample) / "SegmentationClass" / f"{name}.png")
        assert (labels == np.array(mask)).all()
        assert labels.dtype == np.uint8
        assert set(labels.flat) <= {*range(21), VOID}


def test_a_mask_in_colours_is_refused(tmp_path):
    path = tmp_path / "mask.png"
    Image.new("RGB", (2, 2)).save(path)
    with pytest.raises(ValueError) as raised:
        read_labels(path)
    assert str(raised.value) == (
        f"Expected labels in mode P or L, got mode RGB in {path}. "
        "A mask saved in colours has lost its labels: save it with a palette."
    )
    Image.new("L", (2, 3), 7).save(path)
    assert read_labels(path).tolist() == [[7, 7]] * 3


def test_the_tree_may_be_given_as_a_string(shapes_tree, tmp_path):
    copy = shutil.copytree(shapes_tree, tmp_path / "copy")
    assert image_names(str(copy), "val") == image_names(shapes_tree, "val")
    assert len(VOC_CLASSES) == 20
    assert sorted(VOC_CLASSES) == list(VOC_CLASSES)


# --- Files that are not as they should be ---


def png_of(image, **options):
    held = io.BytesIO()
    image.save(held, "PNG", **options)
    return held.getvalue()


MASK = png_of(Image.fromarray(np.random.default_rng(0).integers(0, 21, (40, 50), np.uint8)))
DEEP = png_of(Image.fromarray(np.full((2, 2), 7, np.uint16)))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "ascii"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_list_saved_by_an_editor_of_windows_is_read(tmp_path, encoding, end):
    root = write_tree(tmp_path, {"2007_000032": [[1]], "b": [[2]]})
    path = voc_folder(root) / "ImageSets/Segmentation/val.txt"
    path.write_bytes(f"2007_000032{end}b{end}".encode(encoding))
    assert image_names(root, "val") == ["2007_000032", "b"]
    assert voc_statistics(root, "val", objects=False).images == 2


def test_a_list_in_no_encoding_is_named(tmp_path):
    root = write_tree(tmp_path, {"a": [[1]]})
    path = voc_folder(root) / "ImageSets/Segmentation/val.txt"
    path.write_bytes(b"2007_000032\n\xff\xff")
    with pytest.raises(ValueError) as raised:
        image_names(root, "val")
    assert str(raised.value) == (
        f"Expected image names in UTF-8, got other bytes in {path}. "
        "The list is damaged: unpack VOC's archive again."
    )


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(MASK[: len(MASK) // 2], id="cut"),
        pytest.param(MASK[:20], id="cut in its header"),
        pytest.param(b"", id="empty"),
        pytest.param(MASK[:60] + b"\0" * (len(MASK) - 60), id="a hole of zeros"),
        pytest.param(b"<!doctype html><title>404</title>", id="a page that says 404"),
        pytest.param(b"version https://git-lfs.github.com/spec/v1\n", id="a pointer"),
    ],
)
def test_a_damaged_mask_is_named_with_the_cure(tmp_path, data):
    root = write_tree(tmp_path, {"a": [[1]]})
    path = voc_folder(root) / "SegmentationClass" / "a.png"
    path.write_bytes(data)
    for read in (
        lambda: read_labels(path),
        lambda: voc_statistics(root, "val", objects=False),
    ):
        with pytest.raises(ValueError) as raised:
            read()
        assert str(raised.value).startswith(f"Expected a whole image, got {path}: ")
        assert str(raised.value).endswith("Download or unpack the file again.")


@pytest.mark.parametrize(
    ("data", "mode", "cure"),
    [
        pytest.param(DEEP, "I;16", "A pixel of it", id="16 bits"),
        pytest.param(png_of(Image.new("1", (2, 2))), "1", "A pixel of it", id="1 bit"),
        pytest.param(
            png_of(Image.new("LA", (2, 2))),
            "LA",
            "It has a transparent",
            id="grey with a layer",
        ),
        pytest.param(
            png_of(Image.new("RGBA", (2, 2))),
            "RGBA",
            "A mask saved in colours",
            id="colours with a layer",
        ),
    ],
)
def test_a_mask_of_another_kind_is_named_by_what_it_is(tmp_path, data, mode, cure):
    path = tmp_path / "mask.png"
    path.write_bytes(data)
    with pytest.raises(ValueError) as raised:
        read_labels(path)
    assert str(raised.value).startswith(
        f"Expected labels in mode P or L, got mode {mode} in {path}. {cure}"
    )


def test_a_folder_or_nothing_in_a_mask_s_place_is_the_system_s_own_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"absent\.png"):
        read_labels(tmp_path / "absent.png")
    with pytest.raises(IsADirectoryError):
        read_labels(tmp_path)
