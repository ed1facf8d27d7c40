"""Geometry of the report's two pictures; the template draws them as inline SVG.

Lengths are in the picture's own units. It is drawn no wider than WIDTH of them, so that its
words stay legible on a telephone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from course_utils.i18n import _
from course_utils.teaching.report.gather import ExerciseFigures
from course_utils.teaching.report.words import number, percent

__all__ = ["WIDTH", "Bar", "Picture", "histogram", "shares"]

WIDTH = 480
_STEPS = (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  # points; widths of a bar
_MOST_BARS = 12
_HEIGHT = 200  # of a histogram's axis above its foot
_ROW = 44  # of an exercise: its name, and its bar below


@dataclass(frozen=True)
class Bar:
    """x, y, width, height: of the rectangle. label: what it stands for; value: its number."""

    x: float
    y: float
    width: float
    height: float
    label: str
    value: str


@dataclass(frozen=True)
class Picture:
    """height: of the whole; end: what stands at the end of the axis.

    finding: what it shows, for its title and for those who cannot see it.
    """

    height: float
    bars: tuple[Bar, ...]
    finding: str
    end: str = ""


def histogram(totals: Sequence[float], most: float) -> Picture:
    """How many hand-ins have how many points. most: points of the assignment, above 0."""
    step = next((s for s in _STEPS if most / s <= _MOST_BARS), most / _MOST_BARS)
    count = max(1, -(-most // step).__trunc__())
    held = [0] * count
    for total in totals:
        held[min(count - 1, max(0, int(total // step)))] += 1
    fullest = max(range(count), key=lambda index: held[index])
    slot = WIDTH / count
    bars = []
    for index, hand_ins in enumerate(held):
        height = _HEIGHT * hand_ins / max(1, max(held))
        bars.append(
            Bar(
                x=round(index * slot + 2, 1),
                y=round(24 + _HEIGHT - height, 1),
                width=round(slot - 4, 1),
                height=round(height, 1),
                label=number(index * step),
                value=str(hand_ins) if hand_ins else "",
            )
        )
    upper = most if fullest == count - 1 else (fullest + 1) * step
    finding = _(
        "The largest group, {count} of {all} hand-ins, has {lower} to {upper} points of {most}"
    ).format(
        count=held[fullest],
        all=len(totals),
        lower=number(fullest * step),
        upper=number(upper),
        most=number(most),
    )
    return Picture(24 + _HEIGHT + 44, tuple(bars), finding, number(count * step))


def shares(exercises: Sequence[ExerciseFigures]) -> Picture | None:
    """Share of full marks, an exercise a row, hardest first; None where all wait for marks."""
    marked = [exercise for exercise in exercises if exercise.share is not None]
    if not marked:
        return None
    bars = tuple(
        Bar(
            x=0,
            y=index * _ROW + 20,
            width=round((WIDTH - 60) * exercise.share, 1),
            height=16,
            label=exercise.name,
            value=percent(exercise.share),
        )
        for index, exercise in enumerate(marked)
    )
    finding = _("Hardest: {hardest}, full marks for {low}; easiest: {easiest}, {high}").format(
        hardest=marked[0].name,
        low=percent(marked[0].share),
        easiest=marked[-1].name,
        high=percent(marked[-1].share),
    )
    return Picture(len(marked) * _ROW, bars, finding)
