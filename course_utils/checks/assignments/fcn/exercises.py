"""The exercises of the assignment on fully convolutional networks, in the notebook's order."""

from course_utils.checks.assignments.fcn import (
    dense_to_convolution,
    fuse,
    make_fcn,
    replicate,
    segment,
    upsample_bilinear,
)

__all__ = ["EXERCISES"]

EXERCISES = tuple(
    module.EXERCISE
    for module in (
        replicate,
        upsample_bilinear,
        dense_to_convolution,
        make_fcn,
        fuse,
        segment,
    )
)
