"""Drawn scenes with labels: several textured objects, overlapping, on a cluttered ground.

What an object is of is told by its outline or by its texture, never by its colour: colours,
light, size and turn are random. So one drawing program gives tasks that are near to each
other (other outlines) and far from each other (textures instead of outlines).
"""

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from course_utils.data.outlines import signed_distance
from course_utils.data.textures import TEXTURES, texture
from course_utils.data.voc import VOID

__all__ = ["OTHER_SHAPES", "SHAPES", "TEXTURED", "Kind", "Scene", "draw_object", "draw_scene"]

BORDER = 1.0  # void reaches so many pixels to each side of an edge
_SHOWN = 0.5  # so much of every object stays in sight,
_LEAST = 9  # and so many pixels of it with a label


@dataclass(frozen=True)
class Kind:
    """A class of objects. outlines, textures: what its objects may have, at equal odds."""

    name: str
    outlines: tuple[str, ...]
    textures: tuple[str, ...]


_FIRST = ("disc", "square", "triangle", "star", "cross", "ring")
_SECOND = ("heart", "moon", "drop", "hexagon", "arrow", "bolt")
_ALL_TEXTURES = tuple(TEXTURES)

SHAPES = tuple(Kind(name, (name,), _ALL_TEXTURES) for name in _FIRST)
OTHER_SHAPES = tuple(Kind(name, (name,), _ALL_TEXTURES) for name in _SECOND)  # a near task
TEXTURED = tuple(Kind(name, _FIRST, (name,)) for name in TEXTURES)  # a far task


@dataclass(frozen=True)
class Scene:
    """A picture with everything that is known about it.

    image: (H, W, 3) uint8.
    labels: (H, W) uint8: 0 background, k + 1 for kinds[k], VOID along every edge.
    objects: (H, W) uint8: 0 background, 1..n the object, VOID along every edge.
    classes: (n,) uint8, the label of each object; 1..n in the order of drawing, back to front.
    boxes: (n, 4) int64: left, top, right, bottom of what is in sight of an object; its pixels
        are those with left <= x < right and top <= y < bottom.
    """

    image: np.ndarray
    labels: np.ndarray
    objects: np.ndarray
    classes: np.ndarray
    boxes: np.ndarray


def draw_scene(
    generator: np.random.Generator,
    height: int = 128,
    width: int = 128,
    *,
    kinds: Sequence[Kind] = SHAPES,
    max_objects: int = 5,
    clutter: float = 1.0,
) -> Scene:
    """Draw a scene of 1..max_objects objects. The same generator state, the same scene.

    kinds: the classes; labels count from 1 in their order.
    clutter: how busy the ground is: 0 is a smooth one, 1 has lines, blots and texture.
    At least half of every object stays in sight of those before it, so a crowded scene may
    have fewer objects than were drawn by lot.
    Raises ValueError for a scene below 32 pixels, no kinds or too many objects.
    """
    _require(kinds, max_objects)
    if min(height, width) < 32:
        raise ValueError(f"Expected at least 32 x 32 pixels, got {height} x {width}.")
    canvas = _Canvas(generator, height, width, clutter)
    shorter = min(height, width)
    for _ in range(generator.integers(1, max_objects + 1)):
        for _ in range(10):  # places to try
            label = int(generator.integers(len(kinds))) + 1
            radius = max(shorter * generator.uniform(0.11, 0.25), 6.0)
            centre = generator.uniform(0.6 * radius, np.array([width, height]) - 0.6 * radius)
            if canvas.paint(kinds[label - 1], label, centre, radius):
                break  # else it would hide too much, or be hardly there
    return canvas.scene()


def draw_object(
    generator: np.random.Generator, kind: Kind, size: int = 64, *, clutter: float = 1.0
) -> np.ndarray:
    """Draw one object of a kind, near the middle and whole: a picture to classify.

    Returns (size, size, 3) uint8. Raises ValueError for a size below 16.
    """
    if size < 16:
        raise ValueError(f"Expected a size of at least 16 pixels, got {size}.")
    canvas = _Canvas(generator, size, size, clutter)
    radius = size * generator.uniform(0.24, 0.4)
    centre = size / 2 + generator.uniform(-1, 1, 2) * (size / 2 - radius)
    canvas.paint(kind, 1, centre, radius, anyhow=True)
    return canvas.picture()


class _Canvas:
    """A picture being painted, back to front, with the owner of each pixel."""

    def __init__(self, generator, height: int, width: int, clutter: float):
        self.generator = generator
        self.pixels = _ground(generator, height, width, clutter)
        self.owner = np.zeros((height, width), dtype=np.uint8)
        self.edge = np.zeros((height, width), dtype=bool)
        self.classes: list[int] = []
        self.whole: list[int] = []  # labelled pixels of each object, hidden ones too

    def paint(self, kind: Kind, label: int, centre, radius: float, anyhow=False) -> bool:
        """Paint an object over what is there; False, and nothing, where it would hide much."""
        generator = self.generator
        outline = kind.outlines[generator.integers(len(kind.outlines))]
        window, x, y = self._window(centre, radius + 6)
        turn = generator.uniform(0, 2 * np.pi)
        turned_x = x * np.cos(turn) + y * np.sin(turn)
        turned_y = y * np.cos(turn) - x * np.sin(turn)
        distance = signed_distance(outline, turned_x / radius, turned_y / radius) * radius
        if not (anyhow or self._leaves_enough(window, distance)):
            return False

        below = np.pad(distance, ((2, 0), (2, 0)), mode="edge")[:-2, :-2]  # the shadow falls
        self.pixels[window] *= 1 - 0.35 * np.clip(0.7 - below / 6, 0, 1)[..., None]
        colour = self._colours(kind, turned_x, turned_y, radius)
        colour *= 1 - 0.12 * (x + y)[..., None] / radius  # lit from the upper left
        covered = np.clip(0.5 - distance, 0, 1)[..., None]
        self.pixels[window] += covered * (colour - self.pixels[window])

        self.classes.append(label)
        self.whole.append(int((distance < -BORDER).sum()))
        self.owner[window][distance < 0] = len(self.classes)
        self.edge[window][distance < 0] = False
        self.edge[window][np.abs(distance) < BORDER] = True
        return True

    def picture(self) -> np.ndarray:
        """The picture under uneven light and with a camera's noise, (H, W, 3) uint8."""
        generator = self.generator
        light = _slope(generator, *self.owner.shape) * generator.uniform(0, 0.25)
        light += generator.uniform(0.85, 1.1)
        pixels = self.pixels * light.astype(np.float32)[..., None]
        noise = generator.standard_normal(pixels.shape, dtype=np.float32)
        pixels += np.float32(generator.uniform(0.005, 0.03)) * noise
        return (255 * np.clip(pixels, 0, 1) + 0.5).astype(np.uint8)

    def scene(self) -> Scene:
        classes = np.array(self.classes, dtype=np.uint8)
        labels = np.concatenate([[np.uint8(0)], classes])[self.owner]
        boxes = [_box(self.owner == n) for n in range(1, len(classes) + 1)]
        return Scene(
            image=self.picture(),
            labels=np.where(self.edge, np.uint8(VOID), labels),
            objects=np.where(self.edge, np.uint8(VOID), self.owner),
            classes=classes,
            boxes=np.array(boxes, dtype=np.int64).reshape(-1, 4),
        )

    def _window(self, centre, reach: float):
        """The part of the picture about a point, and x, y of its pixels from the point."""
        height, width = self.owner.shape
        left, top = np.maximum(np.floor(centre - reach), 0).astype(int)
        right = min(int(np.ceil(centre[0] + reach)), width)
        bottom = min(int(np.ceil(centre[1] + reach)), height)
        y, x = np.mgrid[top:bottom, left:right] + 0.5  # the middles of the pixels
        return np.s_[top:bottom, left:right], x - centre[0], y - centre[1]

    def _leaves_enough(self, window, distance) -> bool:
        """Whether the new object and all those behind it would show enough of themselves."""
        if (distance < -BORDER).sum() < _LEAST:
            return False
        for number, whole in enumerate(self.whole, start=1):
            seen = (self.owner == number) & ~self.edge
            left = seen.sum() - (seen[window] & (distance < BORDER)).sum()
            if left < max(_SHOWN * whole, _LEAST):
                return False
        return True

    def _colours(self, kind: Kind, x, y, radius: float) -> np.ndarray:
        generator = self.generator
        name = kind.textures[generator.integers(len(kind.textures))]
        period = radius * generator.uniform(0.32, 0.5)
        mixture = texture(name, x, y, max(period, 4.0), generator)[..., None]
        hue = generator.random()
        bright = _rgb(hue, generator.uniform(0.35, 0.75), generator.uniform(0.85, 1.0))
        other = hue + generator.choice([0.0, 0.08, 0.5]) + generator.uniform(-0.04, 0.04)
        dark = _rgb(other, generator.uniform(0.5, 0.85), generator.uniform(0.3, 0.5))
        if generator.random() < 0.5:
            bright, dark = dark, bright
        return bright + mixture * (dark - bright)


def _ground(generator, height: int, width: int, clutter: float) -> np.ndarray:
    """Two muted colours running into each other, and clutter of no class. Floats in 0..1."""
    hue, value = generator.random(), generator.uniform(0.45, 0.85)
    first = _rgb(hue, generator.uniform(0.08, 0.35), value)
    second = _rgb(hue + generator.uniform(-0.2, 0.2), 0.3, value + generator.uniform(-0.2, 0.1))
    clouds = _clouds(generator, height, width, cells=4)[..., None]
    pixels = (first + clouds * (second - first)).astype(np.float32)
    if clutter:
        y, x = np.mgrid[:height, :width] + 0.5
        turn = generator.uniform(0, np.pi)
        x, y = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
        name = _ALL_TEXTURES[generator.integers(len(_ALL_TEXTURES))]
        pattern = texture(name, x, y, generator.uniform(4, 16), generator)
        where = np.clip(3 * _clouds(generator, height, width, cells=3) - 1.5, 0, 1)
        strength = clutter * generator.uniform(0, 0.3)
        pixels *= (1 - strength * pattern * where)[..., None]
        for _ in range(generator.integers(2, 7)):  # scratches: straight, thin and open
            angle, offset = generator.uniform(0, np.pi), generator.uniform(-0.5, 1) * width
            across = np.abs(x * np.cos(angle) + y * np.sin(angle) - offset)
            near = across < 2
            line = np.clip(generator.uniform(0.5, 2) - across[near], 0, 1)[..., None]
            shade = generator.uniform(0.2, 1.0, 3)
            strength = clutter * generator.uniform(0.1, 0.6)
            pixels[near] += strength * line * (shade - pixels[near])
    return pixels


def _clouds(generator, height: int, width: int, cells: int) -> np.ndarray:
    """Smooth noise in 0..1, (H, W)."""
    small = Image.fromarray(generator.random((cells, cells), dtype=np.float32))
    return np.clip(np.asarray(small.resize((width, height), Image.Resampling.BICUBIC)), 0, 1)


def _slope(generator, height: int, width: int) -> np.ndarray:
    """A plane through 0 in the middle, -1..1 at most, (H, W)."""
    angle = generator.uniform(0, 2 * np.pi)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return (x * np.cos(angle) + y * np.sin(angle)) / np.sqrt(2)


def _rgb(hue: float, saturation: float, value: float) -> np.ndarray:
    return np.array(colorsys.hsv_to_rgb(hue % 1, saturation, min(value, 1.0)))


def _box(mask: np.ndarray) -> tuple[int, int, int, int]:
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


def _require(kinds: Sequence[Kind], max_objects: int) -> None:
    if not 1 <= len(kinds) < VOID:
        raise ValueError(f"Expected 1..{VOID - 1} kinds, got {len(kinds)}.")
    if not 1 <= max_objects < VOID:
        raise ValueError(f"Expected max_objects in 1..{VOID - 1}, got {max_objects}.")
