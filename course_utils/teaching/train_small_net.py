"""Train the small network of the package and write its weights with their record.

    python -m course_utils.teaching.train_small_net

Takes some minutes on two cores; goes on where it was when it is interrupted. The record (task,
accuracy on pictures drawn for the purpose, seed, versions) is measured here and lies in
the header of the weights: nobody types it.
"""

import argparse
import json
import sys
from functools import partial
from pathlib import Path

import torch
import torchvision
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader

from course_utils.data.shapes import SHAPES
from course_utils.data.shapes_classification import ShapesClassification
from course_utils.data.small_net import WEIGHTS, SmallNet, weights_checksum
from course_utils.reference.evaluation import evaluate_classification
from course_utils.reference.placement import Placement
from course_utils.reference.training import fit, seed_everything

__all__ = ["main", "train_small_net"]

TRAIN, CHOOSE, TEST = (
    0,
    1,
    2,
)  # seeds of pictures: to learn from, to keep the best by, to report


def main(arguments: list[str] | None = None) -> int:
    """The program. Prints the record to stdout; 0 on success."""
    parser = argparse.ArgumentParser(prog="python -m course_utils.teaching.train_small_net")
    parser.add_argument("--output", type=Path, default=WEIGHTS)
    parser.add_argument("--per-class", type=int, default=2000, help="pictures to learn from")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    record = train_small_net(
        options.output,
        per_class=options.per_class,
        epochs=options.epochs,
        seed=options.seed,
    )
    print(json.dumps(record, indent=2))
    return 0


def train_small_net(output: Path, *, per_class: int, epochs: int, seed: int) -> dict:
    """Train, measure, write the weights to `output`; return the record.

    per_class: pictures of each class to learn from; a tenth as many to choose the best
    epoch by, and to report the accuracy on (at least 10).
    A checkpoint lies beside the output until the end.
    """
    held_out = max(per_class // 10, 10)
    draw = partial(ShapesClassification, SHAPES)
    train = draw(per_class=per_class, seed=TRAIN, transform=turned_and_mirrored)
    choose = draw(per_class=held_out, seed=CHOOSE, transform=to_unit)
    placement = Placement.choose("cpu", "float32")

    seed_everything(seed)
    model = SmallNet(len(SHAPES))
    # Normalisation makes the size of these weights irrelevant. Small at first and strongly
    # decayed, they lose their random start, and filters are seen instead of noise.
    torch.nn.init.normal_(model.features.layer1.conv.weight, std=0.005)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.5)
    checkpoint = output.with_suffix(".checkpoint.pt")
    output.parent.mkdir(parents=True, exist_ok=True)
    history = fit(
        model,
        DataLoader(train, batch_size=64, shuffle=True),
        F.cross_entropy,
        optimizer,
        epochs=epochs,
        seed=seed,
        scheduler=torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs),
        evaluate=partial(
            evaluate_classification,
            batches=DataLoader(choose, batch_size=200),
            placement=placement,
        ),
        best="accuracy",
        placement=placement,
        checkpoint=checkpoint,
        quiet=not sys.stderr.isatty(),
    )
    if history.interrupted:
        raise KeyboardInterrupt  # the checkpoint stays: the next run goes on from it

    stored = {name: _stored(value) for name, value in model.state_dict().items()}
    model.load_state_dict(stored)  # what is reported is what is in the file
    test = draw(per_class=held_out, seed=TEST, transform=to_unit)
    measured = evaluate_classification(model, DataLoader(test, batch_size=200), placement)
    record = {
        "task": f"one object in a 64 x 64 picture: which of {len(SHAPES)} outlines",
        "classes": [kind.name for kind in SHAPES],
        "accuracy": round(measured["accuracy"], 4),
        "measured_on": len(test),
        "trained_on": len(train),
        "epochs": epochs,
        "best_epoch": history.best_epoch,
        "seed": seed,
        "parameters": sum(p.numel() for p in model.parameters()),
        "command": "python -m course_utils.teaching.train_small_net "
        f"--per-class {per_class} --epochs {epochs} --seed {seed}",
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "sha256": weights_checksum(stored),
    }
    save_file(stored, output, metadata={"record": json.dumps(record)})
    output.chmod(0o644)  # safetensors makes files that only their owner can read
    checkpoint.unlink(missing_ok=True)
    return record


def to_unit(image: Tensor) -> Tensor:
    """(3, H, W) uint8 -> float32 in [0, 1]."""
    return image.float() / 255


def turned_and_mirrored(image: Tensor) -> Tensor:
    """One of the eight ways to lay a square picture down, in [0, 1]."""
    quarter_turns = int(torch.randint(4, ()))
    image = to_unit(image).rot90(quarter_turns, dims=(1, 2))
    return image.flip(2) if torch.rand(()) < 0.5 else image


def _stored(value: Tensor) -> Tensor:
    return value.detach().half().contiguous() if value.is_floating_point() else value


if __name__ == "__main__":
    sys.exit(main())
