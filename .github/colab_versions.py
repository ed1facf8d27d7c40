"""Does Colab have what the course needs? Its list of packages against pyproject.toml.

    python .github/colab_versions.py pip-freeze.txt                 1 where something is amiss
    python .github/colab_versions.py pip-freeze.txt --constraints   our dependencies, for pip

The list is pip-freeze.txt of github.com/googlecolab/backend-info. The set-up cell installs the
course with --no-deps, so whatever is missing there is missing in every notebook.
"""

import re
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
_WHEEL = re.compile(r"/([A-Za-z0-9_.]+)-(\d[\w.]*)(?:%2B|\+|-)")


def listed(text: str) -> dict[str, str]:
    """Name -> version without its local part, of the lines `name==1.2+cu1` and `name @ url`."""
    found = {}
    for line in text.splitlines():
        name, _, version = line.strip().partition("==")
        if not version and " @ " in line:
            name, _, address = line.strip().partition(" @ ")
            wheel = _WHEEL.search(address)
            version = wheel[2] if wheel else ""
        if version:
            found[_normal(name)] = version.split("+")[0].strip()
    return found


def dependencies(project: Path = PROJECT) -> dict[str, list[tuple[str, str]]]:
    """Name -> bounds, as (">=", "1.26"), of what a student needs."""
    asked = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]
    found = {}
    for requirement in asked:
        name, bounds = re.fullmatch(r"([A-Za-z0-9_.-]+)(.*)", requirement).groups()
        found[_normal(name)] = re.findall(r"(>=|<)\s*([\d.]+)", bounds)
    return found


def problems(colab: dict[str, str], asked: dict[str, list[tuple[str, str]]]) -> list[str]:
    """What Colab lacks or has in a version out of bounds, a sentence each."""
    if len(colab) < 50:
        return [f"Expected Colab's list of packages, got {len(colab)} of them: is it the file?"]
    found = []
    for name, bounds in asked.items():
        if name not in colab:
            found.append(f"{name}: Colab no longer has it; the set-up cell must install it.")
        for sign, bound in bounds if name in colab else ():
            if (_numbers(colab[name]) >= _numbers(bound)) != (sign == ">="):
                found.append(f"{name}: expected {sign}{bound}, Colab has {colab[name]}.")
    return found


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(number) for number in re.findall(r"\d+", version)[:3]]
    return tuple(numbers + [0] * (3 - len(numbers)))


def main(arguments: list[str]) -> int:
    """What the command line asks for; returns the exit code."""
    colab = listed(Path(arguments[0]).read_text(encoding="utf-8"))
    asked = dependencies()
    if "--constraints" in arguments:
        print("\n".join(f"{name}=={colab[name]}" for name in asked if name in colab))
        return 0
    found = problems(colab, asked)
    print("\n".join(found or ["Colab has all that the course needs."]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
