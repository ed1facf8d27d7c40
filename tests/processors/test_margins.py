"""The table of margins is what the pages claim, and what they claim holds on any processor.

One exercise under one draw of noise in `make test`; in `make test-all` all pages under the
variations furthest from each other, anew where the code behind the numbers has changed since
they were measured. `python -m tests.processors` runs all variations and writes the table.
"""

import ast
import os

import pytest

from tests.processors import sources, table
from tests.processors.campaign import run_one
from tests.processors.claims import claims_of
from tests.processors.variations import Variation, every

MEASURED = table.read()
PAGES = {page.stem: page for page in table.pages()}
ROWS = [
    pytest.param(claim, id=f"{name}: {key}")
    for name, page in MEASURED["pages"].items()
    for key, claim in page["claims"].items()
]
# The oldest vector units in torch's own code and in oneDNN's, the most threads, and noise.
FURTHEST = [
    variation
    for variation in every(draws=1)
    if variation.name in ("default", "oneDNN SSE41", "4 threads", "noise 0")
]
heavy = pytest.mark.skipif(
    not os.environ.get("COURSE_TEST_ALL"), reason="takes minutes: make test-all"
)


def test_the_table_knows_every_claim_and_no_other():
    problems = table.stale(MEASURED)
    assert not problems, "\n".join(problems)


def test_the_table_is_written_from_what_was_measured():
    assert table.TABLE.read_text() == table.text(MEASURED), f"{table.COMMAND} --table"


@pytest.mark.parametrize("claim", ROWS)
def test_a_claim_lies_three_spreads_from_its_bound_in_ten_runs_or_more(claim):
    assert table.verdict(claim) in ("exact", "holds"), claim
    assert claim["runs"] >= table.LEAST_RUNS


def test_right_answers_clear_the_bar_on_another_processor(tmp_path):
    found = run_one(PAGES["transfer_learning"], Variation("noise 0", draw=0), tmp_path)
    assert found["disturbed"] > 0
    assert not _broken(found)


@heavy
@pytest.mark.parametrize("variation", FURTHEST, ids=lambda variation: variation.name)
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.timeout(1800)
def test_a_page_holds_what_it_claims(name, variation):
    found = run_one(PAGES[name], variation)
    assert not _broken(found)
    assert found["megabytes"] < 2000 or variation.draw is not None  # noise takes some itself


def _broken(found):
    return {key: claim for key, claim in found["claims"].items() if not claim["held"]}


# How margins are judged


def runs(*margins, held=True):
    claims = [
        {"margin": m, "held": held, "value": m, "bound": 0.0} if m is not None else
        {"margin": None, "held": held, "value": None}
        for m in margins
    ]  # fmt: skip
    return {
        f"noise {n}": {"claims": {"a > 0": claim}, "megabytes": 9}
        for n, claim in enumerate(claims)
    }


def judged(*margins, **words):
    return table.verdict(table.summary(runs(*margins, **words))["claims"]["a > 0"])


def test_three_spreads_are_enough_and_less_are_close():
    assert judged(3, 4, 5) == "holds"  # spread 1, margin 4
    assert judged(1, 2, 3) == "close"
    assert judged(3, 4, 5, held=False) == "fails"
    assert judged(2, 2, 2) == judged(None, None) == "exact"


def test_variations_that_change_nothing_do_not_make_the_spread_smaller():
    seen = runs(1, 3)
    seen |= {f"oneDNN {n}": seen["noise 0"] for n in range(20)}
    (claim,) = table.summary(seen)["claims"].values()
    assert claim["spread"] == pytest.approx(2**0.5, rel=1e-3)


def test_a_run_that_broke_a_claim_is_named_in_its_row():
    seen = runs(2, 3)
    seen["noise 1"] = runs(-1, held=False)["noise 0"]
    measured = {"machine": "this one", "pages": {"a_page": table.summary(seen)}}
    assert "**fails**: noise 1" in table.text(measured)


def test_a_changed_assert_makes_the_table_stale(tmp_path, monkeypatch):
    page = tmp_path / "a_page.py"
    page.write_text("# %%\nx = 1\nassert x > 0\n")
    monkeypatch.setattr(table, "pages", lambda: [page])
    measured = {"pages": {"a_page": {"claims": {"x > 0": {}}}}}
    assert table.stale(measured) == []
    page.write_text("# %%\nx = 1\nassert x > 0.5\n")
    assert table.stale(measured) == [
        "a_page: not measured: x > 0.5",
        "a_page: claimed no more: x > 0",
        "Measure what changed: python -m tests.processors a_page",
    ]


def test_a_run_is_kept_while_what_it_read_is_the_same():
    read = sources.read_here()
    assert "course_utils/data/weights/small_net.safetensors" in read
    assert "tests/processors/sources.py" in read
    assert not [name for name in read if name.startswith("course_utils/teaching/")]
    assert sources.unchanged(read)
    assert not sources.unchanged(read | {"torch": "0.1"})
    assert not sources.unchanged(read | {"tests/processors/sources.py": "another"})
    assert not sources.unchanged(read | {"course_utils/no_more.py": "0123"})
    assert not sources.unchanged({})


def test_only_lines_that_begin_with_assert_are_claims():
    assert claims_of(ast.parse("x = 'assert y > 1'")) == []


def test_an_exercise_may_wait_to_be_measured_and_is_named_and_a_lecture_may_not():
    measured = {"machine": "this one", "pages": {}}
    assert "Not in the table yet" in table.text(measured)
    asked = {problem.partition(":")[0] for problem in table.stale(measured)[:-1]}
    assert "06_fcn" in asked
    assert "fcn" not in asked
