"""The picture that a network takes for the purest example of a class.

    a_y(x) - lambda * ||x||_2^2  ->  max over x

a_y: the logit of class y, not its probability (a probability also grows when the
other logits fall, and then its gradient vanishes); x: the picture, from noise.

Units. ||x||_2^2 is in squared pixels, so lambda means something only together with
the pixels' scale, and x = 0 is where it pulls. Put the normalisation inside the
model, as `Normalized` does. With the mean picture as zero (the paper's choice) give
`Normalized` a mean of 0 and add the mean to the result before showing it.
Sources: Simonyan, Vedaldi, Zisserman 2014, arXiv:1312.6034, eq. 1; the options are
those of `picture_priors`, all off unless asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from course_utils.reference.named_layers import device_of, evaluating
from course_utils.reference.picture_priors import blurred, jittered, total_variation

__all__ = ["ClassPictures", "Normalized", "class_logits", "maximize_class"]


class Normalized(nn.Module):
    """A network that takes plain pixels: (x - mean) / std happens inside.

    mean, std: one number a channel, in the units of x.
    """

    def __init__(self, model: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.model = model
        like = next((each for each in model.parameters()), torch.empty(0))
        for name, numbers in (("mean", mean), ("std", std)):
            column = torch.tensor(numbers, dtype=like.dtype, device=like.device)
            self.register_buffer(name, column.reshape(1, -1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.model((x - self.mean) / self.std)  # x: (N, C, H, W); mean: (1, C, 1, 1)


@dataclass(frozen=True)
class ClassPictures:
    """pictures: (classes, C, H, W); logits and penalties: (steps + 1, classes).

    Row t of the histories is a_y(x) and lambda * ||x||_2^2 after t steps, the last row
    that of `pictures`. With jitter on, the logits before the last are of the moved picture.
    """

    pictures: Tensor
    logits: Tensor
    penalties: Tensor


def maximize_class(
    model: nn.Module,
    classes: Sequence[int],
    size: tuple[int, int, int],
    *,
    lambda_: float = 1e-4,
    steps: int = 100,
    step: float = 2.0,
    optimizer: str = "adam",
    noise: float = 1.0,
    start: Tensor | None = None,
    seed: int = 0,
    variation: float = 0.0,
    blur: float = 0.0,
    blur_every: int = 4,
    jitter: int = 0,
    autocast: torch.dtype | None = None,
    progress: bool = False,
) -> ClassPictures:
    """Ascend a_y(x) - lambda_ * ||x||_2^2 for several classes at once.

    model: pixels (N, C, H, W) -> logits (N, K); leave out a final softmax or ReLU.
    classes: numbers out of 0..K-1; size: (C, H, W) of the pictures.
    optimizer: "adam" (steps of about `step` a pixel) or "ascent" (x + step * gradient).
    noise: standard deviation of the first picture, in pixels; start: (classes, C, H, W)
    to begin from instead. variation: weight of the total variation; blur: sigma in
    pixels of a blur after every `blur_every` steps; jitter: how many pixels at most the
    picture moves, at random, before each gradient; autocast: half precision inside.

    Every picture climbs alone: the model is in eval mode, and noise and jitter come from
    a generator of its own, made of `seed` and the class, so a picture does not depend on
    which others are in the batch, except for rounding, which many steps amplify. The
    model, its mode and its gradients are left as they were found.

    Raises ValueError for an unknown optimizer, steps below 1, no classes or one outside
    0..K-1, outputs that are not (N, K) or are probabilities, a logit that does not depend
    on the picture, a start of another size, and a climb that ends in infinity.
    """
    if optimizer not in OPTIMIZERS:
        raise ValueError(f"Expected optimizer out of {list(OPTIMIZERS)}, got {optimizer!r}.")
    if steps < 1 or blur_every < 1:
        raise ValueError(f"Expected positive steps, got {steps=}, {blur_every=}.")
    if not len(classes):
        raise ValueError("Expected at least one class, got none.")
    generators = [torch.Generator().manual_seed(seed * 1_000_003 + y) for y in classes]
    x = _first_pictures(generators, size, noise) if start is None else start.detach().clone()
    if x.shape != (len(classes), *size):
        raise ValueError(f"Expected start {(len(classes), *size)}, got {tuple(x.shape)}.")
    x = x.to(device_of(model), _dtype_of(model)).requires_grad_()
    climber = OPTIMIZERS[optimizer]([x], lr=step, maximize=True)
    history: list[tuple[Tensor, Tensor]] = []
    with evaluating(model), torch.enable_grad():
        for number in tqdm(range(steps), disable=not progress, leave=False):
            seen = jittered(x, _offsets(generators, jitter)) if jitter else x
            logits = class_logits(model, seen, classes, autocast)
            if number == 0:
                _require_gradient(logits, x, classes)
            penalties = lambda_ * x.pow(2).sum(dim=(1, 2, 3))
            objective = logits - penalties
            if variation:
                objective = objective - variation * total_variation(x)
            history.append((logits.detach(), penalties.detach()))
            # The sum over pictures: each one's gradient is its own. Only x gets one.
            (x.grad,) = torch.autograd.grad(objective.sum(), x)
            climber.step()
            if blur and (number + 1) % blur_every == 0:
                with torch.no_grad():
                    x.copy_(blurred(x, blur))
            _require_finite(x, classes, number)
        with torch.no_grad():
            logits = class_logits(model, x, classes, autocast)
            history.append((logits, lambda_ * x.pow(2).sum(dim=(1, 2, 3))))
    logits, penalties = (torch.stack(each) for each in zip(*history, strict=True))
    return ClassPictures(x.detach(), logits, penalties)


OPTIMIZERS = {"adam": torch.optim.Adam, "ascent": torch.optim.SGD}


def class_logits(
    model: nn.Module,
    pictures: Tensor,
    classes: Sequence[int],
    autocast: torch.dtype | None = None,
) -> Tensor:
    """a_y(x) for picture i and class y = classes[i]: (N,), in the pictures' dtype.

    Raises ValueError where the model gives anything but (N, K) logits, or K is too small.
    """
    with torch.autocast(pictures.device.type, autocast, enabled=autocast is not None):
        logits = model(pictures)
    if logits.ndim != 2:
        raise ValueError(
            f"Expected logits (N, K), got {tuple(logits.shape)}. A dense prediction needs a "
            "place to look at: average over it, or pick one."
        )
    num_classes = logits.shape[1]
    wrong = [y for y in classes if not 0 <= y < num_classes]
    if wrong:
        raise ValueError(f"Expected classes in 0..{num_classes - 1}, got {wrong}.")
    if num_classes > 1 and _look_like_probabilities(logits.detach()):
        raise ValueError(
            "Expected logits, got rows that sum to 1 without a negative: probabilities. "
            "Leave the softmax out of the model."
        )
    chosen = torch.as_tensor(list(classes), device=logits.device)[:, None]
    return logits.gather(1, chosen)[:, 0].to(pictures.dtype)


def _look_like_probabilities(logits: Tensor) -> bool:
    ones = torch.ones((), dtype=logits.dtype, device=logits.device)
    sums_to_one = torch.isclose(logits.sum(dim=1), ones, rtol=0, atol=1e-3).all()
    return bool(sums_to_one and (logits >= 0).all())


def _first_pictures(generators: list, size: tuple[int, int, int], noise: float) -> Tensor:
    """Noise drawn on the CPU, so that every device begins from the same picture."""
    drawn = [torch.randn(size, generator=each, dtype=torch.float32) for each in generators]
    return noise * torch.stack(drawn)


def _offsets(generators: list, jitter: int) -> Tensor:
    """(pictures, 2) whole pixels in -jitter..jitter."""
    drawn = [torch.randint(-jitter, jitter + 1, (2,), generator=each) for each in generators]
    return torch.stack(drawn)


def _dtype_of(model: nn.Module) -> torch.dtype:
    return next((each.dtype for each in model.parameters()), torch.float32)


def _require_gradient(logits: Tensor, x: Tensor, classes: Sequence[int]) -> None:
    gradient = None
    if logits.requires_grad:
        (gradient,) = torch.autograd.grad(
            logits.sum(), x, retain_graph=True, materialize_grads=True
        )
    still = [
        y for i, y in enumerate(classes) if gradient is None or not gradient[i].any().item()
    ]
    if still:
        raise ValueError(
            f"Expected a logit that depends on the picture, but that of classes {still} has "
            "gradient 0. Leave a final ReLU or softmax out of the model, or start elsewhere."
        )


def _require_finite(x: Tensor, classes: Sequence[int], number: int) -> None:
    bad = [y for y, picture in zip(classes, x, strict=True) if not picture.isfinite().all()]
    if bad:
        raise ValueError(
            f"Expected a finite picture, but those of classes {bad} left all bounds in step "
            f"{number + 1}. Take a smaller step (ascent needs step < 1 / lambda)."
        )
