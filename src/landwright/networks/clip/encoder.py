"""What a dual encoder must offer so that its last layer can be read patch by patch."""

from __future__ import annotations

from abc import ABC, abstractmethod

from timm.data.constants import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD
from torch import Tensor, nn


class DenseEncoder(nn.Module, ABC):
    """An image tower, taken apart at its last block, and the text tower that goes with it.

    Tokens are (B, prefix + P, C): first the tokens that are no patches, then the patches in row-major order.

    Attributes:
        patch: Side of a patch in pixels.
        native: Side in pixels of the square images that it was trained on.
        embed_dim: Number D of channels of the space that images and texts share.
        context: Largest number of text tokens.
        prefix: Number of leading tokens that are no patches: 1 for a class token, 0 where there is none.
        depth: Number of blocks of the image tower.
        antialias: Whether a position table of another size is fitted as GEM does it; without meaning for an encoder
            that has no such table.
        mean: What the weights expect to be subtracted from red, green and blue after division to 0..1.
        std: What they expect that to be divided by.
    """

    patch: int
    native: int
    embed_dim: int
    context: int
    prefix: int
    depth: int
    antialias: bool = False
    mean: tuple[float, float, float] = OPENAI_CLIP_MEAN
    std: tuple[float, float, float] = OPENAI_CLIP_STD

    @abstractmethod
    def tokens(self, image: Tensor, *, before: int = -1) -> Tensor:
        """Return the tokens (B, prefix + P, C) that enter a block.

        Args:
            image: Normalised images (B, bands, H, W); H and W are multiples of ``patch``, of any ratio.
            before: Index of the block; negative ones count from the last.
        """

    @abstractmethod
    def block(self, tokens: Tensor, index: int) -> Tensor:
        """Run one whole block as it was trained."""

    @abstractmethod
    def normed(self, tokens: Tensor, block: int = -1) -> Tensor:
        """Return the tokens as the attention of a block reads them, normalised."""

    @abstractmethod
    def qkv(self, normed: Tensor, block: int = -1) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries, keys and values (B, heads, L, d) of a block for normalised tokens (B, L, C)."""

    @abstractmethod
    def project(self, mixed: Tensor, block: int = -1) -> Tensor:
        """Join the heads of mixed values (B, heads, L, d) by the block's output projection to (B, L, C)."""

    @abstractmethod
    def finish(self, tokens: Tensor, attended: Tensor) -> Tensor:
        """Add what the last block's attention gave to its input, and run its multi-layer perceptron."""

    @abstractmethod
    def joint(self, tokens: Tensor) -> Tensor:
        """Map tokens (B, L, C), each for itself, by the final norm and projection to (B, L, D)."""

    @abstractmethod
    def pooled(self, image: Tensor) -> Tensor:
        """Return the ordinary feature (B, D) of whole images, as trained, not of unit length."""

    @abstractmethod
    def encode_text(self, ids: Tensor) -> Tensor:
        """Return features (N, D), not of unit length, of token ids (N, L) with L up to ``context``."""
