"""What a student's kernel sees: files, environment, sizes of the folders it may write to.

All is a list of what is let in; whatever is not named here does not exist inside.
"""

import itertools
import os
import secrets
import site
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import course_utils
from course_utils.data.cache import cache_folder

__all__ = [
    "HAND_IN",
    "HOME",
    "MOST_FILES",
    "Policy",
    "files_beside",
    "policy",
    "system_folders",
]

HOME = "/home/student"
HAND_IN = "/hand_in"  # the working folder
DATA = "/data"
FOLDERS = ("/tmp", "/dev/shm", HAND_IN, HOME, DATA)  # in memory, to write to

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_SETTINGS = (
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives"),
    *("/etc/fonts", "/etc/localtime", "/etc/timezone", "/etc/mime.types"),
    *("/sys/devices/system/cpu", "/sys/devices/system/node"),
)
_PROGRAMS = ("/usr/local/bin", "/usr/bin", "/bin")  # wherever else the grader's PATH leads
_OF_THE_USER = ("/proc/keys", "/proc/key-users")  # of all that a user has, namespaces or not
_SECRET = {"": {"reference", "teaching"}, "checks": {"assignments"}}  # parts of course_utils
_PROBES = ("__init__.py", "*/__init__.py", "*/probes.py")  # all that is let in of assignments
# Packages that exercises ban as ready answers.
_READY_ANSWERS = ("torchmetrics", "segmentation_models_pytorch", "timm", "monai", "sklearn")
_MODULES = (".py", ".pyc", ".pyo", ".so", ".pyd", ".pth", ".egg", ".whl", ".zip")
_NOT_DATA = (*_MODULES, ".ipynb", ".db", ".sqlite", ".sqlite3")
_FOR_SOCKETS = 2**16  # bytes
MOST_FILES = 200  # beside a notebook; each is a mount


@dataclass(frozen=True)
class Policy:
    """What one sandbox is made of; `bubblewrap.arguments` writes it for bwrap.

    links: (target, path), as `ln -s` takes them.
    covered: folders inside what is let in that must be empty; hidden: files of /proc.
    read_only: (path outside, path inside). Nothing outside may be written to.
    folders: path -> bytes, empty folders in memory that may be written to.
    environment: all of it.
    user: id that the kernel runs under where root grades, else None: one's own, in a user
        namespace. Root's own would own the system's settings in /proc, and Linux limits the
        number of every user's processes but root's.
    """

    links: tuple[tuple[str, str], ...] = ()
    system: tuple[tuple[str, str], ...] = ()
    covered: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    read_only: tuple[tuple[str, str], ...] = ()
    folders: Mapping[str, int] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    working_folder: str = "/"
    user: int | None = None


def policy(
    environment: Mapping[str, str],
    *,
    connection: Path,
    beside: Iterable[tuple[str, str]] = (),
    ready_answers: Iterable[str] = _READY_ANSWERS,
    shared_folder: Path | None = None,
    space: int = 2**29,
) -> Policy:
    """The policy for a kernel of this interpreter.

    environment: variables that a kernel may see; those that name folders are set anew, and
        the system's programs are found whatever PATH says.
    connection: file that says where the kernel's sockets are to be: beside it, in a folder
        of the sandbox's own.
    beside: (path outside, path inside) of the files handed in with the notebook.
    ready_answers: third-party packages that are not there inside.
    shared_folder: the course's folder, to be covered up if it lies in what is let in.
    space: bytes, in memory, for each of FOLDERS.
    """
    links, system = system_folders()
    package = Path(course_utils.__file__).parent
    roots = [Path(inside) for _outside, inside in system]
    covered = [package, package.parent, *([shared_folder] if shared_folder else [])]
    sites = [Path(folder) for folder in _site_packages()]
    covered = [p for p in covered if p not in sites and _is_below(p, roots)]
    covered += [folder / name for folder in sites for name in ready_answers]
    return Policy(
        links=links,
        system=system,
        covered=tuple(dict.fromkeys(str(path) for path in covered if path.is_dir())),
        hidden=tuple(path for path in _OF_THE_USER if os.path.exists(path)),
        read_only=(
            *(*_package_parts(package), *_font_lists(), *_data_sets(), *beside),
            (str(connection), str(connection)),
        ),
        folders=dict.fromkeys(FOLDERS, space) | {str(connection.parent): _FOR_SOCKETS},
        environment={**environment, **_variables(), "PATH": _path(environment.get("PATH"))},
        working_folder=HAND_IN,
        user=nobody(),
    )


def nobody() -> int | None:
    """A user's id that nobody else has, where this program runs as root; else None."""
    if os.geteuid() != 0:
        return None
    with open("/proc/self/uid_map") as file:
        known = max(
            int(first) + int(number) for first, _outside, number in map(str.split, file)
        )
    lowest, highest = (1_800_000_000, 1_900_000_000) if known > 2**31 else (70_000 // 2, known)
    return lowest + secrets.randbelow(highest - lowest) if highest > lowest + 1000 else None


def files_beside(folder: Path) -> tuple[tuple[str, str], ...]:
    """(path outside, path inside) of the data files in a notebook's folder.

    No notebook and nothing that Python could import, no link, no hidden file. Where the
    folder holds a course, nothing: then the notebook was not handed in. At most one more
    than MOST_FILES.
    """
    if (folder / "course.toml").exists() or (folder / "gradebook.db").exists():
        return ()
    return tuple(itertools.islice(_files_beside(folder), MOST_FILES + 1))


def _files_beside(folder: Path) -> Iterator[tuple[str, str]]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name != "__pycache__"
        )
        for name in sorted(names):
            path = Path(place, name)
            if name.startswith(".") or path.suffix.lower() in _NOT_DATA:
                continue
            if stat.S_ISREG(path.lstat().st_mode):
                yield str(path), f"{HAND_IN}/{path.relative_to(folder)}"


def _path(given: str | None) -> str:
    folders = [*(given.split(os.pathsep) if given else ()), *_PROGRAMS]
    return os.pathsep.join(dict.fromkeys(folders))


def _variables() -> dict[str, str]:
    found = {"HOME": HOME, "TMPDIR": "/tmp", "USER": "student", "LOGNAME": "student"}
    found["COURSE_DATA_DIR"] = DATA
    if site.ENABLE_USER_SITE:
        found["PYTHONUSERBASE"] = site.getuserbase()
    return found


def system_folders() -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """Links and folders of the system and of this Python."""
    links, folders = [], []
    for name in _SYSTEM:
        if os.path.islink(name):
            links.append((os.readlink(name), name))
        elif os.path.isdir(name):
            folders.append(name)
    python = [sys.prefix, sys.base_prefix, sys.exec_prefix, *_site_packages()]
    for path in (*_SETTINGS, *python, *map(os.path.realpath, python)):
        if os.path.exists(path) and not _is_below(Path(path), map(Path, folders)):
            folders.append(path)
    return tuple(links), tuple((path, path) for path in folders)


def _site_packages() -> list[str]:
    user = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    return [path for path in (*site.getsitepackages(), *user) if os.path.isdir(path)]


def _is_below(path: Path, folders: Iterable[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _package_parts(package: Path) -> Iterator[tuple[str, str]]:
    """course_utils without the answers, the grader and the exercises' checks."""
    for part, secret in _SECRET.items():
        within = {name for name in _SECRET if name and not part}
        for path in sorted((package / part).iterdir()):
            if path.name not in secret | within:
                yield str(path), str(path)
    for pattern in _PROBES:
        for path in sorted((package / "checks" / "assignments").glob(pattern)):
            yield str(path), str(path)


def _font_lists() -> Iterator[tuple[str, str]]:
    """matplotlib's list of fonts: a kernel would need seconds to make its own."""
    import matplotlib  # late: a program that only asks for a sandbox does without

    for path in sorted(Path(matplotlib.get_cachedir()).glob("fontlist-*.json")):
        yield str(path), f"{HOME}/.cache/matplotlib/{path.name}"


def _data_sets() -> Iterator[tuple[str, str]]:
    folder = cache_folder()
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if path.name != "kernels" and not path.name.startswith("."):
                yield str(path.resolve()), f"{DATA}/{path.name}"
