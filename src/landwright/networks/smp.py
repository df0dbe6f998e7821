"""Baselines of segmentation-models-pytorch, under names such as ``smp:unet:resnet34``."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any, cast

from torch import Tensor, nn

from landwright.errors import UsageError
from landwright.networks.encoders import EncoderPart
from landwright.networks.layers.pad import pad_to_multiple
from landwright.networks.outputs import Outputs
from landwright.networks.registry import HEADS, choose, register

STRIDE = 32
TIMM_PREFIX = "tu-"
UNUSED = ("conv_head.", "bn2.", "classifier.", "head.", "norm.", "fc.", "last_linear.")


class SmpNetwork(nn.Module):
    """A model of segmentation-models-pytorch behind the registry's door.

    Args:
        model: The wrapped model; its segmentation head is an identity where no classes are wanted.
        encoder: Its encoder's name.
        bands: Number of input bands.
        classes: Whether the model's own head gives class logits.
        height: Second head, for heights, on the same decoder, or None.
    """

    def __init__(
        self, model: nn.Module, encoder: str, bands: int, *, classes: bool = True, height: nn.Module | None = None
    ) -> None:
        """Keep the model and its second head."""
        super().__init__()
        self.model: Any = model
        self.encoder_name = encoder
        self.bands = bands
        self.classes = classes
        self.height_head = height

    @property
    def encoder(self) -> nn.Module:
        """The wrapped model's encoder."""
        return cast(nn.Module, self.model.encoder)

    def forward(self, image: Tensor) -> Outputs:
        """Map normalised float32 images (B, bands, H, W) of any size to classes, heights in metres and tokens."""
        height, width = image.shape[-2:]
        encoded = self.model.encoder(pad_to_multiple(image, STRIDE))
        # A plain transformer also gives its class tokens, which smp's DPT wants.
        features, *more = encoded if isinstance(encoded, tuple) else (encoded,)
        decoded = self.model.decoder(features, *more)
        logits = self.model.segmentation_head(decoded)[..., :height, :width] if self.classes else None
        heights = None if self.height_head is None else self.height_head(decoded)[..., :height, :width]
        return Outputs(classes=logits, height=heights, tokens=features[-1])

    def encode(self, image: Tensor) -> Tensor:
        """Return the encoder's last map (B, D, h, w) for normalised images (B, bands, H, W)."""
        encoded = self.model.encoder(pad_to_multiple(image, STRIDE))
        tokens: Tensor = (encoded[0] if isinstance(encoded, tuple) else encoded)[-1]
        return tokens

    def encoder_parts(self) -> tuple[EncoderPart, ...]:
        """Return the encoder."""
        prefix = "model." if self.encoder_name.startswith(TIMM_PREFIX) else ""
        return (EncoderPart("encoder", self.model.encoder, UNUSED, self._published, prefix),)

    def _published(self) -> Mapping[str, Tensor]:
        encoder = _library().encoders.get_encoder(self.encoder_name, in_channels=self.bands, weights="imagenet")
        prefix = "model." if self.encoder_name.startswith(TIMM_PREFIX) else ""
        return {name.removeprefix(prefix): tensor for name, tensor in encoder.state_dict().items()}


@register(
    "smp:",
    description="Any architecture and encoder of segmentation-models-pytorch: smp:<architecture>:<encoder>",
    stride=STRIDE,
    licence="MIT (segmentation-models-pytorch); encoders have their own",
    paper="Iakubovskii, Segmentation Models Pytorch, 2019",
    options={"heads": "classes (default), both (classes, and height above ground by a second head) or height"},
    tokens=True,
    variants={("heads", option): {"heads": heads} for option, heads in HEADS.items()},
)
def build(name: str, *, classes: int, bands: int, heads: str = "classes") -> SmpNetwork:
    """Build an smp model with random weights.

    Args:
        name: ``<architecture>:<encoder>``, such as ``unet:resnet34`` or ``segformer:tu-mobilenetv2_100``.
        classes: Number of class logits; without meaning where ``heads`` is ``height``.
        bands: Number of input bands.
        heads: ``classes``, ``both`` or ``height``. The height head is another one of smp's on the same decoder, linear
            like RS3DAda's.

    Returns:
        The wrapped model.

    Raises:
        UsageError: The library is not installed, a name is unknown, or the parts do not go together.
    """
    library = _library()
    architecture, _, encoder = name.partition(":")
    choose("smp architecture", architecture, library.MODEL_ARCHITECTURES_MAPPING)
    wanted = HEADS[choose("heads", heads, HEADS)]
    if not encoder.startswith(TIMM_PREFIX):
        choose("smp encoder", encoder, library.encoders.get_encoder_names())
    try:
        model = library.create_model(architecture, encoder, encoder_weights=None, in_channels=bands, classes=classes)
    except (ValueError, RuntimeError, KeyError) as error:
        raise UsageError(f"smp cannot build {architecture!r} on {encoder!r}: {error}") from error
    height = _height_head(library, model, architecture) if "height" in wanted else None
    if "classes" not in wanted:
        model.segmentation_head = nn.Identity()
    return SmpNetwork(model, encoder, bands, classes="classes" in wanted, height=height)


def _height_head(library: ModuleType, model: Any, architecture: str) -> nn.Module:
    """Make a head like the model's own for one linear map."""
    own = model.segmentation_head
    if not isinstance(own, library.base.SegmentationHead):
        raise UsageError(
            f"smp's {architecture!r} has a head of its own kind, to which none for heights can be added",
            remedy="Take another architecture, or rs3dada, which is a DPT with both heads",
        )
    convolution, enlarge = own[0], own[1]
    head: nn.Module = library.base.SegmentationHead(
        convolution.in_channels,
        1,
        kernel_size=convolution.kernel_size[0],
        upsampling=getattr(enlarge, "scale_factor", 1),
    )
    library.base.initialization.initialize_head(head)
    return head


def _library() -> ModuleType:
    try:
        import segmentation_models_pytorch
    except ImportError as error:
        raise UsageError(
            "smp networks need segmentation-models-pytorch", remedy="Install it with: pip install 'landwright[train]'"
        ) from error
    return cast(ModuleType, segmentation_models_pytorch)
