"""A linear model on fixed features: what the last layer could learn, solved exactly.

    mean_i( -log softmax(W x_i + b)[y_i] ) + l2/2 ||W||^2  ->  min over W, b

x_i: features of sample i; y_i: its class. Training the new head of a frozen network
descends on the same function; here its one optimum is found.
Source: Kornblith et al. 2019, arXiv:1805.08974, section 3 (logistic regression on fixed
features by L-BFGS).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["linear_probe"]

_ITERATIONS = 1000  # of conjugate gradients in one step of Newton's method


def linear_probe(
    features: Tensor,
    labels: Tensor,
    num_classes: int,
    *,
    l2: float = 1e-3,
    tolerance: float = 1e-6,
    max_steps: int = 2000,
) -> nn.Linear:
    """Multinomial logistic regression on fixed features, solved to its one optimum.

    With three classes or more it equals scikit-learn's LogisticRegression(C=1/(N*l2));
    with two, C=2/(N*l2), for scikit-learn then has one weight vector in place of two.
    Solved in float64 until no partial derivative exceeds `tolerance`: by L-BFGS, and from
    where the value can't be seen to fall any more by Newton's method. A value near 1 is known
    to 1e-16, which leaves the slope at some 1e-8, more on one processor, less on another; the
    slope itself is known to 1e-16, and Newton's method asks for nothing else.

    features: (N, D) floating point. labels: (N,) integers in 0..num_classes-1.
    Returns nn.Linear(D, num_classes) with the dtype and device of the features.
    Raises ValueError for wrong shapes, labels, l2 <= 0 or features that are not finite;
    RuntimeError where `max_steps` do not suffice.
    """
    _require_inputs(features, labels, num_classes, l2)
    x, y = features.detach().to(torch.float64, copy=True), labels.long()
    weight = x.new_zeros(num_classes, x.shape[1], requires_grad=True)
    bias = x.new_zeros(num_classes, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [weight, bias],
        max_iter=max_steps,
        max_eval=100 * max_steps,  # the line search may ask several times a step
        tolerance_grad=tolerance,
        tolerance_change=torch.finfo(x.dtype).eps,  # of the value, which starts at log K
        line_search_fn="strong_wolfe",
    )

    def objective() -> Tensor:
        optimizer.zero_grad()
        value = F.cross_entropy(x @ weight.T + bias, y) + l2 / 2 * weight.square().sum()
        value.backward()
        return value

    with torch.enable_grad():
        optimizer.step(objective)
    steps = optimizer.state[weight]["n_iter"]
    if steps < max_steps:  # it stopped by itself
        with torch.no_grad():
            steps += _finish(x, y, weight, bias, l2, tolerance, max_steps - steps)
    slope = _largest(_slope(x, y, weight, bias, l2))
    if not slope <= tolerance:
        raise RuntimeError(
            f"Expected the probe's gradient below {tolerance:g}, got {slope:.1e} after "
            f"{steps} steps. Standardise the features, raise l2, allow more steps or a larger "
            "tolerance."
        )
    probe = nn.Linear(x.shape[1], num_classes, device=features.device, dtype=features.dtype)
    probe.load_state_dict({"weight": weight.detach(), "bias": bias.detach()})
    return probe


def _slope(x: Tensor, y: Tensor, weight: Tensor, bias: Tensor, l2: float) -> list[Tensor]:
    """The objective's derivatives by the weights and by the biases."""
    with torch.no_grad():
        error = (x @ weight.T + bias).softmax(dim=1)  # (N, K)
        error[torch.arange(len(y), device=y.device), y] -= 1
        return [error.T @ x / len(y) + l2 * weight, error.mean(dim=0)]


def _finish(
    x: Tensor, y: Tensor, weight: Tensor, bias: Tensor, l2: float, tolerance: float, most: int
) -> int:
    """Newton's steps, in place, while the slope falls; returns how many, `most` at most."""
    slope = _slope(x, y, weight, bias, l2)
    for step in range(most):
        before = _largest(slope)
        if before <= tolerance:
            return step
        kept = weight.clone(), bias.clone()
        for parameter, change in zip(
            (weight, bias), _newton_step(x, weight, bias, l2, slope), strict=True
        ):
            parameter -= change
        slope = _slope(x, y, weight, bias, l2)
        if not _largest(slope) < before:
            weight.copy_(kept[0])
            bias.copy_(kept[1])
            return step
    return most


def _newton_step(
    x: Tensor, weight: Tensor, bias: Tensor, l2: float, slope: list[Tensor]
) -> list[Tensor]:
    """H step = slope, solved by conjugate gradients; H (second derivatives) is never built."""
    p = (x @ weight.T + bias).softmax(dim=1)

    def curvature(v: list[Tensor]) -> list[Tensor]:
        z = x @ v[0].T + v[1]
        z = p * (z - (p * z).sum(dim=1, keepdim=True)) / len(x)
        return [z.T @ x + l2 * v[0], z.sum(dim=0)]

    step = [torch.zeros_like(s) for s in slope]
    rest, direction = [s.clone() for s in slope], [s.clone() for s in slope]
    length = start = _dot(rest, rest)
    for _iteration in range(_ITERATIONS):
        bent = curvature(direction)
        size = length / _dot(direction, bent)
        for i in range(2):
            step[i] += size * direction[i]
            rest[i] -= size * bent[i]
        before, length = length, _dot(rest, rest)
        if length <= 1e-12 * start:
            break
        for i in range(2):
            direction[i] = rest[i] + length / before * direction[i]
    return step


def _dot(a: list[Tensor], b: list[Tensor]) -> float:
    return sum(float((one * other).sum()) for one, other in zip(a, b, strict=True))


def _largest(slope: list[Tensor]) -> float:
    return max(float(part.abs().max()) for part in slope)


def _require_inputs(features: Tensor, labels: Tensor, num_classes: int, l2: float) -> None:
    if features.ndim != 2 or len(features) == 0 or not features.is_floating_point():
        raise ValueError(
            f"Expected features (N, D), N >= 1, floating point, got {tuple(features.shape)} "
            f"{features.dtype}. Maps (N, C, H, W) need mean((2, 3)) or flatten(1) first."
        )
    if labels.shape != features.shape[:1] or labels.is_floating_point():
        raise ValueError(
            f"Expected integer labels ({len(features)},), got {tuple(labels.shape)} "
            f"{labels.dtype}."
        )
    wrong = labels[(labels < 0) | (labels >= num_classes)]
    if wrong.numel():
        raise ValueError(f"Expected labels in 0..{num_classes - 1}, got {wrong[0].item()}.")
    if not l2 > 0:
        raise ValueError(f"Expected l2 > 0 (the optimum is then one point), got {l2}.")
    if not features.isfinite().all():
        raise ValueError("Expected finite features, got NaN or infinity in some.")
