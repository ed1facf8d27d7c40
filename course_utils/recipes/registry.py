"""The recipes: what is trained, how long, in what batches, and what was published for it.

Batches fit into the 15 GB of Colab's T4 with crops of 480 x 480 in half precision; `memory`
says what is expected, `list` prints it. Learning rates, iterations and batches are this
course's choice, not the papers'.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import nn
from torchvision import models

from course_utils.data.published import FCN_PUBLISHED
from course_utils.data.published_dilated import DILATED_TEST, DILATED_VALIDATION
from course_utils.recipes import networks

__all__ = ["IMAGENET_WEIGHTS", "RECIPES", "Quoted", "Recipe", "recipe_named"]

# What ImageNet's weights of each backbone are called in torchvision.
IMAGENET_WEIGHTS = {
    "vgg16": models.VGG16_Weights.IMAGENET1K_V1,
    "resnet18": models.ResNet18_Weights.IMAGENET1K_V1,
    "resnet50": models.ResNet50_Weights.IMAGENET1K_V1,
}


@dataclass(frozen=True)
class Quoted:
    """Published figures in per cent, None where the source prints none; and the source."""

    name: str
    source: str
    mean_jaccard: float
    pixel_accuracy: float | None = None
    mean_accuracy: float | None = None


@dataclass(frozen=True)
class Recipe:
    """One configuration of the training loop.

    build: (num_classes, backbone=, width=, weights=) -> network; without backbones
        (num_classes, width=). backbones: the first is the default; empty for a network that
        starts from random weights.
    batch: images of a step. iterations: steps. learning_rate: of the first step; new layers
        on a backbone learn `new_layers` times faster. It falls as (1 - t / T)^0.9.
    quoted: what was published.
    """

    name: str
    build: Callable[..., nn.Module]
    backbones: tuple[str, ...]
    batch: int
    iterations: int
    learning_rate: float
    weight_decay: float = 5e-4
    momentum: float = 0.9
    new_layers: float = 10.0
    quoted: tuple[Quoted, ...] = ()


def recipe_named(name: str) -> Recipe:
    """The recipe. Raises ValueError for a name that none has."""
    if name not in RECIPES:
        raise ValueError(f"Expected a recipe out of {', '.join(RECIPES)}, got {name!r}.")
    return RECIPES[name]


def _fcn(stride: int) -> Recipe:
    published = FCN_PUBLISHED[stride]
    quoted = Quoted(
        f"FCN-{stride}s",
        "Long et al. 2015, arXiv:1411.4038, table 2: a subset of VOC 2011's val, VGG-16",
        published.mean_jaccard,
        published.pixel_accuracy,
        published.mean_accuracy,
    )
    return Recipe(
        name=f"fcn{stride}s",
        build=partial(networks.fcn, stride=stride),
        backbones=("vgg16", "resnet50", "resnet18"),
        batch=16,
        iterations=10_000,
        learning_rate=1e-3,
        quoted=(quoted,),
    )


def _dilated(name: str, context: str | None, quoted: tuple[Quoted, ...]) -> Recipe:
    def build(
        num_classes: int, *, backbone: str, width: int, weights: networks.Weights
    ) -> nn.Module:
        return networks.front_end(num_classes, context=context, width=width, weights=weights)

    return Recipe(
        name=name,
        build=build,
        backbones=("vgg16",),
        batch=14,
        iterations=12_000,
        learning_rate=1e-3,
        quoted=quoted,
    )


def _validation(name: str, key: str) -> Quoted:
    source = "Yu, Koltun 2016, arXiv:1511.07122, table 3: VOC 2012's val, VGG-16, no CRF"
    return Quoted(name, source, DILATED_VALIDATION[key])


_TEST = Quoted(
    "front end, test",
    "Yu, Koltun 2016, arXiv:1511.07122, table 2: VOC 2012's test set, VGG-16, no CRF",
    DILATED_TEST["front end"].mean,
)

RECIPES = {
    recipe.name: recipe
    for recipe in (
        _fcn(32),
        _fcn(16),
        _fcn(8),
        Recipe(
            name="unet",
            build=networks.unet,
            backbones=(),
            batch=12,
            iterations=20_000,
            learning_rate=2e-2,
            weight_decay=1e-4,
        ),
        _dilated("front-end", None, (_validation("front end", "front end"), _TEST)),
        _dilated("context", "basic", (_validation("+ Basic", "basic"),)),
        _dilated("context-large", "large", (_validation("+ Large", "large"),)),
    )
}
