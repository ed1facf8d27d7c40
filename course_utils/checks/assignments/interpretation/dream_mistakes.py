"""Wrong ways into a dream that students go, and the sentence for each."""

import torch

from course_utils.checks.exercise import Mistake
from course_utils.i18n import N_

__all__ = ["MISTAKES"]

_PIXELS = (1, 2, 3)


def _answer(network, layer, x, clone=True):
    """What the layer answers; the hook is gone afterwards."""
    found = []

    def take(_layer, _inputs, output):
        found.append(output.clone() if clone else output)

    handle = network.get_submodule(layer).register_forward_hook(take)
    network(x)
    handle.remove()
    return found[0]


def _norm(answer):
    return answer.flatten(1).norm(dim=1).sum()


def _mean_size(gradient):
    return gradient.abs().mean(dim=_PIXELS, keepdim=True)


def _climb(
    network, layer, pictures, step, steps, *,
    goal=_norm, size=_mean_size, keep=lambda x: x.clamp(0, 1), way=1, mode=None, clone=True,
):  # fmt: skip
    modes = [(module, module.training) for module in network.modules()]
    if mode is None:
        network.eval()
    x = pictures.clone()
    for _number in range(steps):
        x = x.detach().requires_grad_()
        number = goal(_answer(network, layer, x, clone))
        (gradient,) = torch.autograd.grad(number, x)
        x = keep(x.detach() + way * step * gradient / size(gradient))
    for module, training in modes:
        module.training = training
    return x.detach()


def _descent(*given):
    return _climb(*given, way=-1)


def _as_it_is(*given):
    return _climb(*given, size=lambda gradient: 1)


def _mean_of_batch(*given):
    return _climb(*given, size=lambda gradient: gradient.abs().mean())


def _unit_length(*given):
    return _climb(*given, size=lambda g: g.flatten(1).norm(dim=1)[:, None, None, None])


def _mean_without_absolute(*given):
    return _climb(*given, size=lambda gradient: gradient.mean(dim=_PIXELS, keepdim=True))


def _largest(*given):
    return _climb(*given, size=lambda gradient: gradient.abs().amax(dim=_PIXELS, keepdim=True))


def _deviation(*given):
    return _climb(*given, size=lambda gradient: gradient.std(dim=_PIXELS, keepdim=True))


def _sum_of_absolutes(*given):
    return _climb(*given, size=lambda gradient: gradient.abs().sum(dim=_PIXELS, keepdim=True))


def _by_channel(*given):
    return _climb(*given, size=lambda gradient: gradient.abs().mean(dim=(2, 3), keepdim=True))


def _sign(*given):
    return _climb(*given, size=lambda gradient: gradient.abs() + 1e-30)


def _mean_answer(*given):
    return _climb(*given, goal=lambda answer: answer.sum())


def _largest_answer(*given):
    return _climb(*given, goal=lambda answer: answer.flatten(1).amax(dim=1).sum())


def _absolute_answer(*given):
    return _climb(*given, goal=lambda answer: answer.abs().sum())


def _not_cut(*given):
    return _climb(*given, keep=lambda x: x)


def _cut_at_the_end(*given):
    return _not_cut(*given).clamp(0, 1)


def _cut_below_only(*given):
    return _climb(*given, keep=lambda x: x.clamp(min=0))


def _overwritten(*given):
    return _climb(*given, clone=False)


def _norm_of_the_overwritten(network, layer, *rest):
    network.eval()
    norms = []

    def take(_layer, _inputs, output):
        norms.append(output.flatten(1).norm(dim=1).sum())

    handle = network.get_submodule(layer).register_forward_hook(take)
    x = rest[0].clone()
    for _number in range(rest[2]):
        x = x.detach().requires_grad_()
        network(x)
        (gradient,) = torch.autograd.grad(norms.pop(), x)
        x = (x + rest[1] * gradient / _mean_size(gradient)).clamp(0, 1)
    handle.remove()
    return x.detach()


def _in_training_mode(network, *rest):
    network.train()
    return _climb(network, *rest, mode="as it is")


def _mode_as_it_is(network, *rest):
    return _climb(network, *rest, mode="as it is")


def _all_to_training(network, *rest):
    was = network.training
    found = _climb(network, *rest)
    network.train(was)
    return found


def _left_in_evaluation(network, *rest):
    found = _climb(network, *rest)
    network.eval()
    return found


def _hook_left(network, layer, *rest):
    found = _climb(network, layer, *rest)
    network.get_submodule(layer).register_forward_hook(lambda _layer, _inputs, _output: None)
    return found


def _output_of_network(network, layer, *rest):
    last = [name for name, _module in network.named_children()][-1]
    return _climb(network, last, *rest)


def _one_step_less(network, layer, pictures, step, steps):
    return _climb(network, layer, pictures, step, steps - 1)


def _one_step_more(network, layer, pictures, step, steps):
    return _climb(network, layer, pictures, step, steps + 1)


def _one_gradient(network, layer, pictures, step, steps):
    one = _climb(network, layer, pictures, step, 1, keep=lambda x: x) - pictures
    x = pictures
    for _number in range(steps):
        x = (x + one).clamp(0, 1)
    return x


def _into_pictures(network, layer, pictures, step, steps):
    pictures.copy_(_climb(network, layer, pictures, step, steps))
    return pictures


def _with_graph(*given):
    return _climb(*given).requires_grad_()


MISTAKES = (
    Mistake("descent", N_("You stepped down the gradient; the norm should grow."), _descent),
    Mistake(
        "as_it_is",
        N_("The gradient is taken as it is; divide it by the mean of its absolute values."),
        _as_it_is,
    ),
    Mistake(
        "mean_of_batch",
        N_("The mean is over the whole batch; each picture's gradient has its own."),
        _mean_of_batch,
        N_("A picture's dream must not depend on its neighbours."),
    ),
    Mistake(
        "unit_length",
        N_("The gradient is divided by its length; divide by the mean of its absolute values."),
        _unit_length,
    ),
    Mistake(
        "mean_without_absolute",
        N_("The gradient is divided by its mean; first take absolute values, or plus and minus"
           " cancel."),
        _mean_without_absolute,
    ),
    Mistake(
        "largest",
        N_("The gradient is divided by its largest absolute value; the mean is wanted."),
        _largest,
    ),
    Mistake(
        "deviation",
        N_("The gradient is divided by its standard deviation; the mean of its absolute values"
           " is wanted."),
        _deviation,
    ),
    Mistake(
        "sum_of_absolutes",
        N_("The gradient is divided by the sum of its absolute values; the mean is wanted."),
        _sum_of_absolutes,
    ),
    Mistake(
        "by_channel",
        N_("Each channel is scaled by itself; a picture's channels share one number."),
        _by_channel,
    ),
    Mistake("sign", N_("Only the gradient's sign is left; its size should count too."), _sign),
    Mistake(
        "mean_answer",
        N_("You climbed the sum or mean of the layer's answer; its norm is wanted."),
        _mean_answer,
        N_("In a sum, a filter that answers with less than zero speaks against itself."),
    ),
    Mistake(
        "largest_answer",
        N_("You climbed the layer's largest number; the norm of its whole answer is wanted."),
        _largest_answer,
    ),
    Mistake(
        "absolute_answer",
        N_("You climbed the sum of absolute values; the norm is the root of the sum of"
           " squares."),
        _absolute_answer,
    ),
    Mistake(
        "not_cut",
        N_("There are pixels outside [0, 1]: cut them after every step."),
        _not_cut,
    ),
    Mistake(
        "cut_at_the_end",
        N_("The pixels are cut to [0, 1] once, at the end; cut them after every step."),
        _cut_at_the_end,
    ),
    Mistake(
        "cut_below_only",
        N_("Pixels above 1 are left; cut at both ends."),
        _cut_below_only,
    ),
    Mistake(
        "overwritten",
        N_("The next layer works in place and overwrote the answer that you had kept. Keep a"
           " copy of it in the hook."),
        _overwritten,
    ),
    Mistake(
        "norm_of_the_overwritten",
        N_("The next layer works in place and overwrote the answer before its gradient was"
           " computed. Take the norm of a copy."),
        _norm_of_the_overwritten,
    ),
    Mistake(
        "in_training_mode",
        N_("The network was put into training mode; the steps are made in evaluation mode."),
        _in_training_mode,
    ),
    Mistake(
        "mode_as_it_is",
        N_("The steps were made in the mode that the network happened to be in; put it into"
           " evaluation mode."),
        _mode_as_it_is,
    ),
    Mistake(
        "all_to_training",
        N_("Afterwards all parts got the mode of the whole network; some were in another"
           " before."),
        _all_to_training,
    ),
    Mistake(
        "left_in_evaluation",
        N_("The network was left in evaluation mode; give every part its own mode back."),
        _left_in_evaluation,
    ),
    Mistake(
        "hook_left",
        N_("The hook is still on the layer after the call; remove it."),
        _hook_left,
    ),
    Mistake(
        "output_of_network",
        N_("You climbed what the network's last part answers; the layer that was named is"
           " wanted."),
        _output_of_network,
    ),
    Mistake("one_step_less", N_("There is one step too few."), _one_step_less),
    Mistake("one_step_more", N_("There is one step too many."), _one_step_more),
    Mistake(
        "one_gradient",
        N_("All steps take the gradient at the first picture; compute it anew at every step."),
        _one_gradient,
    ),
    Mistake(
        "into_pictures",
        N_("The steps are written into the pictures that were given; work on a copy."),
        _into_pictures,
    ),
    Mistake(
        "with_graph",
        N_("What came still carries a gradient: return the pictures detached."),
        _with_graph,
    ),
)  # fmt: skip
