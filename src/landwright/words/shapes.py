"""What the shapes in a CLIP checkpoint say of its towers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from math import isqrt

import torch
from torch import Tensor

from landwright.networks.clip.towers import COMPACT, build_clip, list_architectures, open_clip

CONV, POSITIONS = "visual.conv1.weight", "visual.positional_embedding"
TEXT_POSITIONS, WORDS = "positional_embedding", "token_embedding.weight"
_PROJECTION = "visual.proj"
NEEDED = (CONV, POSITIONS, _PROJECTION, TEXT_POSITIONS, WORDS)
"""Tensors without which a file is not both towers of a CLIP with plain vision transformer."""


@dataclass(frozen=True)
class Towers:
    """Sizes of both towers.

    Attributes:
        patch: Side of a patch in pixels.
        width: Channels of the image tower.
        layers: Blocks of the image tower.
        joint: Channels of the space that both towers share.
        text_width: Channels of the text tower.
        text_layers: Blocks of the text tower.
        vocabulary: Number of tokens that it knows.
        grid: Patches along a side of the images that it was made for.
    """

    patch: int
    width: int
    layers: int
    joint: int
    text_width: int
    text_layers: int
    vocabulary: int
    grid: int

    @property
    def words(self) -> str:
        """The sizes in words."""
        return (
            f"patches of {self.patch} pixels on a grid of {self.grid} x {self.grid}, {self.layers} blocks of width "
            f"{self.width}, texts of {self.text_layers} blocks of width {self.text_width}, {self.joint} joint channels"
        )


def measure(state: Mapping[str, Tensor]) -> Towers:
    """Read the sizes from the shapes in a state dict of open_clip's names, which has all of :data:`NEEDED`."""
    return Towers(
        patch=state[CONV].shape[-1],
        width=state[CONV].shape[0],
        layers=_blocks(state, "visual.transformer.resblocks."),
        joint=state[_PROJECTION].shape[-1],
        text_width=state[WORDS].shape[-1],
        text_layers=_blocks(state, "transformer.resblocks."),
        vocabulary=state[WORDS].shape[0],
        grid=isqrt(max(state[POSITIONS].shape[0] - 1, 0)),
    )


def architectures(towers: Towers) -> tuple[str, ...]:
    """Return the architectures of these sizes, the shortest name first; if none has this grid, those of another."""
    table = _known()
    exact = [name for name, own in table.items() if own == towers]
    other = [name for name, own in table.items() if replace(own, grid=towers.grid) == towers]
    return tuple(sorted(exact or other, key=lambda name: (len(name), name)))


def sizes(architecture: str) -> Towers:
    """Return the sizes of an architecture."""
    return _known()[architecture]


@cache
def _known() -> dict[str, Towers]:
    library = open_clip()
    table = {}
    for name in list_architectures():
        if name == COMPACT:
            with torch.device("meta"):
                table[name] = measure(build_clip(COMPACT).state_dict())
            continue
        config = library.get_model_config(name)
        vision = library.CLIPVisionCfg(**config["vision_cfg"])
        text = library.CLIPTextCfg(**config["text_cfg"])
        table[name] = Towers(
            patch=vision.patch_size,
            width=vision.width,
            layers=vision.layers,
            joint=config["embed_dim"],
            text_width=text.width,
            text_layers=text.layers,
            vocabulary=text.vocab_size,
            grid=vision.image_size // vision.patch_size,
        )
    return table


def _blocks(state: Mapping[str, Tensor], prefix: str) -> int:
    return len({name.removeprefix(prefix).split(".")[0] for name in state if name.startswith(prefix)})
