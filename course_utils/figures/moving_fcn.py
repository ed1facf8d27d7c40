"""The moving figures of the lecture on fully convolutional networks."""

from collections.abc import Mapping

from torch import Tensor, nn

from course_utils.data.voc import VOID
from course_utils.figures.fcn import FCN_NAMES, show_band
from course_utils.figures.fcn_pooling import show_field_and_map
from course_utils.figures.segmentation import show_errors, show_image
from course_utils.figures.widgets import Choice, InteractiveFigure, Slider, interactive_figure
from course_utils.i18n import _
from course_utils.reference.border_band import border_band, only_band
from course_utils.reference.metrics import confusion_counts, mean_jaccard
from course_utils.reference.receptive_field import Geometry, receptive_field

__all__ = ["band_figure", "poolings_figure"]


def poolings_figure(image: Tensor) -> InteractiveFigure:
    """Poolings and 3 x 3 convolutions on sliders; what one unit sees, and the map's size.

    image: (3, H, W) in [0, 1], H and W multiples of 32.
    """

    def draw(figure, poolings, convolutions, row):
        geometry = _stack(poolings, convolutions)
        stride, field, edge = geometry.stride[0], geometry.size[0], geometry.edge[0]
        units = image.shape[1] // stride
        unit = min(units - 1, row * units // 100)
        show_field_and_map(figure.subplots(), image, stride, field, edge, (unit, unit))

    controls = {
        "poolings": Slider(_("poolings"), 0, 5, 3),
        "convolutions": Slider(_("3×3 convolutions before each and after the last"), 1, 3, 1),
        "row": Slider(_("place of the unit, % of the diagonal"), 0, 100, 50),
    }
    frames = [{"poolings": 1}, {"poolings": 3}, {"poolings": 5}]
    return interactive_figure(draw, controls, frames, height=2.4, columns=3)


def band_figure(
    images: Tensor, truth: Tensor, answers: Mapping[int, Tensor], num_classes: int
) -> InteractiveFigure:
    """Network, image and width of the band to choose; its mistakes there, and their measure.

    images: (N, 3, H, W); truth: (N, H, W) labels; answers: key of FCN_NAMES -> (N, H, W)
    labels that this network gave.
    """

    def draw(figure, network, scene, width):
        i = scene - 1
        narrow, predicted = only_band(truth[i : i + 1], width), answers[network][i : i + 1]
        inside = _mean(predicted, narrow, num_classes)
        whole = _mean(predicted, truth[i : i + 1], num_classes)
        band = border_band(truth[i : i + 1], width)[0].cpu()
        left, middle, right = figure.subplots(1, 3)
        show_image(left, images[i].cpu())
        name = _(FCN_NAMES[network])
        labels = {"predicted": predicted[0].cpu(), "title": name}
        show_band(middle, truth[i].cpu(), band, width, **labels)
        title = _("Jaccard: band {inside:.2f}, whole {whole:.2f}")
        title = title.format(inside=inside, whole=whole)
        show_errors(right, predicted[0].cpu(), narrow[0].cpu(), title=title)

    networks = {_(FCN_NAMES[key]): key for key in answers}
    controls = {
        "network": Choice(_("network"), networks, next(iter(answers))),
        "scene": Slider(_("image"), 1, len(images), 1),
        "width": Slider(_("width of the band, pixels"), 1, 16, 4),
    }
    first, *_between, last = answers
    frames = [{"network": first}, {"network": last}]
    return interactive_figure(draw, controls, frames, height=2.2, columns=1)


def _stack(poolings: int, convolutions: int) -> Geometry:
    layers: list[nn.Module] = []
    for level in range(poolings + 1):
        layers += [nn.Conv2d(1, 1, 3, padding=1)] * convolutions
        layers += [nn.MaxPool2d(2)] * (level < poolings)
    return receptive_field(layers)


def _mean(predicted: Tensor, truth: Tensor, num_classes: int) -> float:
    """NaN where the truth has no labelled pixel: an image without borders."""
    if bool((truth == VOID).all()):
        return float("nan")
    return float(mean_jaccard(confusion_counts(predicted, truth, num_classes)))
