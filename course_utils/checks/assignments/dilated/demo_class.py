"""The class's hand-ins of dilated."""

from course_utils.checks.assignments.demo_student import Student

__all__ = ["STUDENTS"]

_ALL = frozenset(
    (
        "stack_receptive_fields",
        "dilated_convolution",
        "context_network",
        "identity_initialise",
        "segment",
    )
)
STUDENTS = (
    Student(
        *(410_101, "Иванова", "Анна", "ru"),
        essay="При раздутии 2, 2, 2 нейрон видит решётку из 49 пикселей, при 1, 2, 4 все 225.",
    ),
    Student(*(410_102, "Smith", "John", "en", "by_windows")),
    Student(
        *(410_104, "Сидорова", "Мария", "ru", "by_windows"),
        mistakes={"identity_initialise": "bias_kept", "segment": "background"},
    ),
    Student(
        *(410_108, "García", "Lucía", "en", "by_windows"),
        mistakes={"context_network": "padding_one", "segment": "scores"},
    ),
    Student(*(410_110, "Новиков", "Артём", "ru", "blank"), zeros=_ALL),
    Student(
        *(410_112, "Морозов", "Пётр", "ru", "by_windows"),
        broken={"segment": "import os\n\nos._exit(1)"},
        zeros=frozenset({"segment"}),
        state="crashed",
    ),
)
