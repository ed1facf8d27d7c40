"""Figures of the lectures: functions that take `ax`, draw and return it.

Each is imported when it is first asked for: where the reference implementations are out of
reach, as in the kernel that grades, the figures that need none of them still draw.
"""

import importlib
from typing import Any

_HOMES: dict[str, tuple[str, ...]] = {
    "boxes": (
        "show_box_overlap",
        "show_boxes",
        "show_windows",
    ),
    "class_pictures": (
        "class_rows",
        "climb_curves",
        "confidence_curves",
        "gradient_curves",
        "noise_row",
        "norm_curve",
        "penalty_curves",
        "seen",
    ),
    "context": (
        "context_table",
        "cost_of_field_curves",
        "field_against_size",
        "identity_scatter",
        "show_measured_field",
    ),
    "dense_windows": (
        "piece_bars",
        "show_window_answer",
        "stride_curves",
        "touching_bars",
        "window_size_bars",
    ),
    "detection": (
        "ap_bars",
        "crowd_bars",
        "precision_recall_curves",
        "reach_bars",
        "suppression_bars",
        "suppression_curves",
        "suppression_title",
    ),
    "dilated": (
        "distance_curves",
        "field_and_weight_curves",
        "padding_table",
        "show_kernel",
        "show_paths",
        "show_pixel_numbers",
    ),
    "dilated_comparison": (
        "CompetitorRow",
        "competitor_name",
        "competitors_table",
        "published_dilated_table",
        "quality_bars",
        "show_competitor",
        "show_feature_grid",
        "survival_bars",
    ),
    "fcn": (
        "band_curves",
        "cell_bound_curves",
        "fcn_bars",
        "published_fcn_table",
        "show_band",
        "show_cells",
        "show_fcn_answer",
        "show_window_answers",
    ),
    "fcn_diagram": (
        "show_dense_as_convolution",
        "show_fcn",
        "show_one_by_one",
    ),
    "fcn_pooling": (
        "field_and_map_curves",
        "pooled_curves",
        "poolings_table",
        "show_field_and_map",
    ),
    "fcn_upsampling": (
        "show_border_difference",
        "show_kernel_cover",
        "show_padding_difference",
        "show_upsampled",
        "tent_curves",
        "upsampling_error_bars",
    ),
    "feature_planes": (
        "feature_plane",
        "probe_curves",
        "published_probe_curve",
    ),
    "first_filters": (
        "first_layer_sheet",
        "likeness_dots",
    ),
    "interpretation": (
        "agreement_curves",
        "covering_dots",
        "field_table",
        "growth_bars",
        "influence_map",
        "nested_windows",
        "repeated_bars",
        "response_histogram",
    ),
    "layout": (
        "panels",
        "show",
    ),
    "loss": (
        "descent_curves",
        "factor_curve",
        "gradient_norm_curves",
        "group_bars",
        "log_curve",
        "probability_bars",
        "score_bars",
        "show_gradient",
        "show_loss_map",
        "show_void_answer",
        "stability_table",
        "void_quality_bars",
        "void_seam_bars",
        "walk_curves",
        "weight_bars",
    ),
    "metrics": (
        "accuracy_and_jaccard_bars",
        "agreement_curve",
        "background_curves",
        "border_curves",
        "convention_bars",
        "dice_curve",
        "information_bars",
        "jaccard_and_dice_bars",
        "object_bars",
        "share_bars",
        "small_sets_curves",
        "statistics_table",
    ),
    "moving_dilated": (
        "comparison_browser",
        "dilation_figure",
        "sliding_kernel_figure",
    ),
    "moving_fcn": (
        "band_figure",
        "poolings_figure",
    ),
    "moving_interpretation": (
        "climb_browser",
        "dream_browser",
        "patch_browser",
    ),
    "moving_loss": (
        "pixel_figure",
        "scale_figure",
    ),
    "moving_metrics": (
        "brush_figure",
        "convention_figure",
        "object_size_figure",
        "spoiling_figure",
    ),
    "moving_tasks": (
        "box_overlap_figure",
        "detection_figure",
        "window_figure",
    ),
    "moving_transfer": (
        "features_figure",
        "transfer_figure",
    ),
    "moving_unet": (
        "level_figure",
        "unet_size_figure",
    ),
    "moving_up_convolution": ("stamp_figure",),
    "palette": (
        "COLOURS",
        "VOID_COLOUR",
        "colorize",
        "legend_handles",
    ),
    "patch_sheets": (
        "covered_sheet",
        "filter_sheet",
        "layer_sheet",
        "mean_patch_sheet",
    ),
    "recipe_diagrams": ("recipe_diagram",),
    "segmentation": (
        "class_bars",
        "show_confusion",
        "show_errors",
        "show_image",
        "show_labels",
        "show_objects",
        "show_overlap",
        "show_overlay",
    ),
    "spoiling": (
        "brushed",
        "careless",
        "filled",
        "grown",
        "shifted",
        "swapped",
    ),
    "tables": ("Table",),
    "tasks": (
        "answers_table",
        "price_table",
        "show_task",
        "view_bars",
        "whole_scene_bars",
    ),
    "transfer": (
        "agreement_scatter",
        "depth_curves",
        "kept_statistics_bars",
        "rate_curves",
        "size_curves",
        "task_sheet",
    ),
    "unet": (
        "area_curves",
        "copies_bars",
        "copy_table",
        "few_images_curve",
        "influence_curves",
        "mistake_bars",
        "shape_bars",
        "show_copies_answer",
        "show_influence",
        "spoiled_bars",
    ),
    "unet_diagram": (
        "show_seams",
        "show_tiles",
        "show_unet",
    ),
    "up_convolution": (
        "show_matrix",
        "show_numbers",
        "show_stamp_counts",
        "show_upsampling",
    ),
    "widgets": (
        "Choice",
        "Slider",
        "Switch",
        "interactive_figure",
    ),
    "window_scores": (
        "empty_window_bars",
        "localisation_curves",
        "show_score_map",
        "slid_scatter",
        "window_bars",
        "window_match_curves",
    ),
}
_MODULES = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    """The figure called `name`, out of its module."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
