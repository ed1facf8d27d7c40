"""The text of the set-up cell, the second of every notebook: from course.toml alone.

Grading knows it again, word by word: a hand-in's own set-up cell is nobody's work.
"""

import re

from course_utils.teaching.config import Course

__all__ = ["SETUP_TAG", "is_setup", "setup_text"]

SETUP_TAG = "course-setup"

# Said by the set-up cell itself: without the package there is no catalogue of messages.
_NOT_HERE = {
    "ru": (
        "Пакет курса не установлен.",
        "Проверьте сеть и запустите эту ячейку ещё раз.",
        'Не в Colab сначала выполните в новой ячейке: %pip install "{package}"',
        "Если не помогло, покажите это сообщение преподавателю.",
    ),
    "en": (
        "The package of the course is not installed.",
        "Check the network and run this cell again.",
        'Outside Colab, first run in a new cell: %pip install "{package}"',
        "If that does not help, show this message to your instructor.",
    ),
}


def _sentences(language: str) -> str:
    """What the set-up cell says where there is no package, as lines of code."""
    said = _NOT_HERE[language]
    ends = ["\\n"] * (len(said) - 1) + [""]
    return "\n".join(f"        f'{words}{end}'" for words, end in zip(said, ends, strict=True))


_SETUP = re.compile(
    r"import sys\nfrom importlib\.util import find_spec\n\n"
    r'package = "course-utils @ git\+https://github\.com/[\w.-]+/[\w.-]+@[\w./-]+"\n'
    r'if not find_spec\("course_utils"\) and "google\.colab" in sys\.modules:\n'
    r"    !\{sys\.executable\} -m pip install -qqq --no-input --no-deps "
    r'"\{package\}"\n'
    r'if not find_spec\("course_utils"\):\n'
    r"    raise SystemExit\(\n"
    rf"(?:{'|'.join(re.escape(_sentences(language)) for language in _NOT_HERE)})"
    r"\n    \)\n\n"
    r'from course_utils import (?:checks, )?session\n\nsession\.start\("\w+"\);?'
    r'(?:\ncheck = checks\.for_assignment\("\w+"\))?'
)


def setup_text(course: Course, language: str, assignment: str | None = None) -> str:
    """Installs the package where it is missing in Colab, starts the session.

    `--no-input`: git must not ask for a name where the address is wrong. `--no-deps`: all that
    the course needs besides is in Colab, and replacing any of it would ask for a restart. A
    weekly workflow looks whether that still holds.
    """
    lines = [
        "import sys",
        "from importlib.util import find_spec",
        "",
        f'package = "course-utils @ git+https://github.com/{course.repository}@{course.installed}"',
        'if not find_spec("course_utils") and "google.colab" in sys.modules:',
        '    !{sys.executable} -m pip install -qqq --no-input --no-deps "{package}"',
        'if not find_spec("course_utils"):',
        "    raise SystemExit(",
        _sentences(language),
        "    )",
        "",
    ]
    if assignment is None:
        lines += ["from course_utils import session", "", f'session.start("{language}");']
    else:
        lines += [
            "from course_utils import checks, session",
            "",
            f'session.start("{language}")',
            f'check = checks.for_assignment("{assignment}")',
        ]
    return "\n".join(lines)


def is_setup(source: str) -> bool:
    """Whether this is the text of a set-up cell of ours, of whichever course, word by word."""
    return _SETUP.fullmatch(source.strip()) is not None
