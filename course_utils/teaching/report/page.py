"""The report as one HTML page: nothing loaded, no script, whatever students wrote is text."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from course_utils.i18n import _, language
from course_utils.teaching.class_table import STATES
from course_utils.teaching.report.gather import Report
from course_utils.teaching.report.pictures import WIDTH, histogram, shares
from course_utils.teaching.report.words import number, percent, words
from course_utils.teaching.suspicions import WHAT

__all__ = ["render"]

_TEMPLATES = Path(__file__).parents[1] / "templates" / "course_report"


def render(report: Report) -> str:
    """The page, in the language in use."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    environment.filters["percent"] = percent
    states = {key: _(name) for key, name in STATES.items()}
    return environment.get_template("page.html.j2").render(
        report=report,
        language=language(),
        words=words(report),
        states=states,
        counts=[
            (states[key], sum(row.state == key for row in report.rows))
            for key in STATES
            if any(row.state == key for row in report.rows)
        ],
        waiting=sum(row.needs_marking for row in report.handed_in),
        what={key: _(sentence) for key, sentence in WHAT.items()},
        totals=histogram([row.total for row in report.handed_in if row.marks], report.most),
        hardest=shares(report.exercises),
        width=WIDTH,
    )
