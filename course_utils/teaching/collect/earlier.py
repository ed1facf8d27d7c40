"""Why a file of a student's is kept as an earlier try, and another stands."""

from course_utils.i18n import _
from course_utils.teaching.collect.tries import Filed
from course_utils.teaching.doctor.worth import Worth

__all__ = ["why_earlier"]

_BY = {
    "order": lambda: _("an earlier try, by the LMS's own numbers"),
    "time": lambda: _("an earlier try, by its time"),
    "edited": lambda: _("an earlier try, by its time"),
    "copy": lambda: _("an earlier try, by the number of the copy"),
    "place": lambda: _("an earlier try, by its place in the download"),
}
_LESS = {
    Worth.UNREADABLE: lambda: _("the other try can be read"),
    Worth.OTHER: lambda: _("no notebook of the assignment, as the other try is"),
    Worth.BROKEN: lambda: _("the other try can be read"),
    Worth.BLANK: lambda: _("it holds no answer, and the other try does"),
    Worth.PART: lambda: _("a part of the assignment, of which the other try holds more"),
}


def why_earlier(filed: Filed, sha: str) -> str:
    """The sentence for the try with that SHA-256, in the language in use."""
    mine, best = filed.worth[sha], filed.worth[filed.stands.sha]
    if mine == best:
        return _BY[filed.by]()
    if best == Worth.BROKEN:
        return _("the other try says that it is of this assignment")
    return _LESS[mine]()
