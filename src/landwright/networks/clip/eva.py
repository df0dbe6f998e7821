"""EVA-02 CLIP read patch by patch, as CLIPSelf and FineCLIP do, on open_clip's models with towers of timm.

Sun et al., "EVA-CLIP: Improved Training Techniques for CLIP at Scale", 2023, arXiv 2303.15389; Wu et al., "CLIPSelf:
Vision Transformer Distills Itself for Open-Vocabulary Dense Prediction", ICLR 2024, arXiv 2310.01403. Their dense
features are those of the last block without attention, that is attention ``maskclip`` with the residual kept. No stored
outputs were at hand: this is compared with timm's own block only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import torch
import torch.nn.functional as F
from timm.layers import RotaryEmbeddingCat, apply_rot_embed_cat
from timm.models.eva import Eva
from torch import Tensor, nn

from landwright.networks.clip.positions import fit_positions
from landwright.networks.clip.timmvit import TimmClipEncoder, take_bands
from landwright.networks.clip.towers import COMPACT, open_clip
from landwright.networks.registry import choose

_ARCHITECTURES = ("EVA02-B-16", "EVA02-L-14", "EVA02-L-14-336")
_COMPACT_TEXT = {"vocab_size": 49408, "width": 64, "heads": 2, "layers": 2}
_COMPACT_VISION = {"image_size": 8, "patch_size": 8, "width": 8, "head_width": 8, "layers": 1}
# The published names to timm's.
_NAMES = (
    (".mlp.ffn_ln.", ".mlp.norm."),
    (".attn.inner_attn_ln.", ".attn.norm."),
    (".mlp.w1.", ".mlp.fc1_g."),
    (".mlp.w2.", ".mlp.fc1_x."),
    (".mlp.w3.", ".mlp.fc2."),
    (".attn.q_bias", ".attn.q_proj.bias"),
    (".attn.v_bias", ".attn.v_proj.bias"),
)


class EvaEncoder(TimmClipEncoder):
    """Both towers of an EVA-02 CLIP: a class token, learned positions, and rotations of queries and keys by place.

    The rotations follow the grid of the image that :meth:`tokens` was last called with. Position tables of another size
    are fitted as everywhere else here; CLIPSelf fits them by size without antialiasing, and its published maps are made
    at the native size, where nothing is fitted.

    The entries of its state dict are open_clip's behind ``clip.``.

    Args:
        clip: An ``open_clip.CustomTextCLIP`` with a timm tower, as of :func:`build_eva`.
    """

    prefix = 1

    def __init__(self, clip: Any) -> None:
        """Note the model's sizes."""
        super().__init__(clip, int(clip.visual.trunk.num_classes))
        rope = self.trunk.rope
        # timm's own one is made for one grid; this one, of the same rates, serves all.
        self.rotation = RotaryEmbeddingCat(rope.dim, in_pixels=False, ref_feat_shape=rope.ref_feat_shape)
        self._grid: tuple[int, int] = tuple(self.trunk.patch_embed.grid_size)

    def embed(self, image: Tensor) -> Tensor:
        """Return the class token and the patches (B, 1 + P, C) with their positions."""
        patches = self.trunk.patch_embed.proj(image)
        self._grid = (patches.shape[2], patches.shape[3])
        native = self.trunk.patch_embed.grid_size
        table = fit_positions(self.trunk.pos_embed[0], native, self._grid, antialias=self.antialias)
        first = self.trunk.cls_token.expand(patches.shape[0], -1, -1)
        return torch.cat((first, patches.flatten(2).transpose(1, 2)), dim=1) + table

    def block(self, tokens: Tensor, index: int) -> Tensor:
        """Run one whole block."""
        return cast(Tensor, self.trunk.blocks[index](tokens, rope=self.rotation.get_embed(shape=self._grid)))

    def qkv(self, normed: Tensor, block: int = -1) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries and keys, rotated by the places of their patches, and values (B, heads, L, d)."""
        attention = self.trunk.blocks[block].attn
        query, key, value = (
            layer(normed).unflatten(-1, (attention.num_heads, -1)).transpose(1, 2)
            for layer in (attention.q_proj, attention.k_proj, attention.v_proj)
        )
        return self._rotated(query), self._rotated(key), value

    def project(self, mixed: Tensor, block: int = -1) -> Tensor:
        """Join the heads; norm and output projection of the block."""
        attention = self.trunk.blocks[block].attn
        return cast(Tensor, attention.proj(attention.norm(mixed.transpose(1, 2).flatten(2))))

    def finish(self, tokens: Tensor, attended: Tensor) -> Tensor:
        """Add the attention to the tokens and run the perceptron of the last block."""
        last = self.trunk.blocks[-1]
        tokens = tokens + attended
        return cast(Tensor, tokens + last.mlp(last.norm2(tokens)))

    def joint(self, tokens: Tensor) -> Tensor:
        """Map tokens by the last norm and the projection."""
        return cast(Tensor, self.trunk.head(self.trunk.norm(tokens)))

    def pooled(self, image: Tensor) -> Tensor:
        """Return the class token's feature, as open_clip's ``encode_image``, for any size."""
        return self.joint(self.block(self.tokens(image), -1)[:, :1])[:, 0]

    def encode_text(self, ids: Tensor) -> Tensor:
        """Return the feature of the end token, which has the largest id; ids may be cut behind it."""
        return cast(Tensor, self.clip.encode_text(F.pad(ids, (0, self.context - ids.shape[1]))))

    def _rotated(self, vectors: Tensor) -> Tensor:
        turned = apply_rot_embed_cat(vectors[:, :, self.prefix :], self.rotation.get_embed(shape=self._grid))
        return torch.cat((vectors[:, :, : self.prefix], turned), dim=2).type_as(vectors)


def list_eva() -> list[str]:
    """Return the names that :func:`build_eva` knows."""
    return [COMPACT, *_ARCHITECTURES]


def build_eva(architecture: str, *, context: int, bands: int) -> EvaEncoder:
    """Build an EVA-02 CLIP with random weights and without a download.

    Args:
        architecture: ``EVA02-B-16``, ``EVA02-L-14``, ``EVA02-L-14-336``; or ``compact``, a small one for tests (64
            pixels, patches of 8).
        context: Number of text tokens; the published weights have 77.
        bands: Number of input bands.

    Raises:
        UsageError: open_clip is not installed, or the name is unknown.
    """
    library = open_clip()
    choose("eva architecture", architecture, list_eva())
    if architecture == COMPACT:
        model = library.CustomTextCLIP(64, _COMPACT_VISION, {**_COMPACT_TEXT, "context_length": context})
        model.visual = nn.ModuleDict({"trunk": _compact_trunk()})
    else:
        config = library.get_model_config(architecture)
        text = {**config["text_cfg"], "context_length": context}
        model = library.CustomTextCLIP(config["embed_dim"], config["vision_cfg"], text)
    take_bands(model.visual.trunk, bands)
    return EvaEncoder(model)


def convert_eva(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Turn the names of EVA-CLIP, CLIPSelf and FineCLIP, or open_clip's own, into those of :class:`EvaEncoder`.

    Tables of rotations are left out: they follow from the sizes.

    Args:
        state: Entries such as ``visual.blocks.0.attn.q_proj.weight`` and ``text.ln_final.weight``.

    Returns:
        Entries such as ``clip.visual.trunk.blocks.0.attn.q_proj.weight``.
    """
    return {f"clip.{_renamed(name)}": tensor for name, tensor in state.items() if ".rope." not in name}


def eva_name(name: str) -> str:
    """Return the name in EVA-CLIP, CLIPSelf and FineCLIP of an entry of :class:`EvaEncoder`, for messages."""
    name = name.removeprefix("clip.")
    if not name.startswith("visual.trunk."):
        return name
    for published, ours in _NAMES:
        name = name.replace(ours, published)
    return f"visual.{name.removeprefix('visual.trunk.')}"


def _renamed(name: str) -> str:
    if not name.startswith("visual.") or name.startswith("visual.trunk."):
        return name
    for published, ours in _NAMES:
        name = name.replace(published, ours)
    return f"visual.trunk.{name.removeprefix('visual.')}"


def _compact_trunk() -> nn.Module:
    trunk: nn.Module = Eva(
        img_size=64,
        patch_size=8,
        embed_dim=64,
        depth=3,
        num_heads=2,
        num_classes=64,
        qkv_fused=False,
        mlp_ratio=8 / 3,
        swiglu_mlp=True,
        scale_mlp=True,
        scale_attn_inner=True,
        use_rot_pos_emb=True,
        ref_feat_shape=(16, 16),
        global_pool="token",
    )
    return trunk
