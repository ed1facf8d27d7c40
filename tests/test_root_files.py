"""What lies at the root and in docs/decisions for those who carry on."""

import re

import pytest

from tests.conftest import REPOSITORY

FOLDER = REPOSITORY / "docs" / "decisions"
DECISIONS = sorted(path.name for path in FOLDER.glob("[0-9]*.md"))
PARTS = ["Context", "Decision", "Rejected", "Consequences"]
LINK = re.compile(r"\]\(([^)#\s]+)\)")


def test_every_decision_is_linked_from_the_index_in_its_order():
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| \[.+?\]\((\S+?)\) \|", index, re.MULTILINE)
    assert [name for _number, name in rows] == DECISIONS
    assert [int(number) for number, _name in rows] == list(range(1, len(DECISIONS) + 1))
    assert len(DECISIONS) >= 10


@pytest.mark.parametrize("name", [*DECISIONS, "README.md"])
def test_a_decision_leads_to_files_that_are_there(name):
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert [link for link in LINK.findall(text) if not (FOLDER / link).is_file()] == []


@pytest.mark.parametrize("name", DECISIONS)
def test_a_decision_has_the_four_parts_and_its_number(name):
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == PARTS
    assert text.startswith(f"# {int(name[:2])}. ")
