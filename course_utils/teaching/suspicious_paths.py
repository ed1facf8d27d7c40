"""Which texts in a program name files outside the folder a notebook works in."""

import ast
import re

from course_utils.checks.cell_code import constant_text

__all__ = ["path_outside"]

_SYSTEM = re.compile(
    r"(/(proc|etc|home|root|usr|var|dev|sys|opt|mnt|srv|boot|lib|bin|run|Users)(/\S*)?"
    r"|~[\w./-]*/\S*|[A-Za-z]:[\\/]\S*)"
)
_ABSOLUTE = re.compile(r"/[\w.*]\S*")
_PLACES_OF_STUDENTS = re.compile(r"/(content|kaggle|tmp)(/|$)")  # Colab, Kaggle, scratch
_UPWARDS = re.compile(r"(^|[/\\])\.\.[/\\]")
_GRADING = re.compile(
    r"\bgradebook\.db\b|\bnbgrader_config\b|\.ipynb$"
    r"|(^|[/\\])(autograded|submitted|solutions|feedback|\.course)([/\\]|$)"
)
_SPACES = re.compile(r"\s")
_OPENERS = {
    *("open", "io.open", "os.open", "os.listdir", "os.walk", "os.scandir", "os.chdir"),
    *("glob.glob", "glob.iglob", "pathlib.Path", "pathlib.PurePath", "shutil.copy"),
    *("shutil.copytree", "shutil.rmtree", "os.remove", "os.unlink", "numpy.load", "torch.load"),
    *("PIL.Image.open", "numpy.loadtxt", "torch.save", "sys.path.append", "sys.path.insert"),
}
_WHOLE = ("/", "\\", "..", "~")  # folders by themselves; elsewhere they are mere characters


def path_outside(what: str | ast.Call | ast.Attribute, function: str = "") -> bool:
    """Whether a text, a call of `function` or a `.parent` leaves the working folder.

    A text counts by itself only where it cannot be the end of a longer path.
    """
    if isinstance(what, ast.Call):
        return _call(what, function)
    if isinstance(what, ast.Attribute):
        return what.attr in ("parent", "parents") and _from_here(what.value)
    text = what.strip()
    if not text or len(text) > 500 or _SPACES.search(text):
        return False
    return bool(_SYSTEM.fullmatch(text) or _UPWARDS.search(text) or _GRADING.search(text))


def _call(node: ast.Call, function: str) -> bool:
    if function in ("os.path.expanduser", "pathlib.Path.home"):
        return True
    if function == "os.path.dirname" and _from_here(node):
        return True
    if function not in _OPENERS:
        return False
    for argument in node.args:
        text = (constant_text(argument) or "").strip()
        if text in _WHOLE or (
            _ABSOLUTE.fullmatch(text) and not _PLACES_OF_STUDENTS.match(text)
        ):
            return True
    return False


def _from_here(node: ast.AST) -> bool:
    return any(
        isinstance(item, ast.Attribute) and item.attr in ("cwd", "getcwd")
        for item in ast.walk(node)
    )
