"""TIPS read patch by patch: a DINOv2-like image tower with one register, and a text tower of its own.

Maninis et al., "TIPS: Text-Image Pretraining with Spatial Awareness", ICLR 2025, arXiv 2410.16512. Images are RGB in
0..1 without further scaling; RS-OVSS enlarges every window to 448 pixels. The published zero-shot maps take the values
of the last block and keep its residual: attention ``maskclip``, residual. Neither weights nor stored outputs were at
hand: sizes, names and formulas follow the description, and only the image tower's blocks are compared, with timm's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from landwright.networks.clip.positions import fit_positions
from landwright.networks.clip.timmvit import TimmEncoder
from landwright.networks.clip.towers import COMPACT
from landwright.networks.registry import choose

VOCABULARY = 32000
PADDING = 0
LONGEST_WAVE = 10_000
# The published names of a text block to those of torch's own layer.
_TEXT_NAMES = (
    ("text/", "text."),
    ("transformer.resblocks.", "transformer.layers."),
    (".attn.", ".self_attn."),
    (".mlp.c_fc.", ".linear1."),
    (".mlp.c_proj.", ".linear2."),
    (".ln_1.", ".norm1."),
    (".ln_2.", ".norm2."),
)
_VISION = "vision/"
_UNUSED = ("vision/mask_token", "text/temperature")


@dataclass(frozen=True)
class _Sizes:
    image: int
    patch: int
    width: int
    depth: int
    heads: int
    text_depth: int = 12


_ARCHITECTURES = {
    COMPACT: _Sizes(56, 14, 64, 3, 2, 2),
    "ViT-B-14": _Sizes(448, 14, 768, 12, 12),
    "ViT-L-14": _Sizes(448, 14, 1024, 24, 16),
}


class TipsText(nn.Module):
    """Text tower: fixed waves for positions, attention both ways, mean over the tokens.

    Args:
        width: Channels of a token, even.
        depth: Number of blocks.
        heads: Attention heads per block.
    """

    def __init__(self, width: int, depth: int, heads: int) -> None:
        """Build the tower with random weights."""
        super().__init__()
        self.token_embedding = nn.Embedding(VOCABULARY, width)
        layer = nn.TransformerEncoderLayer(width, heads, 4 * width, 0.0, "relu", batch_first=True, norm_first=True)
        self.transformer = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.ln_final = nn.LayerNorm(width)

    def forward(self, ids: Tensor) -> Tensor:
        """Map token ids (N, L), padded with 0, to (N, width)."""
        width = self.token_embedding.embedding_dim
        padding = ids == PADDING
        tokens = self.token_embedding(ids) * math.sqrt(width) + waves(ids.shape[1], width, ids.device)
        tokens = self.ln_final(self.transformer(tokens, src_key_padding_mask=padding))
        kept = (~padding).unsqueeze(-1).to(tokens.dtype)
        mean: Tensor = (tokens * kept).sum(dim=1) / kept.sum(dim=1)
        return mean


def waves(length: int, width: int, device: torch.device) -> Tensor:
    """Return the fixed positions (length, width): sines, then cosines, of wave lengths from 2 pi to 20000 pi."""
    half = width // 2
    rates = torch.exp(torch.arange(half, device=device) * (-math.log(LONGEST_WAVE) / max(half - 1, 1)))
    angles = torch.arange(length, device=device)[:, None] * rates
    return torch.cat((angles.sin(), angles.cos()), dim=1)


class TipsEncoder(TimmEncoder):
    """Both towers of TIPS. Two leading tokens: the class token and a register, TIPS's second class token.

    Args:
        sizes: Numbers of the towers.
        context: Largest number of text tokens.
        bands: Number of input bands.
    """

    prefix = 2
    mean = (0.0, 0.0, 0.0)
    std = (1.0, 1.0, 1.0)

    def __init__(self, sizes: _Sizes, context: int, bands: int) -> None:
        """Build both towers with random weights."""
        super().__init__()
        self.patch, self.native, self.depth = sizes.patch, sizes.image, sizes.depth
        self.embed_dim, self.context = sizes.width, context
        self.visual: Any = VisionTransformer(
            img_size=sizes.image,
            patch_size=sizes.patch,
            in_chans=bands,
            num_classes=0,
            embed_dim=sizes.width,
            depth=sizes.depth,
            num_heads=sizes.heads,
            init_values=1.0,
            reg_tokens=1,
            no_embed_class=True,
        )
        self.text = TipsText(sizes.width, sizes.text_depth, sizes.heads)

    @property
    def trunk(self) -> Any:
        """The image tower."""
        return self.visual

    def embed(self, image: Tensor) -> Tensor:
        """Return class token, register and patches (B, 2 + P, C); positions are fitted with antialiasing."""
        patches = self.visual.patch_embed.proj(image)
        grid = (patches.shape[2], patches.shape[3])
        table = fit_positions(
            self.visual.pos_embed[0], self.visual.patch_embed.grid_size, grid, prefix=0, antialias=True
        )
        first = torch.cat((self.visual.cls_token, self.visual.reg_token), dim=1).expand(patches.shape[0], -1, -1)
        return torch.cat((first, patches.flatten(2).transpose(1, 2) + table), dim=1)

    def joint(self, tokens: Tensor) -> Tensor:
        """Map tokens by the last norm: TIPS has no projection."""
        normed: Tensor = self.visual.norm(tokens)
        return normed

    def pooled(self, image: Tensor) -> Tensor:
        """Return the class token's feature for images of any size."""
        return self.joint(self.block(self.tokens(image), -1)[:, :1])[:, 0]

    def encode_text(self, ids: Tensor) -> Tensor:
        """Return features of token ids (N, L), padded with 0, in lower case and without begin and end tokens.

        Padding counts for nothing, so that rows may be cut at the longest one.
        """
        features: Tensor = self.text(ids)
        return features


def list_tips() -> list[str]:
    """Return the names that :func:`build_tips` knows."""
    return list(_ARCHITECTURES)


def build_tips(architecture: str, *, context: int, bands: int) -> TipsEncoder:
    """Build TIPS with random weights.

    Args:
        architecture: ``ViT-B-14`` or ``ViT-L-14`` (448 pixels); or ``compact``, a small one for tests (56 pixels).
        context: Largest number of text tokens; 64 for the published weights.
        bands: Number of input bands.

    Raises:
        UsageError: The name is unknown.
    """
    return TipsEncoder(_ARCHITECTURES[choose("tips architecture", architecture, _ARCHITECTURES)], context, bands)


def convert_tips(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Turn the entries of the two published npz files into those of :class:`TipsEncoder`.

    The class token's position is added to the token once, as timm does it for towers with registers.

    Args:
        state: Entries of the image tower behind ``vision/``, such as ``vision/blocks.0.attn.qkv.weight``, and of the
            text tower behind ``text/``, such as ``text/transformer.resblocks.0.mlp.c_fc.weight``.

    Returns:
        The same tensors by our names; what is unknown is kept, so that strict loading tells of it.
    """
    found = {_renamed(name): tensor for name, tensor in state.items() if name not in _UNUSED}
    table, token = found.get("visual.pos_embed"), found.get("visual.cls_token")
    if table is not None and token is not None:
        found |= {"visual.cls_token": token + table[:, :1], "visual.pos_embed": table[:, 1:]}
    return found


def tips_name(name: str) -> str:
    """Return the published name of an entry of :class:`TipsEncoder`, its file's before it, for messages."""
    if name.startswith("visual."):
        return f"{_VISION}{name.removeprefix('visual.')}".replace("reg_token", "register_tokens")
    for published, ours in _TEXT_NAMES:
        name = name.replace(ours, published, 1) if ours == "text." else name.replace(ours, published)
    return name


def _renamed(name: str) -> str:
    if name.startswith(_VISION):
        return f"visual.{name.removeprefix(_VISION)}".replace("register_tokens", "reg_token")
    for published, ours in _TEXT_NAMES:
        name = name.replace(published, ours)
    return name
