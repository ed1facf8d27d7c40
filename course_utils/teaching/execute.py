"""Executing a notebook so that the same source gives the same bytes.

The kernel is this interpreter's own, on the CPU, in an empty folder, without the settings of
the person who builds. What differs from run to run is taken out of the outputs; what can't be
taken out (an address in memory, a path of this machine, a warning) is reported.
"""

import os
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

__all__ = ["Failure", "execute"]

CELL_SECONDS = 300
WIDGET = "application/vnd.jupyter.widget-view+json"
# What the person who builds may have set, and a reader has not.
_UNSET = ("COURSE_DATA", "COURSE_LANGUAGE", "MPLBACKEND", "PYTHONSTARTUP", "MATPLOTLIBRC")
# The number of threads changes the last digits of sums, and the set-up cell tells it.
_SET = {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "2", "PYTHONHASHSEED": "0"}
_SET |= {"COURSE_STRICT": "1"}  # a label forgotten in English stops a Russian lecture
_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{6,}")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class Failure(Exception):
    """A cell that can't be published. index: of the cell; words: the problem."""

    def __init__(self, index: int, words: str) -> None:
        super().__init__(f"cell {index}: {words}")
        self.index = index
        self.words = words


def execute(
    plain: NotebookNode,
    root: Path,
    *,
    cell_seconds: int = CELL_SECONDS,
    on_cell: Callable[[int], None] | None = None,
) -> tuple[NotebookNode, list[Failure]]:
    """Run a copy of `plain` and clean its outputs; return it with what is wrong with them.

    root: the folder of the course, which tracebacks must not name.
    on_cell: called with the index of each cell as it starts.
    Raises Failure where a cell raises, takes over `cell_seconds`, or ends the kernel.
    """
    found = nbformat.from_dict(plain)
    at = 0

    def started(cell: NotebookNode, cell_index: int) -> None:
        nonlocal at
        at = cell_index
        if on_cell:
            on_cell(cell_index)

    with (
        tempfile.TemporaryDirectory(prefix="course-") as folder,
        tempfile.TemporaryDirectory(prefix="course-") as sockets,
    ):
        client = NotebookClient(
            found,
            km=_kernel_manager(sockets),
            timeout=cell_seconds,
            record_timing=False,
            store_widget_state=True,  # nbclient needs it while it runs; dropped below
            coalesce_streams=True,
            on_cell_start=started,
            resources={"metadata": {"path": folder}},
        )
        try:
            client.execute(cleanup_kc=True, env=_kernel_environment(folder))
        except CellExecutionError as error:
            raise Failure(at, _error_words(error, found.cells[at])) from None
        except CellTimeoutError:
            raise Failure(
                at, f"expected an end within {cell_seconds} s, got none. Make it smaller."
            ) from None
        except DeadKernelError:
            raise Failure(
                at, "the kernel died here: out of memory, or a crash in a library."
            ) from None
        clean(found, {str(Path(folder).resolve()): ".", folder: ".", f"{root}/": ""})
    found.metadata = nbformat.from_dict(plain.metadata)
    return found, list(_findings(found, root))


def clean(found: NotebookNode, replace: dict[str, str]) -> None:
    """Take out what differs from run to run: views of widgets, counters, paths in `replace`."""
    count = 0
    for cell in found.cells:
        if cell.cell_type != "code":
            continue
        if cell.source.strip():
            count += 1
            cell.execution_count = count
        if "nbval-ignore-output" in cell.metadata.get("tags", []):
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
        for output in cell.outputs:
            output.metadata = output.get("metadata", {})
            if output.output_type == "execute_result":
                output.execution_count = count
            if output.output_type in ("stream", "error"):
                del output["metadata"]
            # A widget's state lives in the kernel. A view without it would show an error in
            # the saved notebook; `text/plain` and the static twin are what a reader sees.
            output.get("data", {}).pop(WIDGET, None)
            for path, shorter in replace.items():
                _replace(output, path, shorter)


def _replace(node: dict | list, old: str, new: str) -> None:
    for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
        if isinstance(value, str):
            node[key] = value.replace(old, new)
        elif isinstance(value, dict | list):
            _replace(value, old, new)


def _findings(found: NotebookNode, root: Path):
    """What can't be published, as Failures."""
    own = {str(root), str(Path.home()), sys.prefix, tempfile.gettempdir()} - {"/"}
    for index, cell in enumerate(found.cells):
        if cell.cell_type != "code":
            continue
        for output in cell.outputs:
            if output.get("name") == "stderr":
                yield Failure(
                    index,
                    f"writes to stderr, which readers would see: {_short(output.text)}. "
                    "Remove the cause, or print it.",
                )
            text = "\n".join(_texts(output))
            if address := _ADDRESS.search(text):
                yield Failure(
                    index,
                    f"shows an address in memory ({address[0]!r}), another with each run. "
                    "End the last line with `;`, or print what matters.",
                )
            paths = [path for path in own if re.search(re.escape(path) + r"\b", text)]
            if paths and "nbval-ignore-output" not in cell.metadata.get("tags", []):
                yield Failure(
                    index,
                    f"shows a path of this machine ({min(paths)}). Print the name alone.",
                )


def _texts(output: NotebookNode):
    """All text of an output; pictures are left out."""
    if "text" in output:
        yield output.text
    yield from output.get("traceback", [])
    for mime, value in output.get("data", {}).items():
        if isinstance(value, str) and (mime.startswith("text/") or mime == "image/svg+xml"):
            yield value


def _error_words(error: CellExecutionError, cell: NotebookNode) -> str:
    raised = [output for output in cell.outputs if output.output_type == "error"]
    trace = "\n".join(raised[-1].traceback) if raised else error.traceback
    return f"raised {error.ename}: {error.evalue}\n{_COLOURS.sub('', trace)}"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return repr(text if len(text) <= 200 else text[:197] + "...")


def _kernel_manager(sockets: str) -> AsyncKernelManager:
    """The kernel of this very interpreter, whatever kernels the machine has installed."""
    specs = KernelSpecManager(kernel_dirs=[])
    manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=specs)
    if os.name == "posix":  # sockets in a folder of our own, in place of open ports
        manager.transport, manager.ip = "ipc", os.path.join(sockets, "kernel")
    return manager


def _kernel_environment(folder: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _UNSET}
    return kept | _SET | {"IPYTHONDIR": os.path.join(folder, ".ipython")}
