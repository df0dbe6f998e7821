"""CLIP of transformers under open_clip's names gives the same features."""

import open_clip
import pytest
import torch

from landwright.networks.clip.huggingface import convert_hf_clip

transformers = pytest.importorskip("transformers", reason="transformers comes with the extra sam")

IDS = torch.tensor([[90, 5, 6, 99, 0, 0], [90, 7, 99, 0, 0, 0]])


@pytest.fixture(scope="module", params=["quick_gelu", "gelu"])
def towers(request):
    torch.manual_seed(0)
    text = {"hidden_size": 32, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2}
    vision = {"hidden_size": 64, "intermediate_size": 256, "num_hidden_layers": 3, "num_attention_heads": 2}
    special = {"bos_token_id": 90, "eos_token_id": 99, "pad_token_id": 0}
    config = transformers.CLIPConfig(
        text_config=text | special | {"vocab_size": 100, "max_position_embeddings": 6, "hidden_act": request.param},
        vision_config=vision | {"image_size": 32, "patch_size": 8, "hidden_act": request.param},
        projection_dim=24,
    )
    theirs = transformers.CLIPModel(config).eval()
    for parameter in theirs.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    ours = open_clip.CLIP(
        24,
        {"image_size": 32, "patch_size": 8, "width": 64, "layers": 3, "head_width": 32},
        {"context_length": 6, "vocab_size": 100, "width": 32, "heads": 2, "layers": 2},
        quick_gelu=request.param == "quick_gelu",
    ).eval()
    return theirs, ours


@torch.no_grad()
def test_features_are_the_same(towers):
    theirs, ours = towers
    state = theirs.state_dict()
    ours.load_state_dict(convert_hf_clip(state | {"text_model.embeddings.position_ids": torch.arange(6)}))
    images = torch.randn(2, 3, 32, 32)
    outputs = theirs(input_ids=IDS, pixel_values=images)
    for found, expected in (
        (ours.encode_image(images, normalize=True), outputs.image_embeds),
        (ours.encode_text(IDS, normalize=True), outputs.text_embeds),
    ):
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_what_is_unknown_keeps_its_name(towers):
    theirs, ours = towers
    state = theirs.state_dict() | {"vision_model.encoder.layers.0.extra.weight": torch.zeros(1), "head": torch.zeros(1)}
    with pytest.raises(RuntimeError, match=r"vision_model\.encoder\.layers\.0\.extra\.weight"):
        ours.load_state_dict(convert_hf_clip(state))
