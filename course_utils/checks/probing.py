"""Calls a student's function on cases and notes what happened, as plain data.

Runs wherever the function lives: in the student's notebook, or in the kernel that grades it.
Knows no right answer and imports none. What it notes is judged elsewhere (`judging`).
"""

import inspect
import linecache
import sysconfig
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from dataclasses import fields as dataclass_fields
from pathlib import Path
from typing import Any

import numpy as np
import torch

from course_utils.checks.calm import calm, descriptors_away
from course_utils.checks.watch import Watch
from course_utils.checks.wire import plain
from course_utils.clock import TimeIsUp, time_limit

__all__ = [
    "Caller",
    "Observation",
    "Trouble",
    "fingerprint",
    "is_library",
    "observe_call",
    "probe_cases",
]

_SHOWN = 500  # characters of an exception's text or of printed output that are kept
_OURS = str(Path(__file__).resolve().parents[1])
_LIBRARIES = tuple(
    {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
)


@dataclass(frozen=True)
class Trouble:
    """Why there is no answer.

    kind: "missing", "not callable", "signature", "raised", "time", "exit", "not run".
    type, text: of the exception. line, code: the student's own line where it arose.
    """

    kind: str
    type: str = ""
    text: str = ""
    line: int = 0
    code: str = ""


@dataclass(frozen=True)
class Observation:
    """What one call did. All fields are plain data.

    answer: what was returned, None where nothing was.
    trouble: why there is no answer, None where there is one.
    changed: names of the arguments that the call changed.
    gradient: of the answer with respect to the argument asked for; None where it has none.
    used: banned functions seen at work, with line and code.
    started: programs that nobody watched, started where that is allowed, with line and code.
    printed, warned: the beginning of what the code wrote and warned.
    """

    answer: Any = None
    trouble: Trouble | None = None
    changed: tuple[str, ...] = ()
    gradient: Any = None
    used: tuple[tuple[str, int, str], ...] = ()
    started: tuple[tuple[str, int, str], ...] = ()
    printed: str = ""
    warned: str = ""

    def as_plain(self) -> dict[str, Any]:
        """The same as a dict of plain values, for `wire`."""
        return {**vars(self), "trouble": asdict(self.trouble) if self.trouble else None}

    @classmethod
    def from_plain(cls, fields: Any) -> "Observation":
        """The observation in a dict from anywhere. Raises ValueError where it is none."""
        if not isinstance(fields, dict) or fields.keys() != {
            f.name for f in dataclass_fields(cls)
        }:
            raise ValueError(f"Expected an observation, got {type(fields).__name__}.")
        return cls(
            answer=fields["answer"],
            trouble=_trouble(fields["trouble"]),
            changed=tuple(_text(name) for name in _row(fields["changed"])),
            gradient=fields["gradient"],
            used=tuple(_use(row) for row in _row(fields["used"])),
            started=tuple(_use(row) for row in _row(fields["started"])),
            printed=_text(fields["printed"]),
            warned=_text(fields["warned"]),
        )


class Caller:
    """A student's function in safe hands: limited in time, its output kept, its use noted.

    A probe gets a Caller and asks it to call the function once on arguments.
    """

    def __init__(
        self,
        function: Any,
        *,
        watched: dict[str, Any] | None = None,
        seconds: float | None = None,
    ) -> None:
        self.function = function
        self.watched = watched  # see `Exercise.watched`
        self.seconds = seconds

    @property
    def trusted(self) -> bool:
        """Whether this is our own code: not watched and not limited."""
        return self.watched is None and self.seconds is None

    def call(
        self,
        arguments: dict[str, Any],
        *,
        gradient: str | None = None,
        examine: Callable[[Any], Any] | None = None,
    ) -> Observation:
        """Call the function on copies of the arguments, in their order.

        gradient: name of the argument (a float tensor) for which d answer / d argument is
        wanted; the answer must then be one number.
        examine: what becomes of the answer where it is no plain data, a network for one: its
        result takes the answer's place. It runs student code (the network's forward pass),
        so it runs here, under the same limits.
        """
        given, leaf = _copies(arguments, gradient)
        before = {name: fingerprint(value) for name, value in given.items()}
        watch = Watch(place=_own_place, **self.watched) if self.watched else nullcontext()
        answer, slope, trouble = None, None, None
        with calm(descriptors=not self.trusted) as noise:
            try:
                with time_limit(self.seconds), torch.enable_grad():
                    try:
                        with watch:  # and all that may run the student's code
                            trouble = _unfit(self.function, given)
                            if trouble is None:
                                answer = self.function(*given.values())
                                if examine:
                                    answer = examine(answer)
                                slope = _slope(answer, leaf)
                                answer = plain(answer)
                    except Exception as error:
                        answer, trouble = None, _raised(error)
            except TimeIsUp as error:
                answer, trouble = None, _raised(error, "time")
            except (SystemExit, GeneratorExit) as error:
                answer, trouble = None, _raised(error, "exit")
        changed = tuple(n for n, value in given.items() if fingerprint(value) != before[n])
        return Observation(
            answer=answer,
            trouble=trouble,
            changed=changed,
            gradient=slope,
            used=tuple(watch.used) if self.watched else (),
            started=tuple(watch.started) if self.watched else (),
            printed=noise.printed[:_SHOWN],
            warned=noise.warned[:_SHOWN],
        )


def observe_call(caller: Caller, inputs: dict[str, Any]) -> Observation:
    """The plain probe: one call on the inputs."""
    return caller.call(inputs)


def observe_scores_gradient(caller: Caller, inputs: dict[str, Any]) -> Observation:
    """One call on the inputs, with the gradient of the answer by `scores`."""
    return caller.call(inputs, gradient="scores")


def probe_cases(
    probe: Callable[[Caller, dict[str, Any]], Observation],
    caller: Caller,
    cases: Iterable[tuple[dict[str, Any], Iterable[str]]],
) -> list[Observation]:
    """One observation a case. cases: (inputs, names of strided inputs).

    After a call that ran out of time the rest is not run: each would take as long.
    """
    found: list[Observation] = []
    with nullcontext() if caller.trusted else descriptors_away():
        for inputs, strided in cases:
            if found and found[-1].trouble and found[-1].trouble.kind in ("time", "not run"):
                found.append(Observation(trouble=Trouble("not run")))
                continue
            ready = {n: _strided(v) if n in strided else v for n, v in inputs.items()}
            found.append(probe(caller, ready))
    return found


def is_library(file: str) -> bool:
    """Whether a code object's file is Python's, a package's or the course's own."""
    if file.startswith(("<frozen", _OURS, *_LIBRARIES)):
        return True
    return "site-packages" in file or "dist-packages" in file


def fingerprint(value: Any) -> Any:
    """Equal exactly when the data is equal, NaN included; asks no library's comparison."""
    if isinstance(value, torch.Tensor):
        array = value.detach().contiguous().view(torch.uint8 if value.dim() else value.dtype)
        return tuple(value.shape), str(value.dtype), array.numpy().tobytes()
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    if isinstance(value, dict):
        return tuple((key, fingerprint(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return tuple(fingerprint(item) for item in value)
    return value


def _copies(arguments: dict[str, Any], gradient: str | None) -> tuple[dict[str, Any], Any]:
    given = {name: _copy(value) for name, value in arguments.items()}
    if gradient is None:
        return given, None
    leaf = given[gradient].requires_grad_(True)
    with torch.enable_grad():
        given[gradient] = leaf.clone()  # no leaf: code that changes it in place may run
    return given, leaf


def _copy(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().clone(memory_format=torch.preserve_format)
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_copy(item) for item in value)
    return value


def _strided(value: Any) -> Any:
    """Equal values in another order of memory: the last axis is the slowest."""
    if isinstance(value, torch.Tensor) and value.dim() > 1:
        return value.movedim(-1, 0).contiguous().movedim(0, -1)
    if isinstance(value, list | tuple):
        return type(value)(_strided(item) for item in value)
    return value


def _slope(answer: Any, leaf: torch.Tensor | None) -> Any:
    if leaf is None or not isinstance(answer, torch.Tensor):
        return None
    if answer.numel() != 1 or not answer.requires_grad:
        return None
    return plain(torch.autograd.grad(answer, leaf, allow_unused=True, retain_graph=True)[0])


def _unfit(function: Any, given: dict[str, Any]) -> Trouble | None:
    if not callable(function):
        return Trouble("not callable", type=type(function).__name__[:80])
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None  # built-in functions may have none; the call will tell
    try:
        signature.bind(*given.values())
    except TypeError:
        return Trouble("signature", text=str(signature)[:_SHOWN])
    return None


def _raised(error: BaseException, kind: str = "raised") -> Trouble:
    line, code = _own_place(error.__traceback__)
    try:
        text = str(error)[:_SHOWN]
    except Exception:
        text = ""
    return Trouble(kind, type(error).__name__[:80], text, line, code)


def _own_place(traceback: Any = None) -> tuple[int, str]:
    """Line and text of the innermost frame that is the student's own code; (0, "") if none.

    traceback: of an exception; None for the frames of the present call.
    """
    if traceback is not None:
        frames = [(f.f_code.co_filename, line) for f, line in _walk(traceback)]
    else:
        frames, frame = [], inspect.currentframe()
        while frame is not None:
            frames.insert(0, (frame.f_code.co_filename, frame.f_lineno))
            frame = frame.f_back
    for file, line in reversed(frames):
        if not is_library(file):
            return line, linecache.getline(file, line).strip()[:200]
    return 0, ""


def _walk(traceback: Any) -> Iterable[tuple[Any, int]]:
    while traceback is not None:
        yield traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next


def _trouble(fields: Any) -> Trouble | None:
    if fields is None:
        return None
    if not isinstance(fields, dict):
        raise ValueError(f"Expected a trouble, got {type(fields).__name__}.")
    kind, name, text, code = (
        _text(fields.get(key)) for key in ("kind", "type", "text", "code")
    )
    return Trouble(kind, name, text, _number(fields.get("line")), code)


def _use(row: Any) -> tuple[str, int, str]:
    if len(_row(row)) != 3:
        raise ValueError(f"Expected (name, line, code), got {len(row)} items.")
    return _text(row[0]), _number(row[1]), _text(row[2])


def _row(value: Any) -> tuple | list:
    if not isinstance(value, tuple | list):
        raise ValueError(f"Expected a row, got {type(value).__name__}.")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"Expected text, got {type(value).__name__}.")
    return value[:_SHOWN]


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"Expected an integer, got {type(value).__name__}.")
    return value
