"""SigLIP's pooling of all patches is open_clip's, and of one patch it is the joint projection."""

import pytest
import torch

from landwright.errors import UsageError
from landwright.networks.clip.siglip import build_siglip, list_siglip


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(0)
    built = build_siglip("compact", context=8, bands=3).eval()
    for parameter in built.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return built


@torch.no_grad()
def test_whole_images(encoder):
    image = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(encoder.pooled(image), encoder.clip.visual.trunk(image))


@torch.no_grad()
def test_a_patch_is_pooled_as_if_alone(encoder):
    tokens = torch.randn(2, 5, encoder.embed_dim)
    alone = encoder.trunk.attn_pool(encoder.trunk.norm(tokens).flatten(0, 1)[:, None])
    torch.testing.assert_close(encoder.joint(tokens).flatten(0, 1), alone)


@torch.no_grad()
def test_positions_are_fitted_to_the_grid(encoder):
    image = torch.randn(1, 3, 24, 80)
    usual = encoder.tokens(image, before=0)
    assert usual.shape == (1, 30, encoder.embed_dim)
    try:
        encoder.antialias = True
        assert not torch.equal(encoder.tokens(image, before=0), usual)
    finally:
        encoder.antialias = False


@torch.no_grad()
def test_texts_are_read_whole(encoder):
    ids = torch.randint(0, 32000, (3, 8))
    torch.testing.assert_close(encoder.encode_text(ids), encoder.clip.text(ids))
    with pytest.raises(UsageError, match="reads 8 tokens, not 5"):
        encoder.encode_text(ids[:, :5])


def test_published_names():
    assert {"compact", "ViT-B-16-SigLIP", "ViT-B-16-SigLIP2", "ViT-SO400M-14-SigLIP-384"} <= set(list_siglip())
    with pytest.raises(UsageError, match="'ViT-B-16' is unknown"):
        build_siglip("ViT-B-16", context=64, bands=3)


@pytest.mark.slow
@torch.no_grad()
def test_a_published_architecture():
    encoder = build_siglip("ViT-B-16-SigLIP", context=64, bands=3).eval()
    assert (encoder.patch, encoder.native, encoder.embed_dim, encoder.depth) == (16, 224, 768, 12)
    names = set(encoder.state_dict())
    assert {"clip.visual.trunk.attn_pool.latent", "clip.text.text_projection.weight", "clip.logit_bias"} <= names
    image = torch.randn(1, 3, 224, 224)
    torch.testing.assert_close(encoder.pooled(image), encoder.clip.encode_image(image))
