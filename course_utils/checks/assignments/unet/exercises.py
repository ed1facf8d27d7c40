"""The exercises of the assignment on U-Net, in the notebook's order."""

from course_utils.checks.assignments.unet import (
    crop_and_copy,
    double_convolution,
    level_sizes,
    segment,
    unet,
    up_convolution,
)

__all__ = ["EXERCISES"]

EXERCISES = tuple(
    module.EXERCISE
    for module in (
        up_convolution,
        crop_and_copy,
        level_sizes,
        double_convolution,
        unet,
        segment,
    )
)
