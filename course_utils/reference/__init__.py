"""Reference implementations: what student code is compared with and the lectures run."""

from course_utils.reference.class_pictures import ClassPictures, Normalized, maximize_class
from course_utils.reference.dilated import (
    CONTEXT_DILATIONS,
    ContextNetwork,
    dilated_block,
    dilated_convolution,
    identity_initialise,
    stack_receptive_fields,
)
from course_utils.reference.dream import Dream, dream
from course_utils.reference.evaluation import evaluate_classification, evaluate_segmentation
from course_utils.reference.fcn import (
    FCN,
    TORCHVISION_NODES,
    FeatureMaps,
    classifier_to_convolutions,
    dense_to_convolution,
)
from course_utils.reference.front_end import DilatedSegmenter, FrontEnd
from course_utils.reference.initialisation import he_initialise
from course_utils.reference.losses import categorical_cross_entropy, softmax
from course_utils.reference.metrics import (
    confusion_counts,
    jaccard,
    mean_jaccard,
    pixel_accuracy,
)
from course_utils.reference.padding import pad_to_multiple
from course_utils.reference.patches import Patch, cut_patches, top_patches
from course_utils.reference.picture_priors import blurred, jittered, total_variation
from course_utils.reference.placement import Placement
from course_utils.reference.probe import linear_probe
from course_utils.reference.receptive_field import (
    Box,
    Geometry,
    UnitBox,
    receptive_field,
    receptive_fields,
    unit_box,
)
from course_utils.reference.training import History, fit, seed_everything
from course_utils.reference.transfer import (
    freeze,
    layer_features,
    learning_rate_groups,
    replace_head,
    unfreeze,
)
from course_utils.reference.unet import (
    UNet,
    UpConvolution,
    crop_and_copy,
    double_convolution,
    level_sizes,
    nearest_valid_sizes,
)
from course_utils.reference.upsampling import (
    bilinear_kernel,
    bilinear_transposed_convolution,
    upsample_replicate,
)

__all__ = [
    "CONTEXT_DILATIONS",
    "FCN",
    "TORCHVISION_NODES",
    "Box",
    "ClassPictures",
    "ContextNetwork",
    "DilatedSegmenter",
    "Dream",
    "FeatureMaps",
    "FrontEnd",
    "Geometry",
    "History",
    "Normalized",
    "Patch",
    "Placement",
    "UNet",
    "UnitBox",
    "UpConvolution",
    "bilinear_kernel",
    "bilinear_transposed_convolution",
    "blurred",
    "categorical_cross_entropy",
    "classifier_to_convolutions",
    "confusion_counts",
    "crop_and_copy",
    "cut_patches",
    "dense_to_convolution",
    "dilated_block",
    "dilated_convolution",
    "double_convolution",
    "dream",
    "evaluate_classification",
    "evaluate_segmentation",
    "fit",
    "freeze",
    "he_initialise",
    "identity_initialise",
    "jaccard",
    "jittered",
    "layer_features",
    "learning_rate_groups",
    "level_sizes",
    "linear_probe",
    "maximize_class",
    "mean_jaccard",
    "nearest_valid_sizes",
    "pad_to_multiple",
    "pixel_accuracy",
    "receptive_field",
    "receptive_fields",
    "replace_head",
    "seed_everything",
    "softmax",
    "stack_receptive_fields",
    "top_patches",
    "total_variation",
    "unfreeze",
    "unit_box",
    "upsample_replicate",
]
