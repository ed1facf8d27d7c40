"""Essays typed into the cell of the question: none is lost, and who marks them sees them."""

import copy

import nbformat
import pytest

from course_utils.i18n import speaking
from course_utils.teaching.doctor.questions import answer_in, is_whole_in, share_of
from tests.teaching.doctor.damages import dumped, named, own, place, question

ASKED = "## 3. Why?\n*15 minutes*\n\n1. Why so?\n2. Why **not**?"


def kinds(found):
    return [finding.kind for finding in found.findings]


def essay(found):
    return named({"cells": found.notebook.cells}, "essay")["source"]


@pytest.fixture
def page(intact):
    """page(language) -> a hand-in whose essay is not written."""

    def make(language="en"):
        notebook = copy.deepcopy(intact[f"right_{language}"])
        stubs = {"en": "*Your answer.*", "ru": "*Ваш ответ.*"}
        named(notebook, "essay")["source"] = stubs[language]
        return notebook

    return make


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (ASKED, None),
        (ASKED.replace("\n", " \n\n"), None),  # white space alone
        (ASKED.removesuffix("\n2. Why **not**?"), None),  # a line gone, and nothing written
        (f"{ASKED}\n\nBecause.\n\nSo.\n", "Because.\n\nSo."),
        (f"    code = 1\n{ASKED}", "    code = 1"),
        (f"First.\n\n{ASKED}\nLast.", "First.\n\nLast."),
        (f"{ASKED} Because.", " Because."),
        (ASKED.replace("so?\n", "so? Because.\n"), ASKED.replace("so?\n", "so? Because.\n")),
        (ASKED.replace("so?\n", "so?Because.\n"), ASKED.replace("so?\n", "so?Because.\n")),
    ],
)
def test_what_was_written_comes_out(source, text):
    found = answer_in(source, [ASKED, "## 3. Почему?"], "essay")
    assert (found and found.text) == text
    assert found is None or found.question == ASKED


def test_the_question_is_known_by_its_words():
    assert is_whole_in(f"a\n{ASKED}\nb", ["other", ASKED])
    assert not is_whole_in(ASKED[:-5], [ASKED])
    assert share_of("a b c d", "x a b c y") == 0.75
    assert share_of("a b", "") == 0


@pytest.mark.parametrize("language", ["en", "ru"])
def test_it_becomes_the_answer_where_that_is_untouched_and_the_student_is_told(
    page, examined, seen, language
):
    notebook = page(language)
    released = question(notebook)["source"]
    question(notebook)["source"] += "\n\nThe background is *large*."
    found = examined(dumped(notebook))
    assert kinds(found) == ["answer_in_question"]
    assert not found.needs_person
    assert essay(found) == "The background is *large*."
    assert released in [cell.source for cell in found.notebook.cells]
    with speaking(language):
        said = found.findings[0].wrong() + found.findings[0].cure()
    assert {"en": "moved into the cell for the answer", "ru": "перенесён в ячейку для ответа"}[
        language
    ] in said
    assert seen(dumped(notebook))[0]["essay"][1] == essay(found)  # grading alone sees it too


def test_answers_between_the_lines_come_with_their_questions(page, examined):
    notebook = page()
    cell = question(notebook)
    released = cell["source"]
    cell["source"] = released.replace("fills 5%.", "fills 5%. **So the rest is background!**")
    written = cell["source"]
    found = examined(dumped(notebook))
    assert essay(found) == written
    assert released in [one.source for one in found.notebook.cells]


def test_beside_another_answer_it_stands_alone_and_a_person_is_asked(page, examined, seen):
    notebook = page()
    named(notebook, "essay")["source"] = "Short."
    question(notebook)["source"] += "\n\nThe long answer."
    found = examined(dumped(notebook))
    assert kinds(found) == ["text_in_question"]
    assert found.needs_person
    texts = [cell.source for cell in found.notebook.cells]
    at = texts.index("The long answer.")
    assert texts[at + 1] == "Short."
    assert texts[at - 1].endswith("Why is accuracy high?")
    assert seen(dumped(notebook))[0]["essay"][1] == "Short."
    assert examined(nbformat.writes(found.notebook).encode()).findings == []


def test_an_answer_in_a_cell_of_its_own_goes_before_it(page, examined):
    notebook = page()
    question(notebook)["source"] += "\n\nBy the question."
    notebook["cells"].insert(place(notebook, "essay") + 1, own("In a cell.", "markdown"))
    found = examined(dumped(notebook))
    assert "text_in_question" in kinds(found)
    assert essay(found) == "In a cell."
    assert "By the question." in [cell.source for cell in found.notebook.cells]


def test_without_any_metadata_the_words_tell(page, examined):
    notebook = page("ru")
    question(notebook)["source"] += "\n\nФон велик."
    for cell in notebook["cells"]:
        cell["metadata"] = {}
        del cell["id"]
    found = examined(dumped(notebook))
    assert "answer_in_question" in kinds(found)
    assert essay(found) == "Фон велик."


def test_an_answer_in_place_of_the_question_is_an_answer(page, examined):
    notebook = page()
    question(notebook)["source"] = "The background is large, and all of it is right."
    found = examined(dumped(notebook))
    assert essay(found) == "The background is large, and all of it is right."


def test_the_halves_of_a_question_are_no_answer(page, examined, seen):
    notebook = page()
    at = place(notebook, "essay") - 1
    half = copy.deepcopy(notebook["cells"][at])
    whole = half["source"].split("\n")
    notebook["cells"][at]["source"], half["source"] = "\n".join(whole[:1]), "\n".join(whole[1:])
    notebook["cells"].insert(at + 1, half)
    found = examined(dumped(notebook))
    assert essay(found) == "*Your answer.*"
    assert found.findings == [] or not found.damaged


def test_pictures_pasted_there_go_with_the_text(page, examined):
    notebook = page()
    picture = {"plot.png": {"image/png": "iVBORw0KGgo="}}
    question(notebook)["source"] += "\n\nSee ![plot](attachment:plot.png)"
    question(notebook)["attachments"] = picture
    found = examined(dumped(notebook))
    cell = named({"cells": found.notebook.cells}, "essay")
    assert cell["source"] == "See ![plot](attachment:plot.png)"
    assert cell["attachments"] == picture
    nbformat.validate(found.notebook)


def test_every_assignment_has_its_question_above_the_essay():
    from course_utils.teaching.config import load
    from course_utils.teaching.doctor.examine import Doctor
    from tests.teaching.small_course import REPOSITORY

    course = load(REPOSITORY)
    for name in course.assignments:
        known = Doctor(course).release(name)
        assert sorted(known.questions.values()) == ["essay"] * len(course.languages), name
        for key in known.questions:
            (text,) = known.in_all_languages(key)
            assert text.startswith("## "), (name, text)
