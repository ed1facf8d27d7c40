"""What is another processor to a program: the variations that one machine can make.

Each is the environment of a process of its own, before torch is imported, and a draw of noise.
"""

import os
from dataclasses import dataclass, field

import torch

__all__ = ["DRAWS", "Variation", "every"]

DRAWS = 10
_LEVELS = {"DEFAULT": 0, "AVX2": 1, "AVX512": 2}
_OURS = ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "OMP_", "COURSE_")


@dataclass(frozen=True)
class Variation:
    """name: "avx2", "noise 3". settings: of the environment; draw: of the noise, or None."""

    name: str
    settings: dict[str, str] = field(default_factory=dict)
    draw: int | None = None

    def environment(self) -> dict[str, str]:
        """The environment of a process that runs under it; two threads if it names none."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        plain = {"OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "PASSIVE", "MPLBACKEND": "Agg"}
        plain |= {"CUDA_VISIBLE_DEVICES": "", "PYTHONHASHSEED": "0"}
        return kept | plain | self.settings


def every(draws: int = DRAWS) -> list[Variation]:
    """Those that this processor has: vector units, oneDNN's choice, threads; then the noise."""
    most = _LEVELS.get(torch.backends.cpu.get_cpu_capability(), 0)
    units = [name for name, level in _LEVELS.items() if level <= most]
    found = [Variation(name.lower(), {"ATEN_CPU_CAPABILITY": name.lower()}) for name in units]
    for most in ("SSE41", "AVX2"):
        found.append(Variation(f"oneDNN {most}", {"ONEDNN_MAX_CPU_ISA": most}))
    for threads in (1, 4):
        words = f"{threads} thread" + "s" * (threads > 1)
        found.append(Variation(words, {"OMP_NUM_THREADS": str(threads)}))
    return found + [
        Variation(f"noise {draw}", {"OMP_NUM_THREADS": "1"}, draw) for draw in range(draws)
    ]
