"""What a source must be before anything is built from it.

All problems of a file are found in one go. Each names file and line, the cell by its number
and first line, what is wrong, and the cure.
"""

import ast
import re
from collections.abc import Iterator, Sequence

from IPython.core.inputtransformer2 import TransformerManager

from course_utils.teaching import marks
from course_utils.teaching.config import Assignment
from course_utils.teaching.errors import CourseError
from course_utils.teaching.libraries import LIBRARIES
from course_utils.teaching.source import Cell, Source

__all__ = ["KNOWN_TAGS", "problems", "require_sound"]

KNOWN_TAGS = (
    "hide-input",
    "hide-output",
    "nbval-check-output",
    "nbval-ignore-output",
    "nbval-raises-exception",
    "nbval-skip",
    "raises-exception",
)
_KEYS = ("lang", "tags", "exercise", "check", "essay")
_CYRILLIC = re.compile(r"[А-яЁё]")
_NOT_WORDS = re.compile(
    r"\$\$.*?\$\$|\$[^$\n]+\$|```.*?```|`[^`\n]+`|<[^>]+>|\]\([^)]*\)", re.S
)
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_RULES = re.compile(r"^\*\*(?:Rules|Правила)\.\*\*(?:.+\n?)+", re.MULTILINE)
LONGEST_CELL = 12  # lines of code that one idea takes; what is longer hides two


def require_sound(
    source: Source, languages: Sequence[str], assignment: Assignment | None = None
) -> None:
    """Raise CourseError with all problems of a lecture (assignment None) or an assignment."""
    if found := problems(source, languages, assignment):
        raise CourseError(found)


def problems(
    source: Source, languages: Sequence[str], assignment: Assignment | None = None
) -> list[str]:
    """All that is wrong with a source, in the order of its lines."""
    found: list[tuple[int, str]] = []
    for cell in source.cells:
        for line, words in _cell_problems(cell, languages, assignment):
            found.append((line, f"{source.at(cell, line)}: {words}"))
    if assignment is None:
        found += [
            (cell.line, f"{source.at(cell)}: {words}") for cell, words in _long_cells(source)
        ]
    for cell, words in _pair_problems(source, languages):
        found.append((cell.line, f"{source.at(cell)}: {words}"))
    if assignment is not None:
        for cell, words in _exercise_problems(source, assignment):
            where = source.at(cell) if cell else source.shown
            found.append((cell.line if cell else 10**9, f"{where}: {words}"))
    return [words for _, words in sorted(found, key=lambda item: item[0])]


def _cell_problems(
    cell: Cell, languages: Sequence[str], assignment: Assignment | None
) -> Iterator[tuple[int, str]]:
    """What is wrong with a cell by itself, as (line in the file, words)."""
    if cell.kind == "raw":
        yield cell.line, "a raw cell. Write `[markdown]` or leave the kind out for code."
        return
    if not cell.text.strip():
        yield cell.line, "an empty cell. Fill it or remove its mark."
        return
    yield from ((cell.line, words) for words in _metadata_problems(cell, languages, assignment))
    yield from _mark_problems(cell)
    if cell.kind == "code":
        yield from _code_problems(cell)
    elif cell.language:
        yield from _language_problems(cell)
        yield from _unnamed_libraries(cell)


def _metadata_problems(
    cell: Cell, languages: Sequence[str], assignment: Assignment | None
) -> Iterator[str]:
    for key, value in cell.metadata.items():
        if key == "incorrectly_encoded_metadata":
            yield f'expected metadata like lang="ru", got `{value}`. Put the value in quotes.'
        elif key not in _KEYS:
            yield (
                f"unknown metadata `{key}` ({value!r}); expected {', '.join(_KEYS)}. "
                "Correct its name or remove it."
            )
    tags = cell.metadata.get("tags", [])
    for tag in tags if isinstance(tags, list) else [tags]:
        if tag not in KNOWN_TAGS:
            yield f"unknown tag {tag!r}; expected one of {', '.join(KNOWN_TAGS)}. Correct it."
    if isinstance(tags, str):
        yield f'expected a list of tags, got {tags!r}. Write tags=["{tags}"].'
    roles = [role for role in ("exercise", "check", "essay") if role in cell.metadata]
    if roles and assignment is None:
        yield f"`{roles[0]}` in a lecture. Exercises belong in solutions/; remove it here."
    if len(roles) > 1:
        yield f"one role expected, got {' and '.join(roles)}. Split the cell."
    if roles and not _NAME.fullmatch(str(cell.name)):
        yield f"expected a name like `mean_jaccard`, got {cell.name!r}. Correct it."
    if cell.kind == "code":
        if cell.role == "essay":
            yield "an essay is prose. Write `# %% [markdown] essay=...`."
        if "lang" in cell.metadata:
            yield "`lang` on a code cell; code is the same in every language. Remove it."
    elif cell.role in ("exercise", "check"):
        yield f"`{cell.role}` on a prose cell. Remove `[markdown]`."
    elif cell.role is None and cell.language not in languages:
        yield (
            f"expected prose in a language out of {', '.join(languages)}, "
            f'got {cell.language!r}. Write lang="{languages[0]}", and its twin after it.'
        )


def _mark_problems(cell: Cell) -> Iterator[tuple[int, str]]:
    regions, wrong = marks.find(cell.text)
    for offset, words in wrong:
        yield _line(cell, offset), f"{words}. Correct the mark, or the solution is published."
    allowed = {"exercise": "SOLUTION", "essay": "MARK SCHEME"}.get(cell.role)
    for region in regions:
        if region.kind != allowed:
            yield (
                _line(cell, region.begin),
                f"a {region.kind} in a cell that is no place for one. Solutions stand in cells "
                "with exercise=..., mark schemes in cells with essay=....",
            )
    if allowed and not wrong and not any(region.kind == allowed for region in regions):
        yield (
            cell.line,
            f"expected `### BEGIN {allowed}` and `### END {allowed}` in this cell, "
            "found none. Put them around it.",
        )


def _code_problems(cell: Cell) -> Iterator[tuple[int, str]]:
    for offset, line in enumerate(cell.text.split("\n")):
        if _CYRILLIC.search(line):
            yield (
                _line(cell, offset),
                f"Cyrillic letters in code: {line.strip()!r}. Code is the same in every "
                "language: move the words into prose or into a message for gettext.",
            )
        if "session.start(" in line:
            yield (
                _line(cell, offset),
                "a set-up of its own. The build adds the set-up cell; remove this one.",
            )
    versions = [("", cell.text)]
    if cell.role == "exercise":
        versions.append((" in the student's version", marks.cleared(cell.text)))
    for where, text in versions:
        try:
            ast.parse(TransformerManager().transform_cell(text))
        except SyntaxError as error:
            line = _line(cell, (error.lineno or 1) - 1) if not where else cell.line
            yield line, f"not Python{where}: {error.msg}. Correct it."
            break


def _long_cells(source: Source) -> Iterator[tuple[Cell, str]]:
    """Cells of a lecture with more code than a reader takes in at once; imports don't count."""
    for cell in source.cells:
        number = _lines_of_code(cell.text) if cell.kind == "code" else 0
        if number > LONGEST_CELL:
            yield (
                cell,
                f"expected at most {LONGEST_CELL} lines of code in a cell, got {number}. Split "
                "it, or move into course_utils what the reader need not see.",
            )


def _lines_of_code(text: str) -> int:
    """Lines that are neither blank nor comments nor part of an import."""
    try:
        statements = ast.parse(TransformerManager().transform_cell(text)).body
    except SyntaxError:
        return 0  # another rule says so
    imports = [node for node in statements if isinstance(node, ast.Import | ast.ImportFrom)]
    passed = {n for node in imports for n in range(node.lineno, node.end_lineno + 1)}
    lines = enumerate(text.split("\n"), start=1)
    return sum(
        bool(line.strip()) and not line.lstrip().startswith("#") and n not in passed
        for n, line in lines
    )


def _language_problems(cell: Cell) -> Iterator[tuple[int, str]]:
    words = _NOT_WORDS.sub(" ", cell.text)
    if (
        cell.language == "ru"
        and re.search(r"[A-Za-z]{2}", words)
        and not _CYRILLIC.search(words)
    ):
        yield (
            cell.line,
            "Russian prose without a Russian word. Translate it, or correct `lang`.",
        )
    if cell.language == "en":
        for offset, line in enumerate(cell.text.split("\n")):
            if _CYRILLIC.search(line):
                yield (
                    _line(cell, offset),
                    f"Cyrillic letters in English prose: {line.strip()!r}. "
                    "Translate it, or correct `lang`.",
                )


def _unnamed_libraries(cell: Cell) -> Iterator[tuple[int, str]]:
    """Rules of an assignment that keep from the student what they can import at grading."""
    rules = _RULES.search(cell.text)
    missing = [f"`{name}`" for name in LIBRARIES if rules and f"`{name}`" not in rules[0]]
    if missing:
        yield (
            _line(cell, cell.text.count("\n", 0, rules.start())),
            f"expected rules that name the libraries there are at grading, found no "
            f"{', '.join(missing)}. Add them.",
        )


def _pair_problems(source: Source, languages: Sequence[str]) -> Iterator[tuple[Cell, str]]:
    """Prose stands in groups, one cell for each language, in the course's order."""
    order = " then ".join(languages)
    group: list[Cell] = []
    for cell in [*source.cells, None]:
        known = cell is not None and cell.kind == "markdown" and cell.language in languages
        if known and cell.language == languages[len(group)]:
            group.append(cell)
            if len(group) == len(languages):
                yield from _twin_problems(group)
                group = []
            continue
        if group:
            missing = languages[len(group)]
            yield (
                group[0],
                f"prose without its twin in {missing!r}. Pairs are adjacent, {order}: "
                f'put the cell with lang="{missing}" right after it.',
            )
            group = []
        if known and cell.language == languages[0]:
            group = [cell]
        elif known:
            yield (
                cell,
                f"prose in {cell.language!r} without its twin in {languages[0]!r} before it. "
                f"Pairs are adjacent, {order}.",
            )
    first = source.cells[0]
    if first.kind != "markdown" or not first.text.startswith("# "):
        yield first, "expected the title first: a prose cell that begins with `# `. Add it."


def _twin_problems(group: Sequence[Cell]) -> Iterator[tuple[Cell, str]]:
    first, *others = group
    for other in others:
        if _headings(other) != _headings(first):
            yield (
                other,
                f"headings {_headings(other) or 'absent'}, in its twin "
                f"{_headings(first) or 'absent'}. Give both the same headings.",
            )


def _headings(cell: Cell) -> list[str]:
    prose = re.sub(r"```.*?```", "", cell.text, flags=re.S)
    return re.findall(r"^(#+) ", prose, flags=re.M)


def _exercise_problems(
    source: Source, assignment: Assignment
) -> Iterator[tuple[Cell | None, str]]:
    points = f"[assignments.{assignment.name}.points] in course.toml"
    exercises: dict[str, Cell] = {}
    graded: dict[str, Cell] = {}
    for cell in source.cells:
        name = cell.name
        if cell.role is None:
            continue
        seen = exercises if cell.role == "exercise" else graded
        if name in seen:
            grade_id = f"{name}-solution" if cell.role == "exercise" else name
            yield (
                cell,
                f"the grade_id {grade_id!r} a second time; the first is in cell "
                f"{seen[name].number}, line {seen[name].line}. Give one of them another name.",
            )
        seen.setdefault(name, cell)
        if name not in assignment.points:
            yield (
                cell,
                f"{cell.role} {name!r} without points. Add it to {points}, "
                "or correct the name.",
            )
        if cell.role == "check":
            if name not in exercises:
                yield (
                    cell,
                    f"a check without its exercise before it. Put a cell with "
                    f'exercise="{name}" above, or correct the name.',
                )
            if f'check("{name}"' not in cell.text:
                yield (
                    cell,
                    f'expected a call check("{name}", ...) in the check of {name!r}, '
                    "found none. Correct it.",
                )
    for name, cell in exercises.items():
        if name not in graded:
            yield cell, f'an exercise without a check. Add a cell with check="{name}" after it.'
    for name in assignment.points:
        if name not in graded:
            yield None, f"{points} gives points for {name!r}, which has no check or essay here."


def _line(cell: Cell, offset: int) -> int:
    """The line in the file of the line `offset` of a cell."""
    return cell.line + 1 + offset
