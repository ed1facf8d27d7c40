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
    Solved by L-BFGS in float64 until every partial derivative is below `tolerance`.

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
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )

    def objective() -> Tensor:
        optimizer.zero_grad()
        value = F.cross_entropy(x @ weight.T + bias, y) + l2 / 2 * weight.square().sum()
        value.backward()
        return value

    with torch.enable_grad():
        optimizer.step(objective)
        objective()
    slope = max(float(weight.grad.abs().max()), float(bias.grad.abs().max()))
    if not slope <= tolerance:
        raise RuntimeError(
            f"Expected the probe's gradient below {tolerance:g}, got {slope:.1e} after "
            f"{max_steps} steps. Standardise the features, raise l2 or allow more steps."
        )
    probe = nn.Linear(x.shape[1], num_classes, device=features.device, dtype=features.dtype)
    probe.load_state_dict({"weight": weight.detach(), "bias": bias.detach()})
    return probe


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
