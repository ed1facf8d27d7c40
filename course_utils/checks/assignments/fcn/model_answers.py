"""The right answers, with the students' signatures. Imported only where one judges."""

import torch
from torch import nn
from torch.nn import functional as F

from course_utils.reference import fcn, upsampling

__all__ = ["dense_to_convolution", "fuse", "make_fcn", "replicate", "upsample_bilinear"]


def replicate(images, factor):
    return upsampling.upsample_replicate(images, factor)


def upsample_bilinear(scores, factor):
    channels = scores.shape[1]
    layer = upsampling.bilinear_transposed_convolution(channels, factor, groups=channels)
    return layer.to(scores).requires_grad_(False)(scores)


def dense_to_convolution(linear, channels, height, width):
    return fcn.dense_to_convolution(linear, channels, height, width)


class _Network(nn.Module):
    def __init__(self, backbone, channels, stride, num_classes):
        super().__init__()
        self.backbone, self.stride = backbone, stride
        self.score = nn.Conv2d(channels, num_classes, 1)
        nn.init.zeros_(self.score.weight)
        nn.init.zeros_(self.score.bias)

    def forward(self, images):
        height, width = images.shape[2:]
        maps = self.backbone(images)  # (N, channels, h, w), of `stride` pixels a unit
        scores = self.score(maps)  # (N, num_classes, h, w)
        scores = _larger(scores, self.stride)  # (N, num_classes, stride h, stride w)
        return scores[:, :, :height, :width]  # (N, num_classes, H, W)


def make_fcn(backbone, channels, stride, num_classes):
    return _Network(backbone, channels, stride, num_classes)


def fuse(scores32, scores16, scores8, height, width):
    fused = scores32
    for finer in (scores16, scores8):
        fused = _larger(fused, 2)[:, :, : finer.shape[2], : finer.shape[3]] + finer
    return _larger(fused, 8)[:, :, :height, :width]


def _larger(scores: torch.Tensor, factor: int) -> torch.Tensor:
    return F.interpolate(scores, scale_factor=factor, mode="bilinear", align_corners=False)
