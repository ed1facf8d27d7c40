"""The pieces of pictures that excite each filter most.

For every filter of a layer: the images where its strongest response is greatest,
and in each image the window of the one unit that responded, found in one pass.
Between batches only the best `count` of each filter are kept, so memory does not
grow with the data set.
Sources: Girshick et al. 2014, arXiv:1311.2524, section 3.1 (regions that a unit
scores highest); Zeiler & Fergus 2014, arXiv:1311.2901, fig. 2 (top nine patches).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm.auto import tqdm

from course_utils.reference.named_layers import activations, device_of, evaluating
from course_utils.reference.receptive_field import (
    Box,
    Geometry,
    receptive_field,
    unit_box,
)

__all__ = ["Patch", "cut_patches", "top_patches", "top_patches_of_layers"]

Pair = tuple[int, int]


@dataclass(frozen=True)
class Patch:
    """One filter's strongest response in one image, and the pixels that caused it.

    value: the response; image: number of the image, counted from 0 as they were seen;
    unit: (row, column) of the unit in the layer's map; image_size: (height, width);
    window: pixels of the unit inside the image; unclipped: the whole of its window.
    """

    value: float
    image: int
    unit: Pair
    image_size: Pair
    window: Box
    unclipped: Box

    @property
    def clipped(self) -> Box:
        """How many pixels of the window the border cut off: top, left, bottom, right."""
        pairs = zip(self.window, self.unclipped, strict=True)
        return Box(*(abs(inside - whole) for inside, whole in pairs))


def top_patches(
    model: nn.Module,
    batches: Iterable,
    layer: str,
    *,
    count: int = 9,
    above: float = 0.0,
    geometry: Geometry | None = None,
    autocast: torch.dtype | None = None,
    progress: bool = False,
) -> list[list[Patch]]:
    """For each filter of a layer, its `count` best patches, the strongest first.

    batches: images (N, C, H, W) as the model takes them, or tuples that begin with them,
    as a DataLoader yields; each batch may have its own H and W. Do not shuffle: an image
    is known by its place in the order.
    layer: a name out of `model.named_modules()` whose output is (N, filters, h, w).
    geometry: windows of its units; None: `receptive_field(model, layer)`.
    autocast: a half-precision dtype to compute the responses in; progress: show a bar.
    The model works in eval mode, on its own device, and is left as it was found.

    Rules. One patch an image: its largest response. Equal responses: the earlier image;
    in one image the first unit in reading order. A response counts if it is greater than
    `above`: 0 is what ReLU makes of "no"; before an activation that keeps negative values
    take -inf. A dead filter has no patches: nothing above `above`, or one and the same
    response at every unit of every image (if there was more than one). So a list may be
    shorter than `count`; there are no fillers in it.

    Raises ValueError for a count below 1, no images, images that are not a floating
    (N, C, H, W), an output without places, and NaN in it.
    """
    geometries = None if geometry is None else {layer: geometry}
    options = {"geometries": geometries, "autocast": autocast, "progress": progress}
    return top_patches_of_layers(model, batches, [layer], count=count, above=above, **options)[
        layer
    ]


def top_patches_of_layers(
    model: nn.Module,
    batches: Iterable,
    layers: Sequence[str],
    *,
    count: int = 9,
    above: float = 0.0,
    geometries: Mapping[str, Geometry] | None = None,
    autocast: torch.dtype | None = None,
    progress: bool = False,
) -> dict[str, list[list[Patch]]]:
    """`top_patches` of several layers in one pass: each image goes through the model once.

    layers: names, such as `load_pretrained(...).layers`. Returns layer -> its patches.
    geometries: layer -> windows of its units; None: `receptive_field(model, layer)`.
    The other arguments, rules and errors are those of `top_patches`.
    """
    if count < 1:
        raise ValueError(f"Expected a count of at least 1, got {count}.")
    if not layers or isinstance(layers, str):
        raise ValueError(f"Expected a list of names of layers, got {layers!r}.")
    if geometries is None:
        geometries = {layer: receptive_field(model, layer) for layer in layers}
    device, best = device_of(model), {layer: _Best(count) for layer in layers}
    shown = ", ".join(best)
    with evaluating(model), torch.no_grad():
        for batch in tqdm(batches, disable=not progress, desc=shown, leave=False):
            images = _images_of(batch).to(device)
            with torch.autocast(images.device.type, autocast, enabled=autocast is not None):
                maps = activations(model, layers, images)
            for layer in best:
                _require_places(maps[layer], layer)
                best[layer].add(maps[layer], tuple(images.shape[2:]))
    if not all(each.images_seen for each in best.values()):
        raise ValueError("Expected at least one image, got none. Is the loader used up?")
    return {
        layer: [
            [_patch(geometries[layer], *found) for found in responses if found[0] > above]
            for responses in each.of_each_filter()
        ]
        for layer, each in best.items()
    }


def cut_patches(
    dataset: Sequence, patches: Iterable[Patch], *, fill: float | None = None
) -> list[Tensor]:
    """The pixels of patches, each (C, height, width).

    dataset: `dataset[i]` is image i as it was seen by `top_patches`, (C, H, W), or a
    tuple that begins with it. fill: a value for the part outside the image, so that all
    patches get the size of the window; None: what the border cut off stays off.
    Raises ValueError for an image of another size than the one that was seen.
    """
    pieces = []
    for patch in patches:
        image = _first(dataset[patch.image])
        if tuple(image.shape[-2:]) != patch.image_size:
            raise ValueError(
                f"Expected image {patch.image} of {patch.image_size}, as it was seen, got "
                f"{tuple(image.shape[-2:])}. Give the data set with the same transforms, in "
                "the same order."
            )
        window, cut = patch.window, patch.clipped
        piece = image[..., window.top : window.bottom, window.left : window.right]
        if fill is not None:
            piece = F.pad(piece, (cut.left, cut.right, cut.top, cut.bottom), value=fill)
        pieces.append(piece)
    return pieces


class _Best:
    """The best responses so far, all of them (filters, at most count)."""

    def __init__(self, count: int) -> None:
        self.count, self.images_seen, self.units_seen = count, 0, 0
        self.columns: tuple[Tensor, ...] = ()  # value, image, unit's place, sizes
        self.low = self.high = torch.empty(0)  # (filters,): range of all responses

    def add(self, maps: Tensor, image_size: Pair) -> None:
        """Take in the maps (N, filters, h, w) of the next N images."""
        values, places = maps.flatten(2).max(dim=2)  # the first of equals, in reading order
        if values.isnan().any():
            number = self.images_seen + values.isnan().any(dim=1).nonzero()[0].item()
            raise ValueError(
                f"Expected numbers, got NaN in the maps of image {number}. Check the image "
                "and, under autocast, the range of its dtype."
            )
        numbers = torch.arange(len(maps), device=maps.device)[:, None] + self.images_seen
        sizes = torch.tensor((maps.shape[3], *image_size), device=maps.device)
        found = (values, numbers.expand_as(values), places, sizes.expand(*values.shape, 3))
        found = tuple(each.transpose(0, 1) for each in found)  # (filters, N)
        low, high = maps.amin(dim=(0, 2, 3)), values.amax(dim=0)
        if self.images_seen:
            found = [torch.cat(pair, dim=1) for pair in zip(self.columns, found, strict=True)]
            low, high = torch.minimum(low, self.low), torch.maximum(high, self.high)
        # Stable: of equal values the one seen earlier stays in front.
        order = found[0].sort(dim=1, descending=True, stable=True).indices[:, : self.count]
        rows = torch.arange(len(order), device=order.device)[:, None]
        self.columns = tuple(each[rows, order] for each in found)
        self.low, self.high = low, high
        self.images_seen += len(maps)
        self.units_seen += len(maps) * maps.shape[2] * maps.shape[3]

    def of_each_filter(self) -> Iterator[list[tuple]]:
        """For each filter (value, image, unit, image size), the best first; dead: nothing."""
        alive = (self.low < self.high).tolist()
        values, numbers, places, sizes = (each.tolist() for each in self.columns)
        for f, living in enumerate(alive):
            found = zip(values[f], numbers[f], places[f], sizes[f], strict=True)
            yield [
                (value, number, divmod(place, map_width), (height, width))
                for value, number, place, (map_width, height, width) in found
                if living or self.units_seen == 1
            ]


def _require_places(maps: Tensor, layer: str) -> None:
    if maps.ndim != 4:
        raise ValueError(
            f"Expected (N, filters, h, w) out of {layer!r}, got {tuple(maps.shape)}: its "
            "units have no place in the image. Name a convolution or a pooling."
        )


def _patch(geometry: Geometry, value: float, image: int, unit: Pair, size: Pair) -> Patch:
    boxes = unit_box(geometry, *unit, size)
    return Patch(value, image, unit, size, boxes.clipped, boxes.unclipped)


def _first(item) -> Tensor:
    return item[0] if isinstance(item, (tuple, list)) else item


def _images_of(batch) -> Tensor:
    images = _first(batch)
    fits = isinstance(images, Tensor) and images.ndim == 4 and images.is_floating_point()
    if not fits or not len(images):
        got = f"{tuple(images.shape)} {images.dtype}" if isinstance(images, Tensor) else images
        raise ValueError(
            f"Expected a batch of floating images (N, C, H, W), got {got!s:.200}. Scale bytes "
            "as the model was trained, and stack single images."
        )
    return images
