"""The class's hand-ins of unet."""

from course_utils.checks.assignments.demo_student import Student

__all__ = ["STUDENTS"]

_ALL = frozenset(
    ("up_convolution", "crop_and_copy", "level_sizes", "double_convolution", "unet", "segment")
)
STUDENTS = (
    Student(
        *(410_101, "Иванова", "Анна", "ru"),
        essay="Верхние копии несут место, нижние - контекст; пулинг теряет место.",
    ),
    Student(*(410_102, "Smith", "John", "en", "by_recursion")),
    Student(
        *(410_104, "Сидорова", "Мария", "ru", "by_recursion"),
        mistakes={"up_convolution": "written_over", "segment": "background"},
    ),
    Student(
        *(410_108, "García", "Lucía", "en", "by_recursion"),
        mistakes={"level_sizes": "mirrored", "segment": "scores"},
    ),
    Student(*(410_110, "Новиков", "Артём", "ru", "blank"), zeros=_ALL),
    Student(
        *(410_112, "Морозов", "Пётр", "ru", "by_recursion"),
        broken={"segment": "import os\n\nos._exit(1)"},
        zeros=frozenset({"segment"}),
        state="crashed",
    ),
)
