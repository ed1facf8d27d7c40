"""One training loop for all recipes, counted in steps.

`course_utils.reference.training.fit` counts epochs, as a lecture does. Here the learning rate
falls with every step, a batch may not fit into the memory of the GPU, and Colab may take the
machine away at any moment. So every step begins from random numbers of its own, made of the
seed and the number of the step: nothing of their state needs keeping, and a run that goes on
from its checkpoint ends, on a CPU, bit for bit where it would have ended. On CUDA it is as
close as its kernels allow.
"""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import PolynomialLR

from course_utils.data.voc import VOID
from course_utils.i18n import _
from course_utils.recipes.pictures import mixed_seed
from course_utils.reference.placement import Placement
from course_utils.reference.training import seed_everything

__all__ = ["POWER", "DoesNotFit", "Training"]

POWER = 0.9  # of the polynomial learning rate


class DoesNotFit(Exception):
    """Not even one image fits into the memory of the device; the words are for the reader."""


class Training:
    """What a run consists of between two steps.

    network: images (N, 3, H, W) -> logits (N, K, H, W). optimizer: over its parameters.
    iterations: steps in all; the learning rate of step t is lr (1 - t / iterations)^0.9.
    say: takes one line for the reader.
    step_number: steps done. part: images computed at once; None as long as all of a batch fit.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: torch.optim.Optimizer,
        *,
        iterations: int,
        seed: int,
        placement: Placement,
        say: Callable[[str], object] = print,
    ):
        self.network = placement.model(network)
        self.optimizer, self.placement = optimizer, placement
        self.scheduler = PolynomialLR(optimizer, total_iters=iterations, power=POWER)
        self.scaler = placement.scaler()
        self.seed, self.say = seed, say
        self.step_number, self.part = 0, None

    def step(self, images: Tensor, truth: Tensor) -> Tensor:
        """One step on one batch; its loss, the mean over labelled pixels, on the device.

        Where the batch does not fit into memory, parts of half the size are computed one
        after another and their gradients added: the step is that of the whole batch. Only
        batch normalisation and dropout see the difference.
        Raises DoesNotFit where not even one image fits.
        """
        seed_everything(mixed_seed(self.seed, self.step_number))
        self.network.train()
        while True:
            try:
                loss = self._gradient(images, truth)
                break
            except torch.OutOfMemoryError:
                pass  # the exception holds the maps that must go before the next attempt
            self._halve(images)
        self.scaler.step(self.optimizer)  # in other precisions than float16: optimizer.step()
        self.scaler.update()
        self.scheduler.step()
        self.step_number += 1
        return loss

    def learning_rate(self) -> float:
        """Of the next step, in the first group of the optimizer."""
        return self.scheduler.get_last_lr()[0]

    def state(self) -> dict[str, object]:
        """All that the next step depends on, but data and settings."""
        parts = {name: part.state_dict() for name, part in self._parts().items()}
        return {**parts, "step_number": self.step_number, "part": self.part}

    def load(self, state: Mapping[str, object]) -> None:
        """Go on from a state. Raises ValueError where it is another network's."""
        try:
            for name, part in self._parts().items():
                if name != "scaler" or state[name]:
                    part.load_state_dict(state[name])
            self.step_number, self.part = state["step_number"], state["part"]
        except (KeyError, RuntimeError, ValueError) as error:
            raise ValueError(f"Expected the state of this network, got: {error}") from error

    def _gradient(self, images: Tensor, truth: Tensor) -> Tensor:
        self.optimizer.zero_grad()
        labelled = (truth != VOID).sum().clamp(min=1)  # of the whole batch, in every part
        total = torch.zeros((), device=self.placement.device)
        part = self.part or len(images)
        for pair in zip(images.split(part), truth.split(part), strict=True):
            some, labels = self.placement.batch(pair)
            with self.placement.autocast():
                logits = self.network(some)
            loss = F.cross_entropy(
                logits.float(), labels, ignore_index=VOID, reduction="sum"
            ) / labelled.to(logits.device)
            self.scaler.scale(loss).backward()
            total += loss.detach()
        return total

    def _halve(self, images: Tensor) -> None:
        before = min(self.part or len(images), len(images))
        self.optimizer.zero_grad()
        if self.placement.device.type == "cuda":
            torch.cuda.empty_cache()
        if before == 1:
            height, width = images.shape[-2:]
            raise DoesNotFit(
                _(
                    "Not even one image of {height} x {width} fits into the memory of "
                    "{device}: take smaller crops (--size) or a narrower network (--width)."
                ).format(height=height, width=width, device=self.placement.device)
            )
        self.part = math.ceil(before / 2)
        self.say(
            _(
                "{before} images at once don't fit into memory: from now on {after}, their "
                "gradients added up; the batch of a step stays {batch}."
            ).format(before=before, after=self.part, batch=len(images))
        )

    def _parts(self) -> dict[str, object]:
        return {
            "network": self.network,
            "optimizer": self.optimizer,
            "scheduler": self.scheduler,
            "scaler": self.scaler,
        }
