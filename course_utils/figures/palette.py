"""One palette for every label map of the course, the void included.

Twenty-one classes (VOC's twenty and the background) differ in lightness, not only in hue, so
that a map printed in grey, or seen by a colour-blind reader, stays a map. The earlier a class
stands in the list, the further its lightness is from that of the classes before it: CIE L*
runs over 14..90 in steps of 3.8, and the first eight classes are at least 7 apart.
Void is white (L* = 100), outlined and hatched in the legend; no class is lighter than 90.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.patches import Patch

from course_utils.data.voc import VOID
from course_utils.figures.names import shown
from course_utils.i18n import _

__all__ = ["COLOURS", "VOID_COLOUR", "colorize", "legend_handles", "lightness", "text_colour"]

# fmt: off
COLOURS = (
    "#1b2430", "#f2e702", "#0073d7", "#ff9138", "#960072", "#00e5db", "#ff4f30",
    "#006f35", "#002aaf", "#eeaaff", "#0090c5", "#4aaf00", "#5f0019", "#cae501",
    "#8243de", "#ff73a6", "#00496f", "#00cae7", "#b20021", "#947a00", "#003c33",
)
# fmt: on
VOID_COLOUR = "#ffffff"


def colorize(labels: np.ndarray) -> np.ndarray:
    """The picture of a label map.

    labels: (H, W) integers, classes 0..20 or VOID. Returns (H, W, 3) uint8.
    Raises ValueError for any other label or shape.
    """
    labels = np.asarray(labels)
    if labels.ndim != 2:
        raise ValueError(f"Expected labels (H, W), got shape {labels.shape}.")
    wrong = labels[(labels != VOID) & ((labels < 0) | (labels >= len(COLOURS)))]
    if wrong.size:
        raise ValueError(f"Expected labels in 0..{len(COLOURS) - 1} or {VOID}, got {wrong[0]}.")
    table = np.zeros((256, 3), dtype=np.uint8)
    table[: len(COLOURS)] = [_rgb(colour) for colour in COLOURS]
    table[VOID] = _rgb(VOID_COLOUR)
    return table[labels]


def legend_handles(
    classes: Iterable[int], names: Sequence[str], *, void: bool = False
) -> list[Patch]:
    """Legend entries for these classes, in the reader's language; one more for the void."""
    handles = [
        Patch(facecolor=COLOURS[k], edgecolor="black", linewidth=0.6, label=shown(names[k]))
        for k in classes
    ]
    if void:
        handles.append(
            Patch(
                facecolor=VOID_COLOUR,
                edgecolor="black",
                linewidth=0.6,
                hatch="////",
                label=_("void, 255"),
            )
        )
    return handles


def lightness(colour: str) -> float:
    """CIE 1976 L* of an sRGB colour "#rrggbb", 0 (black) to 100 (white)."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (value / 255 for value in _rgb(colour))
    ]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    if luminance > (6 / 29) ** 3:
        return 116 * luminance ** (1 / 3) - 16
    return luminance * (29 / 3) ** 3


def text_colour(colour: str) -> str:
    """Black or white, whichever reads better on this colour."""
    return "black" if lightness(colour) > 55 else "white"


def _rgb(colour: str) -> tuple[int, int, int]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
