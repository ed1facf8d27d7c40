"""Predictions made on purpose: the truth, spoilt in one known way.

A metric is understood by what moves it. Each function takes and returns a label map (H, W),
numpy, class 0 the background; none changes its argument.
"""

import numpy as np

from course_utils.data.voc import VOID

__all__ = [
    "brushed",
    "careless",
    "filled",
    "grown",
    "shifted",
    "swapped",
    "without_object",
]


def filled(labels: np.ndarray) -> np.ndarray:
    """The map without void: each void pixel takes the class of a nearest labelled one.

    A network answers with a class everywhere, so every prediction starts from here.
    Of equally near classes the smaller wins. Raises ValueError where all is void.
    """
    result = np.array(labels)
    if (result == VOID).all():
        raise ValueError(f"Expected a labelled pixel, got {VOID} (void) everywhere.")
    while (void := result == VOID).any():
        around = np.pad(result, 1, constant_values=VOID)
        sides = (around[:-2, 1:-1], around[2:, 1:-1], around[1:-1, :-2], around[1:-1, 2:])
        result = np.where(void, np.minimum.reduce(sides), result)
    return result


def shifted(labels: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Moved down by `rows` and right by `columns` pixels; what comes in is background."""
    result = np.zeros_like(labels)
    height, width = labels.shape
    source = labels[
        max(0, -rows) : max(0, height - max(0, rows)),
        max(0, -columns) : max(0, width - max(0, columns)),
    ]
    top, left = max(0, rows), max(0, columns)
    result[top : top + source.shape[0], left : left + source.shape[1]] = source
    return result


def grown(labels: np.ndarray, pixels: int) -> np.ndarray:
    """Every object wider by `pixels` on each side; narrower where `pixels` is negative.

    The neighbourhood is a disc. Growing objects take background only; where two meet, the
    larger label wins.
    """
    result = np.array(labels)
    for rows, columns in _disc(abs(pixels)):
        moved = shifted(labels, rows, columns)
        if pixels > 0:
            result = np.where(labels == 0, np.maximum(result, moved), labels)
        else:
            inside = _stays_inside(labels.shape, rows, columns)
            result = np.where(inside & (moved == 0), 0, result)
    return result


def without_object(labels: np.ndarray, objects: np.ndarray, number: int) -> np.ndarray:
    """One object overlooked: its pixels become background."""
    return np.where(objects == number, 0, labels).astype(labels.dtype)


def swapped(labels: np.ndarray, class_index: int, taken_for: int) -> np.ndarray:
    """All pixels of one class taken for another."""
    return np.where(labels == class_index, taken_for, labels).astype(labels.dtype)


def brushed(
    labels: np.ndarray, row: int, column: int, radius: int, class_index: int
) -> np.ndarray:
    """A disc of one class painted over the map."""
    rows, columns = np.ogrid[: labels.shape[0], : labels.shape[1]]
    disc = (rows - row) ** 2 + (columns - column) ** 2 <= radius**2
    return np.where(disc & (radius > 0), class_index, labels).astype(labels.dtype)


def careless(
    labels: np.ndarray, objects: np.ndarray, num_classes: int, generator: np.random.Generator
) -> np.ndarray:
    """An answer with the mistakes that networks make.

    Objects are lost (one in eight) or taken for another class (one in six), borders misplaced
    by up to two pixels, the whole map by up to one. Returns (H, W) without void.
    """
    result = filled(labels)
    whole = filled(objects)
    for number in np.unique(whole[whole > 0]):
        fate = generator.random()
        if fate < 1 / 8:
            result[whole == number] = 0
        elif fate < 1 / 8 + 1 / 6:
            result[whole == number] = generator.integers(1, num_classes)
    result = grown(result, int(generator.integers(-1, 3)))
    return shifted(result, *generator.integers(-1, 2, size=2).tolist())


def _disc(radius: int) -> list[tuple[int, int]]:
    steps = range(-radius, radius + 1)
    return [(i, j) for i in steps for j in steps if i * i + j * j <= radius * radius]


def _stays_inside(shape: tuple[int, int], rows: int, columns: int) -> np.ndarray:
    """Pixels whose neighbour at this offset lies in the picture: beyond it nothing erodes."""
    return shifted(np.ones(shape, dtype=np.uint8), rows, columns) == 1
