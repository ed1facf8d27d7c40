"""What every function on label maps asks of its arguments before it counts.

Labels: (N, H, W), any integer dtype, 0..K-1; in the truth, VOID too.
"""

import torch
from torch import Tensor

from course_utils.data.voc import VOID

__all__ = ["require_label_maps", "require_num_classes", "require_tensor", "widened"]

# torch can hardly compute with the unsigned ones; in int8 VOID, 255, is -1.
_WIDER = {
    torch.int8: torch.int16,
    torch.uint16: torch.int32,
    torch.uint32: torch.int64,
    torch.uint64: torch.int64,
}


def require_tensor(name: str, value: object) -> None:
    """Raise TypeError unless `value` is a tensor."""
    if not isinstance(value, Tensor):
        raise TypeError(
            f"Expected {name} as a torch.Tensor, got {type(value).__name__}. "
            "torch.as_tensor makes one of an array or a list."
        )


def require_num_classes(num_classes: int) -> None:
    """Raise unless there can be so many classes beside VOID."""
    if not isinstance(num_classes, int) or isinstance(num_classes, bool):
        raise TypeError(f"Expected num_classes as an int, got {num_classes!r}.")
    if not 1 <= num_classes <= VOID:
        raise ValueError(
            f"Expected num_classes in 1..{VOID}, got {num_classes}: {VOID} itself is void. "
            "Count the background as a class."
        )


def require_label_maps(name: str, labels: Tensor) -> None:
    """Raise TypeError or ValueError unless `labels` are (N, H, W) integers."""
    require_tensor(name, labels)
    if labels.dtype == torch.bool or labels.is_floating_point() or labels.is_complex():
        raise TypeError(
            f"Expected {name} of an integer dtype, got {labels.dtype}, shape "
            f"{tuple(labels.shape)}. Scores need argmax(dim=1) first, masks .to(torch.uint8)."
        )
    if labels.ndim != 3:
        cure = "argmax(dim=1) turns scores into labels" if labels.ndim == 4 else ""
        cure = "labels[None] makes one image a batch" if labels.ndim == 2 else cure
        raise ValueError(
            f"Expected {name} (N, H, W), got {tuple(labels.shape)}."
            + (f" {cure}." if cure else "")
        )


def widened(labels: Tensor) -> Tensor:
    """The same labels in a dtype in which they can be compared with VOID."""
    return labels.to(_WIDER.get(labels.dtype, labels.dtype))
