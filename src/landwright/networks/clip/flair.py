"""FLAIR read patch by patch: a CLIP whose images and texts pass one more layer each.

Xiao et al., "FLAIR: VLM with Fine-grained Language-informed Image Representations", CVPR 2025, arXiv 2412.03561.
RS-OVSS takes attention ``segearth`` and no residual. Neither weights nor stored outputs were at hand: the names of the
two layers follow descriptions, their shapes (linear, D to D, with bias) are taken to be the simplest ones, and none of
it was tried on the published file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from torch import Tensor, nn

from landwright.networks.clip.openclip import OpenClipEncoder
from landwright.networks.clip.towers import build_clip

_UNUSED = ("visual_proj.", "logit_bias")


class FlairEncoder(OpenClipEncoder):
    """A CLIP with FLAIR's last layers ``image_post`` and ``text_post``.

    FLAIR's pooling of patches by a text is not part of it: a map compares every patch with every word.

    Args:
        clip: The model, as of :func:`landwright.networks.clip.towers.build_clip`.
    """

    def __init__(self, clip: nn.Module) -> None:
        """Add both layers, with random weights."""
        super().__init__(clip)
        self.image_post = nn.Linear(self.embed_dim, self.embed_dim)
        self.text_post = nn.Linear(self.embed_dim, self.embed_dim)

    def joint(self, tokens: Tensor) -> Tensor:
        """Map tokens by the last norm, the projection and FLAIR's layer."""
        return cast(Tensor, self.image_post(super().joint(tokens)))

    def encode_text(self, ids: Tensor) -> Tensor:
        """Return the feature of the end token, through FLAIR's layer."""
        return cast(Tensor, self.text_post(super().encode_text(ids)))


def build_flair(architecture: str, *, activation: str, context: int, bands: int) -> FlairEncoder:
    """Build a FLAIR model with random weights; arguments and errors are those of ``build_clip``."""
    return FlairEncoder(build_clip(architecture, activation=activation, context=context, bands=bands))


def convert_flair(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Turn FLAIR's names into those of :class:`FlairEncoder`.

    Args:
        state: open_clip's names, the text tower's with or without ``text.``, and ``image_post.``, ``text_post.``.

    Returns:
        The same tensors without the text-conditioned pooling.
    """
    kept = {name: tensor for name, tensor in state.items() if not name.startswith(_UNUSED)}
    return {
        name if name.startswith(("image_post.", "text_post.")) else f"clip.{name.removeprefix('text.')}": tensor
        for name, tensor in kept.items()
    }


def flair_name(name: str, *, apart: bool) -> str:
    """Return the published name of an entry of :class:`FlairEncoder`, for messages.

    Args:
        name: The entry.
        apart: Whether the file has ``text.`` before the text tower's names.
    """
    name = name.removeprefix("clip.")
    plain = name.startswith(("visual.", "image_post.", "text_post.", "logit_scale"))
    return f"text.{name}" if apart and not plain else name
