"""The smallest failing case as a picture: windows, responses, pictures made by ascent.

Matplotlib is imported when something is drawn, not before.
"""

from typing import Any

import torch

from course_utils.checks.compare import as_number
from course_utils.checks.exercise import Case
from course_utils.checks.probing import Observation
from course_utils.i18n import _

__all__ = ["boxes", "made_pictures", "response_maps"]

_RIGHT, _WRONG = "#0072B2", "#D55E00"  # blue and vermilion, apart in greyscale too


def boxes(case: Case, expected: Observation, got: Observation) -> Any:
    """The image's frame, the expected window and the one that came."""
    answer = got.answer
    if not isinstance(answer, list | tuple) or len(answer) != 4:
        return None
    numbers = [as_number(item) for item in answer]
    if any(number is None or not abs(number) < 10_000 for number in numbers):
        return None
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    figure = Figure(figsize=(4.6, 2.9), layout="constrained")
    ax = figure.subplots()
    height, width = case.inputs["size"]
    ax.add_patch(Rectangle((0, 0), width, height, color="0.88"))
    shown = ((expected.answer, _("expected"), _RIGHT, "-"), (numbers, _("got"), _WRONG, "--"))
    for (top, left, bottom, right), word, colour, line in shown:
        style = {"fill": False, "color": colour, "linestyle": line, "linewidth": 2}
        ax.add_patch(Rectangle((left, top), right - left, bottom - top, label=word, **style))
    ax.autoscale_view()
    ax.set_aspect("equal")
    ax.invert_yaxis()
    ax.set_xlabel(_("column, pixels"))
    ax.set_ylabel(_("row, pixels"))
    figure.legend(loc="outside right center", frameon=False)
    return figure


def response_maps(case: Case, expected: Observation, got: Observation) -> Any:
    """The first filter whose patches differ: its maps, expected and chosen units marked."""
    if not isinstance(got.answer, list | tuple) or len(got.answer) != len(expected.answer):
        return None
    pairs = zip(expected.answer, got.answer, strict=True)
    number = next((f for f, (right, row) in enumerate(pairs) if right != row), None)
    if number is None:
        return None
    maps = case.inputs["responses"][:6, number].double().numpy()
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.6 * max(len(maps), 2), 2.2), layout="constrained")
    axes = figure.subplots(1, len(maps), squeeze=False)[0]
    low, high = float(maps.min()), float(maps.max())
    for image, (ax, values) in enumerate(zip(axes, maps, strict=True)):
        ax.imshow(values, cmap="Greys", vmin=low, vmax=high + 0.5 * (high - low) + 1e-9)
        ax.set_title(_("filter {filter}, image {image}").format(filter=number, image=image),
                     fontsize=8)  # fmt: skip
        ax.set_xticks([])
        ax.set_yticks([])
        _mark(ax, expected.answer[number], image, values.shape, _RIGHT, "o")
        _mark(ax, got.answer[number], image, values.shape, _WRONG, "x")
    figure.supxlabel(_("o expected, x got; the number is the place in the row"), fontsize=8)
    return figure


def _mark(ax: Any, row: Any, image: int, shape: tuple, colour: str, marker: str) -> None:
    if not isinstance(row, list | tuple):
        return
    shift = 0.25 if marker == "x" else -0.25
    for place, item in enumerate(row[:9]):
        if not (isinstance(item, list | tuple) and len(item) == 3):
            continue
        numbers = [as_number(part) for part in item]
        if None in numbers or numbers[0] != image:
            continue
        _image, y, x = numbers
        if 0 <= y < shape[0] and 0 <= x < shape[1]:
            ax.plot(x, y + shift, marker, color=colour, markersize=6, fillstyle="none")
            ax.text(x + 0.2, y + shift, str(place), color=colour, fontsize=7, va="center")


def made_pictures(case: Case, expected: Observation, got: Observation) -> Any:
    """The picture that differs most: expected, got, both on one scale."""
    right = expected.answer["pictures"]
    answer = got.answer.get("pictures") if isinstance(got.answer, dict) else None
    if not isinstance(answer, torch.Tensor) or answer.shape != right.shape:
        return None
    if not answer.is_floating_point() or not answer.isfinite().all():
        return None
    off = (answer.double() - right.double()).abs().amax(dim=(1, 2, 3))
    if not off.any():
        return None
    one = int(off.argmax())
    pair = [values[one].double().mean(dim=0).numpy() for values in (right, answer)]
    low, high = (min(float(v.min()) for v in pair), max(float(v.max()) for v in pair))
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.8, 2.3), layout="constrained")
    for ax, values, word in zip(
        figure.subplots(1, 2), pair, (_("expected"), _("got")), strict=True
    ):
        shown = ax.imshow(values, cmap="Greys_r", vmin=low, vmax=high)
        ax.set_title(_("{word}, image {number}").format(word=word, number=one), fontsize=9)
        ax.set_xticks([])
        ax.set_yticks([])
    figure.colorbar(shown, ax=figure.axes, label=_("mean of the channels"))
    return figure
