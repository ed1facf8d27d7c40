"""Wrong ways to build a U-Net that students go, and the sentence for each."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from course_utils.checks.exercise import Mistake
from course_utils.i18n import N_

__all__ = ["MISTAKES"]


@dataclass(frozen=True)
class _Plan:
    """What is done in which way; the defaults are right."""

    join: str = "middle"  # "corner", "resized", "padded", "added", "none"
    copied: str = "after"  # "before" the convolutions of the level
    up: str = "learned"  # "replicated", "bilinear", "and_relu", "wide", "same"
    last: str = "scores"  # "relu", "softmax", "sigmoid", "three", "resized"
    padding: int = 0
    convolutions: int = 2
    relu: bool = True
    norm: bool = False
    pool: str = "max"  # "mean"
    doubling: bool = True
    bottom: bool = True
    shared: bool = False


class _Net(nn.Module):
    def __init__(self, in_channels, num_classes, width, depth, plan):
        super().__init__()
        self.plan = plan
        widths = [width * 2**level if plan.doubling else width for level in range(depth + 1)]
        before = [in_channels, *widths]
        self.down = nn.ModuleList(map(self._block, before, widths))
        if not plan.bottom:
            self.down[-1] = nn.Identity()
        self.up, self.decode = nn.ModuleList(), nn.ModuleList()
        below = widths[-1] if plan.bottom else widths[-2]
        for level in reversed(range(depth)):
            channels = widths[level]
            enlarged = self._enlarged(below, channels)
            copied = 0 if plan.join in ("none", "added") else channels
            if plan.copied == "before":
                copied = before[level]
            self.decode.append(self._block(enlarged + copied, channels))
            below = channels
        last = 3 if plan.last == "three" else 1
        self.score = nn.Conv2d(width, num_classes, last)

    def _block(self, inputs, outputs):
        layers = []
        for _ in range(self.plan.convolutions):
            layers.append(nn.Conv2d(inputs, outputs, 3, padding=self.plan.padding))
            layers += [nn.BatchNorm2d(outputs)] if self.plan.norm else []
            layers += [nn.ReLU()] if self.plan.relu else []
            inputs = outputs
        return nn.Sequential(*layers)

    def _enlarged(self, below, channels):
        """Append the layer that doubles a map, and say how many channels it gives."""
        way = self.plan.up
        if way in ("replicated", "bilinear"):
            mode = {"replicated": "nearest", "bilinear": "bilinear"}[way]
            self.up.append(nn.Upsample(scale_factor=2, mode=mode))
            return below
        channels = below if way == "wide" else channels
        layer = nn.ConvTranspose2d(below, channels, 2, stride=2)
        self.up.append(nn.Sequential(layer, nn.ReLU()) if way == "and_relu" else layer)
        return channels

    def forward(self, images):
        pool = F.max_pool2d if self.plan.pool == "max" else F.avg_pool2d
        copies, x = [], images
        for level, block in enumerate(self.down):
            entering = pool(x, 2) if level else x
            x = block(entering)
            copies.append(x if self.plan.copied == "after" else entering)
        copies.pop()
        for enlarge, block in zip(self.up, self.decode, strict=True):
            x = block(self._joined(copies.pop(), enlarge(x)))
        return self._last(self.score(x), images)

    def _joined(self, copied, x):
        h, w = x.shape[2:]
        top, left = (copied.shape[2] - h) // 2, (copied.shape[3] - w) // 2
        way = self.plan.join
        if way == "none":
            return x
        if way == "padded":
            rest = copied.shape[3] - w - left, copied.shape[2] - h - top
            return torch.cat([copied, F.pad(x, (left, rest[0], top, rest[1]))], dim=1)
        if way == "resized":
            return torch.cat([F.interpolate(copied, (h, w), mode="bilinear"), x], dim=1)
        if way == "corner":
            top = left = 0
        middle = copied[:, :, top : top + h, left : left + w]
        return middle + x if way == "added" else torch.cat([middle, x], dim=1)

    def _last(self, scores, images):
        if self.plan.last == "relu":
            return scores.relu()
        if self.plan.last == "softmax":
            return scores.softmax(dim=1)
        if self.plan.last == "sigmoid":
            return scores.sigmoid()
        if self.plan.last == "resized":
            return F.interpolate(scores, images.shape[2:], mode="bilinear")
        return scores


def _planned(**plan):
    def unet(in_channels, num_classes, width, depth):
        return _Net(in_channels, num_classes, width, depth, _Plan(**plan))

    return unet


def _one_level_less(in_channels, num_classes, width, depth):
    return _Net(in_channels, num_classes, width, depth - 1, _Plan())


def _one_level_more(in_channels, num_classes, width, depth):
    return _Net(in_channels, num_classes, width, depth + 1, _Plan())


def _always_one_channel(in_channels, num_classes, width, depth):
    return _Net(1, num_classes, width, depth, _Plan())


def _always_two_classes(in_channels, num_classes, width, depth):
    return _Net(in_channels, 2, width, depth, _Plan())


def _always_four(in_channels, num_classes, width, depth):
    return _Net(in_channels, num_classes, width, 4, _Plan())


def _nothing_joined(in_channels, num_classes, width, depth):
    """No copies, and twice as many channels come up from below to stand in their place."""
    return _Net(in_channels, num_classes, width, depth, _Plan(join="none", up="wide"))


def _labels(in_channels, num_classes, width, depth):
    class Labels(_Net):
        def forward(self, images):
            return super().forward(images).argmax(dim=1)

    return Labels(in_channels, num_classes, width, depth, _Plan())


MISTAKES = (
    Mistake(
        "no_copies",
        N_("Nothing is copied: the maps of the encoder never come to the decoder."),
        _planned(join="none"),
    ),
    Mistake(
        "no_copies_wide",
        N_(
            "Nothing is copied: the up-convolution gives as many channels as it takes, and they"
            " stand where the encoder's maps should."
        ),
        _nothing_joined,
    ),
    Mistake(
        "added",
        N_("The copied maps are added; they should be joined along the channels."),
        _planned(join="added"),
    ),
    Mistake(
        "corner",
        N_("The copied maps are cut at the corner; their middle belongs to the decoder's map."),
        _planned(join="corner"),
    ),
    Mistake(
        "resized",
        N_("The copied maps are scaled down to the decoder's size; they should be cut."),
        _planned(join="resized"),
    ),
    Mistake(
        "up_padded",
        N_("The decoder's maps are padded with zeros to the copied ones; cut the copied ones."),
        _planned(join="padded"),
    ),
    Mistake(
        "copied_before",
        N_(
            "What is copied is the map that enters a level; it should be the one after the two"
            " convolutions."
        ),
        _planned(copied="before"),
    ),
    Mistake(
        "padded",
        N_("The convolutions are padded: the output is as large as the input."),
        _planned(padding=1),
    ),
    Mistake(
        "replicated",
        N_(
            "The maps are doubled without learning anything and keep their channels; an"
            " up-convolution halves the number of channels."
        ),
        _planned(up="replicated"),
    ),
    Mistake(
        "bilinear",
        N_(
            "The maps are interpolated, without anything to learn, and keep their channels; an"
            " up-convolution halves the number of channels."
        ),
        _planned(up="bilinear"),
    ),
    Mistake(
        "not_halved",
        N_(
            "The up-convolution keeps the number of channels; it should halve it, so that the"
            " copied maps bring as many."
        ),
        _planned(up="wide"),
    ),
    Mistake(
        "up_relu",
        N_("There is a ReLU behind the up-convolution; the paper has none there."),
        _planned(up="and_relu"),
    ),
    Mistake(
        "last_relu",
        N_("There is a ReLU after the last layer; scores may be negative."),
        _planned(last="relu"),
    ),
    Mistake(
        "softmax",
        N_("The network ends with softmax; scores are wanted, as the loss applies it itself."),
        _planned(last="softmax"),
    ),
    Mistake(
        "sigmoid",
        N_("The network ends with a sigmoid; scores are wanted."),
        _planned(last="sigmoid"),
    ),
    Mistake("labels", N_("The network answers with labels; scores are wanted."), _labels),
    Mistake(
        "last_three",
        N_("The last convolution has a kernel of 3 x 3; it should be 1 x 1."),
        _planned(last="three"),
    ),
    Mistake(
        "output_resized",
        N_("The scores were stretched to the input's size; they belong to its middle."),
        _planned(last="resized"),
    ),
    Mistake(
        "one_convolution",
        N_("There is one convolution at a level; two are wanted."),
        _planned(convolutions=1),
    ),
    Mistake("no_relu", N_("There is no ReLU in the network."), _planned(relu=False)),
    Mistake(
        "batch_norm",
        N_("There is batch normalisation, which the paper of 2015 does not have."),
        _planned(norm=True),
    ),
    Mistake(
        "average_pooling",
        N_("The pooling takes means; it should take the largest of four."),
        _planned(pool="mean"),
    ),
    Mistake(
        "not_doubled",
        N_("All levels have the same number of channels; it doubles with every pooling."),
        _planned(doubling=False),
    ),
    Mistake(
        "no_bottom",
        N_("There are no convolutions at the bottom, after the last pooling."),
        _planned(bottom=False),
    ),
    Mistake("one_level_less", N_("There is a pooling less than `depth` says."),
            _one_level_less),
    Mistake("one_level_more", N_("There is a pooling more than `depth` says."),
            _one_level_more),
    Mistake("always_four", N_("There are four poolings whatever `depth` says."), _always_four),
    Mistake(
        "always_one_channel",
        N_("The first convolution takes one channel whatever `in_channels` says."),
        _always_one_channel,
    ),
    Mistake(
        "always_two_classes",
        N_("There are two classes whatever `num_classes` says."),
        _always_two_classes,
    ),
)  # fmt: skip
