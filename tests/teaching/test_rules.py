"""A malformed source stops with file, line, cell and cure, all problems at once."""

import re
import tomllib

import pytest

from course_utils.teaching import config, rules
from course_utils.teaching.errors import CourseError
from course_utils.teaching.libraries import LIBRARIES
from course_utils.teaching.source import parse
from tests.teaching.small_course import ASSIGNMENT, LECTURE, REPOSITORY, make_course


@pytest.fixture
def problems(tmp_path):
    """Problems of a lecture or an assignment with a text replaced, once, by another."""

    def of(text, old="", new="", kind="lecture"):
        assert not old or text.count(old) == 1, (old, text.count(old))
        text = text.replace(old, new) if old else text
        lecture, assignment = (text, ASSIGNMENT) if kind == "lecture" else (LECTURE, text)
        course = config.load(make_course(tmp_path / "course", lecture, assignment))
        if kind == "lecture":
            source = parse(course.root / "lectures/01_adding.py", course.root)
            return rules.problems(source, course.languages)
        source = parse(course.root / "solutions/sums/sums.py", course.root)
        return rules.problems(source, course.languages, course.assignment("sums"))

    return of


def test_sound_sources_have_no_problems(problems, tmp_path):
    assert problems(LECTURE) == []
    course = config.load(tmp_path / "course")
    source = parse(course.root / "solutions/sums/sums.py", course.root)
    assert rules.problems(source, course.languages, course.assignment("sums")) == []


@pytest.mark.parametrize("more", ["total = 2\n" * 9, "# why\n\n" * 30])
def test_a_dozen_lines_of_code_fit_into_a_cell(problems, more):
    assert problems(LECTURE, "total = 2 + 2", f"{more}total = 2 + 2") == []


def test_a_cell_of_imports_may_be_long(problems):
    assert problems(LECTURE, "total = 2 + 2", "import math\n" * 20 + "total = 2 + 2") == []


TWIN = '# %% [markdown] lang="en"\n# Four.\n\n'


@pytest.mark.parametrize(
    ("old", "new", "line", "expected"),
    [
        (TWIN, "", 14, "without its twin in 'en'"),
        (
            'lang="ru"\n# Четыре.',
            'lang="en"\n# Fore.',
            14,
            "without its twin in 'ru' before it",
        ),
        ("# Four.", "# ## Four", 17, "headings ['##'], in its twin absent"),
        ("# Four.", "#", 17, "an empty cell"),
        ("# %%\nprint(total)\n", "# %%\n", 20, "an empty cell"),
        ('lang="en"\n# Four', 'lang="de"\n# Vier', 17, "a language out of ru, en, got 'de'"),
        ('lang="en"\n# Four', "\n# Four", 17, "a language out of ru, en, got None"),
        ('lang="en"\n# Four', "lang=en\n# Four", 17, 'metadata like lang="ru", got `lang=en`'),
        ("# Four.", "# Четыре.", 18, "Cyrillic letters in English prose"),
        ("# Четыре.", "# Four.", 14, "Russian prose without a Russian word"),
        ("total = 2 + 2", "total = 2 + 2  # сумма", 10, "Cyrillic letters in code"),
        ("total = 2 + 2", "total = 2 +", 10, "not Python"),
        ("total = 2 + 2", "session.start('ru')", 10, "a set-up of its own"),
        ("total = 2 + 2", "total = 2\n" * 11, 9, "at most 12 lines of code in a cell, got 13"),
        ("# %%\ntotal", '# %% tagz=["x"]\ntotal', 9, "unknown metadata `tagz`"),
        ("# %%\ntotal", '# %% tags=["nbval-ingore"]\ntotal', 9, "unknown tag 'nbval-ingore'"),
        ("# %%\ntotal", "# %% A title\ntotal", 9, "unknown metadata `title`"),
        ("# %%\ntotal", '# %% lang="ru"\ntotal', 9, "`lang` on a code cell"),
        ("# %%\ntotal", "# %% [raw]\n# total", 9, "a raw cell"),
        ("# %%\ntotal", '# %% exercise="add"\ntotal', 9, "`exercise` in a lecture"),
        ("total = 2 + 2", "### BEGIN SOLUTION\ntotal = 4\n### END SOLUTION", 10, "no place"),
        ("# # Сложение", "# Сложение", 1, "expected the title first"),
    ],
)
def test_a_malformed_lecture_is_named_with_line_cell_and_cure(
    problems, old, new, line, expected
):
    found = problems(LECTURE, old, new)
    start = f"lectures/01_adding.py:{line}: cell "
    matching = [problem for problem in found if expected in problem]
    assert matching, found
    assert matching[0].startswith(start), matching[0]
    assert matching[0].endswith("."), "the cure is a sentence"


SOLUTION = "    return fsum(numbers) / len(numbers)\n"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (SOLUTION + "    ### END SOLUTION\n", SOLUTION, "without its `### END SOLUTION`"),
        ("    ### BEGIN SOLUTION\n" + SOLUTION, SOLUTION, "without its `### BEGIN SOLUTION`"),
        (SOLUTION, SOLUTION + "    ### BEGIN SOLUTION\n", "inside an open SOLUTION"),
        (SOLUTION + "    ### END SOLUTION", SOLUTION + "    ### End solution", "a mark alone"),
        (SOLUTION + "    ### END SOLUTION", SOLUTION + "    # END SOLUTION", "a mark alone"),
        (
            SOLUTION + "    ### END SOLUTION",
            SOLUTION + "    ### END SOLUTION 1",
            "a mark alone",
        ),
        (SOLUTION + "    ### END SOLUTION", SOLUTION + "    ### END MARK SCHEME", "closes"),
        (f"    ### BEGIN SOLUTION\n{SOLUTION}    ### END SOLUTION", SOLUTION, "found none"),
        ("# ### END MARK SCHEME\n", "", "without its `### END MARK SCHEME`"),
        ('exercise="mean"', 'exercise="add"', "the grade_id 'add-solution' a second time"),
        ('check="mean"', 'check="add"', "the grade_id 'add' a second time"),
        ('essay="why"', 'essay="add"', "the grade_id 'add' a second time"),
        ('exercise="mean"', 'exercise="median"', "exercise 'median' without points"),
        ('exercise="mean"', 'exercise="median"', "a check without its exercise before it"),
        ('exercise="mean"', 'exercise="median"', "an exercise without a check"),
        (
            'essay="why"',
            'essay="reason"',
            "gives points for 'why', which has no check or essay",
        ),
        ('essay="why"', 'essay="reason"', "essay 'reason' without points"),
        ('check("mean", mean)', "mean([1])", 'expected a call check("mean", ...)'),
        ('# %% check="mean"', '# %% [markdown] check="mean"', "`check` on a prose cell"),
        ('# %% [markdown] essay="why"', '# %% essay="why"', "an essay is prose"),
        ('check="mean"', 'check="mean" essay="why"', "one role expected, got check and essay"),
        ('exercise="mean"', 'exercise="Mean!"', "expected a name like"),
        (
            "    ### BEGIN SOLUTION\n" + SOLUTION,
            "        ### BEGIN SOLUTION\n" + SOLUTION,
            "not Python in the student's version",
        ),
        (
            "# Add up.",
            "# Write between BEGIN SOLUTION and the end.",
            "a mark alone in its line",
        ),
    ],
)
def test_a_malformed_assignment_is_named_with_its_cell(problems, old, new, expected):
    found = problems(ASSIGNMENT, old, new, kind="assignment")
    matching = [problem for problem in found if expected in problem]
    assert matching, found
    assert matching[0].startswith("solutions/sums/sums.py")


def test_all_problems_of_a_file_are_told_at_once_in_order(problems):
    text = LECTURE.replace(TWIN, "").replace("2 + 2", "2 +").replace("# # Adding", "# Adding")
    lines = [int(problem.split(":")[1]) for problem in problems(text)]
    assert lines == sorted(lines)
    assert len(lines) == 3


def test_formulas_and_code_alone_need_no_russian_word(problems):
    formula = "# $$\\mathrm{loss} = -\\log p$$ `F.cross_entropy`"
    assert problems(LECTURE.replace("# Четыре.", formula).replace("# Four.", formula)) == []


def test_a_cell_mark_inside_a_string_is_text(problems, tmp_path):
    text = LECTURE.replace("total = 2 + 2", 'total = 4\ntext = """\n# %% no mark\n"""')
    assert problems(text) == []
    found = parse(tmp_path / "course/lectures/01_adding.py").cells
    assert [cell.line for cell in found] == [1, 5, 9, 17, 20, 23]


def test_magics_are_code(problems):
    assert problems(LECTURE, "total = 2 + 2", "# %matplotlib inline\ntotal = 4") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("print(1)\n", "expected cells that begin with `# %%`, found none"),
        ("import math\n\n# %%\nx = 1\n", r":1: expected a cell mark, got text before"),
        ('# %% tags="one"\nx = 1\n', r":1: expected a cell mark like"),
    ],
)
def test_a_file_that_cannot_be_split_says_why(tmp_path, text, expected):
    path = tmp_path / "01_odd.py"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CourseError, match=expected):
        parse(path)


def test_a_file_that_is_not_utf8_says_so(tmp_path):
    path = tmp_path / "01_odd.py"
    path.write_bytes("# %%\nx = 'ы'\n".encode("cp1251"))
    with pytest.raises(CourseError, match="expected UTF-8"):
        parse(path)


def test_a_yaml_header_is_no_cell(tmp_path):
    path = tmp_path / "01_odd.py"
    path.write_text("# ---\n# jupyter:\n#   x: 1\n# ---\n\n# %%\nx = 1\n", encoding="utf-8")
    assert [(cell.line, cell.text) for cell in parse(path).cells] == [(6, "x = 1")]


def test_rules_name_the_libraries_that_grading_has(problems):
    said = (
        "# # Sums\n# Add up.\n#\n# **Rules.** Write code.\n# There are `torch`, `numpy`, `PIL`."
    )
    (problem,) = problems(ASSIGNMENT, "# # Sums\n# Add up.", said, kind="assignment")
    assert "found no `torchvision`, `matplotlib`, `tqdm`. Add them." in problem


def test_those_libraries_come_with_the_package():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    named = {re.match(r"[\w-]+", name)[0] for name in project["project"]["dependencies"]}
    assert {"pillow" if name == "PIL" else name for name in LIBRARIES} <= named
