"""The front end of the lecture's last slide: VGG-16 that keeps its resolution.

VGG-16 halves five times. Its last two poolings are removed, and every convolution after a
removed pooling is dilated to see as far as before: by 2 after the fourth (conv5), by 4 after
the fifth (fc6, the dense layer turned into a 7x7 convolution). Stride 8 instead of 32, the
weights of ImageNet still fit. The context network refines what comes out.
Source: Yu, Koltun 2016, arXiv:1511.07122, section 4.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.reference.fcn import dense_to_convolution
from course_utils.reference.initialisation import he_initialise
from course_utils.reference.padding import pad_to_multiple

__all__ = ["DilatedSegmenter", "FrontEnd"]

STRIDE = 8
# VGG-16: (channels in units of `width`, dilation); a pooling wherever None stands.
VGG_LAYERS = [
    *[(1, 1)] * 2, None, *[(2, 1)] * 2, None, *[(4, 1)] * 3, None,
    *[(8, 1)] * 3,  # conv4; no pooling after it
    *[(8, 2)] * 3,  # conv5; no pooling after it
]  # fmt: skip


class FrontEnd(nn.Sequential):
    """VGG-16 without pool4 and pool5: (N, 3, H, W) images -> (N, K, H', W') scores, stride 8.

    width: channels of the first layer; 64 is the paper's, 134,346,581 parameters for 21
    classes. fc6 and fc7 have 64 * width channels unless `hidden` says otherwise.
    padded=False, as in the paper: no convolution pads, and H' = (H - 372) / 8 for
    H = 380, 388, ... (4 mod 8), or the floor of that. Score i stands over pixels
    [8i + 186, 8i + 194), so padding the image by `margin` = 186 gives H' = H / 8.
    padded=True, for small images: every convolution pads by its dilation times (k - 1) / 2,
    and H' = floor(H / 8).
    dropout: after fc6 and fc7, as in VGG.
    Parts by name: `features`, `classifier`. Weights start as he_initialise draws them.
    Raises ValueError on an image too small to give one score.
    """

    margin = 186  # pixels that the unpadded network loses on each side

    def __init__(
        self,
        num_classes: int,
        *,
        width: int = 64,
        hidden: int | None = None,
        padded: bool = False,
        dropout: float = 0.5,
    ):
        super().__init__()
        if num_classes < 1 or width < 1:
            raise ValueError(f"Expected num_classes, width >= 1, got {num_classes}, {width}.")
        self.padded = padded
        layers: list[nn.Module] = []
        channels = 3
        for layer in VGG_LAYERS:
            if layer is None:
                layers.append(nn.MaxPool2d(2))
            else:
                times, dilation = layer
                layers += [
                    _convolution(channels, times * width, 3, dilation, padded),
                    nn.ReLU(inplace=True),
                ]
                channels = times * width
        self.features = nn.Sequential(*layers)
        hidden = hidden or 64 * width
        self.classifier = nn.Sequential(
            _convolution(channels, hidden, 7, 4, padded),  # fc6
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Conv2d(hidden, hidden, kernel_size=1),  # fc7
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Conv2d(hidden, num_classes, kernel_size=1),
        )
        he_initialise(self)

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, K, H', W')."""
        least = STRIDE if self.padded else 2 * self.margin + STRIDE
        if images.dim() != 4 or images.shape[1] != 3 or min(images.shape[-2:]) < least:
            raise ValueError(
                f"Expected images (N, 3, H, W) of at least {least} pixels a side, got "
                f"{tuple(images.shape)}. For small images take padded=True."
            )
        return super().forward(images)

    @classmethod
    def from_vgg16(
        cls, model: nn.Module, num_classes: int, *, padded: bool = False
    ) -> "FrontEnd":
        """The front end with the weights of torchvision's `vgg16` (copied).

        Its 13 convolutions and fc6, fc7 (turned into convolutions) are taken over; the last
        layer is new, with zero weights, so every class starts with the same score.
        Raises ValueError for a model with other layers (vgg16_bn too).
        """
        between = nn.ReLU | nn.MaxPool2d
        theirs = [m for m in getattr(model, "features", []) if not isinstance(m, between)]
        dense = [m for m in getattr(model, "classifier", []) if isinstance(m, nn.Linear)]
        if [type(m) for m in theirs] != [nn.Conv2d] * 13 or len(dense) != 3:
            raise ValueError(
                f"Expected torchvision's vgg16: 13 convolutions and 3 dense layers, got "
                f"{type(model).__name__} with {len(theirs)} and {len(dense)}."
            )
        channels, hidden = theirs[-1].out_channels, dense[0].out_features
        network = cls(
            num_classes, width=theirs[0].out_channels, hidden=hidden, padded=padded
        ).to(theirs[0].weight)
        fc6 = dense_to_convolution(dense[0], channels, 7, 7)
        fc7 = dense_to_convolution(dense[1], hidden, 1, 1)
        *ours, score = (m for m in network.modules() if isinstance(m, nn.Conv2d))
        for layer, source in zip(ours, [*theirs, fc6, fc7], strict=True):
            layer.load_state_dict(source.state_dict())
        nn.init.zeros_(score.weight)
        return network


class DilatedSegmenter(nn.Module):
    """Front end, context network if given, and bilinear upsampling to the image's size.

    (N, 3, H, W) -> (N, K, H, W) logits for any H and W. Images are padded with zeros at the
    right and below to a multiple of 8 and the logits cut back. For an unpadded front end they
    are padded by 186 more pixels on each side, by reflection, as in the paper (section 4);
    that needs images of more than 186 pixels: ValueError otherwise.
    front_end: scores at stride 8. context: (N, K, h, w) -> (N, K, h, w), same size.
    """

    def __init__(self, front_end: FrontEnd, context: nn.Module | None = None):
        super().__init__()
        self.front_end = front_end
        self.context = context or nn.Identity()

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, K, H, W) logits."""
        height, width = images.shape[-2:]
        images = pad_to_multiple(images, STRIDE)  # (N, 3, h, w): multiples of 8
        size = images.shape[-2:]
        if not self.front_end.padded:
            margin = self.front_end.margin
            if min(size) <= margin:
                raise ValueError(
                    f"Expected images of more than {margin} pixels a side to reflect, got "
                    f"{height} x {width}. Take FrontEnd(..., padded=True)."
                )
            images = F.pad(images, [margin] * 4, mode="reflect")  # (N, 3, h + 372, w + 372)
        scores = self.front_end(images)  # (N, K, h / 8, w / 8)
        scores = self.context(scores)  # (N, K, h / 8, w / 8)
        logits = F.interpolate(  # (N, K, h, w)
            scores, size=size, mode="bilinear", align_corners=False
        )
        return logits[..., :height, :width]  # (N, K, H, W)


def _convolution(
    channels: int, outputs: int, kernel: int, dilation: int, padded: bool
) -> nn.Conv2d:
    padding = dilation * (kernel // 2) if padded else 0
    return nn.Conv2d(channels, outputs, kernel, dilation=dilation, padding=padding)
