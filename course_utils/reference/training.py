"""A training loop to read: forward, loss, backward, step; and what makes it safe to leave.

The same seed gives the same weights: every epoch begins from random numbers of its own,
made of the seed and the number of the epoch. Hence nothing of their state needs keeping,
and a run that was cut off and goes on from its checkpoint ends, on a CPU, bit for bit
where it would have ended. On CUDA it is as close as its kernels allow.
"""

import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from course_utils.i18n import _
from course_utils.reference.checkpoints import read_checkpoint, write_checkpoint
from course_utils.reference.placement import Placement

__all__ = ["History", "fit", "seed_everything"]


@dataclass
class History:
    """What happened in training.

    epochs: one dict an epoch, {"epoch": 1, "loss": mean over samples, **measures}.
    best_epoch: the epoch whose weights the model has; None for the last ones trained.
    interrupted: whether the user stopped it (Ctrl+C, or Stop in a notebook).
    """

    epochs: list[dict] = field(default_factory=list)
    best_epoch: int | None = None
    interrupted: bool = False


def fit(
    model: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    criterion: Callable[[Tensor, Tensor], Tensor],
    optimizer: torch.optim.Optimizer,
    *,
    epochs: int,
    seed: int = 0,
    scheduler: torch.optim.lr_scheduler.LRScheduler | None = None,
    evaluate: Callable[[nn.Module], Mapping[str, object]] | None = None,
    best: str | None = None,
    placement: Placement | None = None,
    checkpoint: Path | str | None = None,
    quiet: bool = False,
) -> History:
    """Train the model in place for `epochs` epochs in all; return what happened.

    batches: (inputs, targets) of one epoch, a DataLoader or a list. Its order and its
        transforms follow `seed`; only persistent workers keep random numbers of their own.
    criterion: (outputs, targets) -> scalar, the mean loss of the batch.
    optimizer: over the model's parameters. scheduler: stepped after every epoch.
    evaluate: model -> measures, called after every epoch.
    best: the measure, higher is better, whose best epoch gives the final weights; an
        earlier epoch wins a tie, NaN never wins. None keeps the last weights.
    placement: None for the fastest that is safe here, see Placement.choose.
    checkpoint: a file written after every epoch. If it is there, training goes on from
        it; with all epochs done, the result is only loaded.
    quiet: no progress bar.

    Interrupted (Ctrl+C), it returns as though the epochs were over: with the weights of
    the best epoch, or of the moment where no epoch has been measured.
    Draws from, and reseeds, the random numbers of random, numpy and torch.
    Raises FloatingPointError naming the step where the loss stops being a number (the
    weights are those before it); ValueError for no batches, an unknown measure, or a
    checkpoint of another network or seed.
    """
    if best is not None and evaluate is None:
        raise ValueError(f"Expected evaluate to give the measure {best!r}, got None.")
    placement = placement or Placement.choose()
    placement.model(model)
    scaler = placement.scaler()
    parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler, "scaler": scaler}
    history, best_weights = _resume(checkpoint, parts, seed)

    progress = _progress_bar(batches, len(history.epochs), epochs, quiet)
    try:
        for epoch in range(len(history.epochs) + 1, epochs + 1):
            progress.set_description(
                _("Epoch {epoch} of {epochs}").format(epoch=epoch, epochs=epochs)
            )
            _seed_epoch(seed, epoch, batches)
            loss = _train_epoch(
                model, batches, criterion, optimizer, scaler, placement, progress, epoch
            )
            if scheduler is not None:
                scheduler.step()

            measures = dict(evaluate(model)) if evaluate else {}
            record = {"epoch": epoch, "loss": loss, **measures}
            if best is not None and _is_better(record, history, best):
                history.best_epoch, best_weights = epoch, _copy_of_weights(model)
            history.epochs.append(record)
            if checkpoint is not None:
                write_checkpoint(checkpoint, _state(parts, seed, history, best_weights))
    except KeyboardInterrupt:
        history.interrupted = True
    finally:
        progress.close()
    if best_weights is not None:
        model.load_state_dict(best_weights)
    return history


def seed_everything(seed: int) -> None:
    """Start the random numbers of random, numpy and torch (every device) from `seed`."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def _train_epoch(
    model: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    criterion: Callable[[Tensor, Tensor], Tensor],
    optimizer: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler,
    placement: Placement,
    progress: tqdm,
    epoch: int,
) -> float:
    """One pass over the data; the mean loss over its samples."""
    model.train()
    total, samples = 0.0, 0
    with _repeatable_kernels():
        for step, batch in enumerate(batches, start=1):
            inputs, targets = placement.batch(batch)
            optimizer.zero_grad()
            with placement.autocast():
                loss = criterion(model(inputs), targets)
            value = _finite(loss, epoch, step)
            scaler.scale(loss).backward()  # in other precisions than float16: loss.backward()
            scaler.step(optimizer)  # optimizer.step()
            scaler.update()

            total, samples = total + value * len(inputs), samples + len(inputs)
            progress.set_postfix_str(_("loss {x}").format(x=f"{value:.4f}"), refresh=False)
            progress.update()
    if not samples:
        raise ValueError(
            f"Expected at least one batch, got none in epoch {epoch}. An iterator that was "
            "used up is empty: give a DataLoader or a list."
        )
    return total / samples


def _seed_epoch(seed: int, epoch: int, batches: object) -> None:
    mixed = int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0])
    seed_everything(mixed)
    # A loader or a sampler may have been given random numbers of its own.
    for owner in (batches, getattr(batches, "sampler", None)):
        if isinstance(generator := getattr(owner, "generator", None), torch.Generator):
            generator.manual_seed(mixed)


@contextmanager
def _repeatable_kernels() -> Iterator[None]:
    """CUDA's convolutions by algorithms that give the same result every time."""
    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.benchmark
    cudnn.deterministic, cudnn.benchmark = True, False
    try:
        yield
    finally:
        cudnn.deterministic, cudnn.benchmark = before


def _finite(loss: Tensor, epoch: int, step: int) -> float:
    value = loss.item()
    if not math.isfinite(value):
        raise FloatingPointError(
            f"Expected a finite loss, got {value} in epoch {epoch}, step {step}. Try a "
            "smaller learning rate; look for a batch with no labelled pixel, or for "
            "inputs that are not finite."
        )
    return value


def _is_better(record: dict, history: History, best: str) -> bool:
    if best not in record:
        raise ValueError(
            f"Expected best to be a measure that evaluate gives, got {best!r}; "
            f"there are {', '.join(record)}."
        )
    if history.best_epoch is None:
        return not math.isnan(record[best])
    return record[best] > history.epochs[history.best_epoch - 1][best]


def _copy_of_weights(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}


def _state(parts: dict, seed: int, history: History, best_weights: dict | None) -> dict:
    states = {name: part.state_dict() for name, part in parts.items() if part is not None}
    return {
        **states,
        "seed": seed,
        "epochs": history.epochs,
        "best_epoch": history.best_epoch,
        "best_weights": best_weights,
    }


def _resume(path: Path | str | None, parts: dict, seed: int) -> tuple[History, dict | None]:
    """Load the parts from the checkpoint, if there is one; its history and best weights."""
    state = None if path is None else read_checkpoint(path)
    if state is None:
        return History(), None
    if state.get("seed") != seed:
        raise ValueError(
            f"Expected a checkpoint of seed {seed} in {path}, got seed {state.get('seed')}. "
            "Delete the file to start anew."
        )
    try:
        for name, part in parts.items():
            if part is not None and (name != "scaler" or state[name]):
                part.load_state_dict(state[name])
    except (KeyError, RuntimeError, ValueError) as error:
        raise ValueError(
            f"Expected a checkpoint of this network and optimizer in {path}: {error}. "
            "Delete the file to start anew."
        ) from error
    return History(state["epochs"], state["best_epoch"]), state["best_weights"]


def _progress_bar(batches: object, done: int, epochs: int, quiet: bool) -> tqdm:
    steps = len(batches) if hasattr(batches, "__len__") else None
    return tqdm(
        total=steps and steps * epochs,
        initial=done * steps if steps else 0,
        unit=_("step"),
        disable=quiet,
    )
