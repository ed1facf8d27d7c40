"""The notebook that a kernel belongs to: its content, and the file to hand in.

Colab gives the content on request. Elsewhere the file is where Jupyter or VS Code says it is,
as it was last saved.
"""

import contextlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from course_utils.i18n import _

__all__ = ["find", "offer"]

_SECONDS = 30  # that Colab's page may take to answer


def find() -> tuple[dict[str, Any] | None, str | None]:
    """(the notebook as plain data, None), or (None, a sentence that says what to do)."""
    if "google.colab" in sys.modules:
        with contextlib.suppress(Exception):  # its own: a page that was closed, no answer
            return _from_colab(), None
        return None, _(
            "Colab did not give the notebook. Download it yourself: File > Download > "
            "Download .ipynb."
        )
    path = _path()
    if path is None:
        return None, _("Save the notebook and hand in its file; its name ends in .ipynb.")
    try:
        return _read(path), None
    except (OSError, ValueError) as error:
        return None, _(
            "Save the notebook and hand in {path}; it could not be read just now ({error})."
        ).format(path=path, error=str(error)[:200])


def offer(notebook: dict[str, Any], name: str) -> str:
    """Hand the file over under the right name; a sentence on where it is.

    name: of the assignment. A file that is there already is never overwritten.
    """
    wanted = f"{name}.ipynb"
    if "google.colab" in sys.modules:
        return _download(notebook, wanted)
    path = _path()
    saved = time.strftime("%H:%M", time.localtime(path.stat().st_mtime))
    said = _("The file is as it was saved at {time}: save first, then run this cell.").format(
        time=saved
    )
    if path.name != wanted:
        path = _copy(path, wanted)
    file = _("Hand in this file: {path}").format(path=path)
    return f"{file}\n{said}"


def _from_colab() -> dict[str, Any]:
    from google.colab import _message

    reply = _message.blocking_request("get_ipynb", request="", timeout_sec=_SECONDS)
    notebook = reply["ipynb"]
    if not isinstance(notebook.get("cells"), list):
        raise ValueError(f"Expected a notebook with cells, got {sorted(notebook)}.")
    return notebook


def _download(notebook: dict[str, Any], wanted: str) -> str:
    from google.colab import files

    path = Path(tempfile.mkdtemp(prefix="hand-in-")) / wanted
    path.write_text(json.dumps(notebook, ensure_ascii=False, indent=1), encoding="utf-8")
    try:
        files.download(str(path))
    except Exception as error:
        return _(
            "The download did not start ({error}). Use File > Download > Download .ipynb, and "
            "name the file {name}."
        ).format(error=str(error)[:200], name=wanted)
    return _(
        "Your browser downloads {name}: hand in that file. If it does not, use File > "
        "Download > Download .ipynb."
    ).format(name=wanted)


def _copy(path: Path, wanted: str) -> Path:
    """A copy named `wanted`: beside the notebook, else in a folder of its own there."""
    content = path.read_bytes()
    copy = path.with_name(wanted)
    if copy.exists() and copy.read_bytes() != content:
        folder = Path(tempfile.mkdtemp(prefix="hand-in-", dir=path.parent))
        copy = folder / wanted
    copy.write_bytes(content)
    return copy


def _read(path: Path) -> dict[str, Any]:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise ValueError(_("it holds no cells"))
    return notebook


def _path() -> Path | None:
    """The notebook's file, where the environment tells: VS Code, Jupyter."""
    names: dict[str, Any] = {}
    with contextlib.suppress(ImportError):
        from IPython import get_ipython

        if get_ipython() is not None:
            names = get_ipython().user_ns
    places = (
        names.get("__vsc_ipynb_file__"),
        names.get("__session__"),
        os.environ.get("JPY_SESSION_NAME"),
    )
    for place in places:
        if isinstance(place, str) and place.endswith(".ipynb") and Path(place).is_file():
            return Path(place).resolve()
    return None
