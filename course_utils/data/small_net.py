"""A small convolutional network, trained on drawn objects; its weights are in the package.

Built as AlexNet is: five convolutional layers, then dense ones. Layer k has stride 2^k, so
layers 3, 4 and 5 are the maps of strides 8, 16 and 32 that an FCN wants. Kernels and strides
are even where the map shrinks, so unit i of layer k stands exactly over the pixels
[2^k * i, 2^k * (i + 1)). Receptive fields of layers 1-5: 8, 26, 46, 86 and 166 pixels.

Unlike AlexNet it has batch normalisation, a global average in place of a 6 x 6 map (any
image size will do), and takes pixels in [0, 1]: the normalisation is inside.
Source: Krizhevsky et al. 2012, "ImageNet classification with deep convolutional neural
networks", section 3; Ioffe & Szegedy 2015, arXiv:1502.03167 (batch normalisation).
"""

import hashlib
import json
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from course_utils.data.shapes import SHAPES

__all__ = [
    "MAPS",
    "WEIGHTS",
    "SmallNet",
    "small_net",
    "small_net_record",
    "weights_checksum",
]

WEIGHTS = Path(__file__).parent / "weights" / "small_net.safetensors"

# Where the last map of each stride is, and its channels: what FeatureMaps and FCN take.
MAPS = {8: ("features.layer3", 96), 16: ("features.layer4", 128), 32: ("features.layer5", 192)}


class SmallNet(nn.Module):
    """Images (N, 3, H, W), RGB in [0, 1], H and W at least 32 -> logits (N, num_classes).

    features: layer1 .. layer5, (N, 192, H/32, W/32). avgpool: over the whole map.
    classifier: flatten, dense to 256, ReLU, dropout, dense to the classes.
    """

    def __init__(self, num_classes: int):
        super().__init__()
        self.features = nn.Sequential()
        self.features.add_module("layer1", _layer(3, 32, kernel=8, stride=2, pool=False))
        self.features.add_module("layer2", _layer(32, 64, kernel=5))
        self.features.add_module("layer3", _layer(64, 96, kernel=3))
        self.features.add_module("layer4", _layer(96, 128, kernel=3))
        self.features.add_module("layer5", _layer(128, 192, kernel=3))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(192, 256),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(256, num_classes),
        )

    def forward(self, images: Tensor) -> Tensor:
        maps = self.features(images)  # (N, 192, H / 32, W / 32)
        averages = self.avgpool(maps)  # (N, 192, 1, 1)
        return self.classifier(averages)  # (N, num_classes)


def small_net(num_classes: int | None = None, *, pretrained: bool = True) -> SmallNet:
    """The network, with the weights of the package or (pretrained=False) random ones.

    num_classes: of a fresh network; 6, SHAPES, by default. The pretrained one has 6; give
        it another head by `replace_head` of the transfer lecture.
    The weights lie in the file as float16, which halves it, and are used as float32.
    Returns the network in evaluation mode where it is pretrained, else in training mode.
    Raises ValueError for num_classes with pretrained; FileNotFoundError or ValueError where
    the file is not there, or is not the one that its record describes.
    """
    if not pretrained:
        return SmallNet(len(SHAPES) if num_classes is None else num_classes)
    if num_classes not in (None, len(SHAPES)):
        raise ValueError(
            f"Expected num_classes {len(SHAPES)} of a pretrained network, got {num_classes}. "
            "Load it, then replace its head."
        )
    tensors, _record = _read(WEIGHTS)
    model = SmallNet(len(SHAPES)).eval()
    model.load_state_dict(tensors)
    return model


def small_net_record() -> dict:
    """How the weights came about, as the script that trained them wrote it beside them.

    {"task", "classes", "accuracy", "pictures", "parameters", "seed", "command", ...}.
    Raises as `small_net` does.
    """
    return _read(WEIGHTS)[1]


def weights_checksum(tensors: dict[str, Tensor]) -> str:
    """SHA-256 of names, shapes and numbers (float32), whatever the file's format."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().float().contiguous()
        digest.update(f"{name} {tuple(tensor.shape)} ".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def _read(path: Path) -> tuple[dict[str, Tensor], dict]:
    """Tensors as float32 and the record, once they are known to belong together."""
    if not path.exists():
        raise FileNotFoundError(
            f"Expected the weights in {path}, there is no such file. Install the package "
            "again, or train them: python -m course_utils.teaching.train_small_net"
        )
    try:
        with safe_open(path, framework="pt") as file:
            record = json.loads(file.metadata()["record"])
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(
            f"Expected weights with their record in {path}, could not read them: {error!r}. "
            "Install the package again."
        ) from error
    if weights_checksum(tensors) != record.get("sha256"):
        raise ValueError(
            f"Expected weights with the checksum of their record in {path}, got others: the "
            "file is damaged or was changed. Install the package again."
        )
    return tensors, record


def _layer(
    inputs: int, outputs: int, kernel: int, stride: int = 1, pool: bool = True
) -> nn.Sequential:
    layer = nn.Sequential()
    if pool:
        layer.add_module("pool", nn.MaxPool2d(2))
    padding = (kernel - stride) // 2
    layer.add_module("conv", nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False))
    layer.add_module("norm", nn.BatchNorm2d(outputs))
    layer.add_module("relu", nn.ReLU())
    return layer
