"""environment.yml, for conda and Binder, asks for what pyproject.toml asks for."""

import re
import tomllib
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parents[2]
CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}


def split(requirement):
    name, bounds = re.fullmatch(r"([A-Za-z0-9_-]+)(.*)", requirement).groups()
    return CONDA_NAMES.get(name, name), sorted(bounds.split(","))


def test_the_same_packages_with_the_same_bounds():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    asked = project["dependencies"] + project["optional-dependencies"]["instructor"]
    expected = dict(split(requirement) for requirement in asked)
    expected["python"] = [project["requires-python"]]
    environment = yaml.safe_load((REPOSITORY / "environment.yml").read_text())
    given = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    (by_pip,) = (entry["pip"] for entry in environment["dependencies"] if entry not in given)
    assert by_pip[-1] == "-e ."
    found = [entry for entry in [*given, *by_pip[:-1]] if entry != "pip"]
    assert dict(map(split, found)) == expected
    assert "pip" in given
    assert environment["channels"][0] == "conda-forge"
