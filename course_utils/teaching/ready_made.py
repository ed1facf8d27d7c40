"""Searches the libraries for whatever gives an exercise away, by trying all there is.

    python -m course_utils.teaching.ready_made softmax            # writes the kept list anew
    python -m course_utils.teaching.ready_made --likely           # all lists, in minutes

A ban is on what a function computes. So every function, class, operator and method of the
libraries, private modules included, is called on one small question of the exercise in the ways
such things are called; what gives the right answer is on the list. The lists are kept beside
the exercises (`exercise.ready_made`), since searching takes long: with `--likely` only modules
that compute with arrays are gone through, and all of torch's operators and methods. What was
found before stays on a list. A test searches a few modules more, and asks whether the kept
lists hold all it finds.
"""

import contextlib
import importlib
import inspect
import os
import pkgutil
import re
import select
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import torch

from course_utils.teaching import ready_made_questions as questions
from course_utils.teaching.ready_made_questions import QUESTIONS, Question

__all__ = ["LIBRARIES", "LIKELY", "everything", "found", "keep", "kept_file", "of_modules"]

LIBRARIES = ("torch", "numpy", "scipy", "sklearn", "torchvision")
_ASSIGNMENTS = Path(__file__).resolve().parents[1] / "checks" / "assignments"
LIKELY = (
    *(
        "torch",
        "torch.nn",
        "torch.nn.functional",
        "torch.nn.grad",
        "torch.special",
        "torch._refs",
    ),
    *("torch._refs.nn.functional", "torch._refs.special", "torch._decomp.decompositions"),
    *("torch._C._nn", "torch._C._VariableFunctions", "torch.masked", "torch.sparse"),
    *("torch.nn.modules.loss", "torch.nn.modules.activation", "torch.nn.quantized.functional"),
    *("torch.distributions", "torch._prims", "torch._prims_common", "torch._torch_docs"),
    *("torchvision.ops", "torchvision.transforms", "torchvision.transforms.functional"),
    *("torchvision.transforms.v2.functional", "numpy", "scipy.special", "scipy.ndimage"),
    *(
        "scipy.special._logsumexp",
        "scipy.signal",
        "scipy.spatial.distance",
        "scipy.interpolate",
    ),
    *("sklearn.metrics", "sklearn.metrics._classification", "sklearn.metrics.pairwise"),
    *(
        "sklearn.utils.extmath",
        "sklearn.utils._array_api",
        "sklearn._loss",
        "sklearn.metrics.cluster",
    ),
)
_SECONDS = 1  # for all ways to call one of them
_LEFT_OUT = re.compile(  # modules that need other machines, start programs or test the library
    r"\b(tests?|testing|_testing|conftest|distributed|onnx|cuda|xpu|mps|mtia|tensorboard|fb|f2py"
    r"|distutils|hub|benchmark|bottleneck|torchgen|_vendor|externals|cpp_extension|collect_env"
    r"|model_dump|launch|packaging|codegen|__main__|setup|cython|datasets|_rendezvous"
    r"|_inductor(?!\.decomposition)|_dynamo|_?export|package|profiler|fx|ao|jit|optim)\b"
)
_DANGEROUS = re.compile(
    r"^_?test|exit|abort|kill|fork|spawn|remove|rmtree|unlink|delete|save|write|dump|download|fetch"
    r"|load|system|shutdown|crash|sleep|wait|barrier|deadlock",
    re.IGNORECASE,
)


def everything(libraries: Iterable[str] = LIBRARIES) -> dict[str, Any]:
    """Dotted name -> callable, for all of these libraries that can be imported here."""
    modules = []
    for library in libraries:
        modules += _modules(library)
    return of_modules(modules) | _operators() | _methods()


def of_modules(names: Iterable[str]) -> dict[str, Any]:
    """Dotted name -> callable of these modules; each object under all its names."""
    found: dict[str, Any] = {}
    for name in names:
        try:
            module = importlib.import_module(name)
            words = {*vars(module), *getattr(module, "__all__", ())}
        except BaseException:  # whatever a module that nobody needs here stumbles on
            continue
        for word in sorted(words):
            if word.startswith("__") or word.endswith("_") or _DANGEROUS.search(word):
                continue  # those that end so change what they are given
            with contextlib.suppress(Exception):
                value = getattr(module, word)
                if callable(value) and _is_of_a_library(value):
                    found[f"{name}.{word}"] = value
    return found


def found(
    candidates: dict[str, Any], asked: Iterable[str] = tuple(QUESTIONS)
) -> dict[str, list[str]]:
    """Exercise -> the names among the candidates that give its right answer, sorted.

    They are tried in processes of their own: some crash, some never end.
    """
    by_object: dict[int, list[str]] = {}
    for name, value in candidates.items():
        by_object.setdefault(id(value), []).append(name)
    groups = list(by_object.values())
    right: dict[str, set[str]] = {exercise: set() for exercise in asked}
    _warm_up()
    start, shown = 0, 0
    while start < len(groups):
        if start // 500 > shown:
            shown = start // 500
            print(f"{start} of {len(groups)}", file=sys.stderr, flush=True)
        good, start = _try_from(start, [candidates[names[0]] for names in groups], [*right])
        for index, exercise in good:
            allowed = QUESTIONS[exercise].allows
            right[exercise] |= {name for name in groups[index] if not allowed(name)}
    return {exercise: sorted(names) for exercise, names in right.items()}


def keep(question: Question, names: Iterable[str]) -> None:
    """Add to an exercise's list, one name a line; other versions knew other names."""
    path = kept_file(question)
    path.parent.mkdir(exist_ok=True)
    before = path.read_text(encoding="utf-8").split() if path.exists() else []
    lines = [f"{name}\n" for name in sorted({*before, *names})]
    path.write_text("".join(lines), encoding="utf-8")


def kept_file(question: Question) -> Path:
    return _ASSIGNMENTS / question.assignment / "ready_made" / f"{question.name}.txt"


def _is_of_a_library(value: Any) -> bool:
    home = getattr(value, "__module__", None) or ""
    if inspect.isclass(value):
        return home.startswith(LIBRARIES) and not issubclass(value, BaseException | Enum)
    return not home or home.partition(".")[0] in LIBRARIES


def _modules(library: str) -> Iterator[str]:
    yield library
    package = importlib.import_module(library)
    for item in pkgutil.walk_packages(package.__path__, f"{library}.", onerror=lambda _n: None):
        if not _LEFT_OUT.search(item.name):
            yield item.name


def _operators() -> dict[str, Any]:
    names = {schema.name for schema in torch._C._jit_get_all_schemas()}
    found = {}
    for name in sorted(names):
        space, _colons, word = name.partition("::")
        with contextlib.suppress(Exception):
            if not (word.endswith("_") or _DANGEROUS.search(word)):
                found[f"torch.ops.{space}.{word}"] = getattr(getattr(torch.ops, space), word)
    return found


def _methods() -> dict[str, Any]:
    return {
        f"torch.Tensor.{name}": getattr(torch.Tensor, name)
        for name in dir(torch.Tensor)
        if not name.endswith("_") and callable(getattr(torch.Tensor, name, None))
    }


def _warm_up() -> None:
    """Have imported what would be imported in each child anew."""
    torch._refs.softmax(torch.ones(1, 1), 1)
    torch._decomp.decompositions._softmax(torch.ones(1, 1), 1, False)


def _try_from(
    start: int, functions: list[Callable], asked: list[str]
) -> tuple[list[tuple[int, str]], int]:
    """((index, exercise) of those that are right, index to go on from)."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        with contextlib.suppress(BaseException):
            _be_a_child(writer, start, functions, asked)
        os._exit(0)
    os.close(writer)
    good, begun, buffer = [], start, b""
    while select.select([reader], [], [], 5 * _SECONDS)[0]:
        data = os.read(reader, 65536)
        if not data:
            break
        *lines, buffer = (buffer + data).split(b"\n")
        for line in lines:
            if line.isdigit():
                begun = int(line)
            else:
                good.append((begun, line.decode()))
    os.close(reader)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return good, begun + 1


def _be_a_child(writer: int, start: int, functions: list[Callable], asked: list[str]) -> None:
    """Try one after another, until one of them changed the questions or torch's settings."""
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "r+b") as nowhere:
        os.chdir(folder)
        os.environ["TORCH_COMPILE_DEBUG_DIR"] = folder  # some functions log into it
        if config := sys.modules.get("torch._dynamo.config"):
            config.debug_dir_root = folder
        for descriptor in (0, 1, 2):
            os.dup2(nowhere.fileno(), descriptor)
        signal.signal(signal.SIGALRM, _too_long)
        torch.set_num_threads(1)
        before = _state()
        for index in range(start, len(functions)):
            os.write(writer, f"{index}\n".encode())
            for exercise in asked:
                if _gives_the_answer(functions[index], QUESTIONS[exercise]):
                    os.write(writer, f"{exercise}\n".encode())
            if _state() != before:
                return


def _state() -> tuple:
    tensors = [v for v in vars(questions).values() if isinstance(v, torch.Tensor)]
    settings = torch.get_default_dtype(), torch.get_default_device(), torch.is_grad_enabled()
    return *settings, *(t.numpy().tobytes() for t in tensors), *(t.shape for t in tensors)


class _TooLong(BaseException):
    pass


def _too_long(_signal: int, _frame: Any) -> None:
    raise _TooLong


def _gives_the_answer(value: Callable, question: Question) -> bool:
    try:
        signal.setitimer(signal.ITIMER_REAL, _SECONDS)
        for way in question.ways:
            try:
                if question.is_right(way(value)):
                    return True
            except _TooLong:
                raise  # it would be as long for the next
            except BaseException:
                continue
        return False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _main(names: list[str]) -> None:
    likely = "--likely" in names
    candidates = of_modules(LIKELY) | _operators() | _methods() if likely else everything()
    names = [name for name in names if not name.startswith("-")]
    print(f"{len(candidates)} names", file=sys.stderr)
    for name, right in found(candidates, names or QUESTIONS).items():
        keep(QUESTIONS[name], right)
        print(f"{kept_file(QUESTIONS[name])}: {len(right)}", file=sys.stderr)


if __name__ == "__main__":
    _main(sys.argv[1:])
