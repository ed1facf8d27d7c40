"""The class's hand-ins of interpretation."""

from course_utils.checks.assignments.demo_student import Student

__all__ = ["STUDENTS"]

_ALL = frozenset(
    ("receptive_field", "unit_box", "best_patches", "maximise_class", "dream", "which_fire")
)
STUDENTS = (
    Student(
        *(410_101, "Иванова", "Анна", "ru"),
        essay="Изображение показывает, что поднимает логит, а не то, чем сеть пользуется.",
    ),
    Student(*(410_102, "Smith", "John", "en", "one_by_one")),
    Student(
        *(410_104, "Сидорова", "Мария", "ru"), mistakes={"best_patches": "several_an_image"}
    ),
    Student(*(410_105, "Brown", "Emily", "en"), mistakes={"maximise_class": "probability"}),
    Student(*(410_110, "Новиков", "Артём", "ru", "blank"), zeros=_ALL),
    Student(*(410_115, "Орлов", "Глеб", "ru"), saved_by="html", state="unreadable"),
)
