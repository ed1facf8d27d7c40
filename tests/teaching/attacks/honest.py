"""Ten honest students who use what Python and torch offer, and hand-ins that lost marks for a
line that runs in Colab."""

from collections.abc import Callable, Mapping
from pathlib import Path

import nbformat

from tests.teaching.attacks.its_course import IMPORTS
from tests.teaching.grading.class_of import RIGHT, answered

__all__ = ["HONEST", "ORDINARY"]

_JACCARD = RIGHT.replace("import torch\n", "").strip()
_SOFTMAX = """
def softmax(scores):
    powers = torch.exp(scores - scores.max(dim=1, keepdim=True).values)
    return powers / powers.sum(dim=1, keepdim=True)
"""
_COUNTS = _JACCARD.replace("def jaccard", "def counted")

_WORKERS = """
from torch.utils.data import DataLoader, Dataset

class Squares(Dataset):
    def __len__(self):
        return 12

    def __getitem__(self, index):
        return torch.full((3, 8, 8), index**2)

loader = DataLoader(Squares(), batch_size=4, num_workers=2)
print(sum(batch.sum().item() for batch in loader))
"""
_PROCESSES = """
from multiprocessing import Pool

def square(number):
    return number**2

with Pool(2) as pool:
    print(pool.map(square, range(8)))
"""
_FILES = """
import os
from pathlib import Path

for number in range(4):
    Path(f"/tmp/part{number}.bin").write_bytes(os.urandom(50 * 2**20))
print(sum(path.stat().st_size for path in Path("/tmp").glob("part*.bin")))
"""
_COMPILED = f"@torch.compile\n{_JACCARD}"
_AUTOGRAD = f"""
class Ratio(torch.autograd.Function):
    @staticmethod
    def forward(ctx, above, below):
        ctx.save_for_backward(above, below)
        return above / below

    @staticmethod
    def backward(ctx, slope):
        above, below = ctx.saved_tensors
        return slope / below, -slope * above / below**2

{_JACCARD.replace("both / either", "Ratio.apply(both, either)")}
"""
_TYPED = f"""
from dataclasses import dataclass, field
from torch import Tensor

@dataclass(frozen=True)
class Counts:
    both: Tensor
    either: Tensor
    names: list[str] = field(default_factory=list)

    @property
    def ratio(self) -> Tensor:
        return self.both / self.either

{_COUNTS.replace("both / either", "Counts(both, either)")}

def jaccard(predicted: Tensor, truth: Tensor, num_classes: int) -> Tensor:
    counts: Counts = counted(predicted, truth, num_classes)
    return counts.ratio
"""
_BARS = "from tqdm.auto import tqdm\n\n" + _JACCARD.replace(
    "in range(num_classes)", "in tqdm(range(num_classes))"
)
_LOUD = _JACCARD.replace("    known =", "    print(predicted, truth)\n    known =") + (
    "\n\nfor step in range(5000):\n    print('step', step, 'loss', 1 / (step + 1))"
)

# student -> language, imports, a cell of their own, jaccard
_TEN = {
    "loads_with_workers": ("en", IMPORTS, _WORKERS, _JACCARD),
    "works_in_processes": ("ru", IMPORTS, _PROCESSES, _JACCARD),
    "installs": ("en", f"!pip install -q einops\n{IMPORTS}", "%pip install -U rich", _JACCARD),
    "compiles": ("ru", IMPORTS, "", _COMPILED),
    "writes_200_mb": ("en", IMPORTS, _FILES, _JACCARD),
    "has_an_autograd_function": ("ru", IMPORTS, "", _AUTOGRAD),
    "sets_threads": ("en", f"{IMPORTS}\ntorch.set_num_threads(2)", "", _JACCARD),
    "writes_types": ("ru", IMPORTS, "", _TYPED),
    "shows_progress": ("en", IMPORTS, "for i in range(3): pass", _BARS),
    "prints_much": ("ru", IMPORTS, "", _LOUD),
}


def _hand_in(language: str, imports: str, own: str, jaccard: str) -> Callable:
    def make(root: Path) -> nbformat.NotebookNode:
        answers = {"jaccard": jaccard, "softmax_solution": _SOFTMAX.strip()}
        notebook = answered(root, language, imports=imports, **answers)
        if own:
            at = next(n for n, cell in enumerate(notebook.cells) if cell.source == imports)
            notebook.cells.insert(at + 1, nbformat.v4.new_code_cell(own.strip()))
        return notebook

    return make


HONEST: Mapping[str, Callable] = {name: _hand_in(*parts) for name, parts in _TEN.items()}

_SUM = "((truth == k) & (predicted == k) & known).sum()"
_KEY = " + ".join(["'sum'", *["''"] * 1200])
_DEVICE = 'device = "cuda"\n' + _JACCARD.replace(
    "(num_classes)", "(num_classes, device=device)", 1
)

# student -> their notebook, points for jaccard (None: 0 or 3), words of its verdict
ORDINARY: Mapping[str, tuple[Callable, float | None, tuple[str, ...]]] = {
    "lists_files_first": (_hand_in("en", f"!ls\n{IMPORTS}", "", _JACCARD), 3, ("right",)),
    "pandas_first": (_hand_in("ru", f"import pandas\n{IMPORTS}", "", _JACCARD), 3, ("верно",)),
    "pandas_used": (
        _hand_in(
            *("en", f"import pandas as pd\n{IMPORTS}", ""),
            _JACCARD.replace("both / either", "pd.Series(both / either)"),
        ),
        0,
        ("(import pandas as pd) stopped in line 1: “pandas” is not there", "these are: torch,"),
    ),
    # Python up to 3.11 reads no cell so deep; what else is handed in keeps its points.
    "key_of_1200_pieces": (
        _hand_in("en", IMPORTS, "", _JACCARD.replace(_SUM, f"getattr({_SUM[:-6]}, {_KEY})()")),
        None,
        ("jaccard",),
    ),
    "code_fences": (
        _hand_in("ru", IMPORTS, "", f"```python\n{_JACCARD}\n```"),
        0,
        ("jaccard", "(jaccard-solution)", "```"),
    ),
    "device_by_name": (
        _hand_in("en", IMPORTS, "", _DEVICE),
        0,
        ("no GPU where hand-ins are graded", "device=device"),
    ),
    "default_device": (
        _hand_in("ru", f"{IMPORTS}\ntorch.set_default_device('cuda')", "", _JACCARD),
        3,
        ("верно",),
    ),
}  # fmt: skip
