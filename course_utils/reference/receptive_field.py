"""Which pixels a unit of a convolutional network sees.

Unit i of a layer covers the pixels [stride * i + edge, stride * i + edge + size).
One convolution or pooling has size = dilation * (kernel - 1) + 1 and
edge = -padding, in units of the map below it. Two layers on one another:

    size   = size_1 + (size_2 - 1) * stride_1
    edge   = edge_1 + edge_2 * stride_1
    stride = stride_1 * stride_2

Rows and columns are counted apart. Where branches meet (concatenation, sum) the
unit covers the hull of their windows. A window may reach past the image: there
the unit sees padding, or nothing (`ceil_mode`). A dilated layer has holes inside
its window, and the middle weighs more than the rim (Luo et al. 2016).
Sources: Araujo, Norris, Sim 2019, "Computing Receptive Fields of Convolutional
Neural Networks", distill.pub, eq. 2 and 4-6; Luo et al. 2016, arXiv:1701.04128.
"""

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import fx, nn
from torch.nn import functional as F

__all__ = ["Box", "Geometry", "UnitBox", "receptive_field", "receptive_fields", "unit_box"]

Pair = tuple[int, int]  # (rows, columns)


@dataclass(frozen=True)
class Geometry:
    """Windows of a layer's units in pixels, each field (rows, columns).

    size: extent of a window; stride: step from one unit's window to the next;
    edge: first pixel of unit 0's window, negative where it starts in the padding.
    """

    size: Pair
    stride: Pair
    edge: Pair

    def then(self, layer: "Geometry") -> "Geometry":
        """Geometry of `layer`, measured in units of this one, on top of this one."""
        return Geometry(
            size=_each(lambda a, b, s: a + (b - 1) * s, self.size, layer.size, self.stride),
            stride=_each(operator.mul, self.stride, layer.stride),
            edge=_each(lambda a, b, s: a + b * s, self.edge, layer.edge, self.stride),
        )

    def beside(self, branch: "Geometry") -> "Geometry":
        """Hull of two branches that meet, unit by unit.

        Raises ValueError where their strides differ: such maps drift apart.
        """
        if self.stride != branch.stride:
            raise ValueError(
                f"Expected branches of one stride, got {self.stride} and {branch.stride}. "
                "Ask for a layer before they meet."
            )
        edge = _each(min, self.edge, branch.edge)
        ends = (_each(operator.add, each.edge, each.size) for each in (self, branch))
        end = _each(max, *ends)
        return Geometry(_each(operator.sub, end, edge), self.stride, edge)


PIXELS = Geometry(size=(1, 1), stride=(1, 1), edge=(0, 0))  # the image itself


class Box(NamedTuple):
    """Pixels [top, bottom) x [left, right), as a slice of an image takes them."""

    top: int
    left: int
    bottom: int
    right: int


class UnitBox(NamedTuple):
    """Window of one unit: the part inside the image, and the whole of it."""

    clipped: Box
    unclipped: Box


def unit_box(geometry: Geometry, i: int, j: int, image_size: Pair) -> UnitBox:
    """Pixels that the unit in row i, column j sees in an image of (height, width).

    Raises ValueError for a negative index and for a window that lies wholly
    outside the image (no such unit, or a padding wider than its kernel).

        >>> first = Geometry(size=(11, 11), stride=(4, 4), edge=(-2, -2))  # AlexNet's first
        >>> unit_box(first, 0, 1, (224, 224)).clipped
        Box(top=0, left=2, bottom=9, right=13)
    """
    if i < 0 or j < 0:
        raise ValueError(f"Expected a unit (i, j) from (0, 0) on, got ({i}, {j}).")
    top, left = _each(lambda s, n, e: s * n + e, geometry.stride, (i, j), geometry.edge)
    bottom, right = top + geometry.size[0], left + geometry.size[1]
    height, width = image_size
    clipped = Box(max(top, 0), max(left, 0), min(bottom, height), min(right, width))
    if clipped.top >= clipped.bottom or clipped.left >= clipped.right:
        raise ValueError(
            f"Expected unit ({i}, {j}) to see some of the {height} x {width} image, but its "
            f"window is rows [{top}, {bottom}), columns [{left}, {right}). Check the unit's "
            "index, the size as (height, width), and the layer."
        )
    return UnitBox(clipped, Box(top, left, bottom, right))


def receptive_field(
    model: nn.Module | Iterable[nn.Module], layer: str | None = None
) -> Geometry:
    """Geometry of a layer's units.

    model: a network, or its layers in the order in which they run.
    layer: a name out of `model.named_modules()`, "features.3" say; None: the output.
    What runs after the layer does not matter; a layer that runs twice counts the
    first time. Geometry is that of eval mode (in train mode BatchNorm sees the batch).

    Raises ValueError for a layer that is not there or does not run; for one whose
    windows differ from unit to unit (transposed convolution, upsampling) or grow
    with the image (linear, adaptive pooling, GroupNorm); and for a forward that
    `torch.fx` cannot trace because it looks at its input's values or size: give
    such a network as the list of its layers.

        >>> receptive_field([nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.MaxPool2d(3, 2)])
        Geometry(size=(19, 19), stride=(8, 8), edge=(-2, -2))
    """
    fields = receptive_fields(model, layer)
    return list(fields.values())[-1] if fields else PIXELS


def receptive_fields(
    model: nn.Module | Iterable[nn.Module], layer: str | None = None
) -> dict[str, Geometry]:
    """Geometry after each layer, by its name, in the order in which they finish.

    Arguments and errors of `receptive_field`; the last entry is its answer. Layers
    given as a list are named "0", "1", ...; the output of a network is named "".

        >>> fields = receptive_fields([nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3)])
        >>> [field.size for field in fields.values()]
        [(3, 3), (3, 3), (5, 5)]
    """
    if isinstance(model, nn.Module):
        return _fields_of_network(model, layer)
    fields, geometry = {}, PIXELS
    for name, module in enumerate(model):
        geometry = geometry.then(_geometry_of_layer(module, str(name)))
        fields[str(name)] = geometry
        if layer == str(name):
            return fields
    if layer is not None:
        raise ValueError(f"Expected a layer out of {list(fields)}, got {layer!r}.")
    return fields


# One layer by itself ------------------------------------------------------------

POINTWISE = (
    nn.Identity, nn.ReLU, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.CELU, nn.SELU,
    nn.GELU, nn.SiLU, nn.Mish, nn.Hardswish, nn.Hardsigmoid, nn.Hardtanh, nn.Sigmoid,
    nn.Tanh, nn.Softplus, nn.Dropout, nn.Dropout2d, nn.AlphaDropout, nn.BatchNorm2d,
    nn.LocalResponseNorm, nn.Softmax2d,
)  # fmt: skip


def _geometry_of_layer(module: nn.Module, name: str) -> Geometry:
    if isinstance(module, POINTWISE):
        return PIXELS
    if isinstance(module, nn.Conv2d):
        if module.padding_mode != "zeros":
            raise ValueError(
                f"Expected zero padding in {name!r}, got {module.padding_mode!r}: it shows "
                "border units pixels from outside their window."
            )
        return _window(module.kernel_size, module.stride, module.padding, module.dilation)
    if isinstance(module, nn.MaxPool2d):
        return _window(module.kernel_size, module.stride, module.padding, module.dilation)
    if isinstance(module, nn.AvgPool2d):
        return _window(module.kernel_size, module.stride, module.padding, 1)
    if isinstance(module, nn.ZeroPad2d):
        left, _, top, _ = module.padding
        return Geometry(PIXELS.size, PIXELS.stride, (-top, -left))
    if not _is_leaf(module):
        return receptive_field(module)
    raise ValueError(
        f"Expected convolutions, poolings and pointwise layers, got {name!r}, "
        f"{module}: its units have no common window of fixed size. Ask for a layer before it."
    )


def _window(kernel, stride, padding, dilation) -> Geometry:
    kernel, dilation = _pair(kernel), _pair(dilation)
    size = _each(lambda k, d: d * (k - 1) + 1, kernel, dilation)
    if padding == "valid":
        padding = 0
    if padding == "same":  # an even window gets its odd pixel on the right
        padding = _each(lambda s: (s - 1) // 2, size)
    return Geometry(size, _pair(stride), _each(operator.neg, _pair(padding)))


# A network ----------------------------------------------------------------------

POINTWISE_CALLS = {
    operator.add, operator.sub, operator.mul, operator.truediv,
    torch.add, torch.sub, torch.mul, torch.div, torch.relu, torch.sigmoid, torch.tanh,
    F.relu, F.leaky_relu, F.elu, F.gelu, F.silu, F.dropout, F.dropout2d,
    "add", "add_", "sub", "mul", "mul_", "div", "relu", "relu_", "sigmoid", "tanh",
    "contiguous", "clone", "detach", "float", "double",
}  # fmt: skip


class _Reached(Exception):
    """The layer asked for has run; the rest of the network need not be traced."""


class _Tracer(fx.Tracer):
    """Records which node of the graph is the output of which module."""

    def __init__(self, layer: str | None) -> None:
        super().__init__()
        self.layer = layer
        self.node_of: dict[str, fx.Node] = {}

    def call_module(self, module, forward, args, kwargs):
        proxy = super().call_module(module, forward, args, kwargs)
        path = self.path_of_module(module)
        if isinstance(proxy, fx.Proxy):
            self.node_of.setdefault(path, proxy.node)
        if path == self.layer:
            raise _Reached
        return proxy


def _fields_of_network(model: nn.Module, layer: str | None) -> dict[str, Geometry]:
    modules = dict(model.named_modules())
    if layer is not None and layer not in modules:
        raise ValueError(
            f"Expected a layer of {type(model).__name__}, got {layer!r}. Its layers: "
            f"{', '.join(filter(None, modules))}."
        )
    if _is_leaf(model):  # a bare layer: nothing to trace
        return {"": _geometry_of_layer(model, type(model).__name__)}
    tracer = _Tracer(layer or None)
    try:
        graph = tracer.trace(model)
    except _Reached:
        graph = tracer.graph
    except (fx.proxy.TraceError, TypeError, ValueError) as error:
        name = type(model).__name__
        raise ValueError(
            f"Expected a forward that torch.fx can trace, got {name} ({error}). "
            "Give the layers as a list, in the order in which they run."
        ) from error
    else:
        if layer:
            raise ValueError(f"Expected a layer that runs, but {layer!r} is never called.")
        (output,) = (node for node in graph.nodes if node.op == "output")
        tracer.node_of[""] = output.args[0]
    known: dict[fx.Node, Geometry] = {}
    for node in graph.nodes:
        incoming = [known[each] for each in node.all_input_nodes if each in known]
        if node.op == "placeholder":
            known[node] = PIXELS
        elif node.op != "output" and incoming:  # without: a constant, which sees no pixel
            known[node] = _geometry_of_node(node, modules, incoming)
    return {name: known[node] for name, node in tracer.node_of.items()}


def _geometry_of_node(
    node: fx.Node, modules: dict[str, nn.Module], incoming: list[Geometry]
) -> Geometry:
    if node.op == "call_module":
        return incoming[0].then(_geometry_of_layer(modules[node.target], node.target))
    if node.target in (F.max_pool2d, F.avg_pool2d):
        return incoming[0].then(_geometry_of_pooling(node))
    if node.target in POINTWISE_CALLS or _joins_channels(node):
        geometry = incoming[0]
        for branch in incoming[1:]:
            geometry = geometry.beside(branch)
        return geometry
    raise ValueError(
        f"Expected convolutions, poolings, pointwise operations, sums and concatenations of "
        f"channels, got {node.format_node()}. Ask for a layer before it, or give the layers "
        "as a list."
    )


def _geometry_of_pooling(node: fx.Node) -> Geometry:
    names = ("kernel_size", "stride", "padding", "dilation")
    if node.target is F.avg_pool2d:
        names = names[:3]
    given = dict(zip(names, node.args[1:], strict=False)) | node.kwargs
    kernel = given["kernel_size"]
    stride = given.get("stride") or kernel  # None: as far as the kernel is wide
    return _window(kernel, stride, given.get("padding", 0), given.get("dilation", 1))


def _joins_channels(node: fx.Node) -> bool:
    dim = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else 0)
    return node.target in (torch.cat, torch.concat) and dim in (1, -3)


def _is_leaf(module: nn.Module) -> bool:
    """What torch.fx does not look into: torch's own layers."""
    return type(module).__module__.startswith("torch.nn") and not isinstance(
        module, nn.Sequential
    )


def _each(function, *pairs: Pair) -> Pair:
    """Apply to rows, then to columns."""
    return tuple(function(*values) for values in zip(*pairs, strict=True))


def _pair(value: int | Pair) -> Pair:
    return (value, value) if isinstance(value, int) else tuple(value)
