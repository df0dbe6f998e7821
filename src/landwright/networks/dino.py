"""Frozen DINO tokens, which say which patches are alike, and the small head that SSET trains on them.

Caron et al., "Emerging Properties in Self-Supervised Vision Transformers", ICCV 2021, arXiv 2104.14294; Zhang et al.,
ATSG, TGRS 2026, DOI 10.1109/TGRS.2026.3653675.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Self

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from landwright.errors import DataError, UsageError
from landwright.networks.clip.positions import fit_positions
from landwright.networks.encoders import EncoderPart, load_encoder_weights, timm_weights
from landwright.networks.layers.pad import pad_to_multiple
from landwright.networks.layers.patchvit import PATCH, PatchViT
from landwright.networks.registry import choose

DEPTH = 12
CODE = 256
DROP = 0.1


@dataclass(frozen=True)
class _Size:
    """Channels, attention heads, and where the weights are published."""

    dim: int
    heads: int
    hub: str | None


SIZES: Mapping[str, _Size] = {
    "vit_base": _Size(768, 12, "timm/vit_base_patch16_224.dino"),
    "vit_small": _Size(384, 6, "timm/vit_small_patch16_224.dino"),
    "vit_tiny": _Size(192, 3, None),
}
"""DINO's transformers on 16-pixel patches. The tiny one was never published; it is for tests."""


class DinoTokens(nn.Module):
    """DINO's encoder, frozen and always in eval mode.

    Args:
        architecture: ``vit_base``, ``vit_small`` or ``vit_tiny``.

    Attributes:
        dim: Channels of a token.

    Raises:
        UsageError: There is no such architecture.
    """

    def __init__(self, architecture: str = "vit_base") -> None:
        """Build the encoder with random weights; :func:`load_dino` gives it those of DINO."""
        super().__init__()
        self.size = SIZES[choose("dino", architecture, SIZES)]
        self.dim = self.size.dim
        self.vit = PatchViT(3, self.size.dim, DEPTH, self.size.heads, fit_positions)
        self.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> Self:
        """Stay in eval mode."""
        return super().train(False)

    @torch.no_grad()
    def forward(self, image: Tensor) -> Tensor:
        """Encode images.

        Args:
            image: ImageNet-normalised float32 (B, 3, H, W), any H and W.

        Returns:
            Patch tokens (B, dim, h, w) after the last norm, one per 16 pixels of the image as padded to that.
        """
        image = pad_to_multiple(image, PATCH)
        grid = (image.shape[-2] // PATCH, image.shape[-1] // PATCH)
        tokens: Tensor = self.vit.norm(self.vit.blocks(self.vit.embed(image)))
        return tokens[:, 1:].transpose(1, 2).reshape(len(image), self.dim, *grid)

    def encoder_parts(self) -> tuple[EncoderPart, ...]:
        """Return the encoder with where its weights are published, in timm's names, which are DINO's own."""
        hub = self.size.hub
        fetch = None if hub is None else lambda: timm_weights(hub)
        return (EncoderPart("vit", self.vit, ("head.",), fetch),)


def load_dino(architecture: str, source: str | PathLike[str]) -> DinoTokens:
    """Build DINO's encoder with its weights.

    Args:
        architecture: ``vit_base``, ``vit_small`` or ``vit_tiny``.
        source: ``hub``, a hub repository, or a local safetensors file in DINO's own names, which are timm's.

    Raises:
        UsageError: There is no such architecture, or the hub has no weights for it.
        DataError: The weights cannot be had or do not fit.
    """
    dino = DinoTokens(architecture)
    if source == "hub" and dino.size.hub is None:
        raise UsageError(
            f"no weights of DINO are published for {architecture}", remedy="Take vit_base or vit_small, or give a file"
        )
    load_encoder_weights(dino, source)
    return dino


class DinoHead(nn.Module):
    """Codes of DINO's tokens: a linear and a nonlinear layer, added (ATSG's DINO-head, which it shares with HP).

    Args:
        dim: Channels of a token.
        code: Channels of a code.
    """

    def __init__(self, dim: int, code: int = CODE) -> None:
        """Build the head with random weights, its parts named as published."""
        super().__init__()
        self.cluster1 = nn.Sequential(nn.Conv2d(dim, code, 1))
        self.cluster2 = nn.Sequential(nn.Conv2d(dim, dim, 1), nn.ReLU(), nn.Conv2d(dim, code, 1))
        self.drop = nn.Dropout2d(DROP)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (B, dim, h, w) to codes (B, code, h, w)."""
        codes: Tensor = self.cluster1(self.drop(tokens)) + self.cluster2(self.drop(tokens))
        return codes


def load_dino_head(file: str | PathLike[str], dim: int) -> DinoHead:
    """Read a head that was trained on tokens of a DINO encoder.

    Args:
        file: Safetensors file with ``cluster1.0.weight`` and the like, as ``landwright prepare link-head`` writes it.
        dim: Channels of the tokens that it is to read.

    Returns:
        The head, frozen and in eval mode.

    Raises:
        DataError: The file is missing, damaged, no such head, or one for tokens of another size.
    """
    path = Path(file)
    try:
        state = load_file(path)
    except (SafetensorError, OSError) as error:
        raise DataError(
            f"is not a readable safetensors file ({error})",
            path=path,
            remedy="Make it with landwright prepare link-head",
        ) from error
    first = state.get("cluster1.0.weight")
    head = DinoHead(dim, CODE if first is None else len(first))
    wanted = {name: tensor.shape for name, tensor in head.state_dict().items()}
    if {name: tensor.shape for name, tensor in state.items()} != wanted:
        raise DataError(
            f"is not a link head for tokens of {dim} channels",
            path=path,
            remedy="Make it with landwright prepare link-head and the same --dino",
        )
    head.load_state_dict(state)
    return head.requires_grad_(False).eval()
