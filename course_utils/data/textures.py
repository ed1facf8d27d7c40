"""Textures of the drawn objects: how far each point is from one colour to the other.

A texture maps points in pixels to 0..1; period is the size in pixels of what repeats.
"""

import numpy as np

__all__ = ["TEXTURES", "texture"]

Array = np.ndarray
Generator = np.random.Generator


def texture(name: str, x: Array, y: Array, period: float, generator: Generator) -> Array:
    """The texture's mixture of two colours at each point, in 0..1.

    x, y: arrays of one shape, in pixels. Only "grain" draws from the generator.
    Raises ValueError for an unknown texture.
    """
    if name not in TEXTURES:
        raise ValueError(f"Expected a texture out of {', '.join(TEXTURES)}, got {name!r}.")
    return TEXTURES[name](x, y, period, generator)


def _wave(phase: Array, period: float) -> Array:
    """A square wave with edges about a pixel wide; phase in pixels."""
    return np.clip(0.5 + np.sin(2 * np.pi * phase / period) * period / 4, 0, 1)


def _plain(x: Array, y: Array, period: float, generator: Generator) -> Array:
    return np.zeros(x.shape)


def _stripes(x: Array, y: Array, period: float, generator: Generator) -> Array:
    return _wave(x, period)


def _checks(x: Array, y: Array, period: float, generator: Generator) -> Array:
    across, down = _wave(x, 1.4 * period), _wave(y, 1.4 * period)
    return across + down - 2 * across * down  # one of the two, not both


def _dots(x: Array, y: Array, period: float, generator: Generator) -> Array:
    pitch = 1.2 * period
    odd = np.round(y / pitch) % 2  # every other row is shifted by half a step
    column = x / pitch + odd / 2
    beside, above = column - np.round(column), y / pitch - np.round(y / pitch)
    return np.clip(0.5 + 0.32 * pitch - np.hypot(beside, above) * pitch, 0, 1)


def _ripples(x: Array, y: Array, period: float, generator: Generator) -> Array:
    return _wave(np.hypot(x, y), period)


def _grain(x: Array, y: Array, period: float, generator: Generator) -> Array:
    """Blots: random values on a grid, interpolated, with their contrast raised."""
    step = 0.4 * period
    column, row = x / step, y / step
    column, row = column - column.min(), row - row.min()
    left, top = np.floor(column).astype(int), np.floor(row).astype(int)
    grid = generator.random((top.max() + 2, left.max() + 2))
    right_share, low_share = column - left, row - top
    upper = grid[top, left] * (1 - right_share) + grid[top, left + 1] * right_share
    lower = grid[top + 1, left] * (1 - right_share) + grid[top + 1, left + 1] * right_share
    mixed = upper * (1 - low_share) + lower * low_share
    return np.clip(0.5 + 3 * (mixed - 0.5), 0, 1)


TEXTURES = {
    "plain": _plain,
    "stripes": _stripes,
    "checks": _checks,
    "dots": _dots,
    "ripples": _ripples,
    "grain": _grain,
}
