"""Wrong ways up to the picture of a class that students go, and the sentence for each."""

import torch

from course_utils.checks.exercise import Mistake
from course_utils.i18n import N_

__all__ = ["MISTAKES"]


def _logits(scores, classes):
    return scores[range(len(classes)), classes]


def _norms(x):
    return x.square().sum(dim=(1, 2, 3))


def _climb(model, classes, start, lambda_, step, steps, goal=None, move=None, keep=None):
    """The right way but for what is given: goal(scores, classes, x, lambda_) -> a number,
    move(x, gradient, step) -> x, keep(x) -> x after each step."""
    goal = goal or (lambda s, c, x, w: (_logits(s, c) - w * _norms(x)).sum())
    move = move or (lambda x, gradient, step: x + step * gradient)
    x = start.clone()
    for _number in range(steps):
        x = x.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(goal(model(x), classes, x, lambda_), x)
        x = move(x.detach(), gradient, step)
        x = keep(x) if keep else x
    return x.detach()


def _probability(*given):
    def goal(scores, classes, x, lambda_):
        return (_logits(scores.softmax(dim=1), classes) - lambda_ * _norms(x)).sum()

    return _climb(*given, goal=goal)


def _log_probability(*given):
    def goal(scores, classes, x, lambda_):
        return (_logits(scores.log_softmax(dim=1), classes) - lambda_ * _norms(x)).sum()

    return _climb(*given, goal=goal)


def _descent(*given):
    return _climb(*given, move=lambda x, gradient, step: x - step * gradient)


def _penalty_added(*given):
    def goal(scores, classes, x, lambda_):
        return (_logits(scores, classes) + lambda_ * _norms(x)).sum()

    return _climb(*given, goal=goal)


def _no_penalty(model, classes, start, _lambda, step, steps):
    return _climb(model, classes, start, 0.0, step, steps)


def _plain_norm(*given):
    def goal(scores, classes, x, lambda_):
        return (_logits(scores, classes) - lambda_ * _norms(x).sqrt()).sum()

    return _climb(*given, goal=goal)


def _mean_of_squares(*given):
    def goal(scores, classes, x, lambda_):
        return (_logits(scores, classes) - lambda_ * x.square().mean(dim=(1, 2, 3))).sum()

    return _climb(*given, goal=goal)


def _half_penalty(model, classes, start, lambda_, step, steps):
    return _climb(model, classes, start, lambda_ / 2, step, steps)


def _sum_of_absolutes(*given):
    def goal(scores, classes, x, lambda_):
        return (_logits(scores, classes) - lambda_ * x.abs().sum(dim=(1, 2, 3))).sum()

    return _climb(*given, goal=goal)


def _mean_over_batch(*given):
    def goal(scores, classes, x, lambda_):
        return (_logits(scores, classes) - lambda_ * _norms(x)).mean()

    return _climb(*given, goal=goal)


def _logit_mean_alone(*given):
    def goal(scores, classes, x, lambda_):
        return _logits(scores, classes).mean() - lambda_ * _norms(x).sum()

    return _climb(*given, goal=goal)


def _all_logits(*given):
    def goal(scores, classes, x, lambda_):
        return scores.sum() - lambda_ * _norms(x).sum()

    return _climb(*given, goal=goal)


def _all_the_batchs_classes(*given):
    def goal(scores, classes, x, lambda_):
        return scores[:, classes].sum() - lambda_ * _norms(x).sum()

    return _climb(*given, goal=goal)


def _first_class(model, classes, *rest):
    return _climb(model, [classes[0]] * len(classes), *rest)


def _largest_logit(*given):
    def goal(scores, classes, x, lambda_):
        return (scores.amax(dim=1) - lambda_ * _norms(x)).sum()

    return _climb(*given, goal=goal)


def _one_step_less(model, classes, start, lambda_, step, steps):
    return _climb(model, classes, start, lambda_, step, steps - 1)


def _one_step_more(model, classes, start, lambda_, step, steps):
    return _climb(model, classes, start, lambda_, step, steps + 1)


def _gathered_gradient(*given):
    sums = []

    def move(x, gradient, step):
        sums.append(gradient)
        return x + step * sum(sums)

    return _climb(*given, move=move)


def _clamped(*given):
    return _climb(*given, keep=lambda x: x.clamp(0, 1))


def _sign(*given):
    return _climb(*given, move=lambda x, gradient, step: x + step * gradient.sign())


def _unit_length(*given):
    def move(x, gradient, step):
        return x + step * gradient / gradient.flatten(1).norm(dim=1)[:, None, None, None]

    return _climb(*given, move=move)


def _adam(model, classes, start, lambda_, step, steps):
    x = start.clone().requires_grad_()
    climber = torch.optim.Adam([x], lr=step, maximize=True)
    for _number in range(steps):
        goal = (_logits(model(x), classes) - lambda_ * _norms(x)).sum()
        (x.grad,) = torch.autograd.grad(goal, x)
        climber.step()
    return x.detach()


def _weights_climb_too(model, classes, start, lambda_, step, steps):
    x = start.clone().requires_grad_()
    climber = torch.optim.SGD([x, *model.parameters()], lr=step, maximize=True)
    for _number in range(steps):
        climber.zero_grad()
        (_logits(model(x), classes) - lambda_ * _norms(x)).sum().backward()
        climber.step()
    return x.detach()


def _into_start(model, classes, start, lambda_, step, steps):
    start.copy_(_climb(model, classes, start, lambda_, step, steps))
    return start


def _from_noise(model, classes, start, *rest):
    return _climb(model, classes, torch.zeros_like(start), *rest)


def _with_graph(*given):
    return _climb(*given).requires_grad_()


def _freezes(model, *rest):
    model.requires_grad_(False)
    return _climb(model, *rest)


def _trains(model, *rest):
    model.train()
    return _climb(model, *rest)


def _mode_changed(model, *rest):
    found = _climb(model, *rest)
    model.train()
    return found


def _of_first_gradient(model, classes, start, lambda_, step, steps):
    one = _climb(model, classes, start, lambda_, step, 1)
    return start + steps * (one - start)


def _penalty_of_start(*given):
    start = given[2]

    def goal(scores, classes, x, lambda_):
        return (_logits(scores, classes) - lambda_ * _norms(x - start)).sum()

    return _climb(*given, goal=goal)


MISTAKES = (
    Mistake(
        "probability",
        N_("You climbed the probability after softmax; the logit itself is wanted."),
        _probability,
        N_("A probability also grows when the other logits fall, and where it is near 1 or 0"
           " its gradient disappears."),
    ),
    Mistake(
        "log_probability",
        N_("You climbed the logarithm of the probability; the logit itself is wanted."),
        _log_probability,
    ),
    Mistake("descent", N_("You stepped down the gradient; the goal is a maximum."), _descent),
    Mistake(
        "penalty_added",
        N_("The penalty is added: a large picture is rewarded. It should be subtracted."),
        _penalty_added,
    ),
    Mistake("no_penalty", N_("The penalty does not enter."), _no_penalty),
    Mistake(
        "plain_norm",
        N_("The penalty is the norm; the formula has its square."),
        _plain_norm,
    ),
    Mistake(
        "mean_of_squares",
        N_("The penalty is the mean of the squares of the pixels; it should be their sum."),
        _mean_of_squares,
    ),
    Mistake(
        "half_penalty",
        N_("The penalty is half of what it should be. The square's derivative has a factor."),
        _half_penalty,
    ),
    Mistake(
        "sum_of_absolutes",
        N_("The penalty is the sum of absolute values; the formula has the sum of squares."),
        _sum_of_absolutes,
    ),
    Mistake(
        "mean_over_batch",
        N_("The steps are shorter the more pictures there are: sum over the batch, don't"
           " average."),
        _mean_over_batch,
    ),
    Mistake(
        "logit_mean_alone",
        N_("The logits are averaged over the batch and the penalties are summed: each picture"
           " should climb as if it were alone."),
        _logit_mean_alone,
    ),
    Mistake(
        "all_logits",
        N_("You climbed the sum of the logits of all classes; each picture has one class."),
        _all_logits,
    ),
    Mistake(
        "all_the_batchs_classes",
        N_("Every picture climbs the logits of all the classes in the list; picture i has class"
           " i of the list alone."),
        _all_the_batchs_classes,
    ),
    Mistake(
        "first_class",
        N_("All pictures climb the first class of the list; each has its own."),
        _first_class,
    ),
    Mistake(
        "largest_logit",
        N_("You climbed the largest logit of each picture; that of the given class is wanted."),
        _largest_logit,
    ),
    Mistake("one_step_less", N_("There is one step too few."), _one_step_less),
    Mistake("one_step_more", N_("There is one step too many."), _one_step_more),
    Mistake(
        "gathered_gradient",
        N_("The gradients of earlier steps are still in the sum: `backward` adds to what is"
           " there."),
        _gathered_gradient,
    ),
    Mistake(
        "clamped",
        N_("The pixels are cut to [0, 1]; here zero is grey and nothing is to be cut."),
        _clamped,
    ),
    Mistake(
        "sign",
        N_("Only the gradient's sign enters; its size should count too."),
        _sign,
    ),
    Mistake(
        "unit_length",
        N_("The gradient is scaled to length 1; the formula takes it as it is."),
        _unit_length,
    ),
    Mistake("adam", N_("These are steps of Adam; the formula is plain ascent."), _adam),
    Mistake(
        "weights_climb_too",
        N_("The network's weights climb too; only the picture may change."),
        _weights_climb_too,
    ),
    Mistake(
        "into_start",
        N_("The steps are written into the first picture that was given; work on a copy."),
        _into_start,
    ),
    Mistake(
        "from_noise",
        N_("The climb begins from zeros; it should begin from the picture that was given."),
        _from_noise,
    ),
    Mistake(
        "with_graph",
        N_("What came still carries a gradient: return the pictures detached."),
        _with_graph,
    ),
    Mistake(
        "freezes",
        N_("After the call the network's parameters don't learn any more; leave it as it was."),
        _freezes,
    ),
    Mistake(
        "trains",
        N_("The network was put into training mode: dropout and normalisation work otherwise."),
        _trains,
    ),
    Mistake(
        "mode_changed",
        N_("After the call the network is in training mode; leave it as it was."),
        _mode_changed,
    ),
    Mistake(
        "of_first_gradient",
        N_("All steps take the gradient at the first picture; compute it anew at every step."),
        _of_first_gradient,
    ),
    Mistake(
        "penalty_of_start",
        N_("The penalty pulls to the first picture; the formula pulls to zero."),
        _penalty_of_start,
    ),
)  # fmt: skip
