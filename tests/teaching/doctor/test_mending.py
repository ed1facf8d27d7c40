"""Every damage of every sample: grading sees what it would have seen of the intact one."""

import itertools
import json
import random

import nbformat
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from course_utils.teaching.release import squeezed
from tests.teaching.doctor.damages import ALL, FILES, IN_PLACE, damage, dumped, place
from tests.teaching.grading.class_of import NAME

SAMPLES = (
    *("right_en", "right_ru", "mistake_en", "mistake_ru"),
    *("blank_ru", "own_cells_en", "own_cells_ru"),
)
NOT_FOR_GRADING = {"in_cp1251", "in_latin_1"}  # unreadable there, until the doctor mends them
ANSWERED = {
    "grade_ids_swapped",
    "answers_in_own_cells",
    "essay_below",
    "essay_in_question",
    "essay_before_question",
    "essay_joined_to_question",
}  # nothing to tell blanks by


def same(first, second):
    """Equal cells, but for white space that Colab drops at line ends."""
    assert first[0].keys() == second[0].keys()
    for name, (kind, source, metadata) in first[0].items():
        other = second[0][name]
        assert (kind, metadata) == (other[0], other[2]), name
        assert lines(source) == lines(other[1]), name
    assert sorted(first[1]) == sorted(second[1])
    for code in (first[1], second[1]):
        for check in ("jaccard", "own_test"):
            assert code.index(f"{check}-solution") < code.index(check)


def lines(source):
    return [line.rstrip() for line in source.strip().split("\n")]


def fits(sample, *names):
    if sample.startswith("blank") and ANSWERED & set(names):
        return False
    return not (sample.endswith("ru") and "in_latin_1" in names)


@pytest.mark.parametrize(
    ("sample", "name"), [pair for pair in itertools.product(SAMPLES, ALL) if fits(*pair)]
)
def test_grading_sees_the_intact_one(intact, examined, seen, sample, name):
    data = damage(intact[sample], name)
    expected = seen(dumped(intact[sample]))
    found = examined(data)
    same(expected, seen(found.notebook))
    if name not in NOT_FOR_GRADING:
        same(expected, seen(data))
    kinds = {finding.kind for finding in found.findings}
    if sample.startswith("blank") and "blank_copy" in kinds:
        kinds.add("twice")
    wanted = {*ALL[name][1]} if name in IN_PLACE else {ALL[name][1]}
    assert wanted <= kinds, kinds
    assert not found.needs_person
    again = examined(nbformat.writes(found.notebook).encode())
    assert again.findings == []
    assert again.notebook == found.notebook


PAIRS = [
    pair
    for pair in itertools.combinations(ALL, 2)
    if not set(pair) <= FILES.keys() and not {"grade_ids_swapped", *pair} - {*IN_PLACE, *FILES}
]
FEW = random.Random(7).sample(PAIRS, 60)


@pytest.mark.parametrize("names", FEW, ids="-".join)
def test_two_damages_at_once_cost_nothing_either(intact, doctor, examined, seen, names):
    sample = "own_cells_en"
    try:
        data = damage(intact[sample], *names)
    except StopIteration:
        pytest.skip("the first leaves nothing for the second")
    found = examined(data)
    assert found.notebook is not None
    same(seen(dumped(intact[sample])), seen(found.notebook))
    kept = [lines(cell.source) for cell in found.notebook.cells]
    for source in students_own(intact[sample]["cells"], released_texts(doctor)):
        assert lines(source) in kept


def students_own(cells, released=()):
    """Texts that are not the release's, in order."""
    texts = {squeezed(text) for text in released}
    found = [text(cell) for cell in cells]
    return [one for one in found if squeezed(one) and without_forms(one) not in texts]


def without_forms(source):
    """Squeezed, without the line that `forms` puts above a check."""
    return squeezed("\n".join(line for line in source.split("\n") if line != "#@title Check"))


def text(cell):
    source = cell.get("source", "")
    source = "".join(map(str, source)) if isinstance(source, list) else str(source)
    return source.replace("\r\n", "\n")


def released_texts(doctor):
    return set().union(*doctor.release(NAME).texts.values())


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
@example(seed=0)
def test_no_line_of_the_student_is_lost_or_moved_whatever_happened(
    intact, doctor, examined, seed
):
    draw = random.Random(seed)
    notebook = json.loads(json.dumps(intact[draw.choice(SAMPLES)]))
    for _time in range(draw.randint(1, 4)):
        try:
            IN_PLACE[draw.choice([*IN_PLACE])][0](notebook)
        except (StopIteration, KeyError):
            continue
    for _time in range(draw.randint(0, 3)):
        shuffle(notebook["cells"], draw)
    found = examined(json.dumps(notebook).encode())
    assert found.notebook is not None
    nbformat.validate(found.notebook)
    wanted = [
        one.replace("\ud800", "?")
        for one in students_own(notebook["cells"], released_texts(doctor))
    ]
    kept = [cell.source for cell in found.notebook.cells]
    asked = [cell.source for cell in released_questions(doctor)]
    wanted = [one for one in wanted if one in kept or not moved_from(one, asked, kept)]
    left = iter(kept)
    missing = [one for one in wanted if one not in left]  # `in` goes on where it stopped
    assert missing == []


def released_questions(doctor):
    notebooks = doctor.release(NAME).notebooks.values()
    return [notebook.cells[place(notebook, "essay") - 1] for notebook in notebooks]


def moved_from(one, asked, kept):
    """Whether all of the text but lines of a question stands in one cell, in its order."""
    rows = [line for line in lines(one) if line]
    for question in asked:
        own = [row for row in rows if row not in lines(question)]
        if len(own) < len(rows) and any(in_order(own, lines(cell)) for cell in kept):
            return True
    return False


def in_order(rows, others):
    left = iter(others)
    return all(row in left for row in rows)


def shuffle(cells, draw):
    """Move, copy, split, merge or empty a cell."""
    at = draw.randrange(len(cells))
    kind = draw.randrange(5)
    if kind == 0:
        cells.insert(draw.randrange(len(cells)), cells.pop(at))
    elif kind == 1:
        cells.insert(draw.randrange(len(cells)), json.loads(json.dumps(cells[at])))
    elif kind == 2:
        rows = text(cells[at]).split("\n")
        half = draw.randint(0, len(rows))
        cells.insert(at + 1, json.loads(json.dumps(cells[at])))
        cells[at]["source"] = "\n".join(rows[:half])
        cells[at + 1]["source"] = "\n".join(rows[half:])
    elif kind == 3 and at + 1 < len(cells):
        cells[at]["source"] = text(cells[at]) + "\n" + text(cells.pop(at + 1))
    else:
        cells[at]["metadata"] = {}


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_whatever_the_bytes_it_says_so_and_never_raises(intact, examined, seed):
    from tests.teaching.grading.test_broken_notebooks import damaged

    found = examined(damaged(intact["own_cells_en"], random.Random(seed)))
    assert found.notebook is not None or found.needs_person
    for finding in found.findings:
        assert finding.wrong()
        assert finding.cure()
    if found.notebook is not None:
        nbformat.validate(found.notebook)
