"""The right answers, with the students' signatures. Imported only where one judges."""

from course_utils.reference import probe, transfer

__all__ = [
    "extract_features",
    "freeze",
    "learning_rate_groups",
    "linear_probe",
    "replace_head",
]


def replace_head(network, num_classes):
    transfer.replace_head(network, num_classes)
    return network


def freeze(network):
    transfer.freeze(network)


def extract_features(network, images, layer):
    return transfer.layer_features(network, images, layer)


def linear_probe(features, labels, num_classes, l2):
    return probe.linear_probe(features, labels, num_classes, l2=l2, tolerance=1e-5)


def learning_rate_groups(network, lr, decay):
    return transfer.learning_rate_groups(network, lr, decay)
