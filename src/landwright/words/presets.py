"""Settings that go together: ours, and those of the two published pipelines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from landwright.networks.clip.slide import CROP, STRIDE
from landwright.networks.registry import choose
from landwright.rasters.blend import Separable
from landwright.words.preprocess import LONG_SIDE

DEFAULT_PRESET = "landwright"


@dataclass(frozen=True)
class Preset:
    """How an image becomes a map.

    Attributes:
        name: Name here.
        description: One sentence.
        network: Options of the network ``clip`` that belong to it.
        resize: Long side in pixels to which the image is brought first; None leaves it as it is.
        crop: Side of a window in pixels; None takes the side that the model was trained on.
        stride: Pixels from window to window; None takes half a window.
        blend: How windows are weighted, see :class:`landwright.bundles.TilingCard`.
        thresholds: Whether the vocabulary's thresholds send pixels to its background class.
    """

    name: str
    description: str
    network: Mapping[str, Any] = field(default_factory=dict)
    resize: int | None = None
    crop: int | None = None
    stride: int | None = None
    blend: Separable = "cosine"
    thresholds: bool = True


PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "landwright",
            "The image as it is, windows of the model's own size that overlap by half, blended by weights",
            {"attention": "segearth", "residual": False, "bias": 0.0, "upsampler": "none", "window": "as-is"},
        ),
        Preset(
            "rs-ovss",
            "RS-OVSS, with which FarSLIP's table was made: long side 448, windows of 224 every 112 pixels, resized to "
            "the model's own side; thresholds of the vocabulary are not used",
            {"attention": "segearth", "residual": False, "bias": 0.0, "upsampler": "none", "window": "native"},
            resize=LONG_SIDE,
            crop=CROP,
            stride=STRIDE,
            blend="uniform",
            thresholds=False,
        ),
        Preset(
            "segearth-ov",
            "SegEarth-OV: long side 448, windows of 224 every 112 pixels as they are, the whole window's similarity "
            "subtracted, features upsampled by SimFeatUp, thresholds of the vocabulary",
            {"attention": "segearth", "residual": False, "bias": -0.3, "upsampler": "jbu-one", "window": "as-is"},
            resize=LONG_SIDE,
            crop=CROP,
            stride=STRIDE,
            blend="uniform",
        ),
    )
}


def load_preset(name: str) -> Preset:
    """Return a preset.

    Raises:
        UsageError: The name is unknown.
    """
    return PRESETS[choose("preset", name, PRESETS)]
