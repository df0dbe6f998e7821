"""The dense protocol on open_clip's models."""

import pytest
import torch

from landwright.networks.clip.openclip import OpenClipEncoder
from landwright.networks.clip.towers import COMPACT, build_clip


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(0)
    return OpenClipEncoder(build_clip(COMPACT)).eval()


@pytest.fixture(scope="module")
def ids():
    ids = torch.randint(1, 400, (3, 77), generator=torch.Generator().manual_seed(0))
    for row, end in enumerate((5, 20, 12)):
        ids[row, end], ids[row, end + 1 :] = 49407, 0
    return ids


def image(height=64, width=64, batch=2):
    return torch.randn(batch, 3, height, width, generator=torch.Generator().manual_seed(1))


def test_sizes(encoder):
    sizes = (encoder.patch, encoder.native, encoder.embed_dim, encoder.context, encoder.prefix, encoder.depth)
    assert sizes == (8, 64, 128, 77, 1, 4)


@torch.no_grad()
def test_an_ordinary_last_block_gives_the_ordinary_feature(encoder):
    tokens = encoder.tokens(image())
    query, key, value = encoder.qkv(encoder.normed(tokens))
    assert query.shape == key.shape == value.shape == (2, 4, 65, 32)
    mixed = (query @ key.transpose(-1, -2) * 32**-0.5).softmax(-1) @ value
    whole = encoder.finish(tokens, encoder.project(mixed))
    torch.testing.assert_close(whole, encoder.block(tokens, -1), atol=1e-5, rtol=1e-5)
    wanted = encoder.clip.encode_image(image())
    torch.testing.assert_close(encoder.joint(whole)[:, 0], wanted, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(encoder.pooled(image()), wanted, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_tokens_before_any_block(encoder):
    tokens = encoder.tokens(image(), before=0)
    for index in range(encoder.depth):
        counted = encoder.tokens(image(), before=index)
        torch.testing.assert_close(tokens, counted)
        torch.testing.assert_close(counted, encoder.tokens(image(), before=index - encoder.depth))
        tokens = encoder.block(tokens, index)


@torch.no_grad()
def test_any_grid(encoder):
    assert encoder.tokens(image(24, 104)).shape == (2, 1 + 3 * 13, 128)
    assert encoder.pooled(image(24, 104)).shape == (2, 128)


@torch.no_grad()
def test_both_position_rules(encoder):
    plain = encoder.tokens(image(40, 56), before=0)
    encoder.antialias = True
    try:
        smooth = encoder.tokens(image(40, 56), before=0)
        native = encoder.tokens(image(), before=0)
    finally:
        encoder.antialias = False
    assert not torch.allclose(plain, smooth, atol=1e-3)
    assert torch.equal(native, encoder.tokens(image(), before=0))


@torch.no_grad()
def test_texts(encoder, ids):
    features = encoder.encode_text(ids)
    assert features.shape == (3, 128)
    assert torch.equal(features, encoder.clip.encode_text(ids))


@torch.no_grad()
def test_texts_may_be_cut_behind_the_longest(encoder, ids):
    torch.testing.assert_close(encoder.encode_text(ids[:, :21]), encoder.encode_text(ids), atol=1e-5, rtol=1e-5)
