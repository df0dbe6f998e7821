"""The formats of published checkpoints that can be imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor

from landwright.bundles.importers import clcformer, clcformer_names, ctfa, paraformer, rs3dada
from landwright.bundles.importers.inputs import Inputs, imagenet_inputs, paraformer_inputs, rs3dada_inputs


class Convert(Protocol):
    """Renames a published state dict."""

    def __call__(self, state: Mapping[str, Tensor], *, options: Mapping[str, Any]) -> dict[str, Tensor]:
        """Return the tensors by our names; unknown names pass unchanged."""


class NetworkOptions(Protocol):
    """Reads the settings of an import, and what the checkpoint says itself."""

    def __call__(self, settings: Mapping[str, str], state: Mapping[str, Tensor]) -> tuple[dict[str, Any], int, int]:
        """Return the options of the network, the number of class logits and of bands."""


class PublishedNames(Protocol):
    """Inverse of :class:`Convert` for one name."""

    def __call__(self, name: str) -> tuple[str, ...]:
        """Return the published names of the tensors that one of our keys is made of, one by one in their order."""


@dataclass(frozen=True)
class CheckpointFormat:
    """How a published checkpoint becomes one of our networks.

    Attributes:
        name: Name for ``--as``; also the network's registry name.
        description: Where such checkpoints come from.
        settings: What ``--set key=value`` may say, in words.
        network_options: Reads the settings and the checkpoint.
        convert: Renames the state dict.
        published_names: Names a key of ours as the published code does, for messages.
        tile: Side of the published training tiles in pixels; a network that is made for an image side has that.
        overlap: Overlap of neighbouring windows as a share of the tile.
        inputs: Bands and input scaling of the published recipe by the number of bands.
        legends: Shipped legend by the number of class logits, where the published data have one.
        unsaid: What is taken for granted where a setting is not given that the file does not say either.
        unlabelled: Published names of tensors whose first row stands for "no label" and is never trained; a legend
            with one class less than there are logits leaves these rows out.
        gsd: Smallest and largest ground sampling distance in metres of the published training data, if it is known.
    """

    name: str
    description: str
    settings: Mapping[str, str]
    network_options: NetworkOptions
    convert: Convert
    published_names: PublishedNames
    tile: int
    overlap: float = 0.25
    inputs: Callable[[int], Inputs] = imagenet_inputs
    legends: Mapping[int, str] = field(default_factory=dict)
    unsaid: Mapping[str, str] = field(default_factory=dict)
    unlabelled: tuple[str, ...] = ()
    gsd: tuple[float, float] | None = None


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
        published_names=clcformer_names.published_names,
        tile=512,
        legends={1: "building", 6: "isprs-6"},
    ),
    ctfa.NAME: CheckpointFormat(
        name=ctfa.NAME,
        description="State dicts of the published CTFA and ATSG training scripts",
        settings={
            "classes": "number of class logits, as a check; the file says it, and the next three, itself",
            "bands": "number of bands, as a check",
            "encoder": "deit_tiny, deit_small or deit_base, as a check",
            "background": "true if class 0 has no tag, as a check",
            "aux_block": "dynamic for files of ATSG, or a block from 0; by default CTFA's, 9 of 12. The file does not "
            "say it. It changes the activation maps of the second classifier, not maps",
        },
        unsaid={
            "aux_block": "the second classifier reads block 9, as CTFA's; import a file of ATSG with --set "
            "aux_block=dynamic (maps are the same)"
        },
        network_options=ctfa.network_options,
        convert=ctfa.convert,
        published_names=ctfa.published_names,
        tile=320,
        legends={ctfa.CLASSES: "isaid-16"},
    ),
    paraformer.NAME: CheckpointFormat(
        name=paraformer.NAME,
        description="State dicts of the published Paraformer (L2HNet V2) training script, such as epoch_99.pth",
        settings={
            "classes": "number of class logits, as a check; the file says it, and the bands and the width, itself",
            "bands": "number of bands, as a check",
            "width": "channels at full resolution, as a check",
        },
        network_options=paraformer.network_options,
        convert=paraformer.convert,
        published_names=paraformer.published_names,
        tile=224,
        overlap=0.5,
        inputs=paraformer_inputs,
        legends={17: "nlcd-paraformer"},
        unlabelled=paraformer.UNLABELLED,
    ),
    rs3dada.NAME: CheckpointFormat(
        name=rs3dada.NAME,
        description="State dicts of the published RS3DAda (SynRS3D) script, such as RS3DAda_vitl_DPT_height.pth",
        settings={
            "heads": "both, classes or height: of a file with both heads, one can be left out",
            "classes": "number of class logits, as a check; the file says it, and all that follows, itself",
            "bands": "number of bands, as a check",
            "encoder": "vits, vitb or vitl, as a check",
            "features": "channels of the fused maps, as a check",
            "out_channels": "channels of the four levels, such as 256,512,1024,1024, as a check",
        },
        network_options=rs3dada.network_options,
        convert=rs3dada.convert,
        published_names=rs3dada.published_names,
        tile=1022,
        overlap=0.125,
        inputs=rs3dada_inputs,
        legends={rs3dada.CLASSES: "openearthmap-8"},
        gsd=(0.05, 1.0),
    ),
}
