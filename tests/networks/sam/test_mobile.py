from __future__ import annotations

import pytest
import torch

from landwright.networks.sam import MobileEncoder, is_mobile_sam, mobile_sam, mobile_sam_names

transformers = pytest.importorskip("transformers", reason="the extra `sam` is not installed")

# Names that the published checkpoint has, and where they belong.
PAIRS = {
    "image_encoder.patch_embed.seq.0.c.weight": "vision_encoder.backbone.patch_embed.conv1.conv.weight",
    "image_encoder.patch_embed.seq.2.bn.running_var": "vision_encoder.backbone.patch_embed.conv2.bn.running_var",
    "image_encoder.layers.0.blocks.1.conv3.c.weight": "vision_encoder.backbone.stages.0.blocks.1.conv3.conv.weight",
    "image_encoder.layers.0.downsample.conv1.bn.bias": "vision_encoder.backbone.stages.1.downsample.conv1.bn.bias",
    "image_encoder.layers.2.downsample.conv2.c.weight": "vision_encoder.backbone.stages.3.downsample.conv2.conv.weight",
    "image_encoder.layers.1.blocks.0.attn.attention_biases": (
        "vision_encoder.backbone.stages.1.blocks.0.attn.attention_biases"
    ),
    "image_encoder.layers.2.blocks.5.local_conv.c.weight": (
        "vision_encoder.backbone.stages.2.blocks.5.local_conv.conv.weight"
    ),
    "image_encoder.layers.3.blocks.1.mlp.fc1.bias": "vision_encoder.backbone.stages.3.blocks.1.mlp.fc1.bias",
    "image_encoder.neck.0.weight": "vision_encoder.neck.conv1.weight",
    "image_encoder.neck.3.bias": "vision_encoder.neck.layer_norm2.bias",
    "prompt_encoder.point_embeddings.3.weight": "prompt_encoder.point_embed.3.weight",
    "prompt_encoder.not_a_point_embed.weight": "prompt_encoder.not_a_point_embed.weight",
    "prompt_encoder.mask_downscaling.3.weight": "prompt_encoder.mask_embed.conv2.weight",
    "prompt_encoder.mask_downscaling.4.bias": "prompt_encoder.mask_embed.layer_norm2.bias",
    "mask_decoder.iou_token.weight": "mask_decoder.iou_token.weight",
    "mask_decoder.transformer.layers.1.norm4.weight": "mask_decoder.transformer.layers.1.layer_norm4.weight",
    "mask_decoder.transformer.layers.0.mlp.lin1.weight": "mask_decoder.transformer.layers.0.mlp.lin1.weight",
    "mask_decoder.transformer.norm_final_attn.bias": "mask_decoder.transformer.layer_norm_final_attn.bias",
    "mask_decoder.output_upscaling.1.weight": "mask_decoder.upscale_layer_norm.weight",
    "mask_decoder.output_upscaling.3.weight": "mask_decoder.upscale_conv2.weight",
    "mask_decoder.output_hypernetworks_mlps.2.layers.0.weight": (
        "mask_decoder.output_hypernetworks_mlps.2.proj_in.weight"
    ),
    "mask_decoder.output_hypernetworks_mlps.2.layers.1.weight": (
        "mask_decoder.output_hypernetworks_mlps.2.layers.0.weight"
    ),
    "mask_decoder.iou_prediction_head.layers.2.bias": "mask_decoder.iou_prediction_head.proj_out.bias",
}
POSITIONS = "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"


@pytest.fixture(scope="module")
def model() -> torch.nn.Module:
    return mobile_sam()


def test_published_names(model: torch.nn.Module) -> None:
    wanted = model.state_dict()
    assert sum(name.startswith("vision_encoder.backbone.") for name in wanted) == 292
    classifier = [f"image_encoder.{part}.{kind}" for part in ("head", "norm_head") for kind in ("weight", "bias")]
    given = {name: torch.zeros(1) for name in (*PAIRS, POSITIONS, *classifier)}
    tensors, published = mobile_sam_names(given)
    assert {published[name]: name for name in tensors if published[name] != POSITIONS} == PAIRS
    assert [name for name, theirs in published.items() if theirs == POSITIONS] == [
        "shared_image_embedding.positional_embedding",
        "prompt_encoder.shared_embedding.positional_embedding",
    ]
    assert set(tensors) <= set(wanted)


def test_what_is_a_mobile_sam() -> None:
    assert is_mobile_sam([*PAIRS, POSITIONS])
    assert not is_mobile_sam(["image_encoder.patch_embed.proj.weight", POSITIONS])  # SAM with a ViT


def test_the_last_reduction_is_left_out() -> None:
    encoder = MobileEncoder(transformers.SamVisionConfig(hidden_size=320, output_channels=256)).eval()
    with torch.inference_mode():
        found = encoder(torch.rand(1, 3, 64, 96))
    assert found[0].shape == found.last_hidden_state.shape == (1, 256, 4, 6)
