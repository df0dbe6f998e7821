"""SigLIP and SigLIP 2 read patch by patch, on open_clip's models with towers of timm.

Zhai et al., "Sigmoid Loss for Language Image Pre-Training", ICCV 2023, arXiv 2303.15343; Tschannen et al., "SigLIP 2",
2025, arXiv 2502.14786. No published dense map of theirs was at hand: nothing here is compared with stored outputs, only
with open_clip's own pooling.
"""

from __future__ import annotations

from typing import Any, cast

from timm.data.constants import IMAGENET_INCEPTION_MEAN, IMAGENET_INCEPTION_STD
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from landwright.errors import UsageError
from landwright.networks.clip.positions import fit_positions
from landwright.networks.clip.timmvit import TimmClipEncoder, take_bands
from landwright.networks.clip.towers import COMPACT, open_clip
from landwright.networks.registry import choose

_COMPACT_TEXT = {
    "vocab_size": 32000,
    "width": 64,
    "heads": 2,
    "layers": 2,
    "no_causal_mask": True,
    "proj_bias": True,
    "pool_type": "last",
}
_COMPACT_VISION = {"image_size": 8, "patch_size": 8, "width": 8, "head_width": 8, "layers": 1}


class SiglipEncoder(TimmClipEncoder):
    """Both towers of a SigLIP model; no class token.

    SigLIP pools patches by one attention whose query is learned. A patch that is alone in that attention gets its whole
    weight: its value goes through the pooling's projection and perceptron. This is the joint projection here.

    The entries of its state dict are open_clip's behind ``clip.``.

    Args:
        clip: An ``open_clip.CustomTextCLIP`` with a timm tower, as of :func:`build_siglip`.
    """

    prefix = 0
    mean = IMAGENET_INCEPTION_MEAN
    std = IMAGENET_INCEPTION_STD

    def __init__(self, clip: Any) -> None:
        """Note the model's sizes."""
        super().__init__(clip, int(clip.visual.trunk.num_features))

    def embed(self, image: Tensor) -> Tensor:
        """Return the patches (B, P, C) with their positions."""
        patches = self.trunk.patch_embed.proj(image)
        table = fit_positions(
            self.trunk.pos_embed[0],
            self.trunk.patch_embed.grid_size,
            (patches.shape[2], patches.shape[3]),
            prefix=0,
            antialias=self.antialias,
        )
        return cast(Tensor, patches.flatten(2).transpose(1, 2) + table)

    def joint(self, tokens: Tensor) -> Tensor:
        """Map patches, each as if it were the only one, by the last norm and the pooling's projection."""
        pool = self.trunk.attn_pool
        value = pool.kv(self.trunk.norm(tokens)).chunk(2, dim=-1)[1]
        joined = pool.proj(value)
        return cast(Tensor, joined + pool.mlp(pool.norm(joined)))

    def pooled(self, image: Tensor) -> Tensor:
        """Return the whole image's feature by the pooling over all patches, for any size."""
        return cast(Tensor, self.trunk.attn_pool(self.trunk.norm(self.block(self.tokens(image), -1))))

    def encode_text(self, ids: Tensor) -> Tensor:
        """Return the feature of the last token. The tower looks both ways and was trained with full rows.

        Raises:
            UsageError: Rows are shorter than ``context``; they would give other features.
        """
        if ids.shape[1] != self.context:
            raise UsageError(
                f"SigLIP's text tower reads {self.context} tokens, not {ids.shape[1]}",
                remedy="Fill every row with the padding of its tokenizer",
            )
        return cast(Tensor, self.clip.encode_text(ids))


def list_siglip() -> list[str]:
    """Return the names that :func:`build_siglip` knows, ``compact`` first."""
    return [COMPACT, *(name for name in open_clip().list_models() if name.startswith("ViT-") and "-SigLIP" in name)]


def build_siglip(architecture: str, *, context: int, bands: int) -> SiglipEncoder:
    """Build a SigLIP model with random weights and without a download.

    Args:
        architecture: open_clip's name, such as ``ViT-B-16-SigLIP`` or ``ViT-B-16-SigLIP2``; or ``compact``, a small one
            for tests (64 pixels, patches of 8).
        context: Number of text tokens; the published weights have 64.
        bands: Number of input bands.

    Raises:
        UsageError: open_clip is not installed, or the name is unknown.
    """
    library = open_clip()
    choose("siglip architecture", architecture, list_siglip())
    if architecture == COMPACT:
        model = library.CustomTextCLIP(64, _COMPACT_VISION, {**_COMPACT_TEXT, "context_length": context})
        trunk = VisionTransformer(64, 8, 3, 0, "map", 64, 3, 2, class_token=False)
        model.visual = nn.ModuleDict({"trunk": trunk})
    else:
        config = library.get_model_config(architecture)
        text = {**config["text_cfg"], "context_length": context}
        model = library.CustomTextCLIP(config["embed_dim"], config["vision_cfg"], text, init_logit_bias=-10)
    take_bands(model.visual.trunk, bands)
    return SiglipEncoder(model)
