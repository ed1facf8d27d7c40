"""The exercises of the assignment on dilated convolutions, in the notebook's order."""

from course_utils.checks.assignments.dilated import (
    context_network,
    dilated_convolution,
    identity_initialise,
    segment,
    stack_receptive_fields,
)

__all__ = ["EXERCISES"]

EXERCISES = tuple(
    module.EXERCISE
    for module in (
        stack_receptive_fields,
        dilated_convolution,
        context_network,
        identity_initialise,
        segment,
    )
)
