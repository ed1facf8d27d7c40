"""Sheets of small images: filters, patches, the same image covered in two ways.

Every sheet is one picture in the `ax` that it is given and returns. Images are (3, H, W) floats
in [0, 1].
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from PIL import Image
from torch import Tensor

from course_utils.i18n import _
from course_utils.reference.patches import Patch, cut_patches

__all__ = ["covered_sheet", "filter_sheet", "layer_sheet", "mean_patch_sheet"]

PAPER = 0.88  # light grey: what lies outside the image


def filter_sheet(ax: Axes, filters: Tensor, columns: int = 8) -> Axes:
    """Filters of the first layer as images: zero is grey, the largest weight black or white.

    filters: (F, 3, h, w) weights.
    """
    images = 0.5 + filters / (2 * filters.abs().amax(dim=(1, 2, 3), keepdim=True))
    title = _("Filters of the first layer")
    return mosaic(ax, images.clamp(0, 1).split(columns), title=title, cell=32)


def mean_patch_sheet(ax: Axes, patches: Tensor, columns: int = 8) -> Axes:
    """The mean of each filter's best patches. patches: (F, 3, h, w) in [0, 1]."""
    title = _("Each one's best patches, averaged")
    return mosaic(ax, patches.split(columns), title=title, cell=32)


def layer_sheet(
    ax: Axes,
    images: Tensor,
    found: Sequence[Sequence[Patch]],
    layer: int,
    *,
    filters: int = 4,
    count: int = 4,
) -> Axes:
    """The best patches of some filters of a layer, a filter a row, the strongest on the left.

    found: the patches of each filter. The filters are spread evenly over the layer, not chosen
    by what they look like. Grey is what lies outside the image.
    """
    chosen = np.linspace(0, len(found) - 1, filters + 2).round().astype(int)[1:-1]
    rows = [cut_patches(images, found[f][:count], fill=PAPER) for f in chosen]
    labels = [str(f + 1) for f in chosen]
    title = _("Layer {number}").format(number=layer)
    return mosaic(ax, rows, title=title, row_labels=labels, cell=36)


def covered_sheet(ax: Axes, images: Sequence) -> Axes:
    """One image three times: whole, all but the window covered, the window covered."""
    labels = [
        _("the image"),
        _("all but the window covered"),
        _("the window covered"),
    ]
    title = _("Where the filter responds, and what was covered")
    return mosaic(ax, [images], title=title, column_labels=labels, cell=96, levels=24)


def coarse(image, levels: int = 12) -> np.ndarray:
    """The image with its values rounded to multiples of 1 / levels.

    Noise is dear in a file, and the eye hardly misses it: a sheet takes half the bytes.
    """
    return (np.asarray(image) * levels).round() / levels


def mosaic(
    ax: Axes,
    rows: Sequence[Sequence],
    *,
    title: str,
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
    cell: int = 48,
    levels: int = 12,
) -> Axes:
    """Images in a grid, each scaled into a square cell; rows may be short.

    rows: of images (3, H, W) in [0, 1]. cell: pixels of a cell in the picture
    that is stored; levels: as for `coarse`.
    """
    columns, gap = max(len(row) for row in rows), 4
    step = cell + gap
    sheet = np.full((step * len(rows) - gap, step * columns - gap, 3), 255, dtype=np.uint8)
    for i, row in enumerate(rows):
        for j, image in enumerate(row):
            piece = _square(coarse(image, levels), cell)
            sheet[i * step : i * step + cell, j * step : j * step + cell] = piece
    ax.imshow(sheet, interpolation="nearest")
    ax.set_axis_off()
    for i, label in enumerate(row_labels):
        ax.text(-gap, i * step + cell / 2, label, ha="right", va="center", fontsize=7)
    for j, label in enumerate(column_labels):
        ax.text(j * step + cell / 2, -gap, label, ha="center", va="bottom", fontsize=7)
    ax.set_title(title, fontsize=9, pad=17 if column_labels else 6)
    return ax


def _square(image: np.ndarray, cell: int) -> np.ndarray:
    """(3, H, W) in [0, 1] -> (cell, cell, 3) bytes; its longer side fills the cell."""
    if image.min() < 0 or image.max() > 1:
        raise ValueError(
            f"Expected an image in [0, 1], got {image.min():.3g}..{image.max():.3g}."
        )
    height, width = image.shape[1:]
    scale = cell / max(height, width)
    method = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.BOX
    picture = Image.fromarray((255 * image.transpose(1, 2, 0)).round().astype(np.uint8))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    piece = np.full((cell, cell, 3), round(255 * PAPER), dtype=np.uint8)
    piece[: size[1], : size[0]] = np.asarray(picture.resize(size, method))
    return piece
