"""The dense protocol on a stock CLIP of open_clip.

Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", ICML 2021, arXiv 2103.00020.
"""

from __future__ import annotations

from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from landwright.networks.clip.encoder import DenseEncoder
from landwright.networks.clip.positions import fit_positions


class OpenClipEncoder(DenseEncoder):
    """Both towers of an ``open_clip.CLIP`` whose image tower is a plain vision transformer with a class token.

    The entries of its state dict are open_clip's behind ``clip.``.

    Args:
        clip: The model, as of :func:`landwright.networks.clip.towers.build_clip`.
    """

    prefix = 1

    def __init__(self, clip: nn.Module) -> None:
        """Note the model's sizes."""
        super().__init__()
        self.clip = cast(Any, clip)
        visual = self.clip.visual
        self.patch = int(visual.patch_size[0])
        self.native = int(visual.image_size[0])
        self.embed_dim = int(visual.output_dim)
        self.context = int(self.clip.context_length)
        self.depth = len(visual.transformer.resblocks)

    def tokens(self, image: Tensor, *, before: int = -1) -> Tensor:
        """Return the tokens (B, 1 + P, C) that enter a block, for any grid of patches."""
        visual = self.clip.visual
        patches = visual.conv1(image)
        table = fit_positions(
            visual.positional_embedding,
            tuple(visual.grid_size),
            (patches.shape[2], patches.shape[3]),
            antialias=self.antialias,
        )
        patches = patches.flatten(2).transpose(1, 2)
        first = visual.class_embedding.to(patches.dtype).expand(patches.shape[0], 1, -1)
        tokens: Tensor = visual.ln_pre(torch.cat((first, patches), dim=1) + table)
        for index in range(before % self.depth):
            tokens = self.block(tokens, index)
        return tokens

    def block(self, tokens: Tensor, index: int) -> Tensor:
        """Run one whole block."""
        return cast(Tensor, self._block(index)(tokens))

    def normed(self, tokens: Tensor, block: int = -1) -> Tensor:
        """Return the tokens through the block's first norm."""
        return cast(Tensor, self._block(block).ln_1(tokens))

    def qkv(self, normed: Tensor, block: int = -1) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries, keys and values (B, heads, L, d), by one product."""
        attention = self._block(block).attn
        packed = F.linear(normed, attention.in_proj_weight, attention.in_proj_bias)
        query, key, value = packed.view(*packed.shape[:2], 3, attention.num_heads, -1).permute(2, 0, 3, 1, 4)
        return query, key, value

    def project(self, mixed: Tensor, block: int = -1) -> Tensor:
        """Join the heads and apply the block's output projection."""
        return cast(Tensor, self._block(block).attn.out_proj(mixed.transpose(1, 2).flatten(2)))

    def finish(self, tokens: Tensor, attended: Tensor) -> Tensor:
        """Add the attention to the tokens and run the perceptron of the last block."""
        block = self._block(-1)
        tokens = tokens + attended
        return cast(Tensor, tokens + block.mlp(block.ln_2(tokens)))

    def joint(self, tokens: Tensor) -> Tensor:
        """Map tokens by the last norm and the projection."""
        visual = self.clip.visual
        return cast(Tensor, visual.ln_post(tokens) @ visual.proj)

    def pooled(self, image: Tensor) -> Tensor:
        """Return the class token's feature, as open_clip's ``encode_image``, for any size."""
        return self.joint(self.block(self.tokens(image), -1)[:, :1])[:, 0]

    def encode_text(self, ids: Tensor) -> Tensor:
        """Return the feature of the end token, which has the largest id.

        The tower is causal: ids that are cut behind the last end token of a batch give the same features in less time.
        """
        clip, length = self.clip, ids.shape[1]
        tokens = clip.token_embedding(ids) + clip.positional_embedding[:length]
        tokens = clip.ln_final(clip.transformer(tokens, attn_mask=clip.attn_mask[:length, :length]))
        last = tokens[torch.arange(len(ids), device=ids.device), ids.argmax(dim=-1)]
        return cast(Tensor, last @ clip.text_projection)

    def _block(self, index: int) -> Any:
        return self.clip.visual.transformer.resblocks[index]
