"""The class's hand-ins of metrics_and_loss."""

from course_utils.checks.assignments.demo_student import WARNS, Student

__all__ = ["STUDENTS"]

_ALL = frozenset(
    ("voc_statistics", "pixel_accuracy", "jaccard", "mean_jaccard", "softmax", "cross_entropy")
)
ENDLESS = """
def pixel_accuracy(predicted, truth):
    right = at = 0
    while at < truth.numel():
        right += predicted.flatten()[at] == truth.flatten()[at]
    return right / truth.numel()
"""
STUDENTS = (
    Student(
        *(410_101, "Иванова", "Анна", "ru"),
        essay="Фон занимает почти весь кадр, поэтому доля верных ответов высока и без объекта.",
    ),
    Student(*(410_102, "Smith", "John", "en", "loops")),
    Student(*(410_103, "Петров", "Олег", "ru", "one_hot")),
    Student(*(410_104, "Сидорова", "Мария", "ru"), mistakes={"jaccard": "dice"}),
    Student(*(410_105, "Brown", "Emily", "en"), mistakes={"jaccard": "void_as_background"}),
    Student(*(410_106, "Ким", "Юлия", "ru"), mistakes={"mean_jaccard": "mean_over_batches"}),
    Student(*(410_107, "Кузнецов", "Илья", "ru"), mistakes={"cross_entropy": "no_minus"}),
    Student(*(410_108, "García", "Lucía", "en"), mistakes={"cross_entropy": "sum"}),
    Student(*(410_109, "Волкова", "Дарья", "ru"), mistakes={"softmax": "overflow"}),
    Student(*(410_110, "Новиков", "Артём", "ru", "blank"), zeros=_ALL),
    Student(
        *(410_111, "Lee", "Min", "en", "one_hot"),
        broken={"jaccard": 'raise RuntimeError("I ran out of time")'},
        zeros=frozenset({"jaccard"}),
        says={"jaccard": "stopped"},
    ),
    Student(
        *(410_112, "Морозов", "Пётр", "ru", "loops"),
        broken={"mean_jaccard": "import os\n\nos._exit(1)"},
        zeros=frozenset({"mean_jaccard", "softmax", "cross_entropy"}),
        state="crashed",
    ),
    Student(*(410_113, "Соколова", "Вера", "ru"), broken={"softmax": WARNS}),
    Student(*(410_114, "Tanaka", "Yuki", "en"), saved_by="colab"),
    Student(*(410_115, "Орлов", "Глеб", "ru"), saved_by="html", state="unreadable"),
    Student(
        *(410_116, "Зайцев", "Тимур", "ru", "loops"),
        broken={"cross_entropy": "def cross_entropy(scores, truth)\n    return scores.mean()"},
        zeros=frozenset({"cross_entropy"}),
        says={"cross_entropy": "syntax"},
    ),
    Student(
        *(410_117, "Murphy", "Aoife", "en"),
        broken={"pixel_accuracy": ENDLESS},
        zeros=frozenset({"pixel_accuracy"}),
        says={"pixel_accuracy": "time"},
    ),
)
