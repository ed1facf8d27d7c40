"""A cell is read as IPython runs it: against IPython's own translation, and line by line."""

import ast

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from course_utils.checks import cell_code
from course_utils.checks.cell_code import constant_text, read

RUN_BY_IPYTHON = [
    "x = 1\ny = x",
    "%matplotlib inline\ndef f(x):\n    return x",
    "\n\n!ls\nx = 1",
    "x = !ls -l\ny = len(x)  # is it one?",
    "if True:\n    !ls\n    %cd ..\nx = 2",
    "%pip install a \\\n    b\nx = 3",
    "x = '\u2028'\n!ls\ny = '\x0c'",
    "text = '''\n%matplotlib inline\n! ?\n'''\n!ls",
    "x = '\u2029\x85\x1c\x0b'\n!ls\ny = 1",
    "\x0cx = 1\n%ls\ny = 2",
    "%ls\nx = 1  # right?\ny = 2  # yes?",
    "x = '''\u2028?\n'''\n%ls\ny = 2",
    "%ls\n# \u2028?\nx = 1",
    "%ls\r\nx = '\u2028'  # right?\r\ny = 2",
    "x?\ny = 1",
    "?x\ny = 1",
    ">>> x = 1\n... y = 2",
    "    x = 1\n    y = 2",
    "x = 1\r\n!ls\r\ny = 2",
]
TIMED = ["%time y = f(x)", "%timeit -n 3 -r2 y = f(x)", "%prun y = f(x)"]
BROKEN = ["def f(:", "x = (", "!ls\nx = (", "%matplotlib inline\n``x"]


@pytest.mark.parametrize("source", RUN_BY_IPYTHON)
def test_the_tree_is_that_of_what_runs(source):
    expected = ast.parse(TransformerManager().transform_cell(source))
    assert ast.dump(read(source).tree) == ast.dump(expected)


@pytest.mark.parametrize("source", RUN_BY_IPYTHON)
def test_every_line_keeps_its_number(source):
    cell = read(source)
    for statement in cell.tree.body:
        if isinstance(statement, ast.Assign):
            name = statement.targets[0].id
            assert cell.line(statement.lineno).lstrip(">. ").startswith(f"{name} = ")


def test_magics_are_told_with_their_lines():
    cell = read("x = 1\n%matplotlib inline\ny = !ls\n'''\n!no\n'''\n    !ls -l\n")
    assert cell.magics == ((2, "%matplotlib inline"), (3, "!ls"), (7, "!ls -l"))


@pytest.mark.parametrize(
    "line", ["%time y = f(x)", "%timeit -n 3 -r2 y = f(x)", "%prun y = f(x)"]
)
def test_python_behind_a_magic_that_times_it_is_read(line):
    cell = read(f"x = 1\n{line}")
    assert ast.unparse(cell.tree) == "x = 1\ny = f(x)"
    assert cell.tree.body[1].lineno == 2


@pytest.mark.parametrize("first", ["%%time", "%%capture out", "\n%%timeit"])
def test_python_under_such_a_cell_magic_is_read(first):
    cell = read(f"{first}\nx = 1\n!ls")
    assert cell.tree.body[0].lineno == first.count("\n") + 2
    assert [magic for _line, magic in cell.magics] == [first.strip(), "!ls"]


@pytest.mark.parametrize("first", ["%%bash", "%%writefile x.py", "%%html"])
def test_under_another_there_is_none(first):
    cell = read(f"{first}\nx = 1")
    assert cell.tree is None
    assert cell.magics == ((1, first),)


@pytest.mark.parametrize(
    "source", ["def f(:", "x = (", "!ls\nx = (", "%matplotlib inline\n``x"]
)
def test_what_can_not_run_has_no_tree(source):
    assert read(source).tree is None
    assert not read(source).too_slow


def test_length_is_no_limit():
    source = "\n" * 300_000 + "answer = forbidden()"
    assert read(source).tree.body[0].lineno == 300_001


def test_a_cell_that_takes_too_long_is_told_and_not_passed_over(monkeypatch):
    monkeypatch.setattr(cell_code, "SECONDS", 0.05)
    cell = read("!ls\n" * 300 + "x = 1\n" * 3000)
    assert cell.too_slow
    assert cell.tree is None


def test_a_constant_of_a_thousand_pieces_is_put_together():
    tree = ast.parse(" + ".join(["'a'"] * 1200), mode="eval")
    assert constant_text(tree.body) == "a" * 1200
    assert constant_text(ast.parse("'a' + b", mode="eval").body) is None
    assert constant_text(ast.parse("('a' + 'b') + ('c' + 'd')", mode="eval").body) == "abcd"
