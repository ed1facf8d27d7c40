"""A claim that fails: a sentence for a student, an error in the build and in assignments."""

import ast
import contextlib
import io
import os
import re
import textwrap
import warnings
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from course_utils import claims, i18n
from course_utils.teaching.execute import Failure, execute
from tests.conftest import REPOSITORY

LECTURE = "05_segmentation_loss"
TRUE, FALSE = "> 0.99 > 0.7 > softmax(b).max()", "> 1.25 > 0.7 > softmax(b).max()"


@pytest.fixture(autouse=True)
def _english():
    with i18n.speaking("en"):
        yield


def said(code, **names):
    """What a cell prints once its asserts are rewritten."""
    tree = claims.rewritten(ast.parse(textwrap.dedent(code)))
    claims._said.clear()
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(tree, "<cell>", "exec"), names)
    return out.getvalue()


def kernel(*cells, allow_errors=True, **environment):
    """The cells run one after another in a kernel of their own, as in a reader's JupyterLab."""
    unset = ("COURSE_STRICT", "COURSE_DATA", "JPY_SESSION_NAME")
    found = nbformat.v4.new_notebook(
        cells=[cell if isinstance(cell, dict) else code_cell(cell) for cell in cells]
    )
    client = NotebookClient(found, timeout=120, allow_errors=allow_errors)
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    client.execute(env=kept | environment)
    return found.cells


def code_cell(source):
    return nbformat.v4.new_code_cell(source)


def printed(cell):
    return "".join(output.get("text", "") for output in cell.outputs)


def test_a_true_claim_says_nothing_and_each_operand_is_evaluated_once():
    calls = []

    def f(x):
        calls.append(x)
        return x

    assert said("assert f(1) < f(2) < f(3) and not f(0) or f(9)", f=f) == ""
    assert calls == [1, 2, 3, 0]


def test_a_false_claim_says_the_page_s_number_and_this_machine_s_and_the_cell_goes_on():
    words = said("assert same > 0.99 or not built_in\nprint('on')", same=0.9867, built_in=True)
    first, second = words.splitlines()
    assert first.startswith(
        "This page says `same > 0.99 or not built_in`; this machine measured `same` = 0.9867."
    )
    assert second == "on"


def test_the_sentence_is_in_the_language_in_use():
    with i18n.speaking("ru"):
        words = said("assert x > 1", x=0.5)
    assert words.startswith("На этой странице сказано: `x > 1`; ")
    assert "`x` = 0.5" in words
    assert "This" not in words


@pytest.mark.parametrize(
    ("claim", "measured"),
    [
        ("0.84 < a < 0.86", "`a` = 0.9."),
        ("f(a)['b'] == 3 and a > 7", "`f(a)['b']` = 2."),  # the second is never asked
        ("f(a)['b'] == 2 and a > 7", "`a` = 0.9."),  # the first is true
        ("not a < 1", "`a` = 0.9."),
        ("a > 1 or a < 0.5", "`a` = 0.9."),
        ("(t < 2).all()", "`t` = [1, 2, 3]."),
        ("t.tolist() == [3, 2, 1]", "`t.tolist()` = [1, 2, 3]."),
        ("torch.allclose(t / 1, t + 0.25)", "a largest difference of 0.25."),
        ("torch.equal(torch.arange(3), t)", "a largest difference of 1."),
        ("many.min() > 0", "`many.min()` = 0."),
        ("(many > 5).all()", "`many` = 3x4 numbers from 0 to 11."),
        ("n.mean() > 9", "`n.mean()` = 4.5."),
        ("all(x < 1 for x in t)", "on this machine it is not so."),
        ("refused", "on this machine it is not so."),
        ("(x := a) > 3", "`(x := a)` = 0.9."),
        ("len(s) == 2", "`len(s)` = 100."),
        ("s == 'b'", "aaa..."),
    ],
)
def test_what_is_measured_is_what_failed(claim, measured):
    names = {
        "a": 0.9,
        "f": lambda _a: {"b": 2},
        "t": torch.tensor([1, 2, 3]),
        "many": torch.arange(12).reshape(3, 4),
        "n": np.arange(10),
        "refused": False,
        "s": "a" * 100,
        "torch": torch,
    }
    words = said(f"assert {claim}", **names)
    assert measured in words
    assert len(words) < 400


def test_claims_in_loops_functions_and_classes_are_rewritten_and_a_loop_says_it_once():
    words = said(
        """
        class Net:
            size = 3
            assert size == 4
            def forward(self, n):
                for i in range(n):
                    assert i > self.size, f"at {i}"
                return n
        print(Net().forward(5))
        """
    )
    lines = words.splitlines()
    assert len(lines) == 3
    assert "`size` = 3" in lines[0]
    assert "(at 0)`" in lines[1]
    assert lines[2] == "5"


@pytest.mark.parametrize("path", sorted(REPOSITORY.glob("lectures/*.py")), ids=lambda p: p.stem)
def test_every_claim_of_the_lectures_can_be_rewritten(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    stated = sum(isinstance(node, ast.Assert) for node in ast.walk(tree))
    found = claims.rewritten(tree)
    compile(found, path.name, "exec")
    assert stated > 10
    assert ast.unparse(found).count("_course_claim.say(") == stated


def test_an_error_in_the_test_itself_is_raised_in_its_own_line():
    with pytest.raises(ZeroDivisionError) as caught:
        said("a = 1\nassert a\nassert a / 0 > 1", a=0)
    assert caught.traceback[-1].lineno == 2  # counted from 0


def test_an_assert_that_the_cell_catches_is_python_s_own():
    code = """
    try:
        assert x
        print("went on")
    except AssertionError:
        print("caught")
    """
    assert said(code, x=0) == "caught\n"
    assert "went on" in said(code.replace("AssertionError", "KeyError"), x=0)


def shell():
    return SimpleNamespace(ast_transformers=["somebody else's"], execution_count=1)


def test_one_rewriter_however_often_the_session_starts_and_none_after_an_assignment(
    monkeypatch,
):
    found = shell()
    monkeypatch.setattr(claims, "_shell", lambda: found)
    monkeypatch.setattr(claims, "_stopped", False)
    monkeypatch.delenv("COURSE_STRICT", raising=False)
    claims.begin()
    claims.begin()
    assert len(found.ast_transformers) == 2
    monkeypatch.setenv("COURSE_STRICT", "1")
    claims.begin()
    assert found.ast_transformers == ["somebody else's"]
    monkeypatch.delenv("COURSE_STRICT")
    claims.begin()
    claims.stop()
    claims.begin()  # a student's own cell starts the session once more
    assert found.ast_transformers == ["somebody else's"]


def lecture(language, code=FALSE):
    """The head of a lecture with one claim made false, and two code cells after it."""
    found = nbformat.read(REPOSITORY / f"lectures/{language}/{LECTURE}.ipynb", 4)
    cells = [cell for cell in found.cells if cell.cell_type == "code"]
    (at,) = [number for number, cell in enumerate(cells) if TRUE in cell.source]
    cells[at].source = cells[at].source.replace(TRUE, code)
    return [nbformat.v4.new_code_cell(cell.source) for cell in cells[: at + 3]], at


@pytest.mark.parametrize(
    ("language", "words"), [("ru", "На этой странице"), ("en", "This page")]
)
def test_a_lecture_goes_on_past_a_false_claim(language, words):
    cells, at = lecture(language)
    ran = kernel(*cells)
    assert words in printed(ran[at])
    assert "softmax(5 * b).max()` = 0.99" in printed(ran[at])
    assert "1.25" in printed(ran[at])
    assert all(output.output_type != "error" for cell in ran for output in cell.outputs)
    assert any(cell.outputs for cell in ran[at + 1 :])


def test_the_build_stops_at_a_false_claim():
    cells, at = lecture("en")
    for number, cell in enumerate(cells):
        cell.id = cell.metadata["id"] = f"{number:012d}"
    notebook = nbformat.v4.new_notebook(cells=cells)
    with pytest.raises(Failure, match="AssertionError") as caught:
        execute(notebook, REPOSITORY)
    assert caught.value.index == at


def test_nbval_s_strict_kernel_stops_too():
    cells, _at = lecture("en")
    with pytest.raises(CellExecutionError, match="AssertionError"):
        kernel(*cells, allow_errors=False, COURSE_STRICT="1")


def test_a_true_lecture_says_nothing_of_claims():
    cells, at = lecture("en", TRUE)
    assert "This page says" not in printed(kernel(*cells[: at + 1])[at])


def test_in_an_assignment_an_assert_fails():
    setup = "from course_utils import checks, session\nsession.start('en')\n"
    setup += "check = checks.for_assignment('metrics_and_loss')"
    ran = kernel(setup, "session.start('en')", "assert 1 > 2", setup, "assert 1 > 2, 'words'")
    for cell in (ran[2], ran[4]):
        assert [output.ename for output in cell.outputs] == ["AssertionError"]


def test_a_timed_cell_and_later_errors_keep_their_lines():
    ran = kernel(
        "from course_utils import session\nsession.start('ru')\nx = 0.5",
        "%%time\nassert x > 1",
        "assert x > 1\n\n1 / 0",
    )
    assert "На этой странице" in printed(ran[1])
    assert "На этой странице" in printed(ran[2])
    trace = "\n".join(ran[2].outputs[-1].traceback)
    assert "ZeroDivisionError" in trace
    assert "----> 3 1 / 0" in re.sub(r"\x1b\[[\d;]*m", "", trace)


def test_outside_a_notebook_nothing_happens(monkeypatch):
    monkeypatch.setattr(claims, "_stopped", False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        claims.begin()
        claims.stop()
