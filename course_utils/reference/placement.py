"""Where a network is computed and in which numbers: device, precision, memory layout.

Mixed precision: weights stay float32, while convolutions and matrix products are computed
in half as many bits ("autocast"). bfloat16 has the range of float32 and needs nothing
more; float16 has a smaller one, so that small gradients would become 0: the loss is
multiplied by a large number first, and the gradients divided by it ("gradient scaling").

Channels last: pixels lie in memory one after another, each with all its channels, which
is how fast convolution kernels read them. The shape stays (N, C, H, W).

Source: Micikevicius et al. 2018, arXiv:1710.03740, section 3.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

__all__ = ["PRECISIONS", "Placement"]

PRECISIONS = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}


@dataclass(frozen=True)
class Placement:
    """How training and evaluation compute. Make one by `Placement.choose`."""

    device: torch.device
    precision: torch.dtype
    channels_last: bool

    @classmethod
    def choose(
        cls,
        device: str | torch.device | None = None,
        precision: str = "auto",
        channels_last: bool = True,
    ) -> "Placement":
        """The placement asked for, or the fastest that is safe.

        device: None for CUDA where there is one, else the CPU.
        precision: "float32", "bfloat16", "float16" or "auto": bfloat16 where the hardware
            computes in it, else float16 on CUDA and float32 on a CPU.
        Raises ValueError for an unknown precision or a device that is not there.
        """
        if device is None:
            device = "cuda" if torch.cuda.is_available() else "cpu"
        device = torch.device(device)
        if device.type == "cuda" and not torch.cuda.is_available():
            raise ValueError(f'Expected a device that is there, got "{device}". Try "cpu".')
        if precision == "auto":
            precision = _fastest(device)
        if precision not in PRECISIONS:
            raise ValueError(
                f"Expected precision auto, {', '.join(PRECISIONS)}, got {precision!r}."
            )
        return cls(device, PRECISIONS[precision], channels_last)

    def model(self, model: nn.Module) -> nn.Module:
        """The model itself, moved to the device and the layout."""
        if self.channels_last:
            return model.to(self.device, memory_format=torch.channels_last)
        return model.to(self.device)

    def batch(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Inputs and targets on the device, images in the layout."""
        inputs, targets = (part.to(self.device, non_blocking=True) for part in batch)
        if self.channels_last and inputs.ndim == 4:
            inputs = inputs.contiguous(memory_format=torch.channels_last)
        return inputs, targets

    def autocast(self) -> AbstractContextManager:
        """Inside it, what gains by it is computed in the placement's precision."""
        return torch.autocast(
            self.device.type, self.precision, enabled=self.precision != torch.float32
        )

    def scaler(self) -> torch.amp.GradScaler:
        """Scales the loss where float16 would lose small gradients; else does nothing."""
        return torch.amp.GradScaler(self.device.type, enabled=self.precision == torch.float16)


def _fastest(device: torch.device) -> str:
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
        return "bfloat16" if native else "float16"
    # Without such instructions bfloat16 is emulated and slower than float32.
    native = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()
    return "bfloat16" if native else "float32"
