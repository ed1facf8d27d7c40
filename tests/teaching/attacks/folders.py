"""Hand-ins whose folder holds more than a notebook, or something else in its place."""

import nbformat

from tests.teaching.attacks.attack import FILE, REACHED, Attack, Fifo, Folder, Link
from tests.teaching.grading.class_of import NAME, answered

__all__ = ["FOLDERS"]

_LOUD = f"print('{REACHED} a module beside the notebook')\nraise SystemExit\n".encode()
_MODULES = (
    *("numpy.py", "torch.py", "torch/__init__.py", "ipykernel_launcher.py", "ipykernel.py"),
    *("sitecustomize.py", "usercustomize.py", "course_utils/__init__.py", "json.py"),
    *("course_utils/checks/kernel.py", "zmq.pyc", "encodings.py"),
)


def _whole(root):
    return nbformat.writes(answered(root)).encode()


def _with(more, name=FILE):
    return lambda root: {name: _whole(root), **more}


def _only(files):
    return lambda root: dict(files)


def _unreadable(name, does, files, reason=FILE):
    return Attack(name, does, files, ("unreadable",), 0, 0, reason)


FOLDERS = (
    Attack(
        "modules_beside",
        "hands in modules that would be imported in place of the real ones",
        _with(dict.fromkeys(_MODULES, _LOUD)),
    ),
    Attack(
        "start_up_files_beside",
        "hands in files that Python, IPython or Jupyter might read when they start",
        _with(
            {
                "x.pth": b"import os; os.abort()",
                ".ipython/profile_default/startup/00.py": _LOUD,
                "ipython_config.py": _LOUD,
                "ipython_kernel_config.py": _LOUD,
                "jupyter_config.json": b"{",
                "matplotlibrc": b"backend: module://loud",
                "pyvenv.cfg": b"home = .",
                ".env": b"PYTHONSTARTUP=00.py",
                "nbgrader_config.py": _LOUD,
                "course.toml": b"[course",
            }
        ),
    ),
    Attack("other_name", "is called `hw (1).ipynb`", _with({}, "hw (1).ipynb")),
    Attack("cyrillic_name", "is called in Russian", _with({}, "Копия ДЗ №1.ipynb")),
    Attack(
        "name_of_two_lines",
        "has a name of two lines with colours in it",
        _with({}, "a\n\x1b[31mb\x1b]0;title\x07.ipynb"),
    ),
    Attack(
        "name_that_is_no_text",
        "has a name that is not UTF-8, and files with such names beside it",
        _with({"\udcff\udcfe.csv": b"1", "more/\udcff.txt": b"2"}, "hw\udcff.ipynb"),
    ),
    _unreadable(
        "names_that_are_no_text",
        "holds two notebooks, whose names are not UTF-8 but colours",
        _only({"a\udcff.ipynb": b"{}", "b\x1b[31m\n.ipynb": b"{}"}),
    ),
    Attack(
        "several_notebooks",
        "hands in drafts beside the notebook",
        _with({"draft.ipynb": b"{}", "deep/draft.ipynb": b"<html>"}),
    ),
    _unreadable(
        "two_other_names",
        "hands in two notebooks under other names",
        _only({"one.ipynb": b"{}", "two.ipynb": b"{}"}),
    ),
    _unreadable("nothing", "hands in an empty folder", _only({"notes": Folder()})),
    _unreadable(
        "folder_for_file", "hands in a folder called like the notebook", _only({FILE: Folder()})
    ),
    _unreadable("pipe", "hands in a pipe called like the notebook", _only({FILE: Fifo()})),
    Attack("pipe_beside", "hands in a pipe beside it", _with({"data.csv": Fifo()})),
    Attack("pipe_for_time", "hands in a pipe for its time", _with({"timestamp.txt": Fifo()})),
    Attack("folder_for_time", "has a folder for its time", _with({"timestamp.txt": Folder()})),
    Attack(
        "time_that_is_none",
        "hands in a time that is none",
        _with({"timestamp.txt": b"\xff\x00 yesterday" * 1000}),
    ),
    _unreadable(
        "link_to_another",
        "is a link to what another student handed in",
        _only({FILE: Link(f"../../honest_right/{NAME}/{FILE}")}),
    ),
    _unreadable(
        "link_to_the_gradebook",
        "is a link to the gradebook",
        _only({FILE: Link("../../../gradebook.db")}),
    ),
    _unreadable("link_to_zero", "is a link to endless zeros", _only({FILE: Link("/dev/null")})),
    _unreadable("link_to_itself", "is a link to itself", _only({FILE: Link(FILE)})),
    Attack(
        "links_beside",
        "hands in links to files of the machine and of the course beside the notebook",
        _with(
            {
                "passwd.txt": Link("/etc/passwd"),
                "book.csv": Link("../../../gradebook.db"),
                "solutions": Link("../../../solutions"),
                "up": Link("../../.."),
                "other.txt": Link(f"../../honest_right/{NAME}/{FILE}"),
                "nowhere.txt": Link("nowhere"),
                "zero.bin": Link("/dev/null"),
            }
        ),
    ),
    Attack(
        "link_for_time",
        "hands in a link to endless zeros for its time",
        _with({"timestamp.txt": Link("/dev/null")}),
    ),
    Attack(
        "many_files",
        "hands in two thousand files beside the notebook",
        _with({f"part/{number}.csv": b"1" for number in range(2000)}),
    ),
)
