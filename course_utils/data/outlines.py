"""Outlines of the drawn objects as signed distances: negative inside, in units of the radius.

A distance gives all at once: the mask (below zero), an antialiased edge (a pixel's share that
is covered), a soft shadow (a wide edge), and the void border (close to zero).
Every outline fits the circle of radius 1 about the origin. Axes: x to the right, y down.
Source: Quilez, "2D distance functions", iquilezles.org/articles/distfunctions2d.
"""

from collections.abc import Callable

import numpy as np

__all__ = ["OUTLINES", "signed_distance"]

Array = np.ndarray


def signed_distance(outline: str, x: Array, y: Array) -> Array:
    """Distance of each point to an outline of `OUTLINES`, negative inside.

    x, y: float arrays of one shape, in units of the radius. Returns that shape.
    Raises ValueError for an unknown outline.
    """
    if outline not in OUTLINES:
        raise ValueError(f"Expected an outline out of {', '.join(OUTLINES)}, got {outline!r}.")
    return OUTLINES[outline](x, y)


def polygon(corners: Array) -> Callable[[Array, Array], Array]:
    """The signed distance to a polygon without crossings. corners: (P, 2), x and y."""

    def distance(x: Array, y: Array) -> Array:
        nearest = np.full(x.shape, np.inf)  # squared
        inside = np.zeros(x.shape, dtype=bool)
        for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            along_x, along_y = x1 - x0, y1 - y0
            from_x, from_y = x - x0, y - y0
            length = along_x**2 + along_y**2
            share = np.clip((from_x * along_x + from_y * along_y) / length, 0, 1)
            gap = (from_x - share * along_x) ** 2 + (from_y - share * along_y) ** 2
            np.minimum(nearest, gap, out=nearest)
            # A ray to the right crosses this side: inside turns to outside and back.
            if y0 != y1:
                crossed = (y0 > y) != (y1 > y)
                inside ^= crossed & (from_x < from_y * along_x / along_y)
        return np.where(inside, -1, 1) * np.sqrt(nearest)

    return distance


def _regular(corners: int) -> Array:
    return _around(np.ones(corners))


def _around(radii: Array) -> Array:
    """Corners at equal angles, the first one at the top."""
    angle = 2 * np.pi * np.arange(len(radii)) / len(radii)
    return np.stack([radii * np.sin(angle), -radii * np.cos(angle)], axis=1)


def _listed(corners: str) -> Array:
    """Corners as they are listed, "x y, x y", scaled to fit."""
    return _fitted(np.array([pair.split() for pair in corners.split(",")], dtype=float))


def _fitted(corners: Array) -> Array:
    """Scaled so that the farthest corner lies at distance 1."""
    return corners / np.hypot(*corners.T).max()


def _disc(x: Array, y: Array) -> Array:
    return np.hypot(x, y) - 1


def _ring(x: Array, y: Array) -> Array:
    return np.abs(np.hypot(x, y) - 0.74) - 0.26


def _moon(x: Array, y: Array) -> Array:
    return np.maximum(np.hypot(x, y) - 1, 0.78 - np.hypot(x - 0.5, y))


def _heart() -> Array:
    t = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return _fitted(np.stack([x, -y - 2.5], axis=1))


def _drop() -> Array:
    t = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    return np.stack([0.95 * np.sin(t) * np.sin(t / 2) ** 1.5, -np.cos(t)], axis=1)


_PLUS = _listed("-1 -3, 1 -3, 1 -1, 3 -1, 3 1, 1 1, 1 3, -1 3, -1 1, -3 1, -3 -1, -1 -1")
_ARROW = _listed("0 -10, 8 -1, 3 -1, 3 9, -3 9, -3 -1, -8 -1")
_BOLT = _listed("7 -18, -12 3, -1 3, -7 18, 12 -4, 1 -4")

OUTLINES: dict[str, Callable[[Array, Array], Array]] = {
    "disc": _disc,
    "square": polygon(_regular(4)),
    "triangle": polygon(_regular(3)),
    "star": polygon(_around(np.tile([1, 0.45], 5))),
    "cross": polygon(_PLUS),
    "ring": _ring,
    "heart": polygon(_heart()),
    "moon": _moon,
    "drop": polygon(_drop()),
    "hexagon": polygon(_regular(6)),
    "arrow": polygon(_ARROW),
    "bolt": polygon(_BOLT),
}
