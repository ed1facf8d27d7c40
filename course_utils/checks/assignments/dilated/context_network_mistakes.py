"""Wrong ways to build a context network that students go, and the sentence for each."""

from torch import nn

from course_utils.checks.exercise import Mistake
from course_utils.i18n import N_

__all__ = ["MISTAKES"]

_KERNELS = (3, 3, 3, 3, 3, 3, 3, 1)
_DILATIONS = (1, 1, 2, 4, 8, 16, 1, 1)
_WIDTHS = {"basic": (1,) * 8, "large": (2, 2, 4, 8, 16, 32, 32, 1)}


def _net(
    channels, size, *, kernels=_KERNELS, dilations=_DILATIONS, widths=None, relu=True,
    last_relu=False, padding=None, bias=True, norm=False, stride=False, mode="zeros",
):  # fmt: skip
    layers, before = [], channels
    widths = (widths or _WIDTHS)[size]
    for number, (k, d, times) in enumerate(zip(kernels, dilations, widths, strict=True)):
        margin = d * (k // 2) if padding is None else padding(k)
        settings = {"stride": d} if stride else {"dilation": d}
        layers.append(
            nn.Conv2d(
                before,
                times * channels,
                k,
                padding=margin,
                bias=bias,
                padding_mode=mode,
                **settings,
            )
        )
        before = times * channels
        last = number == len(kernels) - 1
        if norm and not last:
            layers.append(nn.BatchNorm2d(before))
        if (relu and not last) or (last and last_relu):
            layers.append(nn.ReLU())
    return nn.Sequential(*layers)


def _doubling(channels, size):
    return _net(channels, size, dilations=(1, 2, 4, 8, 16, 32, 1, 1))


def _no_second_one(channels, size):
    return _net(channels, size, dilations=(1, 2, 4, 8, 16, 1, 1, 1))


def _to_the_end(channels, size):
    return _net(channels, size, dilations=(1, 1, 2, 4, 8, 16, 32, 1))


def _plain(channels, size):
    return _net(channels, size, dilations=(1,) * 8)


def _reversed(channels, size):
    return _net(channels, size, dilations=(1, 16, 8, 4, 2, 1, 1, 1))


def _linear(channels, size):
    return _net(channels, size, dilations=(1, 2, 3, 4, 5, 6, 7, 1))


def _padding_one(channels, size):
    return _net(channels, size, padding=lambda k: k // 2)


def _no_padding(channels, size):
    return _net(channels, size, padding=lambda k: 0)


def _stride(channels, size):
    return _net(channels, size, stride=True)


def _relu_last(channels, size):
    return _net(channels, size, last_relu=True)


def _no_relu(channels, size):
    return _net(channels, size, relu=False)


def _last_three(channels, size):
    return _net(channels, size, kernels=(3,) * 8)


def _seven_layers(channels, size):
    widths = {"basic": (1,) * 7, "large": (2, 2, 4, 8, 16, 32, 1)}
    return _net(channels, size, kernels=(3,) * 7, dilations=_DILATIONS[:7], widths=widths)


def _no_bias(channels, size):
    return _net(channels, size, bias=False)


def _norm(channels, size):
    return _net(channels, size, norm=True)


def _replicated(channels, size):
    return _net(channels, size, mode="replicate")


def _always_basic(channels, size):
    return _net(channels, "basic")


def _large_from_one(channels, size):
    widths = _WIDTHS | {"large": (1, 2, 4, 8, 16, 32, 32, 1)}
    return _net(channels, size, widths=widths)


def _large_doubled(channels, size):
    widths = _WIDTHS | {"large": (2, 4, 8, 16, 32, 32, 32, 1)}
    return _net(channels, size, widths=widths)


def _large_sixteen(channels, size):
    widths = _WIDTHS | {"large": (2, 2, 4, 8, 16, 32, 16, 1)}
    return _net(channels, size, widths=widths)


def _large_out(channels, size):
    widths = _WIDTHS | {"large": (2, 2, 4, 8, 16, 32, 32, 32)}
    return _net(channels, size, widths=widths)


def _shared(channels, size):
    known, layers = {}, []
    for layer in _net(channels, size):
        if isinstance(layer, nn.Conv2d):
            key = layer.in_channels, layer.out_channels, layer.kernel_size, layer.dilation
            layer = known.setdefault(key, layer)
        layers.append(layer)
    return nn.Sequential(*layers)


class _InList(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.layers = list(net)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


def _in_list(channels, size):
    return _InList(_net(channels, size))


def _as_list(channels, size):
    return list(_net(channels, size))


class _Residual(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return x + self.net(x)


def _residual(channels, size):
    return _Residual(_net(channels, size))


class _Softmax(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net(x).softmax(dim=1)


def _softmax(channels, size):
    return _Softmax(_net(channels, size))


_DILATED = N_("The dilations of the layers are not those of the table.")
_LARGE = N_("Basic is right, but in Large the layers have other numbers of channels.")

MISTAKES = (
    Mistake("doubling", _DILATED, _doubling),
    Mistake("no_second_one", _DILATED, _no_second_one),
    Mistake("to_the_end", _DILATED, _to_the_end),
    Mistake("plain", _DILATED, _plain),
    Mistake("reversed", _DILATED, _reversed),
    Mistake("linear", _DILATED, _linear),
    Mistake(
        "padding_one",
        N_("The map shrinks in the dilated layers: their padding must grow with the dilation."),
        _padding_one,
    ),
    Mistake(
        "no_padding",
        N_("Without padding the network takes 66 rows and columns off the map."),
        _no_padding,
        N_("On a small map nothing is left at all."),
    ),
    Mistake(
        "stride",
        N_("The layers have a stride in place of a dilation, so the map shrinks."),
        _stride,
    ),
    Mistake(
        "relu_last",
        N_("There is a ReLU behind the last layer; scores may be negative."),
        _relu_last,
    ),
    Mistake(
        "no_relu",
        N_("There is no ReLU between the layers, so all of them are one linear map."),
        _no_relu,
    ),
    Mistake(
        "last_three",
        N_("The eighth layer has a 3 x 3 kernel; a 1 x 1 kernel is wanted."),
        _last_three,
    ),
    Mistake("seven_layers", N_("The last layer, the 1 x 1 one, is missing."), _seven_layers),
    Mistake("no_bias", N_("The convolutions have no biases."), _no_bias),
    Mistake(
        "norm",
        N_("There is batch normalisation between the layers; this network has none."),
        _norm,
    ),
    Mistake(
        "replicated",
        N_("The maps are padded with copies of their border; here zeros are wanted."),
        _replicated,
    ),
    Mistake(
        "always_basic",
        N_("The network is Basic whatever size was asked for."),
        _always_basic,
    ),
    Mistake("large_from_one", _LARGE, _large_from_one),
    Mistake("large_doubled", _LARGE, _large_doubled),
    Mistake("large_sixteen", _LARGE, _large_sixteen),
    Mistake("large_out", _LARGE, _large_out),
    Mistake(
        "shared",
        N_("Some layers are one and the same object; each should have weights of its own."),
        _shared,
    ),
    Mistake(
        "in_list",
        N_(
            "The layers stand in a plain list, where nn.Module does not find them: the network"
            " has no parameters. There is nn.ModuleList for that."
        ),
        _in_list,
    ),
    Mistake("as_list", N_("You returned a list of layers; a network is wanted."), _as_list),
    Mistake(
        "residual",
        N_("The input is added to the output; this network has no such shortcut."),
        _residual,
    ),
    Mistake("softmax", N_("The answer is probabilities; scores are wanted."), _softmax),
)
