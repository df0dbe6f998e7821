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
from landwright.networks.registry import choose, register

STRIDE = 32
TIMM_PREFIX = "tu-"
UNUSED = ("conv_head.", "bn2.", "classifier.", "head.", "norm.", "fc.", "last_linear.")


class SmpNetwork(nn.Module):
    """A model of segmentation-models-pytorch behind the registry's door.

    Args:
        model: The wrapped model.
        encoder: Its encoder's name.
        bands: Number of input bands.
    """

    def __init__(self, model: nn.Module, encoder: str, bands: int) -> None:
        """Keep the model."""
        super().__init__()
        self.model: Any = model
        self.encoder_name = encoder
        self.bands = bands

    def forward(self, image: Tensor) -> Outputs:
        """Segment normalised float32 images (B, bands, H, W) of any size."""
        height, width = image.shape[-2:]
        logits: Tensor = self.model(pad_to_multiple(image, STRIDE))
        return Outputs(classes=logits[..., :height, :width])

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
)
def build(name: str, *, classes: int, bands: int) -> SmpNetwork:
    """Build an smp model with random weights.

    Args:
        name: ``<architecture>:<encoder>``, such as ``unet:resnet34`` or ``segformer:tu-mobilenetv2_100``.
        classes: Number of class logits.
        bands: Number of input bands.

    Returns:
        The wrapped model.

    Raises:
        UsageError: The library is not installed, a name is unknown, or the two do not go together.
    """
    library = _library()
    architecture, _, encoder = name.partition(":")
    choose("smp architecture", architecture, library.MODEL_ARCHITECTURES_MAPPING)
    if not encoder.startswith(TIMM_PREFIX):
        choose("smp encoder", encoder, library.encoders.get_encoder_names())
    try:
        model = library.create_model(architecture, encoder, encoder_weights=None, in_channels=bands, classes=classes)
    except (ValueError, RuntimeError, NotImplementedError, KeyError) as error:
        raise UsageError(f"smp cannot build {architecture!r} on {encoder!r}: {error}") from error
    return SmpNetwork(model, encoder, bands)


def _library() -> ModuleType:
    try:
        import segmentation_models_pytorch
    except ImportError as error:
        raise UsageError(
            "smp networks need segmentation-models-pytorch", remedy="Install it with: pip install 'landwright[train]'"
        ) from error
    return cast(ModuleType, segmentation_models_pytorch)
