"""Reference implementations: what student code is compared with and the lectures run."""

from course_utils.reference.losses import categorical_cross_entropy, softmax
from course_utils.reference.metrics import (
    confusion_counts,
    jaccard,
    mean_jaccard,
    pixel_accuracy,
)
from course_utils.reference.probe import linear_probe
from course_utils.reference.transfer import (
    freeze,
    layer_features,
    learning_rate_groups,
    replace_head,
    unfreeze,
)

__all__ = [
    "categorical_cross_entropy",
    "confusion_counts",
    "freeze",
    "jaccard",
    "layer_features",
    "learning_rate_groups",
    "linear_probe",
    "mean_jaccard",
    "pixel_accuracy",
    "replace_head",
    "softmax",
    "unfreeze",
]
