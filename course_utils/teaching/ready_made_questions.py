"""One small question of each exercise that bans functions, and the ways to ask one."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from course_utils.reference import losses, metrics

__all__ = ["QUESTIONS", "Question"]


@dataclass(frozen=True)
class Question:
    """ways: functions of a candidate; is_right: whether what came is the answer.

    allowed: patterns of names that give the answer and may be used all the same.
    """

    assignment: str
    name: str
    ways: tuple[Callable[[Any], Any], ...]
    is_right: Callable[[Any], bool]
    allowed: tuple[str, ...] = ()

    def allows(self, name: str) -> bool:
        return any(re.search(pattern, name) for pattern in self.allowed)


def _near(*answers: Any) -> Callable[[Any], bool]:
    wanted = [torch.as_tensor(answer, dtype=torch.float64) for answer in answers]

    def is_right(got: Any) -> bool:
        if isinstance(got, tuple | list) and got and isinstance(got[0], torch.Tensor):
            got = got[0]
        if not isinstance(got, torch.Tensor | np.ndarray | float | np.floating):
            return False
        got = torch.as_tensor(got).detach().double()
        return any(
            got.numel() == one.numel()
            and got.squeeze().shape == one.squeeze().shape
            and torch.allclose(got.squeeze(), one.squeeze(), atol=1e-5)
            for one in wanted
        )

    return is_right


def _drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(-12, 13, shape, generator=torch.Generator().manual_seed(seed)) / 4


_X = _drawn(2, 3, 2, 4)
_M = _X.movedim(1, -1).reshape(-1, 3)  # a pixel a row
_P = losses.softmax(_X)
_ROWS = _P.movedim(1, -1).reshape(-1, 3)
_ATTENTION = (torch.ones(16, 1, 1), _M[..., None], torch.eye(3).expand(16, 3, 3))


def _by_classes(f: Callable) -> torch.Tensor:
    """exp(-loss of class j), class by class."""
    parts = [f(_X, torch.full((2, 2, 4), j), reduction="none") for j in range(3)]
    return torch.stack(parts, dim=1).neg().exp()


def _by_classes_of(make: Callable) -> torch.Tensor:
    return _by_classes(lambda x, y, reduction: make(reduction=reduction)(x, y))


_SOFTMAX = Question(
    "metrics_and_loss",
    "softmax",
    (
        lambda f: f(_X, 1),
        lambda f: f(_X, dim=1),
        lambda f: f(_X, 1, False),
        lambda f: f(_X, 1, torch.float32),
        lambda f: f(_X, 1, dtype=torch.float32),
        lambda f: f(-_X, 1),
        lambda f: f(_X.to_sparse(), 1).to_dense(),
        lambda f: f(_M),
        lambda f: f(_M, -1),
        lambda f: f(_M.numpy()),
        lambda f: f(_M.numpy(), 1),
        lambda f: f(_M.numpy(), axis=1),
        lambda f: f(1)(_X),
        lambda f: f(dim=1)(_X),
        lambda f: f(dim=1)(-_X),
        lambda f: f()(_X),
        lambda f: f()(_M),
        lambda f: f(logits=_M).probs,
        lambda f: f(_M, True),
        lambda f: f(_M, torch.zeros_like(_M).bool(), 1),
        lambda f: f(*_ATTENTION),
        lambda f: f(*_ATTENTION, scale=1.0),
        lambda f: f(*(part[:, None] for part in _ATTENTION), scale=1.0),
        _by_classes,
        _by_classes_of,
    ),
    _near(_P, _P.log(), -_P.log(), _ROWS, _ROWS.log()),
)

_T = torch.randint(0, 3, (2, 2, 4), generator=torch.Generator().manual_seed(1))
_T[0, 0, 1] = _T[1, 1, 2] = 255
_KNOWN = _T.flatten() != 255
_L, _R = _T.flatten()[_KNOWN], _M[_KNOWN]
_LOGS = _R.log_softmax(1)
_HOT = F.one_hot(_L, 3).float()
_LOSS = losses.categorical_cross_entropy(_X, _T)
_EACH = -_LOGS[torch.arange(len(_L)), _L]
_OWN = _EACH.neg().exp()


def _scalar(f: Any) -> Any:
    """Only one number counts: picking each pixel's own logarithm is allowed."""
    return f if isinstance(f, float) or getattr(f, "size", 0) == 1 or _one(f) else None


def _one(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.numel() == 1


_CROSS_ENTROPY = Question(
    "metrics_and_loss",
    "cross_entropy",
    (
        lambda f: f(_X, _T, ignore_index=255),
        lambda f: f(_X, _T, None, 1, 255),
        lambda f: f(_X, _T, None, 1, 255, 0.0),
        lambda f: f(_X.log_softmax(1), _T, ignore_index=255),
        lambda f: f(_X.log_softmax(1), _T, None, 1, 255),
        lambda f: f(_R, _L),
        lambda f: f(_R, _HOT),
        lambda f: f(_R, _L, reduction="none"),
        lambda f: _scalar(f(_LOGS, _L)),
        lambda f: _scalar(f(_LOGS, _L, None, 1, -100)),
        lambda f: _scalar(f(_LOGS, _HOT, reduction="batchmean")),
        lambda f: _scalar(f(reduction="batchmean")(_LOGS, _HOT)),
        lambda f: _scalar(f(_OWN, torch.ones_like(_OWN))),
        lambda f: _scalar(f((_OWN / (1 - _OWN)).log(), torch.ones_like(_OWN))),
        lambda f: _scalar(f()(_OWN, torch.ones_like(_OWN))),
        lambda f: _scalar(f()((_OWN / (1 - _OWN)).log(), torch.ones_like(_OWN))),
        lambda f: f(ignore_index=255)(_X, _T),
        lambda f: f(ignore_index=255)(_X.log_softmax(1), _T),
        lambda f: f()(_R, _L),
        lambda f: f(logits=_R).log_prob(_L),
        lambda f: f(_L.numpy(), _LOGS.exp().numpy()),
        lambda f: f(_L.numpy(), _LOGS.exp().numpy(), labels=[0, 1, 2]),
    ),
    _near(_LOSS, -_LOSS, _EACH, -_EACH),
)

_A = torch.tensor([0, 1, 2, 2, 1, 0, 0, 2, 1, 1, 0, 0, 1])  # predicted
_Y = torch.tensor([0, 1, 1, 2, 1, 0, 2, 2, 1, 0, 0, 1, 1])
_EQUAL = (_A == _Y).double().mean()
_PAIRS = ((_A, _Y), (_Y, _A), (_A.numpy(), _Y.numpy()), (_Y.numpy(), _A.numpy()))
_ACCURACY = Question(
    "metrics_and_loss",
    "pixel_accuracy",
    (
        *((lambda f, pair=pair: f(*pair)) for pair in _PAIRS),
        *((lambda f, pair=pair: f()(*pair)) for pair in _PAIRS[:2]),
        *((lambda f, pair=pair: f(*pair, average="micro")) for pair in _PAIRS),
    ),
    _near(_EQUAL, 1 - _EQUAL),
    (r"\.(cdist|pdist)$",),
)

_COUNTS = metrics.confusion_counts(_A[None, None], _Y[None, None], 3)
_JACCARD = metrics.jaccard(_COUNTS).double()
_MEAN = _JACCARD.mean()
_BITS = [((a == 1), (y == 1)) for a, y in _PAIRS]
_METRICS = Question(
    "metrics_and_loss",
    "jaccard",
    (
        *((lambda f, pair=pair: f(*pair, average=None)) for pair in _PAIRS),
        *((lambda f, pair=pair: f(*pair, average="macro")) for pair in _PAIRS),
        *((lambda f, pair=pair: f(*pair)) for pair in _BITS),
        *((lambda f, pair=pair: f(*(1.0 * part for part in pair))) for pair in _BITS),
    ),
    _near(
        *(
            change(one)
            for one in (_JACCARD, _MEAN, _JACCARD[1])
            for change in (lambda j: j, lambda j: 1 - j, lambda j: 2 * j / (1 + j))
        ),
        1 - 2 * _JACCARD[1] / (1 + _JACCARD[1]),
    ),
)

_I = torch.randperm(24, generator=torch.Generator().manual_seed(2)).float().reshape(2, 2, 2, 3)
_BIGGER = _I.repeat_interleave(2, 2).repeat_interleave(2, 3)
_TALL = (4, 6)
_REPLICATE = Question(
    "fcn",
    "replicate",
    (
        lambda f: f(_I, scale_factor=2),
        lambda f: f(_I, 2),
        lambda f: f(_I, size=_TALL),
        lambda f: f(_I, _TALL),
        lambda f: f(_I, None, [2.0, 2.0]),
        lambda f: f(_I, list(_TALL), 2.0, 2.0),
        lambda f: f(_I, list(_TALL), None),
        lambda f: f(_I, list(_TALL), 0),
        lambda f: f(scale_factor=2)(_I),
        lambda f: f(2)(_I),
        lambda f: f(_TALL)(_I),
        lambda f: f(_TALL, 0)(_I),
        lambda f: f(_I.numpy(), (1, 1, 2, 2), order=0),
        lambda f: f(_I, _grid(), mode="nearest", align_corners=False),
        lambda f: f(_I, _grid(), 1, 0, False),
    ),
    _near(_BIGGER),
    (r"adaptive_max_pool2d_backward",),
)


def _grid() -> torch.Tensor:
    """Sampling places of the middles of twice as many pixels."""
    rows, columns = ((2 * torch.arange(n) + 1) / n - 1 for n in _TALL)
    return torch.stack(torch.meshgrid(columns, rows, indexing="xy"), dim=-1).expand(
        2, -1, -1, -1
    )


_STAMP = torch.tensor([0.25, 0.75, 0.75, 0.25])
_SMOOTH = F.conv_transpose2d(
    _I,
    torch.einsum("i,j->ij", _STAMP, _STAMP).expand(2, 1, 4, 4),
    stride=2,
    padding=1,
    groups=2,
)
_PADDED = F.pad(_I, (1, 1, 1, 1))


def _cropped(result: torch.Tensor) -> torch.Tensor:
    return result[:, :, 2:-2, 2:-2]


_BILINEAR = Question(
    "fcn",
    "upsample_bilinear",
    (
        lambda f: _cropped(f(_PADDED, scale_factor=2, mode="bilinear")),
        lambda f: _cropped(f(_PADDED, [8, 10], False, None, None)),
        lambda f: _cropped(f(_PADDED, [8, 10], False, 2.0, 2.0)),
        lambda f: _cropped(f(_PADDED, [8, 10], False, [2.0, 2.0])),
        lambda f: _cropped(f(_PADDED, [8, 10])),
        lambda f: _cropped(f(_PADDED, (8, 10), 2)),
        lambda f: _cropped(f(scale_factor=2, mode="bilinear")(_PADDED)),
        lambda f: _cropped(f((8, 10))(_PADDED)),
        lambda f: f(_I, _grid(), mode="bilinear", align_corners=False),
        lambda f: f(_I, _grid(), 0, 0, False),
    ),
    _near(_SMOOTH),
)

_W = _drawn(2, 3, 3, 3, seed=3)
_UP = F.conv_transpose2d(_I, _W, stride=2)
_OUT = (2, 3, 5, 7)


def _module(make: Callable, *sizes: int, **options: Any) -> Any:
    layer = make(*sizes, bias=False, **options)
    layer.weight.data = _W.clone() if layer.weight.shape == _W.shape else _KERNEL.clone()
    return layer


_UP_CONVOLUTION = Question(
    "unet",
    "up_convolution",
    (
        lambda f: f(_I, _W, stride=2),
        lambda f: f(_I, _W, None, 2),
        lambda f: f(_I, _W, None, [2, 2]),
        lambda f: f(_I, _W, [3, 3], None, [2, 2]),
        lambda f: f(_I, _W, [3, 3], None, [2, 2], [0, 0], [0, 0], [1, 1]),
        lambda f: f(_I, _W, None, [2, 2], [0, 0], [1, 1], True, [0, 0], 1),
        lambda f: f(_I, _W, None, [2, 2], [0, 0], [1, 1], True, [0, 0], 1, *[False] * 3),
        lambda f: f(_I, _W, None, [2, 2], [0, 0], [1, 1], True, [0, 0], 1, *[False] * 4),
        lambda f: f(_I, _W, None, [2, 2], 0, [1, 1], True, [0, 0], 1),
        lambda f: f(_OUT, _W, _I, stride=2),
        lambda f: f(
            _I, torch.zeros(_OUT), _W, None, [2, 2], [0, 0], [1, 1], False, [0, 0], 1,
            [True, False, False],
        ),
        lambda f: f(
            torch.einsum("naij,abyx->nbyxij", _I, _W).reshape(2, 27, 6), _OUT[2:], 3, stride=2
        ),
        lambda f: f(
            torch.einsum("naij,abyx->nbyxij", _I, _W).reshape(2, 27, 6),
            list(_OUT[2:]), [3, 3], [1, 1], [0, 0], [2, 2],
        ),
        lambda f: f(_OUT[2:], 3, stride=2)(
            torch.einsum("naij,abyx->nbyxij", _I, _W).reshape(2, 27, 6)
        ),
        lambda f: _module(f, 2, 3, 3, stride=2)(_I),
    ),
    _near(_UP),
)  # fmt: skip

_KERNEL = _drawn(3, 2, 2, 2, seed=4)
_IMAGES = _drawn(2, 2, 5, 6, seed=5)
_APART = F.conv2d(_IMAGES, _KERNEL, dilation=2, padding=1)
_COLUMNS = F.unfold(_IMAGES, 2, dilation=2, padding=1)
_DILATED = Question(
    "dilated",
    "dilated_convolution",
    (
        lambda f: f(_IMAGES, _KERNEL, dilation=2, padding=1),
        lambda f: f(_IMAGES, _KERNEL, None, 1, 1, 2),
        lambda f: f(_IMAGES, _KERNEL, None, [1, 1], [1, 1], [2, 2]),
        lambda f: f(_IMAGES, _KERNEL, None, [1, 1], [1, 1], [2, 2], 1),
        lambda f: f(_IMAGES, _KERNEL, None, [1, 1], [1, 1], [2, 2], False, [0, 0], 1),
        lambda f: f(
            _IMAGES, _KERNEL, None, [1, 1], [1, 1], [2, 2], False, [0, 0], 1, *[False] * 3
        ),
        lambda f: f(
            _IMAGES, _KERNEL, None, [1, 1], [1, 1], [2, 2], False, [0, 0], 1, *[False] * 4
        ),
        lambda f: f(_IMAGES, _KERNEL, [2, 2], None, [1, 1], [1, 1], [2, 2]),
        lambda f: f(_IMAGES, _KERNEL, None, [1, 1], [2, 2], [1, 1], 1),
        lambda f: _module(f, 2, 3, 2, dilation=2, padding=1)(_IMAGES),
        lambda f: _module(f, 3, 2, dilation=2, padding=1)(_IMAGES),
        lambda f: f(_IMAGES, 2, dilation=2, padding=1),
        lambda f: f(_IMAGES, [2, 2], [2, 2], [1, 1], [1, 1]),
        lambda f: f(2, dilation=2, padding=1)(_IMAGES),
    ),
    _near(_APART, _COLUMNS),
)

_CROP = Question(
    "unet",
    "crop_and_copy",
    (
        lambda f: f(_IMAGES, [3, 4]),
        lambda f: f(_IMAGES, (3, 4)),
        lambda f: f((3, 4))(_IMAGES),
        lambda f: f(_IMAGES, 3, 4),
    ),
    _near(_IMAGES[:, :, 1:4, 1:5]),
)

QUESTIONS = {
    question.name: question
    for question in (
        *(_SOFTMAX, _CROSS_ENTROPY, _ACCURACY, _METRICS, _REPLICATE, _BILINEAR),
        *(_UP_CONVOLUTION, _DILATED, _CROP),
    )
}
