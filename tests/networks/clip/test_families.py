"""Encoders of every family: the last block taken apart is the tower's own; any grid; any number of bands."""

import pytest
import torch
import torch.nn.functional as F

from landwright.errors import UsageError
from landwright.networks.clip.families import FAMILIES, build_encoder

CONTEXT = 12


def build(family, **options):
    activation = "quick_gelu" if family in ("openclip", "flair") else "gelu"
    torch.manual_seed(0)
    encoder = build_encoder(family, "compact", **{"activation": activation, "context": CONTEXT} | options).eval()
    for parameter in encoder.parameters():
        if parameter.ndim == 1:
            torch.nn.init.normal_(parameter, mean=0.5, std=0.2)
    return encoder


@pytest.fixture(scope="module", params=FAMILIES)
def encoder(request):
    return build(request.param)


def images(encoder, *grid, bands=3):
    return torch.randn(2, bands, *(side * encoder.patch for side in grid))


@torch.no_grad()
@pytest.mark.parametrize("grid", [None, (3, 5)])
def test_the_last_block_taken_apart_is_the_towers_own(encoder, grid):
    side = encoder.native // encoder.patch
    image = images(encoder, *(grid or (side, side)))
    tokens = encoder.tokens(image)
    patches = (image.shape[2] // encoder.patch) * (image.shape[3] // encoder.patch)
    assert tokens.shape[:2] == (2, encoder.prefix + patches)
    query, key, value = encoder.qkv(encoder.normed(tokens))
    assert query.shape[2] == tokens.shape[1]
    attended = encoder.project(F.scaled_dot_product_attention(query, key, value))
    torch.testing.assert_close(encoder.finish(tokens, attended), encoder.block(tokens, -1), atol=1e-5, rtol=1e-5)
    first = encoder.tokens(image, before=0)
    for index in range(encoder.depth - 1):
        first = encoder.block(first, index)
    torch.testing.assert_close(first, tokens)


@torch.no_grad()
def test_features_of_images_and_texts_share_a_space(encoder):
    image = images(encoder, 3, 4)
    joint = encoder.joint(encoder.block(encoder.tokens(image), -1))
    assert joint.shape == (2, encoder.prefix + 12, encoder.embed_dim)
    assert encoder.pooled(image).shape == (2, encoder.embed_dim)
    ids = torch.randint(1, 1000, (3, encoder.context))
    assert encoder.encode_text(ids).shape == (3, encoder.embed_dim)
    assert encoder.context == CONTEXT


@torch.no_grad()
@pytest.mark.parametrize("family", FAMILIES)
def test_bands(family):
    encoder = build(family, bands=5)
    assert encoder.tokens(images(encoder, 2, 2, bands=5)).shape[1] == encoder.prefix + 4


def test_input_scaling():
    wanted = {"openclip": (0.4815, 0.2686), "siglip": (0.5, 0.5), "tips": (0, 1)}
    for family, (mean, std) in wanted.items():
        encoder = build(family)
        assert (encoder.mean[0], encoder.std[0]) == pytest.approx((mean, std), abs=1e-4)


@pytest.mark.parametrize("family", ["siglip", "eva", "tips"])
def test_what_a_family_has_not_is_refused(family):
    with pytest.raises(UsageError, match=f"no {family} model has activation 'quick_gelu'"):
        build_encoder(family, "compact", context=CONTEXT)
    with pytest.raises(UsageError, match=f"{family} architecture 'ViT-B-17' is unknown"):
        build_encoder(family, "ViT-B-17", activation="gelu")


def test_bad_options():
    with pytest.raises(UsageError, match="family 'clap' is unknown"):
        build_encoder("clap", "compact")
    with pytest.raises(UsageError, match="activation 'relu' is unknown"):
        build_encoder("openclip", "compact", activation="relu")
    with pytest.raises(UsageError, match="context must be at least 2, not 1"):
        build_encoder("openclip", "compact", context=1)
