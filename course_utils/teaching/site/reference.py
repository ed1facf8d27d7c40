"""Pages of the package's reference: for autodoc, a page for each part of the package."""

import ast
from pathlib import Path

__all__ = ["pages"]

_PARTS = {
    "reference": (
        "Reference implementations",
        "What student code is compared with and what the lectures run.",
    ),
    "data": (
        "Data",
        "Built-in scenes in PASCAL VOC's layout, VOC 2012 itself, small networks.",
    ),
    "checks": ("Checks", "How an exercise is checked: cases, probe, judge, mistakes by name."),
    "figures": ("Figures", "What the lectures draw. A figure's title states its finding."),
    "session": ("Session", "Which device, data and language a notebook uses."),
}


def pages(root: Path) -> dict[str, str]:
    """Path below the site's source folder -> text in Markdown."""
    package = root / "course_utils"
    rows, found = [], {}
    for part, (title, words) in _PARTS.items():
        modules = _modules(package, part)
        rows.append(f"- [{title}]({part}.md): {words}")
        found[f"api/{part}.md"] = _page(f"course_utils.{part}", title, modules)
    listed = "\n".join(_PARTS)
    found["api/index.md"] = (
        "# API reference\n\nThe package `course_utils`, from its docstrings. Imports run one "
        "way: `data` ← `reference` ← `figures`, `checks`.\n\n"
        + "\n".join(rows)
        + f"\n\n```{{toctree}}\n:hidden:\n\n{listed}\n```\n"
    )
    return found


def _modules(package: Path, part: str) -> list[str]:
    """Names of the part's modules that have something to offer, the part itself first."""
    place = package / part
    if place.with_suffix(".py").is_file():
        return [f"course_utils.{part}"]
    found = [f"course_utils.{part}"]
    for path in sorted(place.glob("*.py")):
        if path.stem != "__init__" and "__all__" in _assigned(path):
            found.append(f"course_utils.{part}.{path.stem}")
    return found


def _assigned(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _page(part: str, title: str, modules: list[str]) -> str:
    lines = [f"# {title}", ""]
    for module in modules:
        if module == part and len(modules) > 1:
            options = "   :no-members:\n"  # it only hands on names that its modules define
        else:
            lines += [f"## {module.rpartition('.')[2]}", ""]
            options = "   :members:\n"
        lines += [
            "```{eval-rst}",
            f".. automodule:: {module}",
            options.rstrip("\n"),
            "```",
            "",
        ]
    return "\n".join(lines)
