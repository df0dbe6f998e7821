"""The formats of published checkpoints that can be imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from landwright.bundles.importers import clcformer, clcformer_names


class Convert(Protocol):
    """Renames a published state dict."""

    def __call__(self, state: Mapping[str, Tensor], *, options: Mapping[str, Any]) -> dict[str, Tensor]:
        """Return the tensors by our names; unknown names pass unchanged."""


class NetworkOptions(Protocol):
    """Reads the settings of an import."""

    def __call__(self, settings: Mapping[str, str]) -> tuple[dict[str, Any], int, int]:
        """Return the options of the network, the number of class logits and of bands."""


class PublishedName(Protocol):
    """Inverse of :class:`Convert` for one name."""

    def __call__(self, name: str) -> str:
        """Return the published name of one of our keys."""


@dataclass(frozen=True)
class CheckpointFormat:
    """How a published checkpoint becomes one of our networks.

    Attributes:
        name: Name for ``--as``; also the network's registry name.
        description: Where such checkpoints come from.
        settings: What ``--set key=value`` may say, in words.
        network_options: Reads the settings.
        convert: Renames the state dict.
        published_name: Names a key of ours as the published code does, for messages.
        tile: Side of the published training tiles in pixels.
    """

    name: str
    description: str
    settings: Mapping[str, str]
    network_options: NetworkOptions
    convert: Convert
    published_name: PublishedName
    tile: int


FORMATS: Mapping[str, CheckpointFormat] = {
    clcformer.NAME: CheckpointFormat(
        name=clcformer.NAME,
        description="State dicts of the published CLCFormer training script",
        settings={
            "classes": "number of class logits; 1 is one foreground logit, as in the published building models",
            "bands": "number of bands (default 3)",
            "encoder": "tiny (default) or small",
            "taps": "released (default), legacy (trained before September 2023) or figure",
        },
        network_options=clcformer.network_options,
        convert=clcformer.convert,
        published_name=clcformer_names.published_name,
        tile=512,
    )
}
