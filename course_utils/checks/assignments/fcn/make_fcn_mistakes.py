"""Wrong ways to build an FCN that students go, and the sentence for each."""

import torch
from torch import nn
from torch.nn import functional as F

from course_utils.checks.exercise import Mistake
from course_utils.i18n import N_

__all__ = ["MISTAKES"]


def _bilinear(scores, factor):
    return F.interpolate(scores, scale_factor=factor, mode="bilinear", align_corners=False)


def _cut(scores, images):
    return scores[:, :, : images.shape[2], : images.shape[3]]


def _score(channels, num_classes, **settings):
    layer = nn.Conv2d(channels, num_classes, **{"kernel_size": 1} | settings)
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer


class _Net(nn.Module):
    """A backbone, a score layer and what `rest` makes of the two for images."""

    def __init__(self, backbone, score, rest):
        super().__init__()
        self.backbone, self.score, self.rest = backbone, score, rest

    def forward(self, images):
        return self.rest(self, images)


def _plain(stride, enlarge=_bilinear, cut=_cut):
    def rest(net, images):
        return cut(enlarge(net.score(net.backbone(images)), stride), images)

    return rest


def _not_cut(backbone, channels, stride, num_classes):
    rest = _plain(stride, cut=lambda scores, images: scores)
    return _Net(backbone, _score(channels, num_classes), rest)


def _cut_at_the_start(backbone, channels, stride, num_classes):
    def cut(scores, images):
        return scores[:, :, -images.shape[2] :, -images.shape[3] :]

    return _Net(backbone, _score(channels, num_classes), _plain(stride, cut=cut))


def _cut_about_the_middle(backbone, channels, stride, num_classes):
    def cut(scores, images):
        top, left = ((s - i) // 2 for s, i in zip(scores.shape[2:], images.shape[2:]))  # noqa: B905
        return _cut(scores[:, :, top:, left:], images)

    return _Net(backbone, _score(channels, num_classes), _plain(stride, cut=cut))


def _to_the_size(backbone, channels, stride, num_classes):
    def rest(net, images):
        scores = net.score(net.backbone(images))
        return F.interpolate(scores, images.shape[2:], mode="bilinear", align_corners=False)

    return _Net(backbone, _score(channels, num_classes), rest)


def _replicated(backbone, channels, stride, num_classes):
    def enlarge(scores, factor):
        return F.interpolate(scores, scale_factor=factor)

    return _Net(backbone, _score(channels, num_classes), _plain(stride, enlarge))


def _aligned_corners(backbone, channels, stride, num_classes):
    def enlarge(scores, factor):
        return F.interpolate(scores, scale_factor=factor, mode="bilinear", align_corners=True)

    return _Net(backbone, _score(channels, num_classes), _plain(stride, enlarge))


def _fading(backbone, channels, stride, num_classes):
    def enlarge(scores, factor):
        padded = _bilinear(F.pad(scores, (1, 1, 1, 1)), factor)
        return padded[:, :, factor:-factor, factor:-factor]

    return _Net(backbone, _score(channels, num_classes), _plain(stride, enlarge))


def _not_enlarged(backbone, channels, stride, num_classes):
    def rest(net, images):
        return net.score(net.backbone(images))

    return _Net(backbone, _score(channels, num_classes), rest)


def _always_by_two(backbone, channels, stride, num_classes):
    return _Net(backbone, _score(channels, num_classes), _plain(2))


def _random_start(backbone, channels, stride, num_classes):
    layer = nn.Conv2d(channels, num_classes, 1)
    with torch.no_grad():
        layer.weight.fill_(0.1)
        layer.bias.fill_(0.1)
    return _Net(backbone, layer, _plain(stride))


def _bias_left(backbone, channels, stride, num_classes):
    layer = _score(channels, num_classes)
    with torch.no_grad():
        layer.bias.fill_(0.1)
    return _Net(backbone, layer, _plain(stride))


def _all_zero(backbone, channels, stride, num_classes):
    net = _Net(backbone, _score(channels, num_classes), _plain(stride))
    for parameter in net.parameters():
        nn.init.zeros_(parameter)
    return net


def _no_bias(backbone, channels, stride, num_classes):
    return _Net(backbone, _score(channels, num_classes, bias=False), _plain(stride))


def _three_by_three(backbone, channels, stride, num_classes):
    layer = _score(channels, num_classes, kernel_size=3, padding=1)
    return _Net(backbone, layer, _plain(stride))


def _two_layers(backbone, channels, stride, num_classes):
    hidden = nn.Sequential(nn.Conv2d(channels, channels, 1), nn.ReLU())
    hidden.append(_score(channels, num_classes))
    return _Net(backbone, hidden, _plain(stride))


def _relu_after(backbone, channels, stride, num_classes):
    layer = nn.Sequential(_score(channels, num_classes), nn.ReLU())
    return _Net(backbone, layer, _plain(stride))


def _softmax(backbone, channels, stride, num_classes):
    def cut(scores, images):
        return _cut(scores, images).softmax(dim=1)

    return _Net(backbone, _score(channels, num_classes), _plain(stride, cut=cut))


def _argmax(backbone, channels, stride, num_classes):
    def cut(scores, images):
        return _cut(scores, images).argmax(dim=1)

    return _Net(backbone, _score(channels, num_classes), _plain(stride, cut=cut))


def _no_gradient(backbone, channels, stride, num_classes):
    def rest(net, images):
        with torch.no_grad():
            maps = net.backbone(images)
        return _cut(_bilinear(net.score(maps), stride), images)

    return _Net(backbone, _score(channels, num_classes), rest)


def _frozen(backbone, channels, stride, num_classes):
    backbone.requires_grad_(False)
    return _Net(backbone, _score(channels, num_classes), _plain(stride))


def _unfrozen(backbone, channels, stride, num_classes):
    backbone.requires_grad_(True)
    return _Net(backbone, _score(channels, num_classes), _plain(stride))


def _hidden_backbone(backbone, channels, stride, num_classes):
    def rest(net, images):
        return _cut(_bilinear(net.score(backbone(images)), stride), images)

    return _Net(None, _score(channels, num_classes), rest)


def _always_in_evaluation(backbone, channels, stride, num_classes):
    def rest(net, images):
        return _cut(_bilinear(net.score(net.backbone.eval()(images)), stride), images)

    return _Net(backbone, _score(channels, num_classes), rest)


def _one_class_less(backbone, channels, stride, num_classes):
    return _Net(backbone, _score(channels, num_classes - 1), _plain(stride))


def _a_sequence(backbone, channels, stride, num_classes):
    enlarge = nn.Upsample(scale_factor=stride, mode="bilinear", align_corners=False)
    return nn.Sequential(backbone, _score(channels, num_classes), enlarge)


def _the_function(backbone, channels, stride, num_classes):
    net = _Net(backbone, _score(channels, num_classes), _plain(stride))
    return net.forward


_SIZE = N_(
    "Even sizes are right. Where the stride does not divide the image the scores come out"
    " larger than the image: something is missing at the end."
)
_PLACE = N_(
    "The surplus is cut off on the wrong side: unit 0 of the map stands over the first pixels,"
    " so what is too much lies at the right and below."
)

MISTAKES = (
    Mistake("not_cut", _SIZE, _not_cut),
    Mistake("a_sequence", _SIZE, _a_sequence),
    Mistake("cut_at_the_start", _PLACE, _cut_at_the_start),
    Mistake("cut_about_the_middle", _PLACE, _cut_about_the_middle),
    Mistake(
        "to_the_size",
        N_(
            "The scores are squeezed to the image's size where they should be enlarged by the"
            " stride and cut: every unit covers just as many pixels as the stride."
        ),
        _to_the_size,
    ),
    Mistake(
        "replicated",
        N_("The scores are replicated, not interpolated: the mode is wrong."),
        _replicated,
    ),
    Mistake(
        "aligned_corners",
        N_("The corners are aligned (align_corners=True); the squares of units must be."),
        _aligned_corners,
    ),
    Mistake(
        "fading",
        N_(
            "At the border your scores fade to zero, as upsample_bilinear makes them; here the"
            " outer unit is repeated, as F.interpolate does."
        ),
        _fading,
    ),
    Mistake(
        "not_enlarged",
        N_("The scores have the size of the map; they are wanted for every pixel."),
        _not_enlarged,
    ),
    Mistake(
        "always_by_two",
        N_("The scores are enlarged by 2 whatever the stride of the backbone."),
        _always_by_two,
    ),
    Mistake(
        "random_start",
        N_("The new layer starts from other numbers than zeros."),
        _random_start,
        N_("Look at the scores of any image before training: all of them should be 0."),
    ),
    Mistake("bias_left", N_("The weights start from zeros, the bias does not."), _bias_left),
    Mistake(
        "all_zero",
        N_(
            "You set everything to zero, the backbone too: what it had learned is gone. Zeros"
            " are for the new layer alone."
        ),
        _all_zero,
    ),
    Mistake("no_bias", N_("The score layer has no bias: K numbers are missing."), _no_bias),
    Mistake(
        "three_by_three",
        N_("The score layer has a 3 x 3 kernel; a 1 x 1 one has nine times fewer weights."),
        _three_by_three,
    ),
    Mistake(
        "two_layers",
        N_("There is one more layer with weights before the scores; one is enough here."),
        _two_layers,
    ),
    Mistake(
        "relu_after",
        N_("There are no scores below zero: something cuts them off after the last layer."),
        _relu_after,
    ),
    Mistake(
        "softmax",
        N_("You return probabilities; scores are wanted, the loss takes the softmax itself."),
        _softmax,
    ),
    Mistake(
        "argmax",
        N_("You return labels; through them no gradient flows. Scores are wanted."),
        _argmax,
    ),
    Mistake(
        "no_gradient",
        N_(
            "The scores are right, but the backbone is run without gradients, so it can't be"
            " trained."
        ),
        _no_gradient,
    ),
    Mistake(
        "frozen",
        N_("You froze the backbone; it is the caller who decides whether it learns."),
        _frozen,
    ),
    Mistake(
        "unfrozen",
        N_("The backbone came frozen, and you made it learn again."),
        _unfrozen,
    ),
    Mistake(
        "hidden_backbone",
        N_(
            "The network runs the backbone but does not hold it: its parameters are not among"
            " network.parameters(). A part must be an attribute."
        ),
        _hidden_backbone,
    ),
    Mistake(
        "always_in_evaluation",
        N_(
            "In training mode the backbone is still in evaluation mode: your forward pass"
            " switches it."
        ),
        _always_in_evaluation,
    ),
    Mistake(
        "one_class_less",
        N_("There is one score too few a pixel: background is a class too."),
        _one_class_less,
    ),
    Mistake(
        "the_function",
        N_("You returned a function; a module that holds its layers is wanted."),
        _the_function,
    ),
)
