"""The words of the report's page, in the language in use."""

from course_utils.i18n import _, language
from course_utils.teaching.report.gather import Report

__all__ = ["number", "percent", "words"]


def words(report: Report) -> dict[str, str]:
    """Name in the template -> words. They are plain text; the template escapes them."""
    return {
        "title": _("Report: {title}").format(title=report.title),
        "none": _("None."),
        "student": _("student"),
        "students": _("students"),
        "exercise": _("exercise"),
        "points": _("points"),
        "hand_ins": _("hand-ins"),
        "state": _("state"),
        "reason": _("reason"),
        "mean": _("mean"),
        "share": _("share"),
        "cell": _("cell"),
        "line": _("line"),
        "code": _("code"),
        "what": _("what it does"),
        "contents": _("Contents"),
        "added_cell": _("a cell added to the notebook"),
        **_glance(report),
        **_marks(),
        **_alike(report),
        **_look(),
    }


def _glance(report: Report) -> dict[str, str]:
    return {
        "glance": _("The class at a glance"),
        "glance_caption": _("How the hand-ins of {assignment} ended").format(
            assignment=report.assignment
        ),
        "handed_in": _("handed in"),
        "of": _("of {number} students").format(number=len(report.rows)),
        "median": _("median"),
        "mean_points": _("mean"),
        "of_points": _("of {number} points"),
        "waiting": _("wait for a mark by hand"),
        "waiting_note": _("What waits for a mark by hand counts 0 until it is marked."),
    }


def _marks() -> dict[str, str]:
    return {
        "distribution": _("Distribution of marks"),
        "axis": _("points from"),
        "hardest": _("Hardest exercises"),
        "hardest_caption": _("Marks by exercise, hardest first"),
        "full": _("full marks"),
        "part": _("part"),
        "zero": _("0 points"),
        "unmarked": _("waiting"),
        "mistakes": _("Commonest mistakes"),
        "mistakes_caption": _(
            "Mistakes that the checks know by name, in the words that students read"
        ),
        "mistake": _("mistake"),
        "who": _("Who"),
        "troubles": _("Hand-ins that did not end graded"),
        "troubles_caption": _("How they ended, and why"),
    }


def _alike(report: Report) -> dict[str, str]:
    above = report.alike.common_above
    return {
        "alike": _("Look-alike hand-ins"),
        "alike_note": _(
            "Worth a look, and no more than that: short exercises and common starting code "
            "make honest work alike. Names, comments, layout and order do not count, nor does "
            "code that was released. What more than {number} hand-ins share is taken for "
            "common property and is left out of the pairs."
        ).format(number=above),
        "no_release": _(
            "The released notebook was not found, so code that was released counts as the "
            "students' own."
        ),
        "groups_caption": _("The same throughout, but for names, comments and order"),
        "pairs_caption": _("Pairs, by how much of the smaller one's own code both have"),
        "pair": _("pair"),
        "common": _("in common"),
        "lines": _("lines"),
        "compare": _("Side by side"),
        "left_out": _("Further pairs, less alike, are not shown: {number}.").format(
            number=report.alike.left_out
        ),
        "reference": _("Likeness to the reference solution"),
        "reference_note": _(
            "The share of a student's own code that stands in the solution too, from 80%. "
            "An exercise that can be solved well in one way only makes it high by itself."
        ),
        "reference_caption": _("Hand-ins like the reference solution"),
        "no_solution": _("The solution was not found, so there is nothing to compare with."),
    }


def _look() -> dict[str, str]:
    return {
        "look": _("Code to look at"),
        "look_note": _(
            "Lines that change the interpreter, reach for files, the network or the grading. "
            "They may have an honest reason, and they earn or cost no point by themselves: "
            "answers are judged outside the student's notebook."
        ),
        "look_caption": _("Lines of this hand-in"),
    }


def number(value: float | None) -> str:
    """Two digits at most, with the decimal mark of the language in use; "–" for None."""
    if value is None:
        return "–"
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return text.replace(".", ",") if language() == "ru" else text


def percent(share: float) -> str:
    """A share from 0 to 1 as a whole number of per cent, as the language in use writes it."""
    return f"{100 * share:.0f}\N{NO-BREAK SPACE}%" if language() == "ru" else f"{share:.0%}"
