"""The class's hand-ins of transfer_learning."""

from course_utils.checks.assignments.demo_student import Student

__all__ = ["STUDENTS"]

_ALL = frozenset(
    (
        "replace_head",
        "freeze",
        "extract_features",
        "linear_probe",
        "learning_rate_groups",
        "fine_tune",
    )
)
STUDENTS = (
    Student(
        *(410_101, "Иванова", "Анна", "ru"),
        essay="Признаков не хватает уже на обучающих снимках: стоит обучать больше слоёв.",
    ),
    Student(*(410_102, "Smith", "John", "en", "by_hand")),
    Student(*(410_104, "Сидорова", "Мария", "ru"), mistakes={"freeze": "only_gradients"}),
    Student(*(410_105, "Brown", "Emily", "en"), mistakes={"learning_rate_groups": "lr_scale"}),
    Student(*(410_110, "Новиков", "Артём", "ru", "blank"), zeros=_ALL),
    Student(
        *(410_112, "Морозов", "Пётр", "ru", "by_hand"),
        broken={"fine_tune": "import os\n\nos._exit(1)"},
        zeros=frozenset({"fine_tune"}),
        state="crashed",
    ),
)
