"""What lies at the root and in docs/decisions for those who carry on: licences, how to cite,
what git runs before a commit, why things are as they are."""

import hashlib
import re
import tomllib

import pytest
import yaml

from course_utils import __version__
from course_utils.teaching import config
from tests.conftest import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
FOLDER = REPOSITORY / "docs" / "decisions"
DECISIONS = sorted(path.name for path in FOLDER.glob("[0-9]*.md"))
PARTS = ["Context", "Decision", "Rejected", "Consequences"]
LINK = re.compile(r"\]\(([^)#\s]+)\)")
# Of creativecommons.org/licenses/by/4.0/legalcode.txt, as Debian and GitHub give it.
LEGAL_CODE = "fd3a263fe19ed8faa9068b43abaebafc02c77897b0c6fc09abc04bb592e5f16e"


def read(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


def test_the_citation_says_what_the_project_says():
    citation = yaml.safe_load(read("CITATION.cff"))
    course = config.load(REPOSITORY)
    assert citation.keys() >= {"cff-version", "message", "authors", "title"}  # CFF's own demand
    assert citation["cff-version"] == "1.2.0"
    assert str(citation["version"]) == PROJECT["version"] == __version__
    assert citation["license"] == PROJECT["license"]
    assert citation["title"] == course.title["en"]
    assert citation["repository-code"] == f"https://github.com/{course.repository}"
    assert all(author.get("name") for author in citation["authors"])


def test_texts_have_the_legal_code_of_their_licence_to_the_letter():
    assert hashlib.sha256((REPOSITORY / "LICENSE-texts").read_bytes()).hexdigest() == LEGAL_CODE


def test_the_readme_names_both_licences_and_how_to_cite():
    assert {"LICENSE", "LICENSE-texts", "CITATION.cff"} <= set(LINK.findall(README))


def test_git_runs_before_a_commit_what_make_check_runs():
    recipe = re.search(r"^check:.*\n((?:\t.+\n)+)", read("Makefile"), re.MULTILINE)[1]
    commands = [line.strip().replace("$(BIN)", ".venv/bin") for line in recipe.splitlines()]
    hooks = [
        hook
        for repository in yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
        for hook in repository["hooks"]
    ]
    assert [hook["entry"] for hook in hooks] == commands
    for hook in hooks:  # on the whole tree, by the programs in .venv, whatever is committed
        assert (hook["language"], hook["pass_filenames"]) == ("system", False)
        assert hook["always_run"]


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
