"""Wrong ways to freeze a network that students go, and the sentence for each."""

import torch
from torch import nn

from course_utils.checks.exercise import Mistake
from course_utils.i18n import N_

__all__ = ["MISTAKES"]


def _is_norm(module):
    return isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)


def _norms(network):
    return [module for module in network.modules() if _is_norm(module)]


def _hold(modules):
    for module in modules:
        module.train(False)
        module.register_forward_pre_hook(lambda layer, _inputs: layer.train(False) and None)


def _only_gradients(network):
    for parameter in network.parameters():
        parameter.requires_grad = False


def _attribute(network):
    network.requires_grad = False


def _evaluation_mode(network):
    network.eval()


def _gradients_and_mode(network):
    network.requires_grad_(False)
    network.eval()


def _only_statistics(network):
    _hold(_norms(network))


def _no_momentum(network):
    network.requires_grad_(False)
    for norm in _norms(network):
        norm.momentum = 0.0


def _no_tracking(network):
    network.requires_grad_(False)
    for norm in _norms(network):
        norm.track_running_stats = False


def _no_statistics(network):
    network.requires_grad_(False)
    for norm in _norms(network):
        norm.track_running_stats = False
        norm.running_mean = norm.running_var = norm.num_batches_tracked = None


def _identity(network):
    network.requires_grad_(False)
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if _is_norm(child):
                setattr(parent, name, nn.Identity())


def _reset(network):
    network.requires_grad_(False)
    for norm in _norms(network):
        norm.reset_running_stats()
    _hold(_norms(network))


def _weights_only(network):
    for name, parameter in network.named_parameters():
        if name.endswith("weight"):
            parameter.requires_grad = False
    _hold(_norms(network))


def _norms_learn(network):
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.requires_grad_(False)
    _hold(_norms(network))


def _convolutions_only(network):
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.BatchNorm2d):
            module.requires_grad_(False)
    _hold(_norms(network))


def _all_but_the_last(network):
    *first, _last = network.parameters()
    for parameter in first:
        parameter.requires_grad = False
    _hold(_norms(network))


def _norms_of_images(network):
    network.requires_grad_(False)
    _hold([m for m in network.modules() if isinstance(m, nn.BatchNorm2d)])


def _no_blocks(network):
    network.requires_grad_(False)
    _hold([module for module in network.children() if _is_norm(module)])


def _with_weights(network):
    network.requires_grad_(False)
    _hold([norm for norm in _norms(network) if norm.affine])


def _no_grad_inside(network):
    _only_gradients(network)
    _hold(_norms(network))
    network.forward = torch.no_grad()(network.forward)


def _detached(network):
    _only_gradients(network)
    _hold(_norms(network))
    network.register_forward_hook(lambda _module, _inputs, answer: answer.detach())


def _no_gradients_at_all(network):
    _only_gradients(network)
    _hold(_norms(network))
    torch.set_grad_enabled(False)


_NOTHING = N_(
    "Nothing is frozen: every parameter still learns, and as soon as the parent trains,"
    " running statistics move too. An attribute of the network or its mode does not stop its"
    " parameters."
)
_WAKES = N_(
    "The gradients are off, but the running statistics of batch normalisation still move: they"
    " are no parameters, and `.train()` on the parent puts all its parts in training mode."
)
_CUT = N_(
    "You cut the gradient off: what stands before the frozen network learns no more. Frozen"
    " layers keep their own weights and let the gradient through."
)
_BATCH = N_(
    "The running statistics stand still, but in training the layer does not use them: it"
    " normalises by the batch, so the answer depends on what else is in it."
)

MISTAKES = (
    Mistake("only_gradients", _WAKES, _only_gradients),
    Mistake("gradients_and_mode", _WAKES, _gradients_and_mode),
    Mistake("attribute", _NOTHING, _attribute),
    Mistake("evaluation_mode", _NOTHING, _evaluation_mode),
    Mistake(
        "only_statistics",
        N_("The running statistics are held, but every parameter still learns."),
        _only_statistics,
    ),
    Mistake("no_momentum", _BATCH, _no_momentum),
    Mistake("no_tracking", _BATCH, _no_tracking),
    Mistake(
        "no_statistics",
        N_(
            "You took the running statistics away: now even in evaluation mode the network"
            " normalises by the batch and answers otherwise than before."
        ),
        _no_statistics,
    ),
    Mistake(
        "identity",
        N_(
            "Batch normalisation is gone. It must stay and compute with the mean and variance"
            " that it has gathered."
        ),
        _identity,
    ),
    Mistake(
        "reset",
        N_(
            "The running statistics are set back to 0 and 1; they were part of what was"
            " learned."
        ),
        _reset,
    ),
    Mistake(
        "weights_only",
        N_("The weights are frozen, but the biases still learn."),
        _weights_only,
    ),
    Mistake(
        "norms_learn",
        N_("The scale and shift of batch normalisation still learn: they are parameters too."),
        _norms_learn,
    ),
    Mistake(
        "convolutions_only",
        N_("You froze convolutions and their normalisation; other layers learn as well."),
        _convolutions_only,
    ),
    Mistake(
        "all_but_the_last",
        N_("The last tensor of parameters still learns; all of the network is to be frozen."),
        _all_but_the_last,
    ),
    Mistake(
        "norms_of_images",
        N_(
            "Normalisation of vectors (BatchNorm1d) still moves; it exists for vectors, images"
            " and volumes."
        ),
        _norms_of_images,
    ),
    Mistake(
        "no_blocks",
        N_("Normalisation inside blocks still moves: you only looked at the outermost layers."),
        _no_blocks,
    ),
    Mistake(
        "with_weights",
        N_(
            "Batch normalisation without weights of its own still moves: it has running"
            " statistics all the same."
        ),
        _with_weights,
    ),
    Mistake("no_grad_inside", _CUT, _no_grad_inside),
    Mistake("detached", _CUT, _detached),
    Mistake(
        "no_gradients_at_all",
        N_(
            "You switched gradients off for everything, so the layers that should learn can't"
            " either."
        ),
        _no_gradients_at_all,
    ),
)
