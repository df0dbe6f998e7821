"""TIPS: the image tower is timm's, the text tower what the description says, and the published names load."""

import math

import pytest
import torch
import torch.nn.functional as F

from landwright.networks.clip.tips import build_tips, convert_tips, list_tips, waves


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(0)
    built = build_tips("compact", context=8, bands=3).eval()
    for name, parameter in built.named_parameters():
        if "token_embedding" not in name:
            torch.nn.init.normal_(parameter, std=0.2)
    return built


def published(encoder):
    """Give back the names and tables of the two files."""
    names = (
        ("transformer.layers.", "transformer.resblocks."),
        (".self_attn.", ".attn."),
        (".linear1.", ".mlp.c_fc."),
        (".linear2.", ".mlp.c_proj."),
        (".norm1.", ".ln_1."),
        (".norm2.", ".ln_2."),
    )
    found = {"vision/mask_token": torch.ones(1, 64), "text/temperature": torch.ones(())}
    for name, tensor in encoder.state_dict().items():
        tower, _, rest = name.partition(".")
        if tower == "visual":
            found[f"vision/{rest.replace('reg_token', 'register_tokens')}"] = tensor
        else:
            for ours, theirs in names:
                rest = rest.replace(ours, theirs)
            found[f"text/{rest}"] = tensor
    place = torch.randn(1, 1, 64)
    found["vision/cls_token"] = found["vision/cls_token"] - place
    found["vision/pos_embed"] = torch.cat((place, found["vision/pos_embed"]), dim=1)
    return found


def plain_text(state, ids):
    """One text without padding, as the description reads."""
    weight = {name.removeprefix("text/"): tensor for name, tensor in state.items() if name.startswith("text/")}
    width = weight["ln_final.weight"].shape[0]

    def norm(x, name):
        return F.layer_norm(x, (width,), weight[f"{name}.weight"], weight[f"{name}.bias"])

    def linear(x, name):
        return F.linear(x, weight[f"{name}.weight"], weight[f"{name}.bias"])

    rates = torch.tensor([10000 ** (-i / (width // 2 - 1)) for i in range(width // 2)])
    angles = torch.arange(len(ids))[:, None] * rates
    x = weight["token_embedding.weight"][ids] * width**0.5 + torch.cat((angles.sin(), angles.cos()), dim=1)
    for block in ("transformer.resblocks.0", "transformer.resblocks.1"):
        packed = F.linear(
            norm(x, f"{block}.ln_1"), weight[f"{block}.attn.in_proj_weight"], weight[f"{block}.attn.in_proj_bias"]
        )
        query, key, value = (part.view(len(ids), 2, -1).transpose(0, 1) for part in packed.chunk(3, dim=1))
        shares = (query @ key.transpose(1, 2) / math.sqrt(width // 2)).softmax(dim=-1)
        x = x + linear((shares @ value).transpose(0, 1).reshape(len(ids), width), f"{block}.attn.out_proj")
        x = x + linear(linear(norm(x, f"{block}.ln_2"), f"{block}.mlp.c_fc").relu(), f"{block}.mlp.c_proj")
    return norm(x, "ln_final").mean(dim=0)


@torch.no_grad()
def test_texts_are_as_described(encoder):
    ids = torch.tensor([[7, 31, 9, 0, 0, 0, 0, 0], [5, 6, 8, 31999, 12, 2, 3, 4]])
    state = published(encoder)
    found = encoder.encode_text(ids)
    torch.testing.assert_close(found[0], plain_text(state, ids[0, :3]), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(found[1], plain_text(state, ids[1]), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(encoder.encode_text(ids[:1, :3]), found[:1], atol=1e-5, rtol=1e-4)


def test_waves():
    table = waves(5, 6, torch.device("cpu"))
    torch.testing.assert_close(table[0], torch.tensor([0.0, 0, 0, 1, 1, 1]))
    torch.testing.assert_close(table[3, 2], torch.tensor(3 / 10000).sin())


@torch.no_grad()
def test_whole_images(encoder):
    image = torch.rand(2, 3, 56, 56)
    torch.testing.assert_close(encoder.pooled(image), encoder.visual(image), atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_positions_are_fitted_with_antialiasing(encoder):
    table = encoder.visual.pos_embed
    patches = encoder.tokens(torch.zeros(1, 3, 28, 70), before=0)[:, 2:] - encoder.visual.patch_embed.proj.bias
    square = table.transpose(1, 2).reshape(1, -1, 4, 4)
    expected = F.interpolate(square, (2, 5), mode="bicubic", antialias=True).flatten(2).transpose(1, 2)
    torch.testing.assert_close(patches, expected, atol=1e-5, rtol=1e-5)


def test_published_names(encoder):
    state = published(encoder)
    before = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
    encoder.load_state_dict(convert_tips(state))
    for name, tensor in encoder.state_dict().items():
        torch.testing.assert_close(tensor, before[name])
    state["vision/head.weight"] = torch.ones(1)
    del state["vision/pos_embed"]
    with pytest.raises(RuntimeError, match=r"(?s)visual\.pos_embed.*visual\.head\.weight"):
        encoder.load_state_dict(convert_tips(state))


@pytest.mark.slow
def test_a_published_architecture():
    assert list_tips() == ["compact", "ViT-B-14", "ViT-L-14"]
    encoder = build_tips("ViT-B-14", context=64, bands=3)
    assert (encoder.patch, encoder.native, encoder.embed_dim, encoder.depth) == (14, 448, 768, 12)
    assert encoder.visual.pos_embed.shape == (1, 1024, 768)
    assert encoder.text.token_embedding.weight.shape == (32000, 768)
