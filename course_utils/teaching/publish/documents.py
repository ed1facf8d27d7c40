"""What the student edition needs besides notebooks and package, written for students."""

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from nbformat import NotebookNode

from course_utils.teaching.config import LECTURES, Course

__all__ = ["CONDA_NAMES", "written"]

CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}
_COLAB = "https://colab.research.google.com"
_WORDS = {
    "ru": {
        "lectures": "Лекции",
        "assignments": "Задания",
        "badge": "Открыть в Colab",
        "file": "файл",
        "how": "Откройте лекцию или задание кнопкой Colab. Первая ячейка поставит пакет "
        "курса за несколько секунд и ничего больше не тронет. Графический процессор "
        "ускоряет работу, но не обязателен: *Среда выполнения → Сменить среду "
        "выполнения*.",
        "work": "В задании пишите код на месте `raise NotImplementedError()` и запускайте "
        "проверку под ним: она скажет словами, что не так. Последняя ячейка запустит "
        "все проверки ещё раз и даст файл, который нужно сдать.",
        "local": "На своём компьютере",
        "glossary": "Словарь курса",
    },
    "en": {
        "lectures": "Lectures",
        "assignments": "Assignments",
        "badge": "Open in Colab",
        "file": "file",
        "how": "Open a lecture or an assignment by its Colab button. The first cell installs"
        " the course's package in a few seconds and touches nothing else. A GPU makes"
        " things faster and is not needed: *Runtime → Change runtime type*.",
        "work": "In an assignment, write code in place of `raise NotImplementedError()` and "
        "run the check below it: it says in words what is wrong. The last cell runs "
        "all checks once more and gives you the file to hand in.",
        "local": "On your own computer",
        "glossary": "Glossary of the course",
    },
}
_IGNORED = """\
__pycache__/
.ipynb_checkpoints/
*.egg-info/
build/
dist/
.venv/
"""


def written(
    course: Course, source: Path, pages: Mapping[str, NotebookNode]
) -> dict[str, bytes]:
    """README.md, pyproject.toml, environment.yml and .gitignore: path -> content.

    source: the folder of the instructor's pyproject.toml. pages: the notebooks by their path.
    """
    project = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))
    texts = {
        "README.md": _readme(course, pages),
        "pyproject.toml": _pyproject(project),
        "environment.yml": _environment(project["project"]),
        ".gitignore": _IGNORED,
    }
    return {path: text.encode() for path, text in texts.items()}


def _readme(course: Course, pages: Mapping[str, NotebookNode]) -> str:
    title = " · ".join(course.title[language] for language in course.languages)
    parts = [f"# {title}"]
    for language in course.languages:
        words = _WORDS[language]
        parts += [f"## {course.title[language]}", words["how"]]
        for folder in (LECTURES, "assignments"):
            rows = [
                _row(course, words, path, pages[path])
                for path in _in_order(course, pages)
                if path.startswith(f"{folder}/{language}/")
            ]
            if rows:
                head = ["| | | |", "|---|---|---|"]
                parts += [f"### {words[folder]}", "\n".join([*head, *rows])]
        parts.append(words["work"])
        if (course.root / "docs" / f"glossary_{language}.md").is_file():
            parts.append(f"[{words['glossary']}](docs/glossary_{language}.md)")
        parts += [
            f"### {words['local']}",
            "```sh\n"
            f"git clone https://github.com/{course.repository}\n"
            f"cd {course.repository.split('/')[1]}\n"
            "conda env create && conda activate cv-tasks && jupyter lab\n"
            "# or: pip install --editable . jupyterlab && jupyter lab\n"
            "```",
        ]
    return "\n\n".join(parts) + "\n"


def _in_order(course: Course, pages: Mapping[str, NotebookNode]) -> list[str]:
    """Lectures by their numbers, assignments as course.toml has them."""
    places = {name: number for number, name in enumerate(course.assignments)}
    return sorted(pages, key=lambda path: (places.get(Path(path).stem, 0), path))


def _row(course: Course, words: Mapping[str, str], path: str, page: NotebookNode) -> str:
    address = f"{_COLAB}/github/{course.repository}/blob/{course.branch}/{path}"
    badge = f"[![{words['badge']}]({_COLAB}/assets/colab-badge.svg)]({address})"
    return f"| {_title(page) or path} | {badge} | [{words['file']}]({path}) |"


def _title(page: NotebookNode) -> str:
    """The first heading of a notebook, safe in a cell of a table."""
    for cell in page.cells:
        found = re.search(r"^# (.+)$", cell.source, re.MULTILINE)
        if cell.cell_type == "markdown" and found:
            return found[1].strip().replace("|", "\\|")
    return ""


def _pyproject(tables: Mapping) -> str:
    """What installs the package, and nothing else: no extras, no programs, no tools."""
    project = tables["project"]
    kept = ("name", "version", "description", "readme", "requires-python", "license")
    lines = ["[build-system]"]
    lines += [f"{key} = {_toml(value)}" for key, value in tables["build-system"].items()]
    lines += ["", "[project]"]
    lines += [f"{key} = {_toml(project[key])}" for key in kept if key in project]
    lines += ['license-files = ["LICENSE"]', "dependencies = ["]
    lines += [f"    {_toml(requirement)}," for requirement in project["dependencies"]]
    lines += ["]", "", "[tool.hatch.build.targets.wheel]", 'packages = ["course_utils"]', ""]
    return "\n".join(lines)


def _environment(project: Mapping) -> str:
    lines = [
        "# For conda (`conda env create`) and for Binder. conda-forge calls torch pytorch.",
        "name: cv-tasks",
        "channels:",
        "  - conda-forge",
        "  - nodefaults",
        "dependencies:",
        f"  - python{project['requires-python']}",
        "  - pip",
    ]
    for requirement in project["dependencies"]:
        name, bounds = re.fullmatch(r"([A-Za-z0-9_-]+)(.*)", requirement).groups()
        lines.append(f"  - {CONDA_NAMES.get(name, name)}{bounds}")
    lines += ["  - jupyterlab", "  - pip:", "      - -e .", ""]
    return "\n".join(lines)


def _toml(value: str | list[str]) -> str:
    """A string or a list of strings; JSON's escapes are TOML's too."""
    return json.dumps(value, ensure_ascii=False)
