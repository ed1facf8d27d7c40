"""What a network reaches, beside what was published: one table, and one record to keep.

Counted over the whole data set, as the lecture does: batches are counted, their counts added,
and only then divided. Void is in nothing.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn

from course_utils.i18n import _
from course_utils.recipes.registry import Quoted
from course_utils.reference.metrics import (
    confusion_counts,
    jaccard,
    mean_jaccard,
    pixel_accuracy,
)
from course_utils.reference.placement import Placement

__all__ = ["MEASURES", "comparison", "mean_accuracy", "measure"]

MEASURES = ("pixel_accuracy", "mean_accuracy", "mean_jaccard")


def measure(
    network: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    names: Sequence[str],
    placement: Placement,
) -> dict[str, object]:
    """Measures in per cent: MEASURES, and "jaccard", class name -> value or None.

    batches: images (N, 3, H, W), truth (N, H, W). names: of the classes 0..K-1. None stands for
    a class that neither truth nor prediction holds. The network is left in evaluation mode.
    Raises ValueError where there is no labelled pixel.
    """
    network.eval()
    counts = torch.zeros(len(names), len(names), dtype=torch.int64)
    with torch.inference_mode():
        for batch in batches:
            images, truth = placement.batch(batch)
            with placement.autocast():
                labels = network(images).argmax(dim=1)
            counts += confusion_counts(labels, truth, len(names)).cpu()
    values = [_per_cent(value) for value in jaccard(counts)]
    return {
        "pixel_accuracy": _per_cent(pixel_accuracy(counts)),
        "mean_accuracy": _per_cent(mean_accuracy(counts)),
        "mean_jaccard": _per_cent(mean_jaccard(counts)),
        "jaccard": dict(zip(names, values, strict=True)),
    }


def mean_accuracy(counts: Tensor) -> Tensor:
    """Mean over the classes of the truth of the share of their pixels that is right.

    counts: (K, K) of `confusion_counts`. Returns a float64 scalar in [0, 1].
    Source: Long et al. 2015, arXiv:1411.4038, section 5, "mean accuracy".
    """
    return (counts.diagonal().double() / counts.sum(dim=1)).nanmean()


def comparison(
    measured: Mapping[str, object],
    circumstances: str,
    quoted: Sequence[Quoted],
    *,
    on_voc: bool,
) -> str:
    """The measures as a table that reads well in a terminal, published ones beside them.

    circumstances: with what the measured ones were measured. on_voc: whether on VOC; if not,
    the table says that they can't be compared. — stands for what no source prints, and for a
    class that does not occur.
    """
    of_others = _("quoted")
    head = [_("per cent"), _("measured here"), *(f"{q.name} ({of_others})" for q in quoted)]
    shown = {
        "pixel_accuracy": _("pixel accuracy"),
        "mean_accuracy": _("mean accuracy"),
        "mean_jaccard": _("mean Jaccard"),
    }
    rows = [
        [shown[key], _number(measured[key]), *(_number(getattr(q, key)) for q in quoted)]
        for key in MEASURES
    ]
    for name, value in measured["jaccard"].items():
        rows.append([f"  {name}", _number(value), *("—" for _quoted in quoted)])
    lines = [
        _("Measured here: {circumstances}.").format(circumstances=circumstances),
        *(
            _("Quoted, not measured here: {name}: {source}.").format(
                name=q.name, source=q.source
            )
            for q in quoted
        ),
    ]
    if not quoted:
        lines.append(_("Of this network no figure on PASCAL VOC was published by its authors."))
    elif not on_voc:
        lines.append(_("The quoted ones are of PASCAL VOC: other images, not to be compared."))
    return "\n".join([_aligned([head, *rows]), *lines])


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *numbers in rows:
        cells = [number.rjust(width) for number, width in zip(numbers, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]))
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.1f}"


def _per_cent(fraction: Tensor) -> float | None:
    return None if math.isnan(fraction) else 100 * float(fraction)
