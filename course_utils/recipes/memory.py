"""How much memory of a GPU a training step takes: counted without a GPU.

    parameters, their gradients and momentum, float32      12 bytes a parameter
    parameters in half precision, as autocast casts them    2 bytes a parameter
    what the forward pass keeps for the backward pass       counted
    two more of the largest map, for its gradients          counted
    CUDA itself and the workspaces of its convolutions      1 GB, a guess

The counted parts come from a forward pass on the "meta" device, which has sizes and no numbers.
The allocator's gaps are in none of this: leave a fifth of the memory free.
"""

import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.nn import functional as F

__all__ = ["kept_bytes", "training_bytes"]

RESERVED = 1_000_000_000


def training_bytes(network: nn.Module, batch: int, size: int) -> int:
    """Bytes that a step in half precision is expected to take; see above.

    network: (N, 3, H, W) -> (N, K, H, W), on the "meta" device; becomes half precision.
    """
    network = network.half().train()
    parameters = sum(p.numel() for p in network.parameters())
    kept, largest = kept_bytes(network, torch.empty(batch, 3, size, size, dtype=torch.half))
    return RESERVED + 14 * parameters + kept + 2 * largest


def kept_bytes(network: nn.Module, images: Tensor) -> tuple[int, int]:
    """Bytes kept between forward and backward, parameters apart; and the largest piece.

    The loss, cross-entropy in float32, is part of it. Memory that two layers share counts once.
    """
    device = next(network.parameters()).device
    kept: dict[StorageWeakRef, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept.setdefault(StorageWeakRef(tensor.untyped_storage()), tensor)
        return tensor

    truth = torch.zeros(len(images), *images.shape[-2:], dtype=torch.int64, device=device)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        logits = network(images.to(device))
        loss = F.cross_entropy(logits.float(), truth)
    own = {StorageWeakRef(p.untyped_storage()) for p in network.parameters()}
    sizes = [t.untyped_storage().nbytes() for key, t in kept.items() if key not in own]
    del loss
    return sum(sizes), max(sizes, default=0)
