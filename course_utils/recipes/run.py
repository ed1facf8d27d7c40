"""A recipe from its settings to a measured network: a folder that tells all about the run.

checkpoint.pt          from which --resume goes on
weights.safetensors    the trained network
result.json            settings, measures, and what was published
tensorboard/           the curves (log.csv without TensorBoard)
"""

import json
import math
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from tqdm.auto import tqdm

from course_utils.data.imagenet import load_weights
from course_utils.data.scenes import Unavailable
from course_utils.i18n import _
from course_utils.recipes.loop import Training
from course_utils.recipes.measuring import MEASURES, comparison, measure
from course_utils.recipes.networks import parameter_groups, start_from
from course_utils.recipes.pictures import Pictures, load_pictures
from course_utils.recipes.registry import IMAGENET_WEIGHTS, Recipe, recipe_named
from course_utils.recipes.run_log import RunLog, open_log
from course_utils.reference.checkpoints import read_checkpoint, write_checkpoint
from course_utils.reference.placement import Placement
from course_utils.reference.training import seed_everything

__all__ = ["Impossible", "Settings", "Stopped", "run"]

CHECKPOINT, WEIGHTS, RESULT = "checkpoint.pt", "weights.safetensors", "result.json"
LOG_EVERY = 20  # steps; the loss is looked at then, which waits for the GPU

# What may differ between a run and its continuation.
_FREE = ("out", "root", "device", "workers", "evaluate_every", "checkpoint_every")


class Impossible(Exception):
    """A run that can't be; the words, with what to do, are for the reader."""


class Stopped(Exception):
    """The run was interrupted and is kept in its checkpoint; the words are for the reader."""


@dataclass(frozen=True)
class Settings:
    """All that a run depends on.

    data: "voc" or "shapes". root: a folder with VOCdevkit/VOC2012 in place of the download or
    the drawing. backbone: "" for a network without. weights: "imagenet" or "none". start:
    a folder of another run, or its weights.safetensors, to start from. evaluate_every: epochs,
    0 for the end alone. checkpoint_every: steps.
    """

    recipe: str
    data: str
    backbone: str
    weights: str
    width: int
    size: int
    batch: int
    iterations: int
    learning_rate: float
    seed: int
    out: Path
    sbd: bool = False
    start: Path | None = None
    root: Path | None = None
    device: str | None = None
    precision: str = "auto"
    workers: int = 2
    evaluate_every: float = 10
    checkpoint_every: int = 500


def run(settings: Settings, *, resume: bool = False, quiet: bool = False) -> dict[str, object]:
    """Train, measure, keep; returns what is in result.json. The table goes to stdout.

    resume: go on from the checkpoint in settings.out; from the beginning where there is none.
    quiet: no progress bar.
    Raises Impossible, Unavailable, DoesNotFit, Stopped with words for the reader; ValueError
    for settings that can't be; FloatingPointError where the loss stops being a number.
    """
    recipe = recipe_named(settings.recipe)
    placement = Placement.choose(settings.device, settings.precision)
    kept = _checkpoint(settings, resume)
    pictures = load_pictures(
        settings.data, root=settings.root, size=settings.size, sbd=settings.sbd
    )
    _say(_describe(settings, recipe, placement, pictures))
    training = _training(settings, recipe, placement, len(pictures.names), kept is None)
    seconds, history = 0.0, []
    if kept is not None:
        training.load(kept["training"])
        seconds, history = kept["seconds"], kept["history"]
        _say(_("Going on behind step {step}.").format(step=training.step_number))

    settings.out.mkdir(parents=True, exist_ok=True)
    log, sentence = open_log(settings.out, training.step_number)
    _say(sentence)
    try:
        seconds = _train(training, settings, pictures, log, history, seconds, quiet)
        measured = _measure(training, settings, pictures)
        log.write(training.step_number, {key: measured[key] for key in MEASURES})
    finally:
        log.close()

    save_weights(settings.out / WEIGHTS, training.network)
    result = _result(
        settings, recipe, placement, pictures, training, measured, history, seconds
    )
    _write_text(settings.out / RESULT, json.dumps(result, indent=1, ensure_ascii=False))
    where = _circumstances(settings, result)
    print(comparison(measured, where, recipe.quoted, on_voc=settings.data == "voc"), flush=True)
    _say(_("Kept in {folder}.").format(folder=settings.out))
    return result


def save_weights(path: Path, network: nn.Module) -> None:
    """The network's state as safetensors, all or nothing."""
    state = {name: value.cpu().contiguous() for name, value in network.state_dict().items()}
    with _beside(path) as fresh:
        save_file(state, fresh)


def _train(
    training: Training,
    settings: Settings,
    pictures: Pictures,
    log: RunLog,
    history: list[dict],
    before: float,
    quiet: bool,
) -> float:
    """All steps that are left; returns the seconds of training, those before included."""
    first, seconds = training.step_number, before
    epoch = math.ceil(len(pictures.train) / settings.batch)  # steps
    evaluate_every = math.ceil(settings.evaluate_every * epoch)
    batches = pictures.batches(
        settings.batch,
        settings.size,
        seed=settings.seed,
        start=first,
        stop=settings.iterations,
        workers=settings.workers,
    )
    bar = tqdm(total=settings.iterations, initial=first, unit=_("step"), disable=quiet)
    losses: list[Tensor] = []
    start = since = time.perf_counter()
    with bar, _interrupted() as interrupted, _convolutions(tuned=True):
        for images, truth in batches:
            rate = training.learning_rate()
            losses.append(training.step(images, truth))
            bar.update()
            step = training.step_number
            last, stopping = step == settings.iterations, interrupted.is_set()
            due = evaluate_every and step % evaluate_every == 0 and not last
            keeping = step % settings.checkpoint_every == 0 or due or last or stopping
            if keeping or step % LOG_EVERY == 0:
                loss = _mean(losses, step)
                speed = len(losses) * settings.batch / (time.perf_counter() - since)
                log.write(step, {"loss": loss, "learning rate": rate, "images a second": speed})
                bar.set_postfix_str(_("loss {x}").format(x=f"{loss:.4f}"), refresh=False)
                losses, since = [], time.perf_counter()
            if due and not stopping:
                measured = _measure(training, settings, pictures)
                history.append({"step": step, **{key: measured[key] for key in MEASURES}})
                log.write(step, {key: measured[key] for key in MEASURES})
                _say(_shown(history[-1]))
                since = time.perf_counter()
            if keeping:
                seconds = before + time.perf_counter() - start
                state = {"training": training.state(), "history": history, "seconds": seconds}
                state["settings"] = _comparable(settings)
                write_checkpoint(settings.out / CHECKPOINT, state)
            if stopping and not last:
                raise Stopped(
                    _("Stopped behind step {step}: --resume goes on from there.").format(
                        step=step
                    )
                )
    return seconds


def _training(
    settings: Settings, recipe: Recipe, placement: Placement, classes: int, fresh: bool
) -> Training:
    """The network with its first weights (any weights, where a checkpoint brings them)."""
    options = {"width": settings.width}
    if recipe.backbones:
        options["backbone"] = settings.backbone
        imagenet = settings.weights == "imagenet" and fresh and settings.start is None
        options["weights"] = _imagenet(settings.backbone) if imagenet else None
    seed_everything(settings.seed)
    network = recipe.build(classes, **options)
    if fresh and settings.start is not None:
        _start_from(network, settings.start)
    # Layers that no classifier gives weights to learn faster than those that only adapt.
    adapted = settings.weights == "imagenet" or settings.start is not None
    groups = parameter_groups(
        network, settings.learning_rate, recipe.new_layers if adapted else 1.0
    )
    optimizer = torch.optim.SGD(
        groups, momentum=recipe.momentum, weight_decay=recipe.weight_decay
    )
    return Training(
        network,
        optimizer,
        iterations=settings.iterations,
        seed=settings.seed,
        placement=placement,
        say=_say,
    )


def _imagenet(backbone: str) -> dict[str, Tensor]:
    try:
        return load_weights(IMAGENET_WEIGHTS[backbone])
    except Unavailable as error:
        raise Impossible(
            _(
                "ImageNet's weights of {network} can't be had ({reason}). Without them: "
                "--weights none trains from random ones."
            ).format(network=backbone, reason=error.reason)
        ) from error


def _start_from(network: nn.Module, start: Path) -> None:
    path = start / WEIGHTS if start.is_dir() else start
    try:
        weights = load_file(path)
    except Exception as error:  # safetensors raises its own kind, and OSError
        raise Impossible(
            _(
                "No weights to start from in {path} ({reason}). Give the folder of a run that "
                "came to its end."
            ).format(path=path, reason=type(error).__name__)
        ) from error
    start_from(network, weights)


def _checkpoint(settings: Settings, resume: bool) -> dict | None:
    """The state to go on from, or None to begin."""
    path = settings.out / CHECKPOINT
    if not resume:
        if path.exists():
            raise Impossible(
                _(
                    "There is a run in {folder} already. Go on with it (--resume) or keep this "
                    "one elsewhere (--out)."
                ).format(folder=settings.out)
            )
        return None
    state = read_checkpoint(path)
    if state is None:
        _say(_("No checkpoint in {folder}: from the beginning.").format(folder=settings.out))
        return None
    now, then = _comparable(settings), state.get("settings", {})
    for name, value in now.items():
        if name not in then or then[name] != value:
            raise Impossible(
                _(
                    "The run in {folder} has {name} = {then}, now it is {now}. Go on with its "
                    "own settings, or begin another run (--out)."
                ).format(folder=settings.out, name=name, then=then.get(name), now=value)
            )
    return state


def _comparable(settings: Settings) -> dict[str, object]:
    return {
        name: str(value) if isinstance(value, Path) else value
        for name, value in asdict(settings).items()
        if name not in _FREE
    }


def _measure(training: Training, settings: Settings, pictures: Pictures) -> dict[str, object]:
    batches = pictures.validation(settings.workers)
    progress = tqdm(batches, unit=_("image"), leave=False, disable=None, delay=2)
    with _convolutions(tuned=False):  # every image has its own size
        return measure(training.network, progress, pictures.names, training.placement)


def _mean(losses: list[Tensor], step: int) -> float:
    mean = float(torch.stack(losses).mean())
    if not math.isfinite(mean):
        raise FloatingPointError(
            f"Expected a finite loss, got {mean} in steps {step - len(losses) + 1} to {step}. "
            "Try a smaller --learning-rate, or --precision float32."
        )
    return mean


def _result(
    settings: Settings,
    recipe: Recipe,
    placement: Placement,
    pictures: Pictures,
    training: Training,
    measured: Mapping[str, object],
    history: list[dict],
    seconds: float,
) -> dict[str, object]:
    return {
        "recipe": recipe.name,
        "settings": _comparable(settings),
        "data": {
            "name": pictures.shown,
            "train images": len(pictures.train),
            "val images": len(pictures.val),
        },
        "device": _device_name(placement.device),
        "precision": str(placement.precision).removeprefix("torch."),
        "torch": torch.__version__,
        "steps": training.step_number,
        "images at once": training.part or settings.batch,
        "seconds of training": round(seconds, 1),
        "measured": dict(measured),
        "measured on the way": history,
        "quoted": [asdict(quoted) for quoted in recipe.quoted],
    }


def _circumstances(settings: Settings, result: Mapping[str, object]) -> str:
    weights = {
        "imagenet": _("from ImageNet's weights"),
        "none": _("from random weights"),
    }[settings.weights]
    if settings.start is not None:
        weights = _("from the weights in {path}").format(path=settings.start)
    return _(
        "{data}, {images} images of val, trained on {train} for {steps} steps of {batch} "
        "images, {weights}, on {device} in {precision}"
    ).format(
        data=result["data"]["name"],
        images=result["data"]["val images"],
        train=result["data"]["train images"],
        steps=result["steps"],
        batch=settings.batch,
        weights=weights,
        device=result["device"],
        precision=result["precision"],
    )


def _describe(
    settings: Settings, recipe: Recipe, placement: Placement, pictures: Pictures
) -> str:
    backbone = f" ({settings.backbone})" if settings.backbone else ""
    return _(
        "{recipe}{backbone} on {data}: {train} images, {steps} steps of {batch} crops of "
        "{size} pixels, on {device} in {precision}."
    ).format(
        recipe=recipe.name,
        backbone=backbone,
        data=pictures.shown,
        train=len(pictures.train),
        steps=settings.iterations,
        batch=settings.batch,
        size=settings.size,
        device=_device_name(placement.device),
        precision=str(placement.precision).removeprefix("torch."),
    )


def _shown(measures: Mapping[str, float]) -> str:
    return _(
        "Step {step}: pixel accuracy {pixels}, mean accuracy {mean}, mean Jaccard {jaccard} "
        "per cent."
    ).format(
        step=measures["step"],
        pixels=f"{measures['pixel_accuracy']:.1f}",
        mean=f"{measures['mean_accuracy']:.1f}",
        jaccard=f"{measures['mean_jaccard']:.1f}",
    )


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"


def _say(sentence: str) -> None:
    tqdm.write(sentence, file=sys.stderr)


@contextmanager
def _convolutions(*, tuned: bool) -> Iterator[None]:
    """cuDNN tries its algorithms for each new size: a gain where sizes stay the same."""
    before, torch.backends.cudnn.benchmark = torch.backends.cudnn.benchmark, tuned
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before


@contextmanager
def _interrupted() -> Iterator[threading.Event]:
    """Set by Ctrl+C or SIGTERM, for the loop to end its step first; the second one is felt."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return

    def note(number: int, frame: object) -> None:
        if event.is_set():
            raise KeyboardInterrupt
        event.set()

    before = {each: signal.signal(each, note) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def _beside(path: Path) -> Iterator[str]:
    """A file to write, which takes the place of `path` once it is whole."""
    handle, fresh = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    os.close(handle)
    try:
        yield fresh
        os.chmod(fresh, 0o644)
        os.replace(fresh, path)
    finally:
        Path(fresh).unlink(missing_ok=True)


def _write_text(path: Path, text: str) -> None:
    with _beside(path) as fresh:
        Path(fresh).write_text(text, encoding="utf-8")
