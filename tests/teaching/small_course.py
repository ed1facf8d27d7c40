"""A course of one lecture and one assignment, small enough to build in a test."""

import shutil
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]

COURSE = """\
[course]
repository = "someone/some-course"
branch = "main"
languages = ["ru", "en"]

[course.title]
ru = "Курс"
en = "Course"

[assignments.sums]
lectures = ["01_adding"]

[assignments.sums.title]
ru = "Суммы"
en = "Sums"

[assignments.sums.points]
add = 2
mean = 1.5
why = 3
"""

LECTURE = """\
# %% [markdown] lang="ru"
# # Сложение
# Два и два.

# %% [markdown] lang="en"
# # Adding
# Two and two.

# %%
total = 2 + 2
assert total == 4
print(total)

# %% [markdown] lang="ru"
# Четыре.

# %% [markdown] lang="en"
# Four.

# %%
print(total)
"""

ASSIGNMENT = '''\
# %% [markdown] lang="ru"
# # Суммы
# Сложите.

# %% [markdown] lang="en"
# # Sums
# Add up.

# %%
from math import fsum

# %% exercise="add"
def add(first, second):
    """The sum of two numbers."""
    ### BEGIN SOLUTION
    answer_of_add = first + second
    return answer_of_add
    ### END SOLUTION


# %% check="add"
check("add", add)


# %% exercise="mean"
def mean(numbers):
    """The mean of a list."""
    ### BEGIN SOLUTION
    return fsum(numbers) / len(numbers)
    ### END SOLUTION


# %% check="mean"
check("mean", mean)

# %% [markdown] lang="ru"
# ## Вопрос
# Почему сумма не зависит от порядка?

# %% [markdown] lang="en"
# ## Question
# Why does the order not matter?

# %% [markdown] essay="why"
# Потому что сложение коммутативно.
#
# Because addition commutes.
#
# ### BEGIN MARK SCHEME
# Three points for commutativity by name.
# ### END MARK SCHEME
'''


def make_course(root: Path, lecture: str = LECTURE, assignment: str = ASSIGNMENT) -> Path:
    """Write the course into `root`, with the repository's own nbgrader_config.py."""
    (root / "lectures").mkdir(parents=True)
    (root / "solutions/sums").mkdir(parents=True)
    (root / "course.toml").write_text(COURSE, encoding="utf-8")
    (root / "lectures/01_adding.py").write_text(lecture, encoding="utf-8")
    (root / "solutions/sums/sums.py").write_text(assignment, encoding="utf-8")
    shutil.copy(REPOSITORY / "nbgrader_config.py", root)
    return root


def edit(path: Path, old: str, new: str) -> None:
    """Replace `old`, which must stand in the file once, by `new`."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, (path, old, text.count(old))
    path.write_text(text.replace(old, new), encoding="utf-8")
