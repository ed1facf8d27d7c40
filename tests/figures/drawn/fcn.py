"""What the figures of the lecture on fully convolutional networks are drawn from."""

import numpy as np

from course_utils import figures
from tests.figures.drawn.metrics_and_loss import IMAGE, NAMES, TRUTH

SCORES = np.linspace(0, 1, 12 * 12).reshape(12, 12)
RUNS = np.array([[0.2, 0.4, 0.6], [0.3, 0.5, 0.6]])
MAPS = {1: (3, 64, 64), 8: (96, 8, 8), 16: (128, 4, 4), 32: (192, 2, 2)}
CLASSES = {8: (7, 8, 8), 16: (7, 4, 4), 32: (7, 2, 2)}

DRAWN = {
    "show_fcn": lambda ax: figures.show_fcn(ax, MAPS, CLASSES),
    "show_dense_as_convolution": lambda ax: figures.show_dense_as_convolution(
        ax, (3, 3), (5, 6), (16, 32)
    ),
    "show_one_by_one": lambda ax: figures.show_one_by_one(ax, 192, 7, 4),
    "show_window_answers": lambda ax: figures.show_window_answers(
        ax, IMAGE, [[0, 2], [1, 1]], NAMES, "slid", size=12, stride=8
    ),
    "show_window_answers of too many classes for a legend": lambda ax: (
        figures.show_window_answers(
            ax, IMAGE, np.arange(9).reshape(3, 3), ["disc"] * 9, "cut", size=8, stride=6
        )
    ),
    "show_padding_difference": lambda ax: figures.show_padding_difference(ax, SCORES),
    "show_border_difference": lambda ax: figures.show_border_difference(ax, SCORES),
    "show_upsampled": lambda ax: figures.show_upsampled(ax, SCORES, "transposed"),
    "show_kernel_cover": lambda ax: figures.show_kernel_cover(ax, SCORES > 0.5, 3, 2),
    "show_kernel_cover, even": lambda ax: figures.show_kernel_cover(ax, SCORES >= 0, 2, 2),
    "tent_curves": lambda ax: figures.tent_curves(
        ax, {"replicated": [0, 1, 1, 0], "bilinear": [0, 1, 1, 0], "learned": [0, 1, 1, 0]}
    ),
    "upsampling_error_bars": lambda ax: figures.upsampling_error_bars(
        ax, {"replicated": [0.3], "bilinear": [0.2], "learned": [0.1, 0.12]}
    ),
    "show_band": lambda ax: figures.show_band(ax, TRUTH, TRUTH > 0, 4),
    "show_cells": lambda ax: figures.show_cells(ax, TRUTH, 8),
    "show_fcn_answer": lambda ax: figures.show_fcn_answer(ax, TRUTH, 16),
    "show_fcn_answer, truth": lambda ax: figures.show_fcn_answer(ax, TRUTH, "truth"),
    "cell_bound_curves": lambda ax: figures.cell_bound_curves(
        ax, (1, 4), {8: [0.4, 0.5, 0.6], 32: [0.1, 0.2, 0.3]}
    ),
    "band_curves": lambda ax: figures.band_curves(ax, (1, 4), {32: RUNS, 8: RUNS + 0.2}),
    "band_curves, object": lambda ax: figures.band_curves(ax, (1, 4), {32: RUNS}, of="object"),
    "fcn_bars": lambda ax: figures.fcn_bars(
        ax, {32: [0.3, 0.4], "long": [0.4, 0.5], 8: [0.7, 0.6], "coarse": [0.2, 0.3]}
    ),
    "field_and_map_curves": lambda ax: figures.field_and_map_curves(
        ax, [1, 2], [50, 88], [112, 56]
    ),
    "pooled_curves": lambda ax: figures.pooled_curves(
        ax, [20, 34], {key: [[0.5, 0.6], [0.4, 0.5]] for key in ("border", "size", "mean")}
    ),
    "show_field_and_map": lambda ax: figures.show_field_and_map(ax, IMAGE, 4, 14, -5, (2, 3)),
}
