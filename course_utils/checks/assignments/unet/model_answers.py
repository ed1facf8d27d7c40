"""The right answers, with the students' signatures. Imported only where one judges."""

from torch.nn import functional as F

from course_utils.reference import unet as reference

__all__ = ["crop_and_copy", "double_convolution", "level_sizes", "unet", "up_convolution"]


def up_convolution(maps, weight, stride):
    return F.conv_transpose2d(maps, weight, stride=stride)


def crop_and_copy(copied, upsampled):
    return reference.crop_and_copy(copied, upsampled)


def level_sizes(size, depth):
    try:
        return reference.level_sizes(size, depth)
    except ValueError:
        return []


def double_convolution(in_channels, out_channels):
    return reference.double_convolution(in_channels, out_channels)


def unet(in_channels, num_classes, width, depth):
    return reference.UNet(in_channels, num_classes, width=width, depth=depth)
