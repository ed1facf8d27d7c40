"""Which hand-ins are alike: copies are found, honest work is not paired."""

import random
import re
from importlib import import_module
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_utils.checks import exercise as exercises
from course_utils.teaching.report import alike
from course_utils.teaching.report.alike import compare, likeness
from course_utils.teaching.report.answers import Piece, own_code, released_code
from course_utils.teaching.report.fingerprints import WINDOW, K, fingerprint, structure
from course_utils.teaching.standalone import standalone
from tests.teaching.report.small_class import BY_HISTOGRAM, BY_LOOPS, BY_MASKS, RENAMED, STUB

ROOT = Path(__file__).parents[3]


def pieces(*sources):
    return [Piece("jaccard", number, source) for number, source in enumerate(sources, 1)]


def pairs(answers, released=()):
    found = compare({name: pieces(*code) for name, code in answers.items()}, released)
    return [(pair.first, pair.second) for pair in found.pairs] + list(found.groups)


def test_a_copy_with_other_names_comments_and_layout_is_the_same():
    assert pairs({"a": [BY_LOOPS], "b": [RENAMED], "c": [BY_MASKS]}) == [("a", "b")]


def test_the_order_of_cells_does_not_matter():
    assert pairs({"a": [BY_LOOPS, BY_MASKS], "b": [BY_MASKS, BY_LOOPS]}) == [("a", "b")]


def test_a_copy_among_other_work_is_a_pair_with_its_lines():
    a, b = [BY_LOOPS], [BY_MASKS, RENAMED + "\nprint('something of my own')\n"]
    [pair] = compare({"a": pieces(*a), "b": pieces(*b)}, []).pairs
    assert pair.share > 0.9
    [match] = pair.matches
    assert (match.first_cell, match.second_cell) == (1, 2)
    same = {line.text.strip() for line in match.second if line.same}
    assert "unions[real] += 1" in same
    assert "print('something of my own')" not in same
    assert pair.lines == sum(line.same for line in match.first) >= 8


def test_statements_in_another_order_are_still_a_pair():
    lines = BY_MASKS.replace("    scores = []\n", "").replace(
        "    known = truth != 255\n", "    scores = []\n    known = truth != 255\n"
    )
    assert pairs({"a": [BY_MASKS], "b": [lines]}) == [("a", "b")]


def test_different_solutions_are_no_pair():
    assert pairs({"a": [BY_LOOPS], "b": [BY_MASKS], "c": [BY_HISTOGRAM]}) == []


@pytest.mark.parametrize("assignment", exercises.assignments())
def test_the_honest_styles_of_the_course_are_no_pairs(assignment):
    released = _released(assignment)
    answers = {
        "solution": own_code(_solution(assignment), {" ".join(s.split()) for s in released})
    }
    folder = ROOT / "course_utils/checks/assignments" / assignment / "right_styles"
    for path in folder.glob("[a-z]*.py"):
        style = import_module(f"{exercises._HOME}.{assignment}.right_styles.{path.stem}")
        answers[path.stem] = [
            Piece(name, 1, standalone(getattr(style, exercise.function)))
            for name, exercise in exercises.assignment(assignment).items()
        ]
    assert len(answers) > 1
    found = compare(answers, released)
    assert (found.pairs, found.groups) == ((), ())
    reference = [piece.source for piece in answers["solution"]]
    like = {name: likeness(code, reference, released) for name, code in answers.items()}
    assert like.pop("solution") == 1
    assert max(like.values()) < 0.3


def test_released_code_is_nobodys():
    answers = {"a": [BY_LOOPS, BY_MASKS], "b": [RENAMED, BY_HISTOGRAM]}
    assert pairs(answers) == [("a", "b")]
    assert pairs(answers, [BY_LOOPS]) == []


def test_what_many_share_is_common_property():
    def answers(number):
        own = {f"s{i}": [BY_LOOPS, _program(i)] for i in range(number)}
        return own | {f"c{i}": [_program(100 + i)] for i in range(3)}

    assert pairs(answers(2)) == [("s0", "s1")]
    assert pairs(answers(alike.COMMON_LEAST + 1)) == []


def test_a_whole_that_many_copied_is_still_a_group():
    many = {f"s{i}": [random.Random(i).choice([BY_LOOPS, RENAMED]), BY_MASKS] for i in range(9)}
    assert pairs(many | {"other": [BY_HISTOGRAM]}) == [tuple(many)]


def test_short_answers_say_nothing():
    short = "def twice(x):\n    return 2 * x\n"
    assert pairs({"a": [short], "b": [short]}) == []
    assert likeness(pieces(short), [short], []) is None


def test_untouched_and_empty_hand_ins_are_not_alike():
    assert pairs({"a": [STUB], "b": [STUB]}, [STUB]) == []
    assert pairs({"a": [], "b": [], "c": ["\n"]}) == []
    assert pairs({}) == []


def test_the_list_of_pairs_is_cut_and_says_so(monkeypatch):
    monkeypatch.setattr(alike, "_MOST_PAIRS", 2)
    answers = {f"s{i}": pieces(BY_LOOPS, _program(i)) for i in range(4)}
    found = compare(answers, [])
    assert (len(found.pairs), found.left_out) == (2, 4)


def test_the_reference_is_recognised_under_other_names():
    code = re.sub(r"\bcells\b", "histogram", BY_HISTOGRAM)
    assert likeness(pieces(code), [BY_HISTOGRAM], []) == 1
    assert likeness(pieces(BY_LOOPS), [BY_HISTOGRAM], []) < 0.2


def test_own_code_leaves_out_checks_released_cells_and_blanks():
    def cell(source, **nbgrader):
        fields = {"grade": False, "solution": False} | nbgrader
        return new_code_cell(source, metadata={"nbgrader": fields} if nbgrader else {})

    cells = [
        new_markdown_cell("text"),
        new_code_cell("import  torch\n"),
        cell("answer = 1", solution=True, grade_id="f-solution"),
        cell("check('f', f)", grade=True, grade_id="f"),
        new_code_cell("  \n"),
        new_code_cell("helper = 2"),
    ]
    found = own_code(new_notebook(cells=cells), {"import torch"})
    assert found == (Piece("f", 3, "answer = 1"), Piece("", 6, "helper = 2"))


def test_structure_forgets_names_texts_comments_and_layout():
    text, lines = structure(
        "# words\nclass Net(nn.Module):\n    '''Doc.'''\n    x = f'a{b}'\n\n"
    )
    assert text == "classO(V.V):V=SVS"
    assert lines == [2] * 12 + [4] * 5


def test_every_long_run_of_code_leaves_a_fingerprint():
    text, _lines = structure(BY_LOOPS)
    found = fingerprint(BY_LOOPS)
    assert found.text == text
    assert len(found.lines) > len(text) / (WINDOW + 1)
    assert fingerprint("x = 1").lines == {}
    assert len(text) > K


@pytest.mark.parametrize(
    "source", ["(" * 3000, "'" * 999, "\0", "def", "\ud800 = 1", "é" * 500]
)
def test_broken_code_has_fingerprints_too(source):
    assert isinstance(fingerprint(source).lines, dict)


def _program(seed):
    """A page of code that no other seed has."""
    draw = random.Random(seed)
    lines = [
        f"    total {draw.choice('+-*')}= {draw.randint(2, 999)} * x ** {draw.randint(2, 99)}"
        for _ in range(12)
    ]
    return "def f(x, total):\n" + "\n".join(lines) + "\n    return total\n"


def _released(assignment):
    paths = ROOT.glob(f"assignments/*/{assignment}/{assignment}.ipynb")
    return released_code([nbformat.read(path, as_version=4) for path in paths])


def _solution(assignment):
    return nbformat.read(ROOT / f"solutions/{assignment}/{assignment}.ipynb", as_version=4)
