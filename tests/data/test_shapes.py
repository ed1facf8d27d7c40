"""Drawn scenes: masks, objects and boxes agree, and the class is in the outline or texture."""

import numpy as np
import pytest
from skimage.draw import polygon2mask
from skimage.measure import label as connected

from course_utils.data.outlines import OUTLINES, signed_distance
from course_utils.data.shapes import (
    OTHER_SHAPES,
    SHAPES,
    TEXTURED,
    Kind,
    draw_object,
    draw_scene,
)
from course_utils.data.textures import TEXTURES, texture
from course_utils.data.voc import VOID

SEEDS = range(12)


def scene(seed, *size, **options):
    return draw_scene(np.random.default_rng(seed), *size, **options)


def grid(step=0.02):
    y, x = np.mgrid[-1.3:1.3:step, -1.3:1.3:step]
    return x, y


@pytest.mark.parametrize("outline", OUTLINES)
def test_an_outline_fits_the_unit_circle_and_is_one_piece(outline):
    x, y = grid()
    distance = signed_distance(outline, x, y)
    inside = distance < 0
    assert connected(inside).max() == 1
    assert np.hypot(x, y)[inside].max() == pytest.approx(1, abs=0.045)
    assert 0.2 < inside.mean() * 2.6**2 <= np.pi


@pytest.mark.parametrize("outline", OUTLINES)
def test_a_signed_distance_is_nought_on_the_edge_and_never_steeper_than_one(outline):
    x, y = grid()
    distance = signed_distance(outline, x, y)
    for axis in (0, 1):
        assert abs(np.diff(distance, axis=axis)).max() <= 0.02 + 1e-9
    assert abs(distance).min() < 0.02


def test_polygons_cover_what_scikit_image_fills():
    x, y = grid(0.01)
    side = np.sqrt(0.5)
    corners = {
        "square": [(0, -1), (1, 0), (0, 1), (-1, 0)],
        "triangle": [(0, -1), (side * np.sqrt(1.5), 0.5), (-side * np.sqrt(1.5), 0.5)],
    }
    for outline, points in corners.items():
        pixels = [((py + 1.3) / 0.01, (px + 1.3) / 0.01) for px, py in points]
        filled = polygon2mask(x.shape, np.array(pixels))
        assert (filled != (signed_distance(outline, x, y) < 0)).mean() < 0.005


@pytest.mark.parametrize("name", TEXTURES)
def test_a_texture_stays_between_its_two_colours(name):
    y, x = np.mgrid[:60, :60] - 30.0
    mixture = texture(name, x, y, 8.0, np.random.default_rng(0))
    assert mixture.shape == (60, 60)
    assert mixture.min() >= 0
    assert mixture.max() <= 1
    if name != "plain":
        assert mixture.std() > 0.2
        assert 0.2 < mixture.mean() < 0.8


def test_unknown_names_list_the_known_ones():
    x, y = grid(0.5)
    with pytest.raises(ValueError, match=r"out of disc, square.*got 'blob'"):
        signed_distance("blob", x, y)
    with pytest.raises(ValueError, match=r"out of plain, stripes.*got 'fur'"):
        texture("fur", x, y, 4, np.random.default_rng(0))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("size", [(32, 40), (96, 128)])
def test_masks_objects_and_boxes_of_a_scene_agree(seed, size):
    drawn = scene(seed, *size)
    height, width = size
    assert drawn.image.shape == (height, width, 3)
    assert drawn.labels.shape == drawn.objects.shape == size
    assert {array.dtype for array in (drawn.image, drawn.labels, drawn.objects)} == {
        np.dtype(np.uint8)
    }
    assert ((drawn.labels == VOID) == (drawn.objects == VOID)).all()
    numbers = sorted(set(drawn.objects.flat) - {0, VOID})
    assert numbers == list(range(1, len(drawn.classes) + 1))  # none is hidden altogether
    assert drawn.boxes.shape == (len(numbers), 4)
    for number, label, box in zip(numbers, drawn.classes, drawn.boxes, strict=True):
        mine = drawn.objects == number
        assert set(drawn.labels[mine]) == {label}
        rows, columns = np.nonzero(mine)
        left, top, right, bottom = box
        assert 0 <= left <= columns.min() <= left + 9  # void eats the tip of a star
        assert 0 <= top <= rows.min() <= top + 9
        assert right - 9 <= columns.max() < right <= width
        assert bottom - 9 <= rows.max() < bottom <= height
        outermost = drawn.objects[top:bottom, left], drawn.objects[top:bottom, right - 1]
        outermost += drawn.objects[top, left:right], drawn.objects[bottom - 1, left:right]
        assert all(set(side) & {number, VOID} for side in outermost)  # none too wide


@pytest.mark.parametrize("seed", SEEDS)
def test_void_runs_between_any_two_objects_and_the_ground(seed):
    objects = scene(seed, max_objects=8).objects.astype(int)
    for here, there in ((objects[1:], objects[:-1]), (objects[:, 1:], objects[:, :-1])):
        touching = here != there
        assert ((here == VOID) | (there == VOID))[touching].all()
    assert 0 < (objects == VOID).mean() < 0.3


def test_scenes_hold_several_overlapping_objects_of_every_class():
    drawn = [scene(seed) for seed in range(60)]
    assert {len(one.classes) for one in drawn} == {1, 2, 3, 4, 5}
    assert {int(label) for one in drawn for label in one.classes} == {1, 2, 3, 4, 5, 6}
    crossing = 0
    for one in drawn:
        for i, box in enumerate(one.boxes):
            first = np.maximum(box[:2], one.boxes[:i, :2])
            last = np.minimum(box[2:], one.boxes[:i, 2:])
            crossing += (first < last).all(axis=1).sum()
    assert crossing > 20


def test_the_same_seed_draws_the_same_scene_and_another_another():
    first, again, other = scene(5), scene(5), scene(6)
    for field in ("image", "labels", "objects", "classes", "boxes"):
        assert np.array_equal(getattr(first, field), getattr(again, field))
    assert not np.array_equal(first.image, other.image)


def test_colour_alone_does_not_tell_the_class():
    """The mean colour of an object, by scikit-learn's best straight lines: near chance."""
    from sklearn.linear_model import LogisticRegression

    colours, labels = [], []
    for seed in range(120):
        one = scene(seed, 64, 64)
        for number, label in enumerate(one.classes, start=1):
            colours.append(one.image[one.objects == number].mean(axis=0) / 255)
            labels.append(label)
    half = len(labels) // 2
    model = LogisticRegression(max_iter=500).fit(colours[:half], labels[:half])
    assert model.score(colours[half:], labels[half:]) < 0.35  # chance is 1/6


def test_kinds_choose_the_task_and_families_share_no_outline():
    first = {outline for kind in SHAPES for outline in kind.outlines}
    second = {outline for kind in OTHER_SHAPES for outline in kind.outlines}
    assert not first & second
    assert {outline for kind in TEXTURED for outline in kind.outlines} == first
    assert [kind.textures for kind in TEXTURED] == [(name,) for name in TEXTURES]
    assert first | second == set(OUTLINES)
    only = (Kind("moon", ("moon",), ("plain",)),)
    assert set(scene(0, kinds=only).classes) == {1}


def test_a_plain_disc_is_round_and_the_box_measures_it():
    only = (Kind("disc", ("disc",), ("plain",)),)
    for seed in range(8):
        one = scene(seed, 128, 128, kinds=only, max_objects=1)
        left, top, right, bottom = one.boxes[0]
        if left > 0 and top > 0 and right < 128 and bottom < 128:
            assert abs((right - left) - (bottom - top)) <= 1
            radius = (right - left) / 2
            area = (one.objects == 1).sum()
            assert area == pytest.approx(np.pi * (radius - 1) ** 2, rel=0.12)


@pytest.mark.parametrize("kind", SHAPES + OTHER_SHAPES + TEXTURED, ids=lambda kind: kind.name)
def test_a_single_object_stands_out_from_its_ground(kind):
    """In most pictures the middle differs from the rim more than the rim from itself."""
    apart = 0
    for seed in range(10):
        image = draw_object(np.random.default_rng(seed), kind, 48).astype(float)
        assert image.shape == (48, 48, 3)
        rim = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
        distance = np.abs(image - np.median(rim, axis=0)).sum(axis=2)
        apart += np.percentile(distance, 95) > 60
    assert apart >= 7


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"height": 31}, "Expected at least 32 x 32 pixels, got 31 x 128."),
        ({"width": 16}, "Expected at least 32 x 32 pixels, got 128 x 16."),
        ({"kinds": ()}, "Expected 1..254 kinds, got 0."),
        ({"kinds": SHAPES * 43}, "Expected 1..254 kinds, got 258."),
        ({"max_objects": 0}, "Expected max_objects in 1..254, got 0."),
        ({"max_objects": 255}, "Expected max_objects in 1..254, got 255."),
    ],
)
def test_impossible_scenes_are_refused(options, told):
    with pytest.raises(ValueError) as raised:
        scene(0, **options)
    assert str(raised.value) == told


def test_a_picture_too_small_to_see_anything_is_refused():
    with pytest.raises(ValueError, match="size of at least 16 pixels, got 15"):
        draw_object(np.random.default_rng(0), SHAPES[0], 15)
    assert draw_object(np.random.default_rng(0), SHAPES[0], 16).shape == (16, 16, 3)
