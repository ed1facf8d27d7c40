"""The class's hand-ins of fcn."""

from course_utils.checks.assignments.demo_student import Student

__all__ = ["STUDENTS"]

_ALL = frozenset(
    ("replicate", "upsample_bilinear", "dense_to_convolution", "make_fcn", "fuse", "segment")
)
STUDENTS = (
    Student(
        *(410_101, "Иванова", "Анна", "ru"),
        essay="Один логит отвечает за квадрат 32 на 32, поэтому граница размыта.",
    ),
    Student(*(410_102, "Smith", "John", "en", "by_matrices")),
    Student(
        *(410_104, "Сидорова", "Мария", "ru", "by_matrices"),
        mistakes={"upsample_bilinear": "sum_of_one", "segment": "background"},
    ),
    Student(
        *(410_108, "García", "Lucía", "en", "by_matrices"),
        mistakes={"fuse": "all_at_once", "segment": "scores"},
    ),
    Student(*(410_110, "Новиков", "Артём", "ru", "blank"), zeros=_ALL),
    Student(
        *(410_112, "Морозов", "Пётр", "ru", "by_matrices"),
        broken={"segment": "import os\n\nos._exit(1)"},
        zeros=frozenset({"segment"}),
        state="crashed",
    ),
)
