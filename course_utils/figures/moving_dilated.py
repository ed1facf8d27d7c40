"""The moving figures of the lecture on dilated convolutions."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from course_utils.data.voc import VOID
from course_utils.figures.dilated import show_paths
from course_utils.figures.dilated_comparison import competitor_name
from course_utils.figures.layout import pixel_axes
from course_utils.figures.palette import COLOURS, legend_handles
from course_utils.figures.segmentation import show_errors, show_image, show_labels
from course_utils.figures.widgets import Choice, InteractiveFigure, Slider, interactive_figure
from course_utils.i18n import _
from course_utils.reference.dilated import dilated_convolution
from course_utils.reference.dilated_paths import seen_paths
from course_utils.reference.metrics import confusion_counts, mean_jaccard

__all__ = ["comparison_browser", "dilation_figure", "sliding_kernel_figure"]


def dilation_figure(image) -> InteractiveFigure:
    """The dilations of three layers: which pixels one unit sees, alone and over an image.

    image: (3, H, W) floats in [0, 1], at least 49 pixels a side.
    """
    image = np.asarray(image)
    height, width = image.shape[1:]

    def draw(figure, first, second, third):
        dilations = [each for each in (first, second, third) if each]
        paths = np.asarray(seen_paths(dilations))
        left, right = figure.subplots(1, 2)
        share = (paths > 0).mean()
        title = _("{side} × {side}, seen {share:.0%}").format(side=len(paths), share=share)
        show_paths(left, paths, title=title)
        show_image(right, image, title=_("Seen in the image"))
        veil = np.full((height, width), 0.62)
        top, start = (height - len(paths)) // 2, (width - len(paths)) // 2
        inside = veil[top : top + len(paths), start : start + len(paths)]
        inside[paths > 0] = 0.0
        shade = np.zeros((height, width, 4))
        shade[..., :3], shade[..., 3] = 1.0, veil
        right.imshow(shade, interpolation="nearest")

    choices = {_("no layer"): 0} | {str(d): d for d in (1, 2, 3, 4, 6, 8)}
    controls = {
        "first": Choice(_("l of layer 1"), choices, 1),
        "second": Choice(_("l of layer 2"), choices, 2),
        "third": Choice(_("l of layer 3"), choices, 4),
    }
    frames = [{"first": 2, "second": 2, "third": 2}, {"first": 2, "second": 4, "third": 8}]
    return interactive_figure(draw, controls, frames, height=3.3, columns=2)


def sliding_kernel_figure(image, weight) -> InteractiveFigure:
    """A dilated kernel slid over an image: the pixels under its taps, and the response.

    image: (H, W) floats; weight: (3, 3). The response keeps the image's size.
    """
    image = torch.as_tensor(np.asarray(image), dtype=torch.float32)
    weight = torch.as_tensor(np.asarray(weight), dtype=torch.float32)
    height, width = image.shape
    responses = {
        dilation: dilated_convolution(
            image[None, None], weight[None, None], dilation=dilation, padding=dilation
        )[0, 0].numpy()
        for dilation in (1, 2, 4, 8)
    }
    reach = max(np.abs(each).max() for each in responses.values())

    def draw(figure, dilation, row, column):
        left, right = figure.subplots(1, 2)
        left.imshow(image.numpy(), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        for i, j in np.ndindex(3, 3):
            x, y = column + dilation * (j - 1), row + dilation * (i - 1)
            if 0 <= x < width and 0 <= y < height:
                left.plot(x, y, "s", color=COLOURS[3], markeredgecolor="black", markersize=4)
        title = _("Nine taps, dilation {dilation}").format(dilation=dilation)
        left.set_title(title, fontsize=9)
        pixel_axes(left, height, width)
        right.imshow(
            responses[dilation],
            cmap="cividis",
            vmin=-reach,
            vmax=reach,
            interpolation="nearest",
        )
        right.plot(column, row, "o", color="white", markeredgecolor="black", markersize=6)
        title = _("Response at row {row}, column {column}: {value:.2f}")
        value = float(responses[dilation][row, column]) + 0.0
        right.set_title(title.format(row=row, column=column, value=value), fontsize=9)
        pixel_axes(right, height, width)

    controls = {
        "dilation": Choice(_("dilation l"), {str(d): d for d in responses}, 2),
        "row": Slider(_("row, pixels"), 0, height - 1, height // 2),
        "column": Slider(_("column, pixels"), 0, width - 1, width // 2),
    }
    frames = [{"dilation": 1}, {"dilation": 4}]
    return interactive_figure(draw, controls, frames, height=3.0, columns=1)


def comparison_browser(
    images: Tensor, labels: Tensor, answers: Mapping[str, Tensor], names: Sequence[str]
) -> InteractiveFigure:
    """Any scene and any network: its answer, its mistakes, its Jaccard index.

    images: (N, 3, H, W) in [0, 1]; labels: (N, H, W) with VOID; answers: key of a network ->
    (N, H, W) labels.
    """
    names = list(names)

    def draw(figure, scene, network):
        predicted, truth = answers[network][scene], labels[scene]
        axes = figure.subplots(1, 4)
        show_image(axes[0], images[scene])
        show_labels(axes[1], truth, names, title=competitor_name("truth"), legend=False)
        show_labels(axes[2], predicted, names, title=competitor_name(network), legend=False)
        present = sorted({*truth.unique().tolist(), *predicted.unique().tolist()} - {VOID})
        handles = legend_handles(present, names, void=bool((truth == VOID).any()))
        figure.legend(
            handles=handles, loc="outside lower center", ncols=8, fontsize=7, frameon=False
        )
        counts = confusion_counts(predicted[None], truth[None], len(names))
        value = float(mean_jaccard(counts))
        title = _("Mean J here: {value:.2f}").format(value=value)
        show_errors(axes[3], predicted, truth, title=title)

    numbers = {str(j + 1): j for j in range(len(images))}
    networks = {competitor_name(key): key for key in answers}
    controls = {
        "scene": Choice(_("scene"), numbers, 0),
        "network": Choice(_("network"), networks, next(iter(answers))),
    }
    frames = [{"scene": 1, "network": list(answers)[-1]}]
    return interactive_figure(draw, controls, frames, height=2.6, columns=1)
