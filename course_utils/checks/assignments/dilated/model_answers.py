"""The right answers, with the students' signatures. Imported only where one judges."""

from course_utils.reference import dilated

__all__ = [
    "context_network",
    "dilated_convolution",
    "identity_initialise",
    "stack_receptive_fields",
]


def stack_receptive_fields(kernels, dilations):
    return dilated.stack_receptive_fields(kernels, dilations)


def dilated_convolution(images, weight, dilation, padding):
    return dilated.dilated_convolution(images, weight, dilation=dilation, padding=padding)


def context_network(channels, size):
    return dilated.ContextNetwork(channels, size)


def identity_initialise(network, channels):
    dilated.identity_initialise(network, channels)
