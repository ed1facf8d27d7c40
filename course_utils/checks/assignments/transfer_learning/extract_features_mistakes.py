"""Wrong ways to the features of a layer that students go, and the sentence for each."""

import torch

from course_utils.checks.exercise import Mistake
from course_utils.i18n import N_

__all__ = ["MISTAKES"]


def _modes(network):
    return [(module, module.training) for module in network.modules()]


def _restore(modes):
    for module, mode in modes:
        module.training = mode


def _caught(network, images, layer, take):
    """What `take(inputs, output)` makes of the layer's call; no mode is touched."""
    found = []
    hook = network.get_submodule(layer).register_forward_hook(
        lambda _module, inputs, output: found.append(take(inputs, output))
    )
    network(images)
    hook.remove()
    return found[0]


def _output(_inputs, output):
    return output.detach().clone()


def _in_evaluation(network, images, layer, take=_output):
    modes = _modes(network)
    network.eval()
    found = _caught(network, images, layer, take)
    _restore(modes)
    return found


def _no_eval(network, images, layer):
    with torch.no_grad():
        return _caught(network, images, layer, _output)


def _stays_in_eval(network, images, layer):
    network.eval()
    with torch.no_grad():
        return _caught(network, images, layer, _output)


def _back_to_training(network, images, layer):
    found = _stays_in_eval(network, images, layer)
    network.train()
    return found


def _one_mode_for_all(network, images, layer):
    training = network.training
    found = _stays_in_eval(network, images, layer)
    network.train(training)
    return found


def _hook_stays(network, images, layer):
    modes, found = _modes(network), []
    network.eval()
    network.get_submodule(layer).register_forward_hook(
        lambda _module, _inputs, output: found.append(output.detach().clone())
    )
    network(images)
    _restore(modes)
    return found[0]


def _no_copy(network, images, layer):
    return _in_evaluation(network, images, layer, lambda _inputs, output: output.detach())


def _with_graph(network, images, layer):
    return _in_evaluation(network, images, layer, lambda _inputs, output: output.clone())


def _gradients_stay_off(network, images, layer):
    torch.set_grad_enabled(False)
    return _in_evaluation(network, images, layer)


def _input(network, images, layer):
    return _in_evaluation(network, images, layer, lambda inputs, _o: inputs[0].detach().clone())


def _whole_answer(network, images, layer):
    return _in_evaluation(network, images, "")


def _flat(network, images, layer):
    return _in_evaluation(network, images, layer).flatten(1)


def _pooled(network, images, layer):
    found = _in_evaluation(network, images, layer)
    return found.mean((2, 3)) if found.dim() == 4 else found


def _first_image(network, images, layer):
    return _in_evaluation(network, images, layer)[0]


def _outermost(network, images, layer):
    return _in_evaluation(network, images, layer.split(".")[0])


def _next_layer(network, images, layer):
    names = [n for n, module in network.named_modules() if not list(module.children())]
    own = [n for n in names if n == layer or n.startswith(layer + ".")]
    after = names[min(names.index(own[-1]) + 1, len(names) - 1)]
    return _in_evaluation(network, images, after)


def _list(network, images, layer):
    return [_in_evaluation(network, images, layer)]


def _numpy(network, images, layer):
    return _in_evaluation(network, images, layer).numpy()


def _weights(network, images, layer):
    module = network.get_submodule(layer)
    return next(module.parameters()).detach().clone()


_MODE = N_(
    "The features are right, but after the call the network is in evaluation mode. Whoever"
    " trains it would train with dropout off and running statistics standing still."
)

MISTAKES = (
    Mistake(
        "no_eval",
        N_(
            "The network computed in the mode it was in. In training mode dropout and the batch"
            " decide about the features, and running statistics move."
        ),
        _no_eval,
    ),
    Mistake("stays_in_eval", _MODE, _stays_in_eval),
    Mistake(
        "back_to_training",
        N_(
            "After the call the network is in training mode, whatever mode it was in before."
            " Note the mode first."
        ),
        _back_to_training,
    ),
    Mistake(
        "one_mode_for_all",
        N_(
            "You gave the whole network back one mode, but its parts were in different ones: a"
            " normalisation layer that was held in evaluation mode is awake now."
        ),
        _one_mode_for_all,
    ),
    Mistake(
        "hook_stays",
        N_(
            "The features are right, but your hook is still in the network: it will run at"
            " every later pass and hold on to its memory."
        ),
        _hook_stays,
    ),
    Mistake(
        "no_copy",
        N_(
            "The next layer works in place and wrote into your features: what you kept is no"
            " copy."
        ),
        _no_copy,
    ),
    Mistake(
        "with_graph",
        N_(
            "The features hold on to the whole graph of the pass that made them. Nothing here"
            " is to be learned, so nothing has to be kept for a gradient."
        ),
        _with_graph,
    ),
    Mistake(
        "gradients_stay_off",
        N_(
            "The features are right, but you switched gradients off and left them off: nothing"
            " can be trained after the call."
        ),
        _gradients_stay_off,
    ),
    Mistake("input", N_("That is what goes into the layer; what comes out is wanted."), _input),
    Mistake(
        "whole_answer",
        N_("That is the answer of the whole network, not of the layer asked for."),
        _whole_answer,
    ),
    Mistake(
        "flat",
        N_("You flattened the features; leave them in the shape that the layer gives them."),
        _flat,
    ),
    Mistake(
        "pooled",
        N_("You averaged over the map; leave the features as the layer gives them."),
        _pooled,
    ),
    Mistake(
        "first_image",
        N_("Those are the features of the first image alone; all are wanted."),
        _first_image,
    ),
    Mistake(
        "outermost",
        N_(
            "A dotted name leads into a part of the network: you took the answer of the whole"
            " part."
        ),
        _outermost,
    ),
    Mistake(
        "next_layer",
        N_("That is the answer of the layer after the one asked for."),
        _next_layer,
    ),
    Mistake("list", N_("You returned a list with the features in it, not the tensor."), _list),
    Mistake("numpy", N_("You returned a numpy array; a torch tensor is wanted."), _numpy),
    Mistake(
        "weights",
        N_("Those are the layer's weights; its answer to the images is wanted."),
        _weights,
    ),
)
