"""MobileSAM: timm's TinyViT in the place of SAM's encoder, everything else SAM's own.

Zhang et al., "Faster Segment Anything: Towards Lightweight SAM for Mobile Applications", 2023, arXiv 2306.14289.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, cast

import timm
import torch
from torch import Tensor, nn

from landwright.networks.sam.library import sam_library

_ENCODER: Final = "tiny_vit_5m_224"
_FEATURES: Final = 320
# A vision encoder that is thrown away: the smallest that SAM's own configuration allows.
_NO_ENCODER: Final[Mapping[str, Any]] = {"hidden_size": 4, "num_hidden_layers": 0, "num_attention_heads": 1}

# The classifier of ImageNet, which is in the file although no mask comes from it.
_UNUSED: Final = re.compile(r"image_encoder\.(norm_head|head)\.(weight|bias)")
_POSITIONS: Final = "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"
_SHARED: Final = ("shared_image_embedding.positional_embedding", "prompt_encoder.shared_embedding.positional_embedding")

# Published names to those of the network, in this order.
_RULES: Final[tuple[tuple[str, str], ...]] = (
    (r"^image_encoder\.neck\.0\.", "vision_encoder.neck.conv1."),
    (r"^image_encoder\.neck\.1\.", "vision_encoder.neck.layer_norm1."),
    (r"^image_encoder\.neck\.2\.", "vision_encoder.neck.conv2."),
    (r"^image_encoder\.neck\.3\.", "vision_encoder.neck.layer_norm2."),
    (r"^image_encoder\.patch_embed\.seq\.0\.", "vision_encoder.backbone.patch_embed.conv1."),
    (r"^image_encoder\.patch_embed\.seq\.2\.", "vision_encoder.backbone.patch_embed.conv2."),
    (r"^image_encoder\.layers\.0\.downsample\.", "vision_encoder.backbone.stages.1.downsample."),
    (r"^image_encoder\.layers\.1\.downsample\.", "vision_encoder.backbone.stages.2.downsample."),
    (r"^image_encoder\.layers\.2\.downsample\.", "vision_encoder.backbone.stages.3.downsample."),
    (r"^image_encoder\.layers\.", "vision_encoder.backbone.stages."),
    (r"(?<=\.)c\.weight$", "conv.weight"),
    (r"\.point_embeddings\.", ".point_embed."),
    (r"\.mask_downscaling\.0\.", ".mask_embed.conv1."),
    (r"\.mask_downscaling\.1\.", ".mask_embed.layer_norm1."),
    (r"\.mask_downscaling\.3\.", ".mask_embed.conv2."),
    (r"\.mask_downscaling\.4\.", ".mask_embed.layer_norm2."),
    (r"\.mask_downscaling\.6\.", ".mask_embed.conv3."),
    (r"(^mask_decoder\.transformer\..*)\.norm(\d)\.", r"\1.layer_norm\2."),
    (r"\.norm_final_attn\.", ".layer_norm_final_attn."),
    (r"\.output_upscaling\.0\.", ".upscale_conv1."),
    (r"\.output_upscaling\.1\.", ".upscale_layer_norm."),
    (r"\.output_upscaling\.3\.", ".upscale_conv2."),
    (r"(\.(?:output_hypernetworks_mlps\.\d|iou_prediction_head))\.layers\.0\.", r"\1.proj_in."),
    (r"(\.(?:output_hypernetworks_mlps\.\d|iou_prediction_head))\.layers\.2\.", r"\1.proj_out."),
    (r"(\.(?:output_hypernetworks_mlps\.\d|iou_prediction_head))\.layers\.1\.", r"\1.layers.0."),
)


class _Features(NamedTuple):
    last_hidden_state: Tensor


class MobileEncoder(nn.Module):
    """TinyViT-5M and SAM's neck, in the place of SAM's vision encoder.

    The last reduction of the resolution is left out, so that an image of 1024 pixels gives 64 x 64 features.

    Attributes:
        backbone: timm's ``tiny_vit_5m_224`` without its classifier.
        neck: SAM's neck.

    Args:
        config: Transformers' configuration of a SAM vision encoder, of which the neck is built.
    """

    def __init__(self, config: Any) -> None:
        """Build both with random weights."""
        super().__init__()
        from transformers.models.sam.modeling_sam import SamVisionNeck

        self.backbone: Any = timm.create_model(_ENCODER, num_classes=0)
        self.backbone.head = nn.Identity()
        self.backbone.stages[3].downsample.conv2.conv.stride = (1, 1)
        # Three times as fast as torch's usual order on a CPU.
        self.backbone.to(memory_format=torch.channels_last)
        self.neck: nn.Module = SamVisionNeck(config)

    def forward(self, pixel_values: Tensor, **_: Any) -> _Features:
        """Return features (B, 256, S/16, S/16) of normalised images (B, 3, S, S), as SAM's own encoder would."""
        found = self.backbone.forward_features(pixel_values.contiguous(memory_format=torch.channels_last))
        return _Features(self.neck(found.permute(0, 2, 3, 1)))


def mobile_sam() -> nn.Module:
    """Build MobileSAM with random weights: transformers' ``SamModel`` with another vision encoder, in eval mode.

    Raises:
        UsageError: If transformers is not installed.
    """
    library = sam_library()
    model = library.SamModel(library.SamConfig(vision_config=dict(_NO_ENCODER)))
    config = library.SamVisionConfig(hidden_size=_FEATURES)
    model.vision_encoder = MobileEncoder(config)
    return cast(nn.Module, model.eval())


def is_mobile_sam(names: Iterable[str]) -> bool:
    """Return whether the names of tensors are those of MobileSAM's checkpoint, or of one close to it."""
    found = set(names)
    return "image_encoder.patch_embed.seq.0.c.weight" in found and _POSITIONS in found


def mobile_sam_names(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Rename the tensors of MobileSAM's checkpoint to those of `mobile_sam`.

    Args:
        state: Tensors by their published names.

    Returns:
        Tensors by the network's names, without those of the classifier; and the published names by the network's.
    """
    tensors: dict[str, Tensor] = {}
    published: dict[str, str] = {}
    for name, tensor in state.items():
        if _UNUSED.fullmatch(name):
            continue
        for own in _SHARED if name == _POSITIONS else (_renamed(name),):
            tensors[own] = tensor
            published[own] = name
    return tensors, published


def _renamed(name: str) -> str:
    for pattern, replacement in _RULES:
        name = re.sub(pattern, replacement, name)
    return name
