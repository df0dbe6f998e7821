"""What the towers on timm's vision transformers have in common: the last block taken apart."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, cast

from torch import Tensor, nn

from landwright.networks.clip.encoder import DenseEncoder


class TimmEncoder(DenseEncoder):
    """A dual encoder whose image tower is a vision transformer in timm's names."""

    @property
    @abstractmethod
    def trunk(self) -> Any:
        """The image tower."""

    @abstractmethod
    def embed(self, image: Tensor) -> Tensor:
        """Return the tokens (B, prefix + P, C) that enter the first block."""

    def tokens(self, image: Tensor, *, before: int = -1) -> Tensor:
        """Return the tokens (B, prefix + P, C) that enter a block, for any grid of patches."""
        tokens = self.trunk.norm_pre(self.embed(image))
        for index in range(before % self.depth):
            tokens = self.block(tokens, index)
        return cast(Tensor, tokens)

    def block(self, tokens: Tensor, index: int) -> Tensor:
        """Run one whole block."""
        return cast(Tensor, self.trunk.blocks[index](tokens))

    def normed(self, tokens: Tensor, block: int = -1) -> Tensor:
        """Return the tokens through the block's first norm."""
        return cast(Tensor, self.trunk.blocks[block].norm1(tokens))

    def qkv(self, normed: Tensor, block: int = -1) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries, keys and values (B, heads, L, d), by one product."""
        attention = self.trunk.blocks[block].attn
        packed = attention.qkv(normed).unflatten(-1, (3, attention.num_heads, -1)).permute(2, 0, 3, 1, 4)
        return attention.q_norm(packed[0]), attention.k_norm(packed[1]), packed[2]

    def project(self, mixed: Tensor, block: int = -1) -> Tensor:
        """Join the heads and apply the block's output projection, with the layer scale where there is one."""
        whole = self.trunk.blocks[block]
        joined = whole.attn.proj(whole.attn.norm(mixed.transpose(1, 2).flatten(2)))
        return cast(Tensor, whole.ls1(joined))

    def finish(self, tokens: Tensor, attended: Tensor) -> Tensor:
        """Add the attention to the tokens and run the perceptron of the last block."""
        last = self.trunk.blocks[-1]
        tokens = tokens + attended
        return cast(Tensor, tokens + last.ls2(last.mlp(last.norm2(tokens))))


class TimmClipEncoder(TimmEncoder):
    """Both towers of an ``open_clip.CustomTextCLIP`` whose image tower is timm's.

    Args:
        clip: The model.
        embed_dim: Number of channels of the joint space.
    """

    def __init__(self, clip: Any, embed_dim: int) -> None:
        """Note the model's sizes."""
        super().__init__()
        self.clip = clip
        embedding = self.trunk.patch_embed
        self.patch = int(embedding.patch_size[0])
        self.native = int(embedding.img_size[0])
        self.embed_dim = embed_dim
        self.context = int(clip.context_length)
        self.depth = len(self.trunk.blocks)

    @property
    def trunk(self) -> Any:
        """The image tower."""
        return self.clip.visual.trunk


def take_bands(trunk: Any, bands: int) -> None:
    """Make a tower in timm's names read another number of bands."""
    stem = trunk.patch_embed.proj
    if bands != stem.in_channels:
        trunk.patch_embed.proj = nn.Conv2d(
            bands, stem.out_channels, stem.kernel_size, stem.stride, bias=stem.bias is not None
        )
