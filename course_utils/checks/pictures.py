"""A figure as the bytes of a small PNG."""

import io
import warnings
from collections.abc import Callable
from typing import Any

__all__ = ["png"]


def png(draw: Callable[..., Any], *what: Any) -> bytes | None:
    """The PNG of the figure that `draw(*what)` makes; None where it makes none."""
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a missing glyph must not reach the cell's stderr
        figure = draw(*what)
        if figure is None:
            return None
        figure.savefig(stream, format="png", dpi=80, bbox_inches="tight", pad_inches=0.05)
    return stream.getvalue()
