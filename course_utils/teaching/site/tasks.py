"""The page of assignments: what each asks, how long it takes, what it is worth."""

import re
from collections.abc import Mapping

from nbformat import NotebookNode

from course_utils.teaching.config import Course
from course_utils.teaching.site.reading import badge

__all__ = ["page"]

_WORDS = {
    "ru": {
        "title": "Задания",
        "head": "Тетради, в которых вы пишете код и сразу узнаёте, что в нём не так: под "
        "каждым упражнением стоит проверка. Она называет ошибку словами и показывает самый "
        "маленький пример, на котором ответ расходится с верным. Последний вопрос каждого "
        "задания читает преподаватель.",
        "lectures": "Лекции",
        "exercise": "Упражнение",
        "time": "Время",
        "points": "Баллы",
        "total": "Всего",
    },
    "en": {
        "title": "Assignments",
        "head": "Notebooks in which you write code and learn at once what is wrong with it: "
        "there is a check under each exercise. It names the mistake in words and shows the "
        "smallest example on which the answer departs from the right one. The last question "
        "of each assignment is read by your instructor.",
        "lectures": "Lectures",
        "exercise": "Exercise",
        "time": "Time",
        "points": "Points",
        "total": "Total",
    },
}
_HEADING = re.compile(r"## (?P<title>\d+\. .+)\n+(?:\*(?P<time>[^*\n]+)\*)?")


def page(course: Course, notebooks: Mapping[str, NotebookNode], language: str) -> str:
    """The page, as Markdown. notebooks: name of an assignment -> its student version."""
    words = _WORDS[language]
    lines = [f"# {words['title']}", "", words["head"], ""]
    for name, assignment in course.assignments.items():
        notebook = notebooks[name]
        lectures = [f"[{one[:2]}](lectures/{one}.ipynb)" for one in assignment.lectures]
        lines += [
            f"({name})=",
            f"## {assignment.title[language]}",
            "",
            badge(course, language, f"assignments/{language}/{name}/{name}.ipynb"),
            "",
            _goals(name, notebook),
            "",
            f"**{words['lectures']}:** {', '.join(lectures)}",
            "",
            f"| {words['exercise']} | {words['time']} | {words['points']} |",
            "|:--|:--|--:|",
        ]
        worth = assignment.points
        for title, time, grade_id in _exercises(notebook):
            time = time.replace(" ", "\u00a0")  # a number stays with its unit
            lines.append(f"| {title} | {time} | {worth[grade_id]:g} |")
        lines += [f"| **{words['total']}** | | **{assignment.total:g}** |", ""]
    return "\n".join(lines)


def _goals(name: str, notebook: NotebookNode) -> str:
    """What one will be able to do, and the time: the first two paragraphs below the title."""
    text = notebook.cells[1].source
    parts = re.split(r"\n\n", text)
    bold = [part for part in parts if part.startswith("**")][:2]
    if len(bold) < 2 or "\n- " not in bold[0]:
        raise ValueError(f"{name}: expected goals and time below the title, got {text[:90]!r}.")
    head, _newline, goals = bold[0].partition("\n")
    return f"{head}\n\n{goals}\n\n{bold[1]}"


def _exercises(notebook: NotebookNode) -> list[tuple[str, str, str]]:
    """Title, time and grade_id of each exercise, in order."""
    found, title, time = [], "", ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (heading := _HEADING.match(cell.source)):
            title, time = heading["title"], heading["time"] or ""
        about = cell.metadata.get("nbgrader", {})
        if about.get("grade") and title:
            found.append((title, time, about["grade_id"]))
            title = ""
    return found
