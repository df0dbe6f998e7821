"""Names of the published CLCFormer training script, and ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from landwright.bundles.importers.settings import count
from landwright.errors import UsageError

NAME = "clcformer"

_PREFIXES = {
    "efficienet.": "cnn.",
    "transformer.swin_unet.": "transformer.",
    "up_c.": "fusions.3.",
    "up_c_1_1.": "fusions.2.",
    "up_c_2_1.": "fusions.1.",
    "up_c_3_1.": "fusions.0.",
    "up_c_1_2.": "ups.2.",
    "up_c_2_2.": "ups.1.",
    "up_c_3_2.": "ups.0.",
    "final_x.": "heads.3.",
    "final_1.": "heads.2.",
    "final_2.": "heads.1.",
    "final_3.": "heads.0.",
}
# Built and saved by the published script, never used in its forward pass.
_DEAD = (
    "efficienet.blocks.6.",
    "efficienet.conv_head.",
    "efficienet.bn2.",
    "efficienet.classifier.",
    "transformer.swin_unet.norm.",
    "transformer.swin_unet.norm_up.",
    "transformer.swin_unet.head.",
    "up1.",
    "up2.",
    "up3.",
)
_TABLES = ("attn_mask", "relative_coords_table", "relative_position_index")
_POOLED = {"dw1": "mean", "dw2": "peak", "dw3": "gate"}


def network_options(settings: Mapping[str, str], state: Mapping[str, Tensor]) -> tuple[dict[str, Any], int, int]:
    """Read the options of ``models import --as clcformer --set key=value``.

    Args:
        settings: ``classes`` (required), ``bands`` (default 3), ``encoder`` (tiny or small) and ``taps``
            (released, legacy or figure).
        state: The checkpoint, of which nothing is read: it does not tell the published versions apart.

    Returns:
        Options of the network, number of class logits, number of bands.

    Raises:
        UsageError: A key is unknown or a value does not fit.
    """
    unknown = sorted(set(settings) - {"classes", "bands", "encoder", "taps"})
    if unknown:
        raise UsageError(
            f"clcformer has no setting {', '.join(map(repr, unknown))}",
            remedy="Known: classes, bands, encoder, taps",
        )
    if "classes" not in settings:
        raise UsageError("the number of class logits is needed", remedy="Give it with --set classes=1")
    options = {key: str(settings[key]) for key in ("encoder", "taps") if key in settings}
    if options.get("encoder", "tiny") not in ("tiny", "small"):
        raise UsageError(
            f"no published checkpoint has the encoder {options['encoder']!r}", remedy="Known: 'small', 'tiny'"
        )
    return options, count("classes", settings["classes"]), count("bands", settings.get("bands", "3"))


def convert(state: Mapping[str, Tensor], *, options: Mapping[str, Any]) -> dict[str, Tensor]:
    """Rename a state dict of the published training script.

    Parameters that the published network never uses are left out, as are tables that follow from sizes. A name that
    the published network does not have is passed on unchanged, so that the caller can report it.

    Args:
        state: Official names, without a ``module.`` prefix.
        options: Options of the network as :func:`network_options` returns them.

    Returns:
        The state dict in our names.
    """
    legacy = ("transformer.swin_unet.layers.3.blocks.",) if options.get("taps") == "legacy" else ()
    dead = (*_DEAD, *legacy)
    converted: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if name.startswith(dead) or name.endswith(_TABLES):
            continue
        new, value = _rename(name), tensor
        if new.startswith("transformer.layers.") and ".downsample." in new:
            # timm merges at the start of the next stage, the published code at the end of this one.
            stage, rest = new.removeprefix("transformer.layers.").split(".", 1)
            new = f"transformer.layers.{int(stage) + 1 if stage.isdecimal() else stage}.{rest}"
        elif new.startswith("fusions."):
            new, value = _pooled(new, value)
        converted[new] = value
    return converted


def _rename(name: str) -> str:
    for old, new in _PREFIXES.items():
        if name.startswith(old):
            return new + name.removeprefix(old)
    return name


def _pooled(name: str, tensor: Tensor) -> tuple[str, Tensor]:
    """Turn a depthwise-separable convolution on 1x1 maps into scale, shift and linear layer."""
    fusion, level, layer, *rest = name.split(".")
    if layer not in _POOLED or len(rest) != 2:
        return name, tensor
    kind, field = rest
    own = f"{fusion}.{level}.channel.{_POOLED[layer]}"
    if kind == "point_conv":
        return f"{own}.point.{field}", tensor.flatten(1) if field == "weight" else tensor
    if field == "weight" and tensor.ndim == 4 and tensor.shape[2:] == (3, 3):
        return f"{own}.scale", tensor[:, 0, 1, 1]
    return f"{own}.{'scale' if field == 'weight' else 'shift'}", tensor
