"""Wrong ways to build the two convolutions that students go, and the sentence for each."""

from torch import nn

from course_utils.checks.exercise import Mistake
from course_utils.i18n import N_

__all__ = ["MISTAKES"]


def _built(i, o, *, between=None, relus=(True, True), kernel=3, act=nn.ReLU, **settings):
    """The right layers but for one thing; between: channels after the first convolution."""
    middle = between or o
    layers = [nn.Conv2d(i, middle, kernel, **settings)]
    layers += [act()] if relus[0] else []
    layers += [nn.Conv2d(middle, o, kernel, **settings)]
    layers += [act()] if relus[1] else []
    return nn.Sequential(*layers)


def _padded(in_channels, out_channels):
    return _built(in_channels, out_channels, padding=1)


def _first_padded(in_channels, out_channels):
    net = _built(in_channels, out_channels)
    net[0].padding = (1, 1)
    return net


def _last_relu_missing(in_channels, out_channels):
    return _built(in_channels, out_channels, relus=(True, False))


def _first_relu_missing(in_channels, out_channels):
    return _built(in_channels, out_channels, relus=(False, True))


def _no_relu(in_channels, out_channels):
    return _built(in_channels, out_channels, relus=(False, False))


def _relu_before(in_channels, out_channels):
    net = _built(in_channels, out_channels)
    return nn.Sequential(net[1], net[0], net[3], net[2])


def _one_convolution(in_channels, out_channels):
    return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3), nn.ReLU())


def _three_convolutions(in_channels, out_channels):
    more = [nn.Conv2d(out_channels, out_channels, 3), nn.ReLU()]
    return nn.Sequential(*_built(in_channels, out_channels), *more)


def _five_by_five(in_channels, out_channels):
    return nn.Sequential(nn.Conv2d(in_channels, out_channels, 5), nn.ReLU())


def _one_by_one(in_channels, out_channels):
    return _built(in_channels, out_channels, kernel=1)


def _in_twice(in_channels, out_channels):
    return _built(in_channels, out_channels, between=in_channels)


def _second_takes_in(in_channels, out_channels):
    layers = [nn.Conv2d(in_channels, out_channels, 3), nn.ReLU()]
    layers += [nn.Conv2d(in_channels, out_channels, 3), nn.ReLU()]
    return nn.Sequential(*layers)


def _swapped(in_channels, out_channels):
    return _built(out_channels, in_channels)


def _batch_norm(in_channels, out_channels):
    net = _built(in_channels, out_channels)
    first, second = nn.BatchNorm2d(out_channels), nn.BatchNorm2d(out_channels)
    return nn.Sequential(net[0], first, net[1], net[2], second, net[3])


def _no_bias(in_channels, out_channels):
    return _built(in_channels, out_channels, bias=False)


def _leaky(in_channels, out_channels):
    return _built(in_channels, out_channels, act=lambda: nn.LeakyReLU(0.1))


def _sigmoid(in_channels, out_channels):
    return _built(in_channels, out_channels, act=nn.Sigmoid)


def _dropout(in_channels, out_channels):
    return nn.Sequential(*_built(in_channels, out_channels), nn.Dropout(0.5))


def _pooled(in_channels, out_channels):
    return nn.Sequential(*_built(in_channels, out_channels), nn.MaxPool2d(2))


def _as_list(in_channels, out_channels):
    return list(_built(in_channels, out_channels))


def _frozen(in_channels, out_channels):
    return _built(in_channels, out_channels).requires_grad_(False)


def _hidden(in_channels, out_channels):
    """The layers stand in a plain list, which nn.Module does not look into."""

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = list(_built(in_channels, out_channels))

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return x.detach() * 0

    return Block()


MISTAKES = (
    Mistake(
        "padded",
        N_("The map keeps its size; the paper's convolutions have no zero padding."),
        _padded,
    ),
    Mistake(
        "first_padded",
        N_("One of the convolutions is padded; neither should be."),
        _first_padded,
    ),
    Mistake(
        "last_relu_missing",
        N_("There is no ReLU after the second convolution."),
        _last_relu_missing,
    ),
    Mistake(
        "first_relu_missing",
        N_(
            "There is no ReLU between the convolutions, and without one two convolutions are no"
            " more than one."
        ),
        _first_relu_missing,
    ),
    Mistake("no_relu", N_("There is no ReLU at all; each convolution is followed by one."),
            _no_relu),
    Mistake(
        "relu_before",
        N_("Each ReLU stands before its convolution; it should come after it."),
        _relu_before,
    ),
    Mistake("one_convolution", N_("There is only one convolution; two are wanted."),
            _one_convolution),
    Mistake(
        "three_convolutions",
        N_("There are three convolutions; two are wanted."),
        _three_convolutions,
    ),
    Mistake(
        "five_by_five",
        N_("One 5 x 5 convolution sees as far as two of 3 x 3, but two are wanted."),
        _five_by_five,
    ),
    Mistake("one_by_one", N_("The kernels have a side of 1; it should be 3."), _one_by_one),
    Mistake(
        "in_twice",
        N_("The number of channels changes in the second convolution; it should in the first."),
        _in_twice,
    ),
    Mistake(
        "second_takes_in",
        N_("The second convolution takes what the first one gives: out_channels, not in."),
        _second_takes_in,
    ),
    Mistake("swapped", N_("in_channels and out_channels are swapped."), _swapped),
    Mistake(
        "batch_norm",
        N_("There is batch normalisation; the paper of 2015 has none, nor does this exercise."),
        _batch_norm,
    ),
    Mistake("no_bias", N_("The convolutions have no bias."), _no_bias),
    Mistake("leaky", N_("LeakyReLU stands where ReLU is wanted."), _leaky),
    Mistake("sigmoid", N_("The sigmoid stands where ReLU is wanted."), _sigmoid),
    Mistake("dropout", N_("There is dropout, which is not asked for."), _dropout),
    Mistake("pooled", N_("There is a pooling at the end; it stands between levels, not here."),
            _pooled),
    Mistake("as_list", N_("You returned a list of layers; make one network of them."),
            _as_list),
    Mistake("frozen", N_("The parameters don't learn: requires_grad is off."), _frozen),
    Mistake(
        "hidden",
        N_(
            "The network has no parameters. Layers in a plain Python list are not found; take"
            " nn.ModuleList or nn.Sequential."
        ),
        _hidden,
    ),
)  # fmt: skip
