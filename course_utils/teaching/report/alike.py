"""Which hand-ins share code that the class as a whole does not share.

Released code is nobody's, and what more than max(COMMON_LEAST, COMMON_SHARE of the class)
write is common property: an exercise with a short answer makes everybody alike. Pairs are
found by what they have in common beyond both, looked up by fingerprint, so that a class of
a thousand needs no half a million comparisons.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from course_utils.teaching.report.answers import Piece
from course_utils.teaching.report.fingerprints import all_prints, fingerprint

__all__ = [
    "COMMON_LEAST",
    "COMMON_SHARE",
    "Alike",
    "Line",
    "Match",
    "Pair",
    "compare",
    "likeness",
]

COMMON_LEAST = 5  # hand-ins
COMMON_SHARE = 0.1  # of the class
_LEAST_SHARED = 30  # fingerprints, some 75 characters of structure: fewer say nothing
_LEAST_SHARE = 0.5  # of the smaller hand-in's own code
_MUCH_SHARED = 80  # fingerprints, some ten lines: worth a look whatever the share
_LEAST_SAME = 150  # characters of structure, eight lines: less is the same by itself
_MOST_PAIRS = 60  # shown; the list is for looking, nobody looks at more


@dataclass(frozen=True)
class Line:
    """A line of a cell. same: whether the other hand-in has it, too."""

    number: int
    text: str
    same: bool


@dataclass(frozen=True)
class Match:
    """Two cells that share code. exercise: of the first, "" where the student added it."""

    exercise: str
    first_cell: int
    second_cell: int
    first: tuple[Line, ...]
    second: tuple[Line, ...]


@dataclass(frozen=True)
class Pair:
    """Two students. share: of the smaller hand-in's own code that both have, 0 to 1."""

    first: str
    second: str
    share: float
    matches: tuple[Match, ...]

    @property
    def lines(self) -> int:
        """Lines in common: of the first, that the second has, too."""
        return sum(line.same for match in self.matches for line in match.first)


@dataclass(frozen=True)
class Alike:
    """pairs: most alike first; left_out: further pairs; groups: the same throughout."""

    pairs: tuple[Pair, ...]
    left_out: int
    groups: tuple[tuple[str, ...], ...]
    common_above: int  # code of more hand-ins than this is common property


def compare(
    answers: Mapping[str, Sequence[Piece]],
    released: Iterable[str],
    step: Callable[[], None] = lambda: None,
) -> Alike:
    """Pairs and groups of hand-ins that are alike.

    answers: student -> code of their own. released: sources of the released cells.
    step: called once a hand-in, for a progress bar.
    """
    nobodys = {value for source in released for value in all_prints(source)}
    prints: dict[str, set[int]] = {}
    for student, pieces in answers.items():
        found = {value for piece in pieces for value in fingerprint(piece.source).lines}
        prints[student] = found - nobodys
        step()
    above = max(COMMON_LEAST, int(COMMON_SHARE * len(answers)))
    owners: dict[int, list[str]] = defaultdict(list)
    for student, found in prints.items():
        for value in found:
            owners[value].append(student)
    common = {value for value, students in owners.items() if len(students) > above}
    own = {student: found - common for student, found in prints.items()}
    groups = _same_throughout(answers, nobodys)
    together = {frozenset(two) for group in groups for two in combinations(group, 2)}
    found = []
    for (first, second), shared in _shared(owners, common).items():
        share = shared / min(len(own[first]), len(own[second]))
        much = share >= _LEAST_SHARE or shared >= _MUCH_SHARED
        if shared >= _LEAST_SHARED and much and frozenset((first, second)) not in together:
            found.append((share, shared, first, second))
    found.sort(key=lambda item: (-item[0], -item[1], item[2:]))
    pairs = tuple(
        Pair(
            first,
            second,
            share,
            _matches(answers[first], answers[second], own[first] & own[second]),
        )
        for share, _shared_prints, first, second in found[:_MOST_PAIRS]
    )
    return Alike(pairs, max(0, len(found) - _MOST_PAIRS), groups, above)


def likeness(
    pieces: Sequence[Piece], reference: Sequence[str], released: Sequence[str]
) -> float | None:
    """Share of a hand-in's own code that the reference solution has too, 0 to 1.

    None where there is too little code to say.
    """
    nobodys = {value for source in released for value in all_prints(source)}
    known = {value for source in reference for value in all_prints(source)}
    own = {value for piece in pieces for value in fingerprint(piece.source).lines} - nobodys
    return len(own & known) / len(own) if len(own) >= _LEAST_SHARED else None


def _shared(owners: Mapping[int, list[str]], common: set[int]) -> Counter:
    """(student, student) -> number of fingerprints that both have and few others."""
    counted: Counter = Counter()
    for value, students in owners.items():
        if value not in common and len(students) > 1:
            counted.update(combinations(students, 2))
    return counted


def _same_throughout(
    answers: Mapping[str, Sequence[Piece]], nobodys: set[int]
) -> tuple[tuple[str, ...], ...]:
    """Students whose code has the same structure from end to end, in whatever order."""
    by_text: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for student, pieces in answers.items():
        prints = [fingerprint(piece.source) for piece in pieces]
        texts = sorted(p.text for p in prints if p.lines.keys() - nobodys)
        if sum(map(len, texts)) >= _LEAST_SAME:
            by_text[tuple(texts)].append(student)
    groups = [tuple(students) for students in by_text.values() if len(students) > 1]
    return tuple(sorted(groups, key=lambda group: (-len(group), group)))


def _matches(
    first: Sequence[Piece], second: Sequence[Piece], shared: set[int]
) -> tuple[Match, ...]:
    """For each cell of the first, the cell of the second that shares most with it."""
    found = []
    for piece in first:
        here = fingerprint(piece.source).lines.keys() & shared
        others = [(here & fingerprint(o.source).lines.keys(), o) for o in second]
        if not here or not others:
            continue
        same, other = max(others, key=lambda item: len(item[0]))
        if same:
            found.append(
                Match(
                    piece.exercise,
                    piece.cell,
                    other.cell,
                    _lines(piece.source, same),
                    _lines(other.source, same),
                )
            )
    return tuple(found)


def _lines(source: str, shared: set[int]) -> tuple[Line, ...]:
    by_print = fingerprint(source).lines
    marked = {number for value in shared for number in by_print.get(value, ())}
    return tuple(
        Line(number, text, number in marked)
        for number, text in enumerate(source.split("\n"), start=1)
    )
