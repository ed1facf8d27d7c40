"""Searches the libraries for whatever gives an exercise away, by trying all there is.

    python -m course_utils.teaching.ready_made --likely           # all lists, in minutes
    python -m course_utils.teaching.ready_made --progress FILE    # of all there is, in hours

A ban is on what a function computes. So every function, class, operator and method of the
libraries, private modules included, is called on one small question of the exercise in the ways
such things are called; what gives the right answer is on the list. The lists are kept beside
the exercises (`exercise.ready_made`), since searching takes long: with `--likely` only modules
that compute with arrays are gone through, and all of torch's operators and methods. What is
done is written to FILE, and a search that is started again with it goes on behind that.
OMP_NUM_THREADS=1 keeps the libraries to one thread a process. What was found before stays on a
list. A test searches a few modules more, and asks whether the kept lists hold all it finds.
"""

import argparse
import contextlib
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import torch

from course_utils.teaching.ready_made_questions import QUESTIONS, Question
from course_utils.teaching.ready_made_trial import tried

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
    candidates: dict[str, Any],
    asked: Sequence[str] = tuple(QUESTIONS),
    *,
    jobs: int = 1,
    progress: Path | None = None,
) -> dict[str, list[str]]:
    """Exercise -> the names among the candidates that give its right answer, sorted.

    They are tried in processes of their own (`jobs` at a time): some crash, some never end.
    progress: a file of what is done, which is not done again.
    """
    by_object: dict[int, list[str]] = {}
    for name, value in candidates.items():
        by_object.setdefault(id(value), []).append(name)
    groups = {names[0]: names for names in by_object.values()}
    done = _read(progress) if progress else {}
    left = [first for first in groups if first not in done]
    _warm_up()
    with progress.open("a", encoding="utf-8") if progress else contextlib.nullcontext() as file:
        functions = [candidates[first] for first in left]
        for count, (index, right) in enumerate(tried(functions, asked, jobs), start=1):
            done[left[index]] = right
            if file:
                print(left[index], *right, file=file, flush=True)
            if count % 500 == 0:
                print(f"{count} of {len(left)}", file=sys.stderr, flush=True)
    return {
        exercise: sorted(
            name
            for first, names in groups.items()
            if exercise in done[first]
            for name in names
            if not QUESTIONS[exercise].allows(name)
        )
        for exercise in asked
    }


def _read(progress: Path) -> dict[str, list[str]]:
    """First name of a function -> the exercises that it is right for."""
    lines = progress.read_text(encoding="utf-8").splitlines() if progress.exists() else []
    return {words[0]: words[1:] for words in map(str.split, lines) if words}


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


def _main() -> None:
    options = argparse.ArgumentParser(description="Search for what gives an exercise away.")
    options.add_argument("exercises", nargs="*", help="all, if none is named")
    options.add_argument("--likely", action="store_true", help="only what computes with arrays")
    options.add_argument("--jobs", type=int, default=1, help="processes at a time")
    options.add_argument("--progress", type=Path, help="file of what is done")
    given = options.parse_args()
    if unknown := {*given.exercises} - {*QUESTIONS}:
        options.error(f"no question is known for {', '.join(sorted(unknown))}")
    if given.likely:
        candidates = of_modules(LIKELY) | _operators() | _methods()
    else:
        candidates = everything()
    print(f"{len(candidates)} names", file=sys.stderr)
    asked = given.exercises or [*QUESTIONS]
    right = found(candidates, asked, jobs=given.jobs, progress=given.progress)
    for name, names in right.items():
        keep(QUESTIONS[name], names)
        print(f"{kept_file(QUESTIONS[name])}: {len(names)}", file=sys.stderr)


if __name__ == "__main__":
    _main()
