"""A task that needs a wide view and nothing else: a mark lies far away and decides the class.

A window of side 2 reach + 1 holds noise and, on its middle row or column, one mark of +1 or -1
at some distance from the centre. The class of the centre is the mark's sign. A network
whose unit does not see that pixel can only guess.
"""

import torch
from torch import Tensor, nn

from course_utils.reference.dilated import stack_receptive_fields
from course_utils.reference.initialisation import he_initialise
from course_utils.reference.short_training import one_thread

__all__ = ["accuracy_by_distance", "fit_on_marks", "marks", "window_network"]

NOISE = 0.1  # standard deviation of the pixels that hold no mark


def marks(distances: Tensor, reach: int, draw: torch.Generator) -> tuple[Tensor, Tensor]:
    """Windows (N, 1, 2 reach + 1, 2 reach + 1) and their classes (N,), 0 or 1.

    distances: (N,) whole numbers 1..reach, one a window; side and sign are drawn.
    """
    number, side = len(distances), 2 * reach + 1
    windows = NOISE * torch.randn(number, 1, side, side, generator=draw)
    classes = torch.randint(2, (number,), generator=draw)
    direction = torch.randint(4, (number,), generator=draw)
    rows = torch.tensor([0, 0, 1, -1])[direction] * distances + reach
    columns = torch.tensor([1, -1, 0, 0])[direction] * distances + reach
    windows[torch.arange(number), 0, rows, columns] = 2.0 * classes - 1
    return windows, classes


def window_network(dilations: tuple[int, ...], width: int = 8) -> nn.Sequential:
    """3x3 convolutions without padding, then two scores: (N, 1, h, w) -> (N, 2, h', w').

    As many weights whatever the dilations; on a window of the receptive field's size it gives
    one unit. Weights as he_initialise draws them.
    """
    layers: list[nn.Module] = []
    channels = 1
    for dilation in dilations:
        layers += [nn.Conv2d(channels, width, 3, dilation=dilation), nn.ReLU()]
        channels = width
    network = nn.Sequential(*layers, nn.Conv2d(channels, 2, 1))
    he_initialise(network)
    return network


def fit_on_marks(
    dilations: tuple[int, ...], *, reach: int, seed: int, steps: int = 120, batch: int = 64
) -> nn.Sequential:
    """Train `window_network` to tell the mark's sign at every distance 1..reach."""
    torch.manual_seed(seed)
    network = window_network(dilations)
    draw = torch.Generator().manual_seed(seed)
    descent = torch.optim.Adam(network.parameters(), lr=0.01)
    with one_thread():
        for _step in range(steps):
            distances = torch.randint(1, reach + 1, (batch,), generator=draw)
            windows, classes = marks(distances, reach, draw)
            scores = network(_middle(windows, dilations))[..., 0, 0]
            loss = nn.functional.cross_entropy(scores, classes)
            descent.zero_grad()
            loss.backward()
            descent.step()
    return network.eval()


@torch.no_grad()
def accuracy_by_distance(
    network: nn.Module, dilations: tuple[int, ...], *, reach: int, number: int = 200
) -> list[float]:
    """The share of right answers for marks at distance 1, 2, ..., reach, on new windows."""
    draw = torch.Generator().manual_seed(10**6)
    shares = []
    for distance in range(1, reach + 1):
        windows, classes = marks(torch.full((number,), distance), reach, draw)
        with one_thread():
            answers = network(_middle(windows, dilations))[..., 0, 0].argmax(dim=1)
        shares.append((answers == classes).double().mean().item())
    return shares


def _middle(windows: Tensor, dilations: tuple[int, ...]) -> Tensor:
    """The part of the windows that one unit sees."""
    field = stack_receptive_fields([3] * len(dilations), list(dilations))[-1]
    cut = (windows.shape[-1] - field) // 2
    if cut < 0:
        raise ValueError(
            f"Expected windows of at least {field} pixels, the receptive field, got "
            f"{windows.shape[-1]}. Take a greater reach."
        )
    return windows[..., cut : cut + field, cut : cut + field]
