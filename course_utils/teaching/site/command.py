"""`course site`: the book of the lectures, as a folder of pages."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from course_utils.teaching.config import load

__all__ = ["site"]

_log = Console(stderr=True, highlight=False, soft_wrap=True)


def site(
    output: Annotated[
        Path | None,
        typer.Option("--output", help="Where the pages go; site/ in the course, if left out."),
    ] = None,
    languages: Annotated[
        list[str] | None,
        typer.Option("--language", help="Only this one; may be given again. All, if left out."),
    ] = None,
) -> None:
    """Build the static site: lectures, glossary, papers, handbook, API, in each language.

    It is made from the notebooks that `course build` made; none is executed, and neither the
    build nor a reader needs a network. Any warning of Sphinx's stops it.
    """
    from course_utils.teaching.site import build as building

    course = load()
    chosen = [course.require_language(language) for language in languages or ()]
    place = (output or course.root / building.SITE).resolve()
    with _log.status("Laying out the pages") as status:
        building.build(
            course,
            place,
            languages=chosen,
            on_language=lambda language: status.update(f"Building the pages in {language!r}"),
        )
    print(place / "index.html")
