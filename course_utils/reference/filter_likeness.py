"""How much alike the filters of two networks are, and how much alike chance makes them.

    likeness(A, B) = mean over filters a of A of max over filters b of B of |corr(a, b)|

The networks number their filters in any order and with any sign, so each filter looks for its
best match. The best of many is never zero; hence the surrogates: `scrambled` filters keep how
smooth and how colourful a filter is, and lose what it shows. Only a likeness above that of
surrogates is a likeness of what the filters show.
Source: Li et al. 2016, arXiv:1511.07543, section 3 (matching units by correlation);
Theiler et al. 1992, Physica D 58, 77-94 (surrogates of equal spectrum and random phases).
"""

import torch
from torch import Tensor

__all__ = ["likeness", "scrambled"]


def likeness(one: Tensor, other: Tensor) -> float:
    """Mean of the best absolute correlation of each filter of `one` with those of `other`.

    one: (n, C, h, w), other: (m, C, h, w). In [0, 1]; 1 for equal filters in any order and
    sign and of any contrast. Not symmetric. A constant filter correlates with nothing: 0.
    Raises ValueError for filters of unequal size.
    """
    if one.ndim != 4 or one.shape[1:] != other.shape[1:]:
        raise ValueError(
            f"Expected filters (n, C, h, w) of one size, got {tuple(one.shape)} and "
            f"{tuple(other.shape)}."
        )
    return (_unit(one) @ _unit(other).T).abs().amax(dim=1).mean().item()


def scrambled(filters: Tensor, seed: int) -> Tensor:
    """Filters with the same power spectrum in every channel and random phases.

    filters: (n, C, h, w) real. A filter's channels are shifted in phase alike, so how the
    channels go together (its colours) stays as well.
    """
    draw = torch.Generator().manual_seed(seed)
    noise = torch.randn(len(filters), 1, *filters.shape[2:], generator=draw)
    phases = torch.fft.fft2(noise.to(filters))  # of a real signal: so the result is real
    return torch.fft.ifft2(torch.fft.fft2(filters) * phases / phases.abs()).real


def _unit(filters: Tensor) -> Tensor:
    rows = filters.flatten(1).double()
    rows = rows - rows.mean(dim=1, keepdim=True)
    return rows / rows.norm(dim=1, keepdim=True).clamp_min(1e-12)
