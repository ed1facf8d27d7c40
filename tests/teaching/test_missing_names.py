"""Why a function is not there at grading: in words that are true of the hand-in."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_utils.teaching.doctor.known import Known
from course_utils.teaching.missing_names import Stop, why_missing
from course_utils.teaching.released_imports import lost_imports

FUNCTIONS = ("jaccard", "mean_jaccard", "softmax")
DEFINES = "def jaccard(predicted, truth, num_classes):\n    return 1"


def solution(source, name="jaccard"):
    fields = {"grade_id": f"{name}-solution", "solution": True, "grade": False}
    return new_code_cell(source, metadata={"nbgrader": fields})


CHECK = new_code_cell(
    "check(...)", metadata={"nbgrader": {"grade_id": "jaccard", "grade": True}}
)


def told(cells, stops=None, name="jaccard", index=None):
    index = cells.index(CHECK) if index is None else index
    return " ".join(map(str, why_missing(name, index, cells, stops or {}, FUNCTIONS)))


@pytest.mark.parametrize(
    ("source", "stop", "words"),
    [
        (
            f"import cv2\n{DEFINES}",
            Stop("ModuleNotFoundError", "No module named 'cv2'", 1),
            "“cv2” is not there where hand-ins are graded; these are: torch, ",
        ),
        (
            f"```python\n{DEFINES}\n```",
            Stop("SyntaxError", "invalid syntax", 1),
            "``` marks code",
        ),
        (
            DEFINES.replace("    return", "\u00a0\u00a0\u00a0 return"),
            Stop("SyntaxError", "invalid non-printable character U+00A0", 2),
            "line 2: a space that Python does not know",
        ),
        (
            f"{DEFINES}\nx = “a”",
            Stop("SyntaxError", "invalid character '“' (U+201C)", 3),
            "quotation marks of a text",
        ),
        (
            f"{DEFINES}\n\tx = 1",
            Stop("TabError", "inconsistent use of tabs and spaces in indentation", 3),
            "tabs and spaces are mixed",
        ),
        (
            f"{DEFINES}\n  x = 1",
            Stop("IndentationError", "unindent does not match", 3),
            "not indented as the lines around it ask",
        ),
        (f"{DEFINES}\nx = = 1", Stop("SyntaxError", "invalid syntax", 3), "that is no Python"),
        (
            f"k = torch.ones(3).cuda()\n{DEFINES}",
            Stop("RuntimeError", "Found no NVIDIA driver on your system.", 1),
            "asks for a GPU, and there is none",
        ),
        (
            f"1 / 0\n{DEFINES}",
            Stop("ZeroDivisionError", "division by zero", 1),
            "division by zero",
        ),
        (
            f"x = np.ones(3)\n{DEFINES}",
            Stop("NameError", "name 'np' is not defined"),
            "“np” is not",
        ),
        (
            f"x = {' + '.join(['1'] * 1200)}\n{DEFINES}",
            Stop("RecursionError", "maximum recursion depth exceeded while traversing 'expr'"),
            "nested too deeply for Python",
        ),
        (f"while True: pass\n{DEFINES}", Stop("CellTimeoutError", ""), "took too long"),
    ],
)
def test_the_cell_that_stopped_is_named_with_its_error(source, stop, words):
    text = told([new_markdown_cell("# Title"), solution(source), CHECK], {1: stop})
    assert text.startswith("Cell 2 (jaccard-solution) stopped")
    assert words in text


def test_a_word_that_the_cell_does_not_hold_is_not_taken_from_an_error():
    text = told(
        [solution(DEFINES), CHECK], {0: Stop("ModuleNotFoundError", "No module named 'x8'")}
    )
    assert "x8" not in text
    assert "a package that is not there" in text


def test_the_cell_whose_name_another_cell_lacked_is_told_too():
    cells = [
        new_code_cell("import cv2\nimport numpy as np"),
        solution(f"a = np.ones(3)\n{DEFINES}"),
    ]
    stops = {
        0: Stop("ModuleNotFoundError", "No module named 'cv2'", 1),
        1: Stop("NameError", "name 'np' is not defined", 1),
    }
    text = told([*cells, CHECK], stops)
    assert "Cell 2 (jaccard-solution) stopped in line 1: the name “np” is not defined." in text
    assert "Cell 1 (import cv2) stopped in line 1: “cv2” is not there" in text


def test_a_name_that_a_function_reads_is_told_in_the_same_way():
    cells = [new_code_cell("import cv2\nimport pandas as pd"), solution(DEFINES), CHECK]
    stops = {0: Stop("ModuleNotFoundError", "No module named 'cv2'", 1)}
    assert "Cell 1 (import cv2) stopped in line 1" in told(cells, stops, "pd")
    assert told(cells, stops, "other") == ""


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            "def jассard(a, b, c):\n    return 1",
            "makes “jассard”, with letters of another alphabet",
        ),
        ("def jacard(a, b, c):\n    return 1", "makes “jacard”: should that be “jaccard”?"),
        ("def Jaccard(a, b, c):\n    return 1", "makes “Jaccard”: should that be “jaccard”?"),
        ("def iou(a, b, c):\n    return 1", "makes “iou”: should that be “jaccard”?"),
    ],
)
def test_a_likely_name_is_offered(source, words):
    assert words in told([solution(source), CHECK])


@pytest.mark.parametrize(
    "source",
    [
        "def mean_jaccard(batches, k):\n    return 1",
        "def first(a):\n    return 1\ndef second(a):\n    return 1",
        "# nothing",
        "class Answer:\n    def jaccard(self):\n        pass",
    ],
)
def test_no_name_is_offered_where_none_is_likely(source):
    assert told([solution(source), CHECK]) == ""


def test_a_cell_that_stopped_and_would_not_have_made_the_name_is_no_reason():
    cells = [new_code_cell("import cv2"), solution("# nothing"), CHECK]
    assert told(cells, {0: Stop("ModuleNotFoundError", "No module named 'cv2'", 1)}) == ""


def test_a_function_below_its_check_is_told_so():
    text = told([solution("# below"), CHECK, new_code_cell(DEFINES)])
    assert "Cell 3 (def jaccard(predicted, truth, num_classes):) makes “jaccard”, below" in text


@pytest.mark.parametrize(
    ("reply", "stop"),
    [
        ({}, Stop("", "")),
        ({"ename": 5, "evalue": [], "traceback": {"a": 1}}, Stop("", "")),
        ({"ename": "E", "evalue": "x" * 9999, "traceback": [1, None]}, Stop("E", "x" * 500)),
        (
            {"ename": "E", "evalue": "e", "traceback": ["\x1b[36mCell\x1b[39m In[4], line 7"]},
            Stop("E", "e", 7),
        ),
        (
            {
                "ename": "SyntaxError",
                "evalue": "invalid syntax (1234.py, line 3)",
                "traceback": [],
            },
            Stop("SyntaxError", "invalid syntax (1234.py, line 3)", 3),
        ),
    ],
)
def test_a_kernel_may_say_of_its_errors_what_it_likes(reply, stop):
    assert Stop.of(reply) == stop


RELEASED = new_notebook(
    cells=[
        new_code_cell("import math\nimport numpy as np\nfrom torch import nn\n\nprint(1)"),
        new_code_cell("import torch"),
        new_code_cell("from course_utils.checks import hand_in\nhand_in.now()"),
        solution("import os\ndef jaccard():\n    raise NotImplementedError()"),
    ]
)


@pytest.mark.parametrize(
    ("first", "lost"),
    [
        ("import pandas as pd\nimport math", ["import math", "import numpy as np"]),
        ("!ls\nimport numpy", ["import math", "import numpy as np"]),
        (RELEASED.cells[0].source + "\n\n", []),
    ],
)
def test_the_released_imports_of_a_changed_cell_are_given_back(first, lost):
    handed_in = new_notebook(cells=[new_code_cell(first), *RELEASED.cells[1:3]])
    known = Known({}, {"en": RELEASED})
    expected = [*lost, "from torch import nn"] if lost else []
    assert lost_imports(handed_in, known, "en") == expected


def test_those_of_a_deleted_cell_too():
    known = Known({}, {"en": RELEASED})
    assert lost_imports(new_notebook(), known, "en")[-1] == "import torch"
