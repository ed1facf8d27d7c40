"""The command line of the recipes: `python -m course_utils.recipes`.

Results go to stdout, what is going on to stderr. Exit codes: 0 done, 1 it can't be done (the
reason in one line), 2 a wrong option, 130 interrupted and kept.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from course_utils.data.scenes import Unavailable
from course_utils.i18n import LANGUAGES, _, set_language
from course_utils.recipes.loop import DoesNotFit
from course_utils.recipes.memory import training_bytes
from course_utils.recipes.registry import RECIPES, Recipe, recipe_named
from course_utils.recipes.run import Impossible, Settings, Stopped, run
from course_utils.reference.placement import PRECISIONS

__all__ = ["main", "settings_of"]


@dataclass(frozen=True)
class _Defaults:
    """Of one data set; None: the recipe's own."""

    size: int
    width: int
    weights: str
    batch: int | None
    iterations: int | None


# Drawn scenes are for trying a recipe, on a CPU in minutes: a sixteenth of the channels' work.
_DEFAULTS = {
    "voc": _Defaults(480, 64, "imagenet", None, None),
    "shapes": _Defaults(128, 16, "none", 8, 300),
}
_RANDOM_RATE = 20  # times the learning rate, where VGG-16 or a ResNet starts from nothing


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    language = os.environ.get("COURSE_LANGUAGE") or "en"
    if language in LANGUAGES:
        set_language(language)
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.recipe == "list":
        print(_list())
        return 0
    try:
        settings = settings_of(chosen)
    except ValueError as error:
        parser.error(str(error))
    try:
        run(settings, resume=chosen.resume)
    except Stopped as words:
        return _fail(str(words), 130)
    except KeyboardInterrupt:
        return _fail(_("Interrupted; what was kept last is in {folder}.").format(
            folder=settings.out), 130)  # fmt: skip
    except torch.OutOfMemoryError as error:
        return _fail(
            _("The network itself does not fit into memory ({reason}). Try --width.").format(
                reason=str(error).splitlines()[0]
            )
        )
    except (Unavailable, Impossible, DoesNotFit, ValueError, FloatingPointError, OSError) as e:
        return _fail(str(e))
    return 0


def settings_of(chosen: argparse.Namespace) -> Settings:
    """The settings that the options ask for. Raises ValueError for what can't go together."""
    recipe, defaults = recipe_named(chosen.recipe), _DEFAULTS[chosen.data]
    resnet = bool(chosen.backbone) and chosen.backbone.startswith("resnet")
    if chosen.backbone and chosen.backbone not in recipe.backbones:
        there = ", ".join(recipe.backbones) or "none"
        raise ValueError(
            f"Expected a backbone of {recipe.name} ({there}), got {chosen.backbone!r}."
        )
    if resnet and chosen.width not in (None, 64):
        raise ValueError(f"Expected --width 64, as ResNets have, got {chosen.width}.")
    weights = chosen.weights or (defaults.weights if recipe.backbones else "none")
    if weights == "imagenet" and not recipe.backbones:
        raise ValueError(f"Expected --weights none: {recipe.name} has no classifier inside.")
    default_width = 64 if resnet or weights == "imagenet" else defaults.width
    width = chosen.width or default_width
    if weights == "imagenet" and width != 64:
        raise ValueError(f"Expected --width 64 with ImageNet's weights, got {width}.")
    if chosen.sbd and chosen.data != "voc":
        raise ValueError("Expected --sbd beside --data voc, got it with drawn scenes.")
    random = recipe.backbones and weights == "none" and chosen.start_from is None
    return Settings(
        recipe=recipe.name,
        data=chosen.data,
        backbone=chosen.backbone or next(iter(recipe.backbones), ""),
        weights=weights,
        width=width,
        size=chosen.size or defaults.size,
        batch=chosen.batch_size or defaults.batch or recipe.batch,
        iterations=chosen.iterations or defaults.iterations or recipe.iterations,
        learning_rate=chosen.learning_rate
        or recipe.learning_rate * (_RANDOM_RATE if random else 1),
        seed=chosen.seed,
        out=chosen.out or Path("runs") / f"{recipe.name}-{chosen.data}",
        sbd=chosen.sbd,
        start=chosen.start_from,
        root=chosen.root,
        device=chosen.device,
        precision=chosen.precision,
        workers=chosen.workers,
        evaluate_every=chosen.evaluate_every,
        checkpoint_every=chosen.checkpoint_every,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m course_utils.recipes",
        description=_(
            "Train a network of the lecture on PASCAL VOC 2012 and print what it reaches "
            "beside what was published. Made for a GPU with 15 GB, such as Colab's T4. Drawn "
            "scenes (--data shapes) try the same on a CPU in minutes."
        ),
        epilog=_("`list` in place of a name prints the recipes."),
    )
    add = parser.add_argument
    names = ["list", *RECIPES]
    add("recipe", metavar="NAME", choices=names, help=_("out of: ") + ", ".join(names))
    add(
        "--data",
        choices=sorted(_DEFAULTS),
        default="voc",
        help=_("voc: VOC 2012, downloaded on first use (2 GB); shapes: drawn scenes"),
    )
    add(
        "--root",
        type=Path,
        metavar="FOLDER",
        help=_("a folder that holds VOCdevkit/VOC2012, in place of the download"),
    )
    add(
        "--sbd",
        action="store_true",
        help=_("train on SBD's images too (1.4 GB), without those of VOC's val"),
    )
    add("--backbone", metavar="NAME", help=_("vgg16, resnet50 or resnet18, where there is one"))
    add(
        "--weights",
        choices=("imagenet", "none"),
        help=_("of the backbone at the start; imagenet for voc, none for shapes"),
    )
    add(
        "--start-from",
        type=Path,
        metavar="RUN",
        help=_(
            "folder of another run whose network is taken over: fcn32s for fcn16s, "
            "fcn16s for fcn8s, front-end for context"
        ),
    )
    add(
        "--width",
        type=_positive,
        metavar="N",
        help=_("channels of the first layer; 64 for voc, 16 for shapes"),
    )
    add(
        "--iterations",
        type=_positive,
        metavar="N",
        help=_("steps in all; the recipe's for voc, 300 for shapes"),
    )
    add(
        "--batch-size",
        type=_positive,
        metavar="N",
        help=_("images of a step; the recipe's for voc, 8 for shapes"),
    )
    add(
        "--size",
        type=_size,
        metavar="PIXELS",
        help=_("side of the crops; 480 for voc, 128 for shapes"),
    )
    add(
        "--learning-rate",
        type=_positive_number,
        metavar="X",
        help=_("of the first step; it falls to 0 as (1 - t/T)^0.9"),
    )
    add("--device", type=_device, metavar="NAME", help=_("cuda or cpu; cuda where it is"))
    add(
        "--precision",
        choices=("auto", *PRECISIONS),
        default="auto",
        help=_("auto: bfloat16 or float16, by what the device computes fastest"),
    )
    add(
        "--out",
        type=Path,
        metavar="FOLDER",
        help=_("checkpoint, weights, curves and result; runs/NAME-DATA"),
    )
    add("--resume", action="store_true", help=_("go on from the checkpoint in --out"))
    add(
        "--evaluate-every",
        type=_not_negative,
        default=10.0,
        metavar="EPOCHS",
        help=_("measure on val so often; 0: at the end alone; %(default)g"),
    )
    add(
        "--checkpoint-every",
        type=_positive,
        default=500,
        metavar="N",
        help=_("steps between checkpoints; %(default)s"),
    )
    add(
        "--seed",
        type=_seed,
        default=0,
        metavar="N",
        help=_("of weights, order, crops and dropout; %(default)s"),
    )
    add("--workers", type=_count, default=2, metavar="N",
        help=_("processes that read images; %(default)s"))  # fmt: skip
    return parser


def _list() -> str:
    head = [_("recipe"), _("backbone"), _("batch"), _("steps"), _("memory, GB"),
            _("published mean Jaccard")]  # fmt: skip
    rows = [head, *map(_row, RECIPES.values())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines += [
        "",
        _("Batches and steps are for --data voc with crops of 480 x 480. Memory is an estimate "
          "in half precision; a T4 has 15 GB. Where a batch does not fit after all, it is "
          "computed in parts."),
        _("Published figures are quoted, per cent; where from, a run's table says."),
    ]  # fmt: skip
    return "\n".join(lines)


def _row(recipe: Recipe) -> list[str]:
    with torch.device("meta"):
        options = {"backbone": recipe.backbones[0], "weights": None} if recipe.backbones else {}
        network = recipe.build(21, width=64, **options)
    memory = training_bytes(network, recipe.batch, 480) / 1e9
    quoted = ", ".join(f"{q.mean_jaccard} ({q.name})" for q in recipe.quoted) or "—"
    backbones = ", ".join(recipe.backbones) or "—"
    return [recipe.name, backbones, str(recipe.batch), str(recipe.iterations),
            f"{memory:.1f}", quoted]  # fmt: skip


def _fail(sentence: str, code: int = 1) -> int:
    print(sentence, file=sys.stderr)
    return code


def _positive(text: str) -> int:
    return _number(text, int, 1, _("a whole number of at least 1"))


def _count(text: str) -> int:
    return _number(text, int, 0, _("a whole number of at least 0"))


def _seed(text: str) -> int:
    return _number(text, int, 0, _("a whole number of at least 0"))


def _size(text: str) -> int:
    return _number(text, int, 32, _("at least 32 pixels"))


def _not_negative(text: str) -> float:
    return _number(text, float, 0, _("a number of at least 0"))


def _positive_number(text: str) -> float:
    return _number(text, float, 1e-12, _("a number above 0"))


def _number(text: str, kind: type, least: float, expected: str) -> float:
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not least <= value < float("inf"):
        raise argparse.ArgumentTypeError(
            _("expected {expected}, got {text}").format(expected=expected, text=repr(text))
        )
    return value


def _device(text: str) -> str:
    try:
        kind = torch.device(text).type
    except RuntimeError:
        kind = None
    if kind not in ("cpu", "cuda"):
        raise argparse.ArgumentTypeError(
            _("expected {expected}, got {text}").format(expected="cpu, cuda", text=repr(text))
        )
    return text
