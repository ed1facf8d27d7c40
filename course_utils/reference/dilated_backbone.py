"""A classifier's strides turned into dilation: the same weights, a map several times finer.

A layer of stride s throws away all but every s-th of its answers. Let it keep them all (stride
1) and pull the taps of every later layer s times as far apart: each unit then computes what it
computed before, with units in between that the strided network never had. So

    dense[first + step * i] = strided[i],   step: how many times finer the dense map is

holds exactly, zero padding included ("à trous": the kernels have holes). A pooling may also be
left out, and only its dilation kept: that is another function of the same weights, which
Yu & Koltun found to work better once it is trained.
Sources: Chen et al. 2015, arXiv:1412.7062, section 3.1 (poolings kept, stride 1); Yu, Koltun
2016, arXiv:1511.07122, section 4 (poolings removed).
"""

import copy

import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F

from course_utils.reference.receptive_field import Geometry

__all__ = ["ToPixels", "dilated_copy", "matching_units"]

WAYS = ("kept", "removed")


def dilated_copy(model: nn.Module, *, stride: int = 8, poolings: str = "kept") -> nn.Module:
    """A copy of the model whose maps never get coarser than `stride` pixels a unit.

    model: a network that torch.fx can trace. Where its stride would grow beyond `stride`,
    convolutions and max poolings take stride 1, and what comes after them is dilated.
    Convolutions pad by their own padding times the dilation, so a map keeps its size.
    poolings: "kept", with stride 1: the dense network then equals the strided one where both
    have a unit, see `matching_units`. "removed": an identity stands in their place. A kept
    pooling pads with zeros, which a maximum over maps that went through a ReLU ignores.
    Weights are copied and keep their shapes; the names of layers stay.

    Exact at borders too where every halving meets an even size. What comes after a layer
    that needs one size (adaptive pooling, a dense layer) is left as it is, so ask for a map,
    not for the output. Raises ValueError for an average pooling or a convolution used twice
    where it would have to be dilated, for pooling by a function, and for an unknown way.
    """
    if poolings not in WAYS:
        raise ValueError(f'Expected poolings "kept" or "removed", got {poolings!r}.')
    model = copy.deepcopy(model)
    rates = _rates(model, stride)
    for name, (before, after) in rates.items():
        layer = model.get_submodule(name)
        if before == after == 1:
            continue
        if isinstance(layer, nn.Conv2d):
            _dilate(layer, before, layer.stride if before == after else (1, 1))
        elif isinstance(layer, nn.MaxPool2d):
            removed = poolings == "removed" and before != after
            parent, _, child = name.rpartition(".")
            new = nn.Identity() if removed else _dense_pooling(layer, before)
            setattr(model.get_submodule(parent), child, new)
        else:
            raise ValueError(
                f"Expected convolutions and max poolings beyond stride {stride}, got {name!r}, "
                f"{layer}, which can't be dilated."
            )
    return model


def matching_units(strided: Geometry, dense: Geometry) -> tuple[slice, slice]:
    """Where a dense map holds the units of the strided one: dense[..., rows, columns].

    Geometries of the same layer in both networks, as `receptive_field` gives them. A unit is
    found by its first pixel. Raises ValueError where the windows differ (removed poolings).

        >>> strided = Geometry(size=(8, 8), stride=(8, 8), edge=(0, 0))
        >>> dense = Geometry(size=(8, 8), stride=(2, 2), edge=(-2, -2))
        >>> matching_units(strided, dense)
        (slice(1, None, 4), slice(1, None, 4))
    """
    if strided.size != dense.size:
        raise ValueError(
            f"Expected windows of one size, got {strided.size} and {dense.size} pixels. "
            'Only poolings="kept" computes the same function.'
        )
    slices = []
    for coarse, fine, begin, start in zip(
        strided.stride, dense.stride, strided.edge, dense.edge, strict=True
    ):
        first, rest = divmod(begin - start, fine)
        if rest or first < 0 or coarse % fine:
            raise ValueError(
                f"Expected units of stride {coarse} from pixel {begin} on among those of "
                f"stride {fine} from {start} on: there are none."
            )
        slices.append(slice(first, None, coarse // fine))
    return tuple(slices)


class ToPixels(nn.Module):
    """Scores of a map (N, K, h, w) -> scores of the image's pixels (N, K, H, W), bilinear.

    Unit i stands over the middle of its window, pixel stride * i + edge + (size - 1) / 2;
    between two units a pixel gets their mixture, beyond the last one its copy. For units over
    [s * i, s * (i + 1)) that is interpolate(mode="bilinear", align_corners=False).
    geometry: of the units. size: (H, W) of the images.
    """

    def __init__(self, geometry: Geometry, size: tuple[int, int]):
        super().__init__()
        self.geometry, self.size = geometry, tuple(size)

    def forward(self, scores: Tensor) -> Tensor:
        rows, columns = (  # (H, h) and (W, w)
            _mixtures(scores.shape[axis - 2], self.size[axis], self.geometry, axis).to(scores)
            for axis in (0, 1)
        )
        return rows @ scores @ columns.T  # (H, h) @ (N, K, h, w) @ (w, W): (N, K, H, W)


def _mixtures(units: int, pixels: int, geometry: Geometry, axis: int) -> Tensor:
    """How much of each unit a pixel gets: (pixels, units), every row sums to 1."""
    middle = geometry.edge[axis] + (geometry.size[axis] - 1) / 2
    position = (torch.arange(pixels) - middle) / geometry.stride[axis]
    position = position.clamp(0, units - 1)
    return F.relu(1 - (position[:, None] - torch.arange(units)).abs())


def _rates(model: nn.Module, stride: int) -> dict[str, tuple[int, int]]:
    """Of each layer with a window: how far apart units that belong together lie, in and out."""
    graph = fx.Tracer().trace(model)
    modules = dict(model.named_modules())
    at: dict[fx.Node, tuple[int, int]] = {}  # node -> (stride of the original, rate)
    rates: dict[str, tuple[int, int]] = {}
    for node in graph.nodes:
        original, rate = max((at[each] for each in node.all_input_nodes), default=(1, 1))
        layer = modules.get(node.target) if node.op == "call_module" else None
        if node.target in (F.max_pool2d, F.avg_pool2d):
            raise ValueError(f"Expected poolings as layers, got {node.format_node()}.")
        if isinstance(layer, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d):
            step = _step(layer)
            after = rate * step if original * step > stride else rate
            if rates.setdefault(node.target, (rate, after)) != (rate, after):
                raise ValueError(
                    f"Expected a layer that runs once, or at one dilation: {node.target!r}."
                )
            original, rate = original * step, after
        at[node] = (original, rate)
    return rates


def _dilate(layer: nn.Conv2d, rate: int, stride: tuple[int, int]) -> None:
    if layer.padding_mode != "zeros" or isinstance(layer.padding, str):
        raise ValueError(f"Expected zero padding by a number of pixels, got {layer}.")
    layer.stride = stride
    layer.dilation = tuple(rate * d for d in layer.dilation)
    layer.padding = tuple(rate * p for p in layer.padding)


def _dense_pooling(layer: nn.MaxPool2d, rate: int) -> nn.Sequential:
    """The pooling at every unit, its taps `rate` apart; the map keeps its size."""
    kernel, dilation = (_number(value) for value in (layer.kernel_size, layer.dilation))
    lost = rate * dilation * (kernel - 1)
    before, after = lost // 2, lost - lost // 2
    return nn.Sequential(
        nn.ZeroPad2d((before, after, before, after)),
        nn.MaxPool2d(kernel, stride=1, dilation=rate * dilation),
    )


def _step(layer: nn.Module) -> int:
    return _number(layer.stride)


def _number(value: int | tuple[int, int]) -> int:
    """One number for rows and columns."""
    if isinstance(value, int):
        return value
    if value[0] != value[1]:
        raise ValueError(f"Expected equal numbers for rows and columns, got {value}.")
    return value[0]
