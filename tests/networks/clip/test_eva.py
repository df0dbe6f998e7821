"""EVA-02 CLIP: timm's own tower, CLIPSelf's last block without attention, and the published names."""

import pytest
import torch
from timm.models.eva import checkpoint_filter_fn

from landwright.networks.clip.attention import attend
from landwright.networks.clip.eva import build_eva, convert_eva, list_eva

PUBLISHED = (
    (".mlp.norm.", ".mlp.ffn_ln."),
    (".attn.norm.", ".attn.inner_attn_ln."),
    (".fc1_g.", ".w1."),
    (".fc1_x.", ".w2."),
    (".fc2.", ".w3."),
    (".q_proj.bias", ".q_bias"),
    (".v_proj.bias", ".v_bias"),
)


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(0)
    built = build_eva("compact", context=8, bands=3).eval()
    for parameter in built.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return built


@torch.no_grad()
def test_whole_images_and_texts(encoder):
    image = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(encoder.pooled(image), encoder.trunk(image), atol=1e-4, rtol=1e-4)
    ids = torch.randint(0, 49406, (2, 8))
    ids[:, 5] = 49407
    ids[:, 6:] = 0
    found = encoder.encode_text(ids)
    torch.testing.assert_close(found, encoder.clip.encode_text(ids))
    # The tower is causal: what lies behind the end token may be cut.
    torch.testing.assert_close(encoder.encode_text(ids[:, :6]), found)


@torch.no_grad()
def test_places_turn_queries_and_keys_on_any_grid(encoder):
    encoder.tokens(torch.randn(1, 3, 24, 40))
    same = encoder.qkv(torch.ones(1, 16, 64))
    for vectors in same[:2]:
        # The class token is not turned; the first patch lies at the origin; others are turned, which keeps lengths.
        torch.testing.assert_close(vectors[:, :, 0], vectors[:, :, 1])
        assert not torch.allclose(vectors[:, :, 1], vectors[:, :, 2])
        torch.testing.assert_close(vectors.norm(dim=-1), vectors[:, :, :1].norm(dim=-1).expand(-1, -1, 16))
    torch.testing.assert_close(same[2][:, :, 0], same[2][:, :, 5])
    encoder.tokens(torch.randn(1, 3, 64, 64))
    torch.testing.assert_close(encoder.rotation.get_embed(shape=encoder._grid), encoder.trunk.rope.get_embed())


@torch.no_grad()
def test_the_last_block_without_attention(encoder):
    """CLIPSelf: values, norm, output projection, residual, perceptron; then norm and head."""
    tokens = encoder.tokens(torch.randn(1, 3, 64, 64))
    last = encoder.trunk.blocks[-1]
    expected = tokens + last.attn.proj(last.attn.norm(last.attn.v_proj(last.norm1(tokens))))
    expected = encoder.trunk.head(encoder.trunk.norm(expected + last.mlp(last.norm2(expected))))
    mixed = attend("maskclip", *encoder.qkv(encoder.normed(tokens)), (8, 8), encoder.prefix)
    torch.testing.assert_close(encoder.joint(encoder.finish(tokens, encoder.project(mixed))), expected)


def as_published(name):
    name = name.removeprefix("clip.")
    for ours, theirs in PUBLISHED if name.startswith("visual.") else ():
        name = name.replace(ours, theirs)
    return name.replace("visual.trunk.", "visual.")


def test_published_names(encoder):
    published = {as_published(name): tensor for name, tensor in encoder.state_dict().items()}
    assert "visual.blocks.0.attn.q_bias" in published
    extra = {"visual.rope.freqs_cos": torch.ones(1), "visual.blocks.0.attn.rope.freqs_sin": torch.ones(1)}
    converted = convert_eva(published | extra)
    encoder.load_state_dict(converted)
    # timm's own reading of the image tower agrees.
    theirs = checkpoint_filter_fn(published, encoder.trunk)
    for name, tensor in theirs.items():
        assert tensor is converted[f"clip.visual.trunk.{name}"]
    assert convert_eva({"visual.trunk.norm.weight": torch.ones(1), "text.ln_final.bias": torch.ones(1)}).keys() == {
        "clip.visual.trunk.norm.weight",
        "clip.text.ln_final.bias",
    }


@pytest.mark.slow
@torch.no_grad()
def test_a_published_architecture():
    assert list_eva() == ["compact", "EVA02-B-16", "EVA02-L-14", "EVA02-L-14-336"]
    encoder = build_eva("EVA02-B-16", context=77, bands=3).eval()
    assert (encoder.patch, encoder.native, encoder.embed_dim, encoder.depth) == (16, 224, 512, 12)
    image = torch.randn(1, 3, 224, 224)
    torch.testing.assert_close(encoder.pooled(image), encoder.clip.encode_image(image), atol=1e-5, rtol=1e-4)
    assert not any("rope" in name or "rotation" in name for name in encoder.state_dict())
