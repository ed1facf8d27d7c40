"""Data sets of the course, drawn or downloaded."""

from course_utils.data.voc import (
    VOC_CLASSES,
    VOID,
    ClassCount,
    Statistics,
    read_labels,
    statistics_table,
    voc_palette,
    voc_statistics,
)

__all__ = [
    "VOC_CLASSES",
    "VOID",
    "ClassCount",
    "Statistics",
    "read_labels",
    "statistics_table",
    "voc_palette",
    "voc_statistics",
]
